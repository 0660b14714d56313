package cpu

import (
	"math"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/cpu/vec"
	"github.com/keisan-go/keisan/kernels"
)

// gather copies rows lo to hi.
func gather[T device.Float](arg any, lo, hi int) {
	k := arg.(*kernels.Gather)
	y, w, n, v := data[T](k.Y.Slice), data[T](k.W.Slice), kernels.Cols(k.W), k.W.Shape[0]
	for i, id := range data[int32](k.IDs.Slice)[lo:hi] {
		y := y[(lo+i)*n : (lo+i+1)*n]
		if id >= 0 && int(id) < v {
			copy(y, w[int(id)*n:])
			continue
		}
		for j := range y {
			y[j] = T(math.NaN())
		}
	}
}

// scatterAdd adds blocks lo to hi of columns of all rows. Processors share columns and not the table's rows, since few of
// these may have most of the terms.
func scatterAdd[T device.Float](arg any, lo, hi int) {
	k := arg.(*kernels.ScatterAdd)
	dw, dy, n, v := data[T](k.DW.Slice), data[T](k.DY.Slice), kernels.Cols(k.DW), k.DW.Shape[0]
	from, to := lo*scatterBlock, min(hi*scatterBlock, n)
	for i, id := range data[int32](k.IDs.Slice) {
		if id >= 0 && int(id) < v {
			sum := dw[int(id)*n+from : int(id)*n+to]
			vec.Add(sum, sum, dy[i*n+from:])
		}
	}
}

// scatterBlock is how many columns one processor takes at least: a line of the cache.
const scatterBlock = 16
