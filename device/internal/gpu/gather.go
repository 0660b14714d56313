package gpu

import (
	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

func (d *gpu) gather(k *kernels.Gather) {
	rows, v, n := k.IDs.Len(), k.W.Shape[0], kernels.Cols(k.W)
	d.start("gather", "gather", k.Y.Type()).
		arrays(k.Y.Slice, k.W.Slice, k.IDs.Slice).ints(rows, v, n).launch(d.class.each(rows, n))
}

// scatterAdd adds rows in their order. A GPU first links the rows of one id, which costs rows² comparisons at most, and
// then reads each row once.
func (d *gpu) scatterAdd(k *kernels.ScatterAdd) {
	rows, v, n := k.IDs.Len(), k.DW.Shape[0], kernels.Cols(k.DW)
	t := k.DW.Type()
	if rows == 0 {
		return
	}
	if d.class.cpu {
		const worth, line = 4096, 16 // elements that a unit should have, and columns
		shares := min(rows*n/worth+1, d.class.units, (n+line-1)/line)
		d.start("gather", "scatter_add", t).
			arrays(k.DW.Slice, k.DY.Slice, k.IDs.Slice).ints(rows, v, n).launch(geometry{[2]int{shares, 1}, [2]int{1, 1}})
		return
	}
	room := d.scratch.take(d, device.Int32, 2*int64(rows))
	d.start("gather", "scatter_links", t).
		buffer(room, 0).buffer(room, rows).arrays(k.IDs.Slice).ints(rows, v).launch(d.class.each(1, rows))
	d.start("gather", "scatter_add", t).
		arrays(k.DW.Slice, k.DY.Slice, k.IDs.Slice).buffer(room, 0).buffer(room, rows).ints(rows, n).
		launch(d.class.each(rows, n))
}
