package cpu

import (
	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/cpu/vec"
	"github.com/keisan-go/keisan/kernels"
)

func activate[T device.Float](arg any, lo, hi int) {
	k := arg.(*kernels.Activate)
	apply(k.F, data[T](k.Y.Slice)[lo:hi], data[T](k.X.Slice)[lo:hi])
}

// apply is y = f(x).
func apply[T device.Float](f kernels.Activation, y, x []T) {
	switch f {
	case kernels.Sigmoid:
		vec.Sigmoid(y, x)
	case kernels.Tanh:
		vec.Tanh(y, x)
	case kernels.ReLU:
		vec.ReLU(y, x)
	}
}

func activateGrad[T device.Float](arg any, lo, hi int) {
	k := arg.(*kernels.ActivateGrad)
	applyGrad(k.F, data[T](k.DX.Slice)[lo:hi], data[T](k.DY.Slice)[lo:hi], data[T](k.Y.Slice)[lo:hi])
}

// applyGrad is dx = dy·f', with f' told from y = f(x).
func applyGrad[T device.Float](f kernels.Activation, dx, dy, y []T) {
	switch f {
	case kernels.Sigmoid:
		vec.SigmoidGrad(dx, dy, y)
	case kernels.Tanh:
		vec.TanhGrad(dx, dy, y)
	case kernels.ReLU:
		vec.ReLUGrad(dx, dy, y)
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
		switch {
		case inner.X == 0:
			combineLeft(k.Op, z, x[i], y[j:])
		case inner.Y == 0:
			combineRight(k.Op, z, x[i:], y[j])
		default:
			combine(k.Op, z, x[i:], y[j:])
		}
		lo += len(z)
	}
}

func combine[T device.Float](op kernels.Operator, z, x, y []T) {
	switch op {
	case kernels.Add:
		vec.Add(z, x, y)
	case kernels.Mul:
		vec.Mul(z, x, y)
	case kernels.Div:
		vec.Div(z, x, y)
	}
}

// combineLeft is combine of an x that is one number.
func combineLeft[T device.Float](op kernels.Operator, z []T, x T, y []T) {
	switch op {
	case kernels.Add:
		vec.AddScalar(z, y, x)
	case kernels.Mul:
		vec.Scale(z, y, float64(x))
	case kernels.Div:
		vec.ScalarDiv(z, y, x)
	}
}

// combineRight is combine of a y that is one number.
func combineRight[T device.Float](op kernels.Operator, z, x []T, y T) {
	switch op {
	case kernels.Add:
		vec.AddScalar(z, x, y)
	case kernels.Mul:
		vec.Scale(z, x, float64(y))
	case kernels.Div:
		vec.DivScalar(z, x, y)
	}
}

func binaryGradX[T device.Float](arg any, lo, hi int) {
	k := arg.(*kernels.BinaryGrad)
	nest, _ := kernels.NestOf(k.DZ.Shape, k.X.Shape, k.Y.Shape)
	g := gradient[T]{op: k.Op, dz: data[T](k.DZ.Slice), own: data[T](k.X.Slice), other: data[T](k.Y.Slice)}
	g.plan(&nest)
	g.compute(data[T](k.DX.Slice), lo, hi)
}

