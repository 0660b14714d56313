package main

import (
	. "github.com/mmcloughlin/avo/reg"
)

// functions are all of package vec's.
var functions = []function{
	{
		name: "tanh", params: "y, x []T", in: []string{"x"}, out: []string{"y"}, wide: true, compute: tanh,
		loop: "for i, v := range x {\n\ty[i] = T(tanh(v))\n}",
	},
	{
		name: "sigmoid", params: "y, x []T", in: []string{"x"}, out: []string{"y"}, wide: true, compute: sigmoid,
		loop: "for i, v := range x {\n\ty[i] = T(sigmoid(v))\n}",
	},
	{
		name: "relu", params: "y, x []T", in: []string{"x"}, out: []string{"y"},
		loop: "for i, v := range x {\n\ty[i] = max(v, 0)\n}",
		compute: func(m *machine, _ []VecVirtual) body {
			zeros := m.zero()
			return func(in []VecVirtual) []VecVirtual { // of -0 and +0 either may be the larger, but their sum is +0
				return []VecVirtual{m.add(m.atLeast(in[0], zeros), zeros)}
			}
		},
	},
	{
		name: "tanhGrad", params: "dx, dy, y []T", in: []string{"dy", "y"}, out: []string{"dx"},
		loop: "for i, v := range y {\n\tdx[i] = dy[i] * ((1 - v) * (1 + v))\n}",
		compute: func(m *machine, _ []VecVirtual) body {
			one := m.register(m.constant(1))
			return func(in []VecVirtual) []VecVirtual {
				dy, y := in[0], in[1]
				return []VecVirtual{m.mul(dy, m.mul(m.sub(one, y), m.add(one, y)))}
			}
		},
	},
	{
		name: "sigmoidGrad", params: "dx, dy, y []T", in: []string{"dy", "y"}, out: []string{"dx"},
		loop: "for i, v := range y {\n\tdx[i] = dy[i] * v * (1 - v)\n}",
		compute: func(m *machine, _ []VecVirtual) body {
			one := m.register(m.constant(1))
			return func(in []VecVirtual) []VecVirtual {
				dy, y := in[0], in[1]
				return []VecVirtual{m.mul(m.mul(dy, y), m.sub(one, y))}
			}
		},
	},
	{
		name: "reluGrad", params: "dx, dy, y []T", in: []string{"dy", "y"}, out: []string{"dx"},
		loop: "for i, v := range y {\n\tdx[i] = 0\n\tif v > 0 {\n\t\tdx[i] = dy[i]\n\t}\n}",
		compute: func(m *machine, _ []VecVirtual) body {
			zeros := m.zero()
			return func(in []VecVirtual) []VecVirtual {
				return []VecVirtual{m.wherePositive(in[1], in[0], zeros)}
			}
		},
	},
}
