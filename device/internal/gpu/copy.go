package gpu

import "github.com/keisan-go/keisan/kernels"

func (d *gpu) copy(k *kernels.Copy) {
	n := k.Dst.Len()
	d.start("copy", "copy", k.Dst.Type()).arrays(k.Dst.Slice, k.Src.Slice).ints(n).launch(d.class.each(1, n))
}

func (d *gpu) copyColumns(k *kernels.CopyColumns) {
	rows := kernels.Rows(k.Src)
	d.start("copy", "copy_columns", k.Dst.Type()).arrays(k.Dst.Slice, k.Src.Slice).
		ints(kernels.Cols(k.Dst), kernels.Cols(k.Src), k.To, k.From, k.Cols, rows).launch(d.class.each(1, rows*k.Cols))
}

func (d *gpu) fill(k *kernels.Fill) {
	n := k.Dst.Len()
	d.start("copy", "fill", k.Dst.Type()).arrays(k.Dst.Slice).reals(k.Value).ints(n).launch(d.class.each(1, n))
}
