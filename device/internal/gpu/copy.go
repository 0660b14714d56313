package gpu

import (
	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

func (d *gpu) copy(dst, src device.Slice) {
	n := dst.Len()
	d.start("copy", "copy", dst.Type()).arrays(dst, src).ints(n).launch(d.class.each(1, n))
}

func (d *gpu) copyColumns(k *kernels.CopyColumns) {
	d.columns(k.Dst.Slice, kernels.Cols(k.Dst), k.To, k.Src.Slice, kernels.Cols(k.Src), k.From, k.Cols, kernels.Rows(k.Src))
}

// columns copies so many columns of rows of m elements, beginning with from, to rows of n elements, beginning with to.
func (d *gpu) columns(dst device.Slice, n, to int, src device.Slice, m, from, cols, rows int) {
	d.start("copy", "copy_columns", dst.Type()).arrays(dst, src).ints(n, m, to, from, cols, rows).launch(d.class.each(rows, cols))
}

func (d *gpu) fill(dst device.Slice, value float64) {
	n := dst.Len()
	d.start("copy", "fill", dst.Type()).arrays(dst).reals(value).ints(n).launch(d.class.each(1, n))
}
