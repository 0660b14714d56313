package vec

import "math"

// The functions in Go. A conversion after a product forbids the compiler to fuse it with a sum, as some would.

var (
	portable32 = portable[float32](tanh32, sigmoid32, exp32)
	portable64 = portable[float64](tanh64, sigmoid64, exp64)
)

func portable[T Float](tanh, sigmoid, exp func(x float64) float64) table[T] {
	return table[T]{
		tanh:    func(y, x []T) { apply(tanh, y, x) },
		sigmoid: func(y, x []T) { apply(sigmoid, y, x) },
		expSum:  func(y, x []T, peak float64) float64 { return expSum(exp, y, x, peak) },
		relu:    relu[T], tanhGrad: tanhGrad[T], sigmoidGrad: sigmoidGrad[T], reluGrad: reluGrad[T],
		add: add[T], mul: mul[T], div: div[T],
		addScalar: addScalar[T], divScalar: divScalar[T], scalarDiv: scalarDiv[T], scale: scale[T],
		peak: peak[T], dot: dot[T], softmaxGrad: softmaxGrad[T], sumRows: sumRows[T],
		addMul: addMul[T], lstmState: lstmState[T], lstmOutGrad: lstmOutGrad[T], lstmGrad: lstmGrad[T],
		gruState: gruState[T], gruGrad: gruGrad[T],
		sgd: sgd[T], momentum: momentum[T], nesterov: nesterov[T],
		adaGrad: adaGrad[T], rmsprop: rmsprop[T], adam: adam[T],
	}
}

func apply[T Float](f func(x float64) float64, y, x []T) {
	for i, v := range x {
		y[i] = T(f(float64(v)))
	}
}

func relu[T Float](y, x []T) {
	for i, v := range x {
		y[i] = max(v, 0)
	}
}

func tanhGrad[T Float](dx, dy, y []T) {
	for i, v := range y {
		dx[i] = dy[i] * T((1-v)*(1+v))
	}
}

func sigmoidGrad[T Float](dx, dy, y []T) {
	for i, v := range y {
		dx[i] = T(dy[i]*v) * (1 - v)
	}
}

func reluGrad[T Float](dx, dy, y []T) {
	for i, v := range y {
		if v > 0 {
			dx[i] = dy[i]
		} else {
			dx[i] = 0
		}
	}
}

func add[T Float](z, x, y []T) {
	for i, v := range x {
		z[i] = v + y[i]
	}
}

func mul[T Float](z, x, y []T) {
	for i, v := range x {
		z[i] = v * y[i]
	}
}

func div[T Float](z, x, y []T) {
	for i, v := range x {
		z[i] = v / y[i]
	}
}

func addScalar[T Float](y, x []T, s T) {
	for i, v := range x {
		y[i] = v + s
	}
}

func divScalar[T Float](y, x []T, s T) {
	for i, v := range x {
		y[i] = v / s
	}
}

func scalarDiv[T Float](y, x []T, s T) {
	for i, v := range x {
		y[i] = s / v
	}
}

func scale[T Float](y, x []T, s float64) {
	for i, v := range x {
		y[i] = T(float64(v) * s)
	}
}

func peak[T Float](x []T) T {
	peak := T(math.Inf(-1))
	for _, v := range x {
		if v > peak {
			peak = v
		}
	}
	return peak
}

// sums are those of every sixteenth term each, as many as the assembly has at the same time.
type sums [16]float64

// fold adds the upper half of the sums to the lower, four times.
func (s *sums) fold() float64 {
	for n := 8; n > 0; n /= 2 {
		for i := range n {
			s[i] += s[i+n]
		}
	}
	return s[0]
}

func expSum[T Float](exp func(x float64) float64, y, x []T, peak float64) float64 {
	var sums sums
	for i, v := range x {
		e := exp(peak - float64(v))
		y[i] = T(e)
		sums[i%len(sums)] += e
	}
	return sums.fold()
}

