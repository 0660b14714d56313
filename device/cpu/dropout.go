package cpu

import (
	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
	"github.com/keisan-go/keisan/philox"
)

func dropoutBlocks(period int) int { return (period + 3) / 4 }

// dropout does blocks lo to hi, of the four neighbours whose numbers come together.
func dropout[T device.Float](arg any, lo, hi int) {
	k := arg.(*kernels.Dropout)
	y, x := data[T](k.Y.Slice), data[T](k.X.Slice)
	_, period := k.Dims()
	blocks := dropoutBlocks(period)
	stream, threshold, scale := philox.New(k.Seed, k.Stream), k.Threshold(), T(k.Scale())
	for ; lo < hi; lo++ {
		from := lo % blocks * 4
		at := lo/blocks*period + from
		words := stream.Block(uint64(from / 4))
		x := x[at : at+min(4, period-from)]
		for i, v := range x {
			if words[i] < threshold {
				v = 0
			} else {
				v *= scale
			}
			y[at+i] = v
		}
	}
}
