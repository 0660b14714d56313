package debug

import (
	"math"
	"slices"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

// arguments is the bounds of what σ and tanh are applied to: X·Wx + H·Wh and the biases, which are sums of these sizes.
func (s *shadow) arguments(x, h, gates device.Array, operands numbers, wx, wh, bias, other device.Array) ([]float64, error) {
	a := absolute(operands)
	first := &kernels.MatMul{C: gates, A: x, B: wx, Bias: bias}
	made, err := s.launch(first, numbers{"A": a["X"], "B": a["Wx"], "Bias": a["Bias"]})
	if err != nil {
		return nil, err
	}
	if made, err = s.launch(&kernels.MatMul{C: gates, A: h, B: wh, Acc: true}, numbers{"C": made["C"], "A": a["H"], "B": a["Wh"]}); err != nil {
		return nil, err
	}
	sizes := made["C"]
	for i := range sizes {
		if !other.IsZero() {
			sizes[i] += a["BH"][i%len(a["BH"])]
		}
	}
	return bounds(gates.Type(), x.Shape[1]+h.Shape[1]+5, sizes), nil
}

// lstm is what all steps of an LSTM should have made.
func (s *shadow) lstm(k *kernels.LSTM, in, got numbers) (want, bound numbers, err error) {
	steps, b, inputs, h := k.Dims()
	rows, c := steps*b, &course{k.Reverse, steps, b, h, in["Lengths"], in, got, numbers{}, numbers{}}
	hs, cells := c.before("H"), c.before("C")
	step := *k
	step.Reverse, step.Y, step.Lengths = false, device.Array{}, device.Array{}
	step.H, step.C = shaped(k.H, 2, rows, h), shaped(k.C, 2, rows, h)
	step.Gates, step.X = shaped(k.Gates, 1, rows, 4*h), shaped(k.X, 1, rows, inputs)
	operands := numbers{"H": hs, "X": in["X"], "Wx": in["Wx"], "Wh": in["Wh"], "Bias": in["Bias"]}
	tol, err := s.arguments(shaped(k.X, rows, inputs), shaped(k.H, rows, h), shaped(k.Gates, rows, 4*h), operands, k.Wx, k.Wh, k.Bias, device.Array{})
	if err != nil {
		return nil, nil, err
	}
	room := make([]float64, rows*h)
	operands["H"], operands["C"] = slices.Concat(hs, room), slices.Concat(cells, room)
	made, err := s.launch(&step, operands)
	if err != nil {
		return nil, nil, err
	}
	eps, least := precision(k.X.Type())
	gates := made["Gates"]
	for i, v := range gates {
		tol[i] += transcendental * eps * math.Abs(v)
	}
	tolC, tolH := make([]float64, rows*h), make([]float64, rows*h)
	for i, last := range cells {
		at := i/h*4*h + i%h
		in, forget, cand, out := gates[at], gates[at+h], gates[at+2*h], gates[at+3*h]
		tolC[i] = tol[at]*math.Abs(cand) + tol[at+h]*math.Abs(last) + tol[at+2*h]*in +
			4*eps*(math.Abs(in*cand)+math.Abs(forget*last)) + least
		tolH[i] = tol[at+3*h] + out*(tolC[i]+transcendental*eps) + least // for tanh is 1 at most, and no steeper
	}
	c.gates("Gates", 4*h, gates, tol)
	c.state("C", "", made["C"][rows*h:], tolC)
	c.state("H", "Y", made["H"][rows*h:], tolH)
	return c.want, c.bound, nil
}

// gru is what all steps of a GRU should have made.
func (s *shadow) gru(k *kernels.GRU, in, got numbers) (want, bound numbers, err error) {
	steps, b, inputs, h := k.Dims()
	rows, c := steps*b, &course{k.Reverse, steps, b, h, in["Lengths"], in, got, numbers{}, numbers{}}
	hs := c.before("H")
	step := *k
	step.Reverse, step.Y, step.Lengths = false, device.Array{}, device.Array{}
	step.H, step.Q = shaped(k.H, 2, rows, h), shaped(k.Q, 1, rows, h)
	step.Gates, step.X = shaped(k.Gates, 1, rows, 3*h), shaped(k.X, 1, rows, inputs)
	operands := numbers{"H": hs, "X": in["X"], "Wx": in["Wx"], "Wh": in["Wh"], "BX": in["BX"], "BH": in["BH"], "Bias": in["BX"]}
	tol, err := s.arguments(shaped(k.X, rows, inputs), shaped(k.H, rows, h), shaped(k.Gates, rows, 3*h), operands, k.Wx, k.Wh, k.BX, k.BH)
	if err != nil {
		return nil, nil, err
	}
	operands["H"] = slices.Concat(hs, make([]float64, rows*h))
	made, err := s.launch(&step, operands)
	if err != nil {
		return nil, nil, err
	}
	eps, least := precision(k.X.Type())
	gates, q := made["Gates"], made["Q"]
	tolQ, tolH := make([]float64, rows*h), make([]float64, rows*h)
	worst := make([]float64, rows) // bound of Q in a row
	for i, last := range hs {
		at := i/h*3*h + i%h
		if tolQ[i] = tol[at+2*h]; k.ResetBefore {
			tolQ[i] = (tol[at]+(transcendental+2)*eps)*math.Abs(last) + least
		}
		worst[i/h] = max(worst[i/h], tolQ[i])
	}
	for i, last := range hs {
		at := i/h*3*h + i%h
		reset, update, cand := gates[at], gates[at+h], gates[at+2*h]
		tol[at] += transcendental * eps * reset
		tol[at+h] += transcendental * eps * update
		// n is told from the gate r and from Q, which both may be off.
		if k.ResetBefore {
			for j := range h {
				tol[at+2*h] += worst[i/h] * math.Abs(in["Wh"][j*3*h+2*h+i%h])
			}
		} else {
			tol[at+2*h] += tol[at] * (math.Abs(q[i]) + 1)
		}
		tol[at+2*h] += transcendental * eps * math.Abs(cand)
		tolH[i] = tol[at+h]*(math.Abs(cand)+math.Abs(last)) + tol[at+2*h] + 4*eps*(math.Abs(cand)+math.Abs(last)) + least
	}
	c.gates("Gates", 3*h, gates, tol)
	c.gates("Q", h, q, tolQ)
	c.state("H", "Y", made["H"][rows*h:], tolH)
	return c.want, c.bound, nil
}
