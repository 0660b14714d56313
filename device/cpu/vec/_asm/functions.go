package main

// functions are all of package vec's.
var functions = []function{
	{
		name: "tanh", params: "y, x []T", in: []string{"x"}, out: []string{"y"}, wide: true, long: true, compute: tanh,
		loop: "for i, v := range x {\n\ty[i] = T(tanh(v))\n}",
	},
	{
		name: "sigmoid", params: "y, x []T", in: []string{"x"}, out: []string{"y"}, wide: true, long: true, compute: sigmoid,
		loop: "for i, v := range x {\n\ty[i] = T(sigmoid(v))\n}",
	},
	{
		name: "relu", params: "y, x []T", in: []string{"x"}, out: []string{"y"},
		loop: "for i, v := range x {\n\ty[i] = max(v, 0)\n}",
		compute: func(m *machine, _ []vector) body {
			zeros := m.zero()
			return func(in []vector) []vector { // of -0 and +0 either may be the larger, but their sum is +0
				return []vector{m.add(m.atLeast(in[0], zeros), zeros)}
			}
		},
	},
	{
		name: "tanhGrad", params: "dx, dy, y []T", in: []string{"dy", "y"}, out: []string{"dx"},
		loop: "for i, v := range y {\n\tdx[i] = dy[i] * ((1 - v) * (1 + v))\n}",
		compute: func(m *machine, _ []vector) body {
			one := m.register(m.constant(1))
			return func(in []vector) []vector {
				dy, y := in[0], in[1]
				return []vector{m.mul(dy, m.mul(m.sub(one, y), m.add(one, y)))}
			}
		},
	},
	{
		name: "sigmoidGrad", params: "dx, dy, y []T", in: []string{"dy", "y"}, out: []string{"dx"},
		loop: "for i, v := range y {\n\tdx[i] = dy[i] * v * (1 - v)\n}",
		compute: func(m *machine, _ []vector) body {
			one := m.register(m.constant(1))
			return func(in []vector) []vector {
				dy, y := in[0], in[1]
				return []vector{m.mul(m.mul(dy, y), m.sub(one, y))}
			}
		},
	},
	{
		name: "reluGrad", params: "dx, dy, y []T", in: []string{"dy", "y"}, out: []string{"dx"},
		loop: "for i, v := range y {\n\tdx[i] = 0\n\tif v > 0 {\n\t\tdx[i] = dy[i]\n\t}\n}",
		compute: func(m *machine, _ []vector) body {
			zeros := m.zero()
			return func(in []vector) []vector {
				return []vector{m.wherePositive(in[1], in[0], zeros)}
			}
		},
	},
	{
		name: "add", params: "z, x, y []T", in: []string{"x", "y"}, out: []string{"z"},
		loop: "for i, v := range x {\n\tz[i] = v + y[i]\n}",
		compute: func(m *machine, _ []vector) body {
			return func(in []vector) []vector {
				return []vector{m.add(in[0], in[1])}
			}
		},
	},
	{
		name: "mul", params: "z, x, y []T", in: []string{"x", "y"}, out: []string{"z"},
		loop: "for i, v := range x {\n\tz[i] = v * y[i]\n}",
		compute: func(m *machine, _ []vector) body {
			return func(in []vector) []vector {
				return []vector{m.mul(in[0], in[1])}
			}
		},
	},
	{
		name: "div", params: "z, x, y []T", in: []string{"x", "y"}, out: []string{"z"},
		loop: "for i, v := range x {\n\tz[i] = v / y[i]\n}",
		compute: func(m *machine, _ []vector) body {
			return func(in []vector) []vector {
				return []vector{m.div(in[0], in[1])}
			}
		},
	},
	{
		name: "addScalar", params: "y, x []T, s T", in: []string{"x"}, out: []string{"y"}, scalars: []string{"s"},
		loop: "for i, v := range x {\n\ty[i] = v + s\n}",
		compute: func(m *machine, s []vector) body {
			return func(in []vector) []vector {
				return []vector{m.add(in[0], s[0])}
			}
		},
	},
	{
		name: "divScalar", params: "y, x []T, s T", in: []string{"x"}, out: []string{"y"}, scalars: []string{"s"},
		loop: "for i, v := range x {\n\ty[i] = v / s\n}",
		compute: func(m *machine, s []vector) body {
			return func(in []vector) []vector {
				return []vector{m.div(in[0], s[0])}
			}
		},
	},
	{
		name: "scalarDiv", params: "y, x []T, s T", in: []string{"x"}, out: []string{"y"}, scalars: []string{"s"},
		loop: "for i, v := range x {\n\ty[i] = s / v\n}",
		compute: func(m *machine, s []vector) body {
			return func(in []vector) []vector {
				return []vector{m.div(s[0], in[0])}
			}
		},
	},
	{
		name: "scale", params: "y, x []T, s float64", in: []string{"x"}, out: []string{"y"}, scalars: []string{"s"}, wide: true,
		loop: "for i, v := range x {\n\ty[i] = T(float64(v) * s)\n}",
		compute: func(m *machine, s []vector) body {
			return func(in []vector) []vector {
				return []vector{m.mul(in[0], s[0])}
			}
		},
	},
	{
		name: "peak", params: "x []T", result: "T", in: []string{"x"}, whole: peak,
		loop: "peak := math.Inf(-1)\nfor _, v := range x { // none of them NaN\n\tpeak = max(peak, v)\n}\nreturn peak",
	},
	{
		name: "expSum", params: "y, x []T, peak float64", result: "float64", in: []string{"x"}, out: []string{"y"}, scalars: []string{"peak"}, wide: true, sum: expSum,
		loop: "var sums [16]float64\nfor i, v := range x {\n\te := exp(v - peak)\n\ty[i] = T(e)\n\tsums[i%16] += e\n}\nreturn fold(sums)",
	},
	{
		name: "dot", params: "x, y []T", result: "float64", in: []string{"x", "y"}, wide: true,
		loop: "var sums [16]float64\nfor i, v := range x {\n\tsums[i%16] = math.FMA(v, y[i], sums[i%16])\n}\nreturn fold(sums)",
		sum: func(m *machine, _ []vector) sumBody {
			return func(in []vector, sum vector, _ *mask) []vector {
				m.addProduct(sum, in[0], in[1])
				return nil
			}
		},
	},
	{
		name: "softmaxGrad", params: "dx, dy, y []T, dot float64", in: []string{"dy", "y"}, out: []string{"dx"}, scalars: []string{"dot"}, wide: true,
		loop: "for i, v := range y {\n\tdx[i] = T(v * (dy[i] - dot))\n}",
		compute: func(m *machine, s []vector) body {
			return func(in []vector) []vector {
				return []vector{m.mul(in[1], m.sub(in[0], s[0]))}
			}
		},
	},
	{
		name: "sgd", params: "p, g []T, lr T", in: []string{"p", "g"}, out: []string{"p"}, scalars: []string{"lr"},
		loop: "for i := range p {\n\tp[i] -= lr * g[i]\n}",
		compute: func(m *machine, s []vector) body {
			return func(in []vector) []vector {
				return []vector{m.sub(in[0], m.mul(s[0], in[1]))}
			}
		},
	},
	{
		name: "momentum", params: "p, g, v []T, lr, mu T", in: []string{"p", "g", "v"}, out: []string{"p", "v"}, scalars: []string{"lr", "mu"},
		loop: "for i := range p {\n\tv[i] = mu*v[i] + g[i]\n\tp[i] -= lr * v[i]\n}",
		compute: func(m *machine, s []vector) body {
			return func(in []vector) []vector {
				v := m.add(m.mul(s[1], in[2]), in[1])
				return []vector{m.sub(in[0], m.mul(s[0], v)), v}
			}
		},
	},
	{
		name: "nesterov", params: "p, g, v []T, lr, mu T", in: []string{"p", "g", "v"}, out: []string{"p", "v"}, scalars: []string{"lr", "mu"},
		loop: "for i := range p {\n\tv[i] = mu*v[i] + g[i]\n\tp[i] -= lr * (g[i] + mu*v[i])\n}",
		compute: func(m *machine, s []vector) body {
			return func(in []vector) []vector {
				g := in[1]
				v := m.add(m.mul(s[1], in[2]), g)
				return []vector{m.sub(in[0], m.mul(s[0], m.add(g, m.mul(s[1], v)))), v}
			}
		},
	},
	{
		name: "adaGrad", params: "p, g, s []T, lr, eps T", in: []string{"p", "g", "s"}, out: []string{"p", "s"}, scalars: []string{"lr", "eps"},
		loop: "for i := range p {\n\ts[i] += g[i] * g[i]\n\tp[i] -= lr * g[i] / (sqrt(s[i]) + eps)\n}",
		compute: func(m *machine, s []vector) body {
			return func(in []vector) []vector {
				g := in[1]
				sum := m.add(in[2], m.mul(g, g))
				return []vector{m.sub(in[0], m.div(m.mul(s[0], g), m.add(m.sqrt(sum), s[1]))), sum}
			}
		},
	},
	{
		name: "rmsprop", params: "p, g, s []T, lr, keep, take, eps T", in: []string{"p", "g", "s"}, out: []string{"p", "s"}, scalars: []string{"lr", "keep", "take", "eps"},
		loop: "for i := range p {\n\ts[i] = keep*s[i] + take*g[i]*g[i]\n\tp[i] -= lr * g[i] / (sqrt(s[i]) + eps)\n}",
		compute: func(m *machine, s []vector) body {
			return func(in []vector) []vector {
				g, lr, keep, take, eps := in[1], s[0], s[1], s[2], s[3]
				mean := m.add(m.mul(keep, in[2]), m.mul(m.mul(take, g), g))
				return []vector{m.sub(in[0], m.div(m.mul(lr, g), m.add(m.sqrt(mean), eps))), mean}
			}
		},
	},
	{
		name: "adam", params: "p, g, m, v []T, lr, keep1, take1, keep2, take2, shrink, grow, eps T", in: []string{"p", "g", "m", "v"}, out: []string{"p", "m", "v"}, scalars: []string{"lr", "keep1", "take1", "keep2", "take2", "shrink", "grow", "eps"},
		loop: "for i := range p {\n\tm[i] = keep1*m[i] + take1*g[i]\n\tv[i] = keep2*v[i] + take2*g[i]*g[i]\n\tp[i] = shrink*p[i] - lr*m[i]/(sqrt(v[i])*grow+eps)\n}",
		compute: func(m *machine, s []vector) body {
			return func(in []vector) []vector {
				p, g := in[0], in[1]
				lr, keep1, take1, keep2, take2, shrink, grow, eps := s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]
				mean := m.add(m.mul(keep1, in[2]), m.mul(take1, g))
				square := m.add(m.mul(keep2, in[3]), m.mul(m.mul(take2, g), g))
				step := m.div(m.mul(lr, mean), m.add(m.mul(m.sqrt(square), grow), eps))
				return []vector{m.sub(m.mul(shrink, p), step), mean, square}
			}
		},
	},
	{
		name: "addMul", params: "z, x, y []T", in: []string{"z", "x", "y"}, out: []string{"z"},
		loop: "for i, v := range x {\n\tz[i] += v * y[i]\n}",
		compute: func(m *machine, _ []vector) body {
			return func(in []vector) []vector {
				return []vector{m.add(in[0], m.mul(in[1], in[2]))}
			}
		},
	},
	{
		name: "lstmState", params: "c, last, in, forget, new []T", in: []string{"last", "in", "forget", "new"}, out: []string{"c"},
		loop: "for i, v := range last {\n\tc[i] = forget[i]*v + in[i]*new[i]\n}",
		compute: func(m *machine, _ []vector) body {
			return func(in []vector) []vector {
				last, in_, forget, new := in[0], in[1], in[2], in[3]
				return []vector{m.add(m.mul(forget, last), m.mul(in_, new))}
			}
		},
	},
	{
		name: "lstmOutGrad", params: "dOut, dc, dh, out, tanh []T", in: []string{"dc", "dh", "out", "tanh"}, out: []string{"dOut", "dc"},
		loop: "for i, h := range dh {\n\to, y := out[i], tanh[i]\n\tdOut[i] = h * y * o * (1 - o)\n\tdc[i] += h * o * ((1 - y) * (1 + y))\n}",
		compute: func(m *machine, _ []vector) body {
			one := m.register(m.constant(1))
			return func(in []vector) []vector {
				dc, h, o, y := in[0], in[1], in[2], in[3]
				dOut := m.mul(m.mul(m.mul(h, y), o), m.sub(one, o))
				return []vector{dOut, m.add(dc, m.mul(m.mul(h, o), m.mul(m.sub(one, y), m.add(one, y))))}
			}
		},
	},
	{
		name: "lstmGrad", params: "dIn, dForget, dNew, dc, last, in, forget, new []T",
		in: []string{"dc", "last", "in", "forget", "new"}, out: []string{"dIn", "dForget", "dNew", "dc"},
		loop: "for j, e := range dc {\n\ti, f, g := in[j], forget[j], new[j]\n\tdForget[j] = e * last[j] * f * (1 - f)\n\tdIn[j] = e * g * i * (1 - i)\n\tdNew[j] = e * i * ((1 - g) * (1 + g))\n\tdc[j] = e * f\n}",
		compute: func(m *machine, _ []vector) body {
			one := m.register(m.constant(1))
			return func(in []vector) []vector {
				e, last, i, f, g := in[0], in[1], in[2], in[3], in[4]
				return []vector{
					m.mul(m.mul(m.mul(e, g), i), m.sub(one, i)),
					m.mul(m.mul(m.mul(e, last), f), m.sub(one, f)),
					m.mul(m.mul(e, i), m.mul(m.sub(one, g), m.add(one, g))),
					m.mul(e, f),
				}
			}
		},
	},
	{
		name: "gruState", params: "h, last, update, new []T", in: []string{"last", "update", "new"}, out: []string{"h"},
		loop: "for i, z := range update {\n\th[i] = (1-z)*new[i] + z*last[i]\n}",
		compute: func(m *machine, _ []vector) body {
			one := m.register(m.constant(1))
			return func(in []vector) []vector {
				last, z, new := in[0], in[1], in[2]
				return []vector{m.add(m.mul(m.sub(one, z), new), m.mul(z, last))}
			}
		},
	},
	{
		name: "gruGrad", params: "dUpdate, dNew, dh, last, update, new []T", in: []string{"dh", "last", "update", "new"}, out: []string{"dUpdate", "dNew", "dh"},
		loop: "for i, d := range dh {\n\tz, n := update[i], new[i]\n\tdUpdate[i] = d * (last[i] - n) * z * (1 - z)\n\tdNew[i] = d * (1 - z) * ((1 - n) * (1 + n))\n\tdh[i] = d * z\n}",
		compute: func(m *machine, _ []vector) body {
			one := m.register(m.constant(1))
			return func(in []vector) []vector {
				d, last, z, n := in[0], in[1], in[2], in[3]
				return []vector{
					m.mul(m.mul(m.mul(d, m.sub(last, n)), z), m.sub(one, z)),
					m.mul(m.mul(d, m.sub(one, z)), m.mul(m.sub(one, n), m.add(one, n))),
					m.mul(d, z),
				}
			}
		},
	},
	{
		name: "sumRows", params: "y, x []T, rows, stride int", whole: sumRows,
		loop: "for j := range y {\n\tsum := T(0)\n\tfor i := range rows { // one at least\n\t\tsum += x[i*stride+j]\n\t}\n\ty[j] += sum\n}",
	},
}
