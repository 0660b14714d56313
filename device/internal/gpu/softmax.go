package gpu

import (
	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

func (d *gpu) softmax(k *kernels.Softmax) {
	rows, n := kernels.Rows(k.X), kernels.Cols(k.X)
	d.start("softmax", "softmax", k.X.Type()).
		arrays(k.Y.Slice, k.X.Slice).ints(rows, n).launch(d.class.teams(rows))
}

func (d *gpu) softmaxGrad(k *kernels.SoftmaxGrad) {
	rows, n := kernels.Rows(k.Y), kernels.Cols(k.Y)
	d.start("softmax", "softmax_grad", k.Y.Type()).
		arrays(k.DX.Slice, k.DY.Slice, k.Y.Slice).ints(rows, n).launch(d.class.teams(rows))
}

func (d *gpu) crossEntropy(k *kernels.SoftmaxCrossEntropy) {
	rows, n := kernels.Rows(k.X), kernels.Cols(k.X)
	d.start("softmax", "cross_entropy", k.X.Type()).
		arrays(k.Losses.Slice, k.P.Slice, k.X.Slice, k.Target.Slice).ints(rows, n).launch(d.class.teams(rows))
	d.sum(k.Loss.Slice, k.Losses.Slice, false, k.Scale, false)
}

func (d *gpu) crossEntropyGrad(k *kernels.SoftmaxCrossEntropyGrad) {
	rows, n := kernels.Rows(k.P), kernels.Cols(k.P)
	d.start("softmax", "cross_entropy_grad", k.P.Type()).
		arrays(k.DX.Slice, k.P.Slice, k.Target.Slice).reals(k.Scale).ints(rows, n).launch(d.class.each(rows, n))
}

// sum is y = scale·Σ x, or of its squares, added to what y holds if acc.
func (d *gpu) sum(y, x device.Slice, squares bool, scale float64, acc bool) {
	const parts = 128
	t := y.Type()
	room := d.scratch.take(d, t, parts)
	d.start("optim", "sum_parts", t).
		buffer(room, 0).arrays(x).ints(x.Len(), bit(squares)).launch(geometry{[2]int{parts, 1}, [2]int{d.class.lanes, 1}})
	d.start("optim", "sum_total", t).
		arrays(y).buffer(room, 0).ints(parts).reals(scale).ints(bit(acc)).launch(geometry{[2]int{1, 1}, [2]int{d.class.lanes, 1}})
}
