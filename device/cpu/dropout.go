package cpu

import (
	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
	"github.com/keisan-go/keisan/philox"
)

func dropoutBlocks(period int) int { return (period + 3) / 4 }

// dropout does blocks lo to hi of the mask, of the four neighbours whose numbers come together, each time that it is used.
func dropout[T device.Float](arg any, lo, hi int) {
	k := arg.(*kernels.Dropout)
	y, x := data[T](k.Y.Slice), data[T](k.X.Slice)
	times, period := k.Dims()
	stream, threshold, scale := philox.New(k.Seed, k.Stream), uint64(k.Threshold()), T(k.Scale())
	var dropped [256]uint8 // of a piece of the mask: 1 or 0
	for lo < hi {
		n := min(hi-lo, len(dropped)/4)
		for b := range n {
			for i, word := range stream.Block(uint64(lo + b)) {
				dropped[4*b+i] = uint8((uint64(word) - threshold) >> 63) // word < threshold, of which a branch would know nothing
			}
		}
		from := 4 * lo
		to := min(from+4*n, period)
		for t := range times {
			y, x := y[t*period+from:t*period+to], x[t*period+from:t*period+to]
			for i, v := range x {
				y[i] = [2]T{v * scale, 0}[dropped[i]&1]
			}
		}
		lo += n
	}
}