func dot[T Float](x, y []T) float64 {
	var sums sums
	for i, v := range x {
		sum := &sums[i%len(sums)]
		*sum = math.FMA(float64(v), float64(y[i]), *sum)
	}
	return sums.fold()
}

func softmaxGrad[T Float](dx, dy, y []T, dot float64) {
	for i, v := range y {
		dx[i] = T(float64(v) * (float64(dy[i]) - dot))
	}
}

// sumRows takes a strip of columns down the rows together.
func sumRows[T Float](y, x []T, rows, stride int) {
	const width = 64
	for j := 0; j < len(y); j += width {
		y := y[j:min(j+width, len(y))]
		var sums [width]T
		for i := range rows {
			for k, v := range x[i*stride+j:][:len(y)] {
				sums[k] += v
			}
		}
		for k := range y {
			y[k] += sums[k]
		}
	}
}

func addMul[T Float](z, x, y []T) {
	for i, v := range x {
		z[i] += T(v * y[i])
	}
}

func lstmState[T Float](c, last, in, forget, new []T) {
	for i, v := range last {
		c[i] = T(forget[i]*v) + T(in[i]*new[i])
	}
}

func lstmOutGrad[T Float](dOut, dc, dh, out, tanh []T) {
	for i, h := range dh {
		o, y := out[i], tanh[i]
		dOut[i] = h * y * o * (1 - o)
		dc[i] += T(h * o * ((1 - y) * (1 + y)))
	}
}

func lstmGrad[T Float](dIn, dForget, dNew, dc, last, in, forget, new []T) {
	for j, e := range dc {
		i, f, g := in[j], forget[j], new[j]
		dForget[j] = e * last[j] * f * (1 - f)
		dIn[j] = e * g * i * (1 - i)
		dNew[j] = e * i * ((1 - g) * (1 + g))
		dc[j] = e * f
	}
}

func gruState[T Float](h, last, update, new []T) {
	for i, z := range update {
		h[i] = T((1-z)*new[i]) + T(z*last[i])
	}
}

func gruGrad[T Float](dUpdate, dNew, dh, last, update, new []T) {
	for i, d := range dh {
		z, n := update[i], new[i]
		dUpdate[i] = d * (last[i] - n) * z * (1 - z)
		dNew[i] = d * (1 - z) * ((1 - n) * (1 + n))
		dh[i] = d * z
	}
}

func sgd[T Float](p, g []T, lr T) {
	for i := range p {
		p[i] -= T(lr * g[i])
	}
}

func momentum[T Float](p, g, v []T, lr, mu T) {
	for i := range p {
		v[i] = T(mu*v[i]) + g[i]
		p[i] -= T(lr * v[i])
	}
}

func nesterov[T Float](p, g, v []T, lr, mu T) {
	for i := range p {
		v[i] = T(mu*v[i]) + g[i]
		p[i] -= T(lr * (g[i] + T(mu*v[i])))
	}
}

func adaGrad[T Float](p, g, s []T, lr, eps T) {
	for i := range p {
		s[i] += T(g[i] * g[i])
		p[i] -= T(lr*g[i]) / (sqrt(s[i]) + eps)
	}
}

func rmsprop[T Float](p, g, s []T, lr, keep, take, eps T) {
	for i := range p {
		s[i] = T(keep*s[i]) + T(T(take*g[i])*g[i])
		p[i] -= T(lr*g[i]) / (sqrt(s[i]) + eps)
	}
}

func adam[T Float](p, g, m, v []T, lr, keep1, take1, keep2, take2, shrink, grow, eps T) {
	for i := range p {
		m[i] = T(keep1*m[i]) + T(take1*g[i])
		v[i] = T(keep2*v[i]) + T(T(take2*g[i])*g[i])
		p[i] = T(shrink*p[i]) - T(lr*m[i])/(T(sqrt(v[i])*grow)+eps)
	}
}

// sqrt is rounded once: the root of a float32 as a float64 has too many digits for its rounding to matter.
func sqrt[T Float](v T) T { return T(math.Sqrt(float64(v))) }
