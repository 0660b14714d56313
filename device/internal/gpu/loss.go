package gpu

import "github.com/keisan-go/keisan/kernels"

func (d *gpu) elementLoss(k *kernels.ElementLoss) {
	n := k.X.Len()
	d.start("loss", "element_loss", k.X.Type()).
		arrays(k.Losses.Slice, k.X.Slice, k.Target.Slice).smalls(int(k.F)).ints(n).launch(d.class.each(1, n))
	d.sum(k.Loss.Slice, k.Losses.Slice, false, k.Scale, false)
}

func (d *gpu) elementLossGrad(k *kernels.ElementLossGrad) {
	n := k.X.Len()
	d.start("loss", "element_loss_grad", k.X.Type()).
		arrays(k.DX.Slice, k.X.Slice, k.Target.Slice).reals(k.Scale).smalls(int(k.F)).ints(n).launch(d.class.each(1, n))
}
