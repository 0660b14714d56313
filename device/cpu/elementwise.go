package cpu

import (
	"math"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

func activate[T device.Float](arg any, lo, hi int) {
	k := arg.(*kernels.Activate)
	apply(k.F, data[T](k.Y.Slice)[lo:hi], data[T](k.X.Slice)[lo:hi])
}

// apply is y = f(x). The functions are computed in float64, so that a float32 result has no error but its rounding.
func apply[T device.Float](f kernels.Activation, y, x []T) {
	x = x[:len(y)]
	switch f {
	case kernels.Sigmoid:
		for i, v := range x {
			y[i] = T(sigmoid(float64(v)))
		}
	case kernels.Tanh:
		for i, v := range x {
			y[i] = T(math.Tanh(float64(v)))
		}
	case kernels.ReLU:
		for i, v := range x {
			y[i] = max(v, 0)
		}
	}
}

// sigmoid is 1/(1+exp(-x)) to 2 ulp: a quotient e/(1+e) or 1/(1+e) with e = exp(-|x|), which does not overflow, whose
// remainder and the digits that 1+e lost are divided as well.
func sigmoid(x float64) float64 {
	e := exp(-math.Abs(x))
	s := 1 + e
	lost := e - (s - 1)
	if x < 0 {
		q := e / s
		return q + (math.FMA(-q, s, e)-q*lost)*(1-q)
	}
	q := 1 / s
	return q + (math.FMA(-q, s, 1)-q*lost)*q
}

// exp is exp(x) for x <= 0 to 1 ulp, which math.Exp is not where it is assembly. The method is that of FreeBSD's
// e_exp.c: exp(x) = 2ᵏ·exp(r) with |r| <= ln2/2, and exp(r) = 1 + 2r/(R(r)-r) with a polynomial R.
func exp(x float64) float64 {
	const (
		ln2Hi, ln2Lo = 6.93147180369123816490e-01, 1.90821492927058770002e-10
		p1, p2, p3   = 1.66666666666666657415e-01, -2.77777777770155933842e-03, 6.61375632143793436117e-05
		p4, p5       = -1.65339022054652515390e-06, 4.13813679705723846039e-08
	)
	if x < -746 {
		return 0
	}
	k := math.Floor(x*math.Log2E + 0.5)
	hi, lo := x-k*ln2Hi, k*ln2Lo
	r := hi - lo
	t := r * r
	c := r - t*(p1+t*(p2+t*(p3+t*(p4+t*p5))))
	y := 1 - ((lo - (r*c)/(2-c)) - hi)
	if k < -1000 {
		return math.Ldexp(y, int(k))
	}
	return y * math.Float64frombits(uint64(1023+int(k))<<52)
}

func activateGrad[T device.Float](arg any, lo, hi int) {
	k := arg.(*kernels.ActivateGrad)
	applyGrad(k.F, data[T](k.DX.Slice)[lo:hi], data[T](k.DY.Slice)[lo:hi], data[T](k.Y.Slice)[lo:hi])
}

// applyGrad is dx = dy·f', with f' told from y = f(x).
func applyGrad[T device.Float](f kernels.Activation, dx, dy, y []T) {
	dx, dy = dx[:len(y)], dy[:len(y)]
	switch f {
	case kernels.Sigmoid:
		for i, v := range y {
			dx[i] = dy[i] * v * (1 - v)
		}
	case kernels.Tanh:
		for i, v := range y {
			dx[i] = dy[i] * ((1 - v) * (1 + v)) // 1-v·v loses its digits where v is near 1
		}
	case kernels.ReLU:
		for i, v := range y {
			if v > 0 {
				dx[i] = dy[i]
			} else {
				dx[i] = 0
			}
		}
	}
}

func binary[T device.Float](arg any, lo, hi int) {
	k := arg.(*kernels.Binary)
	x, y, z := data[T](k.X.Slice), data[T](k.Y.Slice), data[T](k.Z.Slice)
	nest, _ := kernels.NestOf(k.Z.Shape, k.X.Shape, k.Y.Shape)
	inner := nest.Loops[0]
	for lo < hi {
		i, j := nest.At(lo)
		z := z[lo:min(hi, lo-lo%inner.N+inner.N)]
		x, y := x[i:], y[j:]
		switch k.Op {
		case kernels.Add:
			for i := range z {
				z[i] = x[i*inner.X] + y[i*inner.Y]
			}
		case kernels.Mul:
			for i := range z {
				z[i] = x[i*inner.X] * y[i*inner.Y]
			}
		case kernels.Div:
			for i := range z {
				z[i] = x[i*inner.X] / y[i*inner.Y]
			}
		}
		lo += len(z)
	}
}

func binaryGradX[T device.Float](arg any, lo, hi int) {
	k := arg.(*kernels.BinaryGrad)
	nest, _ := kernels.NestOf(k.DZ.Shape, k.X.Shape, k.Y.Shape)
	g := gradient[T]{op: k.Op, dz: data[T](k.DZ.Slice), own: data[T](k.X.Slice), other: data[T](k.Y.Slice)}
	g.plan(&nest, func(l kernels.Loop) (own, other int) { return l.X, l.Y })
	dx := data[T](k.DX.Slice)
	for i := lo; i < hi; i++ {
		dx[i] = g.at(i)
	}
}

func binaryGradY[T device.Float](arg any, lo, hi int) {
	k := arg.(*kernels.BinaryGrad)
	nest, _ := kernels.NestOf(k.DZ.Shape, k.X.Shape, k.Y.Shape)
	g := gradient[T]{op: k.Op, right: true, dz: data[T](k.DZ.Slice), own: data[T](k.Y.Slice), other: data[T](k.X.Slice)}
	g.plan(&nest, func(l kernels.Loop) (own, other int) { return l.Y, l.X })
	dy := data[T](k.DY.Slice)
	for i := lo; i < hi; i++ {
		dy[i] = g.at(i)
	}
}

// gradient computes the gradient of one operand of a Binary, its own, from the other and the result's gradient.
type gradient[T device.Float] struct {
	op             kernels.Operator
	right          bool // the operand is the right one
	dz, own, other []T
	kept, summed   loops // over the operand's elements, and over what was broadcast to reach dz
}

// loops is nested loops, the innermost first, each with how far dz and the other operand go on at a turn.
type loops struct {
	depth int
	loop  [kernels.MaxNest]struct{ n, dz, other int }
}

func (g *gradient[T]) plan(nest *kernels.Nest, steps func(kernels.Loop) (own, other int)) {
	dz := 1
	for _, l := range nest.Loops[:nest.Depth] {
		own, other := steps(l)
		to := &g.kept
		if own == 0 {
			to = &g.summed
		}
		to.loop[to.depth] = struct{ n, dz, other int }{l.N, dz, other}
		to.depth++
		dz *= l.N
	}
}

// at is where dz and the other operand are at turn i of all loops together.
func (l *loops) at(i int) (dz, other int) {
	for _, l := range l.loop[:l.depth] {
		dz += i % l.n * l.dz
		other += i % l.n * l.other
		i /= l.n
	}
	return dz, other
}

func (l *loops) turns() int {
	n := 1
	for _, l := range l.loop[:l.depth] {
		n *= l.n
	}
	return n
}

// at is the gradient of the operand's element i: a sum over what it was broadcast to.
func (g *gradient[T]) at(i int) T {
	dz0, other0 := g.kept.at(i)
	var sum blockSum[T]
	for j := range g.summed.turns() {
		dz, other := g.summed.at(j)
		sum.add(g.term(g.dz[dz0+dz], g.own[i], g.other[other0+other]))
	}
	return sum.total()
}

func (g *gradient[T]) term(dz, own, other T) T {
	switch {
	case g.op == kernels.Add:
		return dz
	case g.op == kernels.Mul:
		return dz * other
	case g.right:
		return dz * (-other / (own * own))
	}
	return dz / other
}

// blockSum adds numbers up in blocks, and the blocks then, so that the error grows by the number of blocks.
type blockSum[T device.Float] struct {
	sum, block T
	n          int
}

func (s *blockSum[T]) add(v T) {
	s.block += v
	if s.n++; s.n%64 == 0 {
		s.sum += s.block
		s.block = 0
	}
}

func (s *blockSum[T]) total() T { return s.sum + s.block }

func copyElements[T device.Float](k *kernels.Copy) {
	copy(data[T](k.Dst.Slice), data[T](k.Src.Slice))
}

func fill[T device.Float](k *kernels.Fill) {
	dst := data[T](k.Dst.Slice)
	for i := range dst {
		dst[i] = T(k.Value)
	}
}
