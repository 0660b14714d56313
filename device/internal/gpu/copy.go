package gpu

import (
	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

func (d *gpu) copy(k *kernels.Copy) {
	n := k.Dst.Len()
	d.start("copy", "copy", k.Dst.Type()).arrays(k.Dst.Slice, k.Src.Slice).ints(n).launch(d.class.each(1, n))
}

func (d *gpu) copyColumns(k *kernels.CopyColumns) {
	d.columns(k.Dst.Slice, kernels.Cols(k.Dst), k.To, k.Src.Slice, kernels.Cols(k.Src), k.From, k.Cols, kernels.Rows(k.Src))
}

// columns copies so many columns of rows of m elements, beginning with from, to rows of n elements, beginning with to.
func (d *gpu) columns(dst device.Slice, n, to int, src device.Slice, m, from, cols, rows int) {
	d.start("copy", "copy_columns", dst.Type()).arrays(dst, src).ints(n, m, to, from, cols, rows).launch(d.class.each(rows, cols))
}

func (d *gpu) fill(k *kernels.Fill) {
	n := k.Dst.Len()
	d.start("copy", "fill", k.Dst.Type()).arrays(k.Dst.Slice).reals(k.Value).ints(n).launch(d.class.each(1, n))
}