func binaryGradY[T device.Float](arg any, lo, hi int) {
	k := arg.(*kernels.BinaryGrad)
	nest, _ := kernels.NestOf(k.DZ.Shape, k.Y.Shape, k.X.Shape)
	g := gradient[T]{op: k.Op, right: true, dz: data[T](k.DZ.Slice), own: data[T](k.Y.Slice), other: data[T](k.X.Slice)}
	g.plan(&nest)
	g.compute(data[T](k.DY.Slice), lo, hi)
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

// plan sorts the loops of a nest, whose X is the operand itself.
func (g *gradient[T]) plan(nest *kernels.Nest) {
	dz := 1
	for _, l := range nest.Loops[:nest.Depth] {
		to := &g.kept
		if l.X == 0 {
			to = &g.summed
		}
		to.loop[to.depth] = struct{ n, dz, other int }{l.N, dz, l.Y}
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

// each calls do for every turn of the loops together, in order, with where dz and the other operand are then.
func (l *loops) each(do func(dz, other int)) {
	var turn [kernels.MaxNest]int
	for _, l := range l.loop[:l.depth] {
		if l.n == 0 {
			return
		}
	}
	for dz, other := 0, 0; ; {
		do(dz, other)
		i := 0
		for ; i < l.depth; i++ {
			loop := &l.loop[i]
			turn[i]++
			dz += loop.dz
			other += loop.other
			if turn[i] < loop.n {
				break
			}
			turn[i] = 0
			dz -= loop.n * loop.dz
			other -= loop.n * loop.other
		}
		if i == l.depth {
			return
		}
	}
}

// compute is the gradient of elements lo to hi.
func (g *gradient[T]) compute(grad []T, lo, hi int) {
	switch {
	case g.summed.depth == 0:
		g.multiply(grad, lo, hi)
	case g.op == kernels.Add && g.summed.depth == 1 && g.kept.depth == 1 && g.kept.loop[0].dz == 1:
		sumColumns(grad, g.dz, lo, hi, false)
	default:
		g.sum(grad, lo, hi)
	}
}

// multiply is compute where nothing was broadcast to reach dz, which is then as large as the gradient.
func (g *gradient[T]) multiply(grad []T, lo, hi int) {
	const strip = 1024 // stays in the cache, as a quotient goes through it several times
	inner := g.kept.loop[0]
	for lo < hi {
		n := min(strip, hi-lo, inner.n-lo%inner.n)
		dz, other := g.kept.at(lo)
		z, y, own := g.dz[dz:dz+n], g.other[other:], g.own[lo:lo+n]
		to := grad[lo : lo+n]
		switch {
		case g.op == kernels.Add:
			copy(to, z)
		case g.op == kernels.Mul && inner.other == 0:
			vec.Scale(to, z, float64(y[0]))
		case g.op == kernels.Mul:
			vec.Mul(to, z, y)
		case g.right && inner.other == 0: // -dz·other/own²
			vec.Mul(to, own, own)
			vec.ScalarDiv(to, to, -y[0])
			vec.Mul(to, to, z)
		case g.right:
			vec.Mul(to, own, own)
			vec.Div(to, y, to)
			vec.Scale(to, to, -1)
			vec.Mul(to, to, z)
		case inner.other == 0:
			vec.DivScalar(to, z, y[0])
		default:
			vec.Div(to, z, y)
		}
		lo += n
	}
}

// sum is compute where an element was broadcast: its gradient is a sum over what it became. It takes a strip of elements
// that are neighbours in dz, or equally far apart, through the sums together, and adds up in blocks, and the blocks then,
// so that the error grows by the number of blocks.
func (g *gradient[T]) sum(grad []T, lo, hi int) {
	const width, height = 64, 64
	inner := struct{ n, dz, other int }{n: 1}
	if g.kept.depth > 0 {
		inner = g.kept.loop[0]
	}
	for lo < hi {
		n := min(width, hi-lo, inner.n-lo%inner.n)
		dz0, other0 := g.kept.at(lo)
		var block [width]T
		sum, own := grad[lo:lo+n], g.own[lo:lo+n]
		clear(sum)
		terms := 0
		g.summed.each(func(dz, other int) {
			g.add(block[:n], own, g.dz[dz0+dz:], inner.dz, g.other[other0+other:], inner.other)
			if terms++; terms%height == 0 {
				for i := range sum {
					sum[i] += block[i]
				}
				clear(block[:])
			}
		})
		for i := range sum {
			sum[i] += block[i]
		}
		lo += n
	}
}

// add adds a term to each sum.
func (g *gradient[T]) add(sum, own, dz []T, stepZ int, other []T, stepO int) {
	switch {
	case g.op == kernels.Add:
		for i := range sum {
			sum[i] += dz[i*stepZ]
		}
	case g.op == kernels.Mul:
		for i := range sum {
			sum[i] += dz[i*stepZ] * other[i*stepO]
		}
	case g.right: // of a quotient
		for i := range sum {
			sum[i] += dz[i*stepZ] * (-other[i*stepO] / (own[i] * own[i]))
		}
	default:
		for i := range sum {
			sum[i] += dz[i*stepZ] / other[i*stepO]
		}
	}
}
