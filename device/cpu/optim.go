package cpu

import (
	"math"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/cpu/vec"
	"github.com/keisan-go/keisan/kernels"
)

func sgd[T device.Float](arg any, lo, hi int) {
	k := arg.(*kernels.SGD)
	p, g := data[T](k.P.Slice)[lo:hi], data[T](k.G.Slice)[lo:hi]
	lr, mu, v := T(k.LR), T(k.Mu), data[T](k.V.Slice)
	switch {
	case k.V.IsZero():
		vec.SGD(p, g, lr)
	case k.Nesterov:
		vec.Nesterov(p, g, v[lo:hi], lr, mu)
	default:
		vec.Momentum(p, g, v[lo:hi], lr, mu)
	}
}

func adaGrad[T device.Float](arg any, lo, hi int) {
	k := arg.(*kernels.AdaGrad)
	p, g, s := data[T](k.P.Slice)[lo:hi], data[T](k.G.Slice)[lo:hi], data[T](k.S.Slice)[lo:hi]
	vec.AdaGrad(p, g, s, T(k.LR), T(k.Eps))
}

func rmsprop[T device.Float](arg any, lo, hi int) {
	k := arg.(*kernels.RMSprop)
	p, g, s := data[T](k.P.Slice)[lo:hi], data[T](k.G.Slice)[lo:hi], data[T](k.S.Slice)[lo:hi]
	vec.RMSprop(p, g, s, T(k.LR), T(k.Alpha), T(1-k.Alpha), T(k.Eps))
}

func adam[T device.Float](arg any, lo, hi int) {
	k := arg.(*kernels.Adam)
	p, g := data[T](k.P.Slice)[lo:hi], data[T](k.G.Slice)[lo:hi]
	m, v := data[T](k.M.Slice)[lo:hi], data[T](k.V.Slice)[lo:hi]
	lr := k.LR / (1 - math.Pow(k.Beta1, float64(k.Step)))
	grow := 1 / math.Sqrt(1-math.Pow(k.Beta2, float64(k.Step)))
	vec.Adam(p, g, m, v, T(lr), T(k.Beta1), T(1-k.Beta1), T(k.Beta2), T(1-k.Beta2), T(1-k.LR*k.Decay), T(grow), T(k.Eps))
}

// squaresBlock is how many squares are summed on their own before the sums are.
const squaresBlock = 4096

func sumSquares[T device.Float](d *cpu, k *kernels.SumSquares) {
	scratch := scratchOf[T](d)
	blocks := (k.X.Len() + squaresBlock - 1) / squaresBlock
	if cap(scratch.sums) < blocks {
		scratch.sums = make([]float64, blocks)
	}
	scratch.sums = scratch.sums[:blocks]
	scratch.squared = data[T](k.X.Slice)
	d.team.For(blocks, 1+worth/squaresBlock, scratch, d.code(k.X.Type()).squares)
	scratch.squared = nil
	sum := 0.0
	if y := data[T](k.Y.Slice); k.Acc {
		sum = float64(y[0])
	}
	for _, s := range scratch.sums {
		sum += s
	}
	data[T](k.Y.Slice)[0] = T(sum)
}

func squares[T device.Float](arg any, lo, hi int) {
	scratch := arg.(*scratch[T])
	for i := lo; i < hi; i++ {
		x := scratch.squared[i*squaresBlock : min((i+1)*squaresBlock, len(scratch.squared))]
		scratch.sums[i] = vec.Dot(x, x)
	}
}

func clipNorm[T device.Float](arg any, lo, hi int) {
	k := arg.(*kernels.ClipNorm)
	norm := math.Sqrt(float64(data[T](k.SumSq.Slice)[0]))
	scale := T(min(1, k.Max/(norm+1e-6)))
	if scale == 1 {
		return
	}
	x := data[T](k.X.Slice)[lo:hi]
	vec.Scale(x, x, float64(scale))
}
