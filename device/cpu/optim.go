package cpu

import (
	"math"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

func sgd[T device.Float](arg any, lo, hi int) {
	k := arg.(*kernels.SGD)
	p, g := data[T](k.P.Slice)[lo:hi], data[T](k.G.Slice)[lo:hi]
	lr, mu := T(k.LR), T(k.Mu)
	if k.V.IsZero() {
		for i := range p {
			p[i] -= lr * g[i]
		}
		return
	}
	v := data[T](k.V.Slice)[lo:hi]
	for i := range p {
		v[i] = mu*v[i] + g[i]
		if k.Nesterov {
			p[i] -= lr * (g[i] + mu*v[i])
		} else {
			p[i] -= lr * v[i]
		}
	}
}

func adaGrad[T device.Float](arg any, lo, hi int) {
	k := arg.(*kernels.AdaGrad)
	p, g, s := data[T](k.P.Slice)[lo:hi], data[T](k.G.Slice)[lo:hi], data[T](k.S.Slice)[lo:hi]
	lr, eps := T(k.LR), T(k.Eps)
	for i := range p {
		s[i] += g[i] * g[i]
		p[i] -= lr * g[i] / (sqrt(s[i]) + eps)
	}
}

func rmsprop[T device.Float](arg any, lo, hi int) {
	k := arg.(*kernels.RMSprop)
	p, g, s := data[T](k.P.Slice)[lo:hi], data[T](k.G.Slice)[lo:hi], data[T](k.S.Slice)[lo:hi]
	lr, keep, take, eps := T(k.LR), T(k.Alpha), T(1-k.Alpha), T(k.Eps)
	for i := range p {
		s[i] = keep*s[i] + take*g[i]*g[i]
		p[i] -= lr * g[i] / (sqrt(s[i]) + eps)
	}
}

func adam[T device.Float](arg any, lo, hi int) {
	k := arg.(*kernels.Adam)
	p, g := data[T](k.P.Slice)[lo:hi], data[T](k.G.Slice)[lo:hi]
	m, v := data[T](k.M.Slice)[lo:hi], data[T](k.V.Slice)[lo:hi]
	shrink, eps := T(1-k.LR*k.Decay), T(k.Eps)
	keep1, take1, keep2, take2 := T(k.Beta1), T(1-k.Beta1), T(k.Beta2), T(1-k.Beta2)
	lr := T(k.LR / (1 - math.Pow(k.Beta1, float64(k.Step))))
	root := T(math.Sqrt(1 - math.Pow(k.Beta2, float64(k.Step))))
	for i := range p {
		m[i] = keep1*m[i] + take1*g[i]
		v[i] = keep2*v[i] + take2*g[i]*g[i]
		p[i] = shrink*p[i] - lr*m[i]/(sqrt(v[i])/root+eps)
	}
}

func sqrt[T device.Float](v T) T { return T(math.Sqrt(float64(v))) }

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
	d.team.For(blocks, 4, scratch, d.code(k.X.Type()).squares)
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
		sum := 0.0
		for _, v := range x {
			sum += float64(v) * float64(v)
		}
		scratch.sums[i] = sum
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
	for i := range x {
		x[i] *= scale
	}
}
