package gpu

import (
	"math"

	"github.com/keisan-go/keisan/kernels"
)

func (d *gpu) sgd(k *kernels.SGD) {
	n, t := k.P.Len(), k.P.Type()
	if k.V.IsZero() {
		d.start("optim", "sgd", t).arrays(k.P.Slice, k.G.Slice).reals(k.LR).ints(n).launch(d.class.each(1, n))
		return
	}
	function := "momentum"
	if k.Nesterov {
		function = "nesterov"
	}
	d.start("optim", function, t).
		arrays(k.P.Slice, k.G.Slice, k.V.Slice).reals(k.LR, k.Mu).ints(n).launch(d.class.each(1, n))
}

func (d *gpu) adaGrad(k *kernels.AdaGrad) {
	n := k.P.Len()
	d.start("optim", "adagrad", k.P.Type()).
		arrays(k.P.Slice, k.G.Slice, k.S.Slice).reals(k.LR, k.Eps).ints(n).launch(d.class.each(1, n))
}

func (d *gpu) rmsprop(k *kernels.RMSprop) {
	n := k.P.Len()
	d.start("optim", "rmsprop", k.P.Type()).
		arrays(k.P.Slice, k.G.Slice, k.S.Slice).reals(k.LR, k.Alpha, 1-k.Alpha, k.Eps).ints(n).launch(d.class.each(1, n))
}

func (d *gpu) adam(k *kernels.Adam) {
	n, step := k.P.Len(), float64(k.Step)
	lr := k.LR / (1 - math.Pow(k.Beta1, step))
	root := math.Sqrt(1 - math.Pow(k.Beta2, step))
	d.start("optim", "adam", k.P.Type()).
		arrays(k.P.Slice, k.G.Slice, k.M.Slice, k.V.Slice).
		reals(lr, root, 1-k.LR*k.Decay, k.Beta1, 1-k.Beta1, k.Beta2, 1-k.Beta2, k.Eps).ints(n).
		launch(d.class.each(1, n))
}

func (d *gpu) sumSquares(k *kernels.SumSquares) { d.sum(k.Y.Slice, k.X.Slice, true, 1, k.Acc) }

func (d *gpu) clipNorm(k *kernels.ClipNorm) {
	n := k.X.Len()
	d.start("optim", "clip_norm", k.X.Type()).
		arrays(k.X.Slice, k.SumSq.Slice).reals(k.Max).ints(n).launch(d.class.each(1, n))
}
