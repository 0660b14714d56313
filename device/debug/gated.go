package debug

import (
	"math"
	"slices"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

// parts is the names of the initial states and of the others of H or C, as operands are called that are read and written in
// parts. They are constants, for a kernel checked allocates nothing.
func parts(states string, reverse bool) (first, rest string) {
	switch {
	case states == "C" && reverse:
		return "C[T]", "C[:T]"
	case states == "C":
		return "C[0]", "C[1:]"
	case reverse:
		return "H[T]", "H[:T]"
	}
	return "H[0]", "H[1:]"
}

// A course is the steps of a gated layer's kernel, as rows of one large batch that takes one step: each begins with the
// state that the checked device came to before, so that they exchange nothing.
type course struct {
	reverse     bool
	steps, b, h int
	lengths     []float64 // nil if rows take all steps
	in, got     numbers
	want, bound numbers
}

// before is the states that steps begin with.
func (c *course) before(states string) []float64 {
	first, rest := parts(states, c.reverse)
	n := c.steps * c.b * c.h
	if c.reverse {
		return slices.Concat(c.got[rest], c.in[first])[c.b*c.h:]
	}
	return slices.Concat(c.in[first], c.got[rest])[:n]
}

// taken tells whether the row of an element of an array [rows, cols] takes its step.
func (c *course) taken(i, cols int) bool {
	row := i / max(cols, 1)
	return c.lengths == nil || float64(row/c.b) < c.lengths[row%c.b]
}

// state says what states should be where rows take their steps; elsewhere they stay what they are, and y is zero.
func (c *course) state(states, y string, made, tol []float64) {
	from := c.before(states)
	want, bound, output := slices.Clone(made), slices.Clone(tol), slices.Clone(made)
	for i := range want {
		if !c.taken(i, c.h) {
			want[i], bound[i], output[i] = from[i], 0, 0
		}
	}
	_, rest := parts(states, c.reverse)
	c.want[rest], c.bound[rest] = want, bound
	if y != "" {
		c.want[y], c.bound[y] = output, bound
	}
}

// gates says what an array [rows, cols] should be where rows take their steps; elsewhere it is zero.
func (c *course) gates(name string, cols int, made, tol []float64) {
	_, least := precision(device.Float64)
	c.want[name], c.bound[name] = slices.Clone(made), slices.Clone(tol)
	for i := range made {
		if !c.taken(i, cols) {
			c.want[name][i], c.bound[name][i] = 0, least
		}
	}
}

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
	y := "Y"
	if c.lengths == nil {
		y = ""
	}
	c.state("H", y, made["H"][rows*h:], tolH)
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
	y := "Y"
	if c.lengths == nil {
		y = ""
	}
	c.state("H", y, made["H"][rows*h:], tolH)
	return c.want, c.bound, nil
}

// gatedGrad is what the gradient of a gated layer should have made of DX and of the gradients of the weights and biases,
// told from DZ as the checked device has it. DZ itself and the gradients of the states come of a long way back that the
// device does not tell; they are left open, as are a GRU's DQ, DWh and DBH.
func (s *shadow) gatedGrad(k device.Kernel, in, got numbers) (want, bound numbers, err error) {
	want, bound = numbers{}, numbers{}
	for _, o := range k.Operands(nil) {
		if o.Access&device.Write != 0 && !o.IsZero() {
			want[o.Name], bound[o.Name] = make([]float64, o.Len()), slices.Repeat([]float64{math.Inf(1)}, o.Len())
		}
	}
	var dx, dz, dwx, x, wx, dbias device.Array
	name := "DBias"
	switch k := k.(type) {
	case *kernels.LSTMGrad:
		dx, dz, dwx, x, wx, dbias = k.DX, k.DZ, k.DWx, k.X, k.Wx, k.DBias
	case *kernels.GRUGrad:
		dx, dz, dwx, x, wx, dbias, name = k.DX, k.DZ, k.DWx, k.X, k.Wx, k.DBX, "DBX"
	}
	rows, inputs, cols := kernels.Rows(x), kernels.Cols(x), kernels.Cols(dz)
	// result runs a formula, and takes what it makes as the operand of this name.
	result := func(name, of string, formula device.Kernel, in numbers) {
		if err != nil {
			return
		}
		var made, limit numbers
		if made, limit, err = s.expect(formula, in, nil); err == nil {
			want[name], bound[name] = made[of], limit[of]
		}
	}
	result("DX", "C", &kernels.MatMul{C: shaped(dx, rows, inputs), A: shaped(dz, rows, cols), B: wx, TransB: true},
		numbers{"A": got["DZ"], "B": in["Wx"]})
	result("DWx", "C", &kernels.MatMul{C: dwx, A: shaped(x, rows, inputs), B: shaped(dz, rows, cols), TransA: true, Acc: true},
		numbers{"C": in["DWx"], "A": in["X"], "B": got["DZ"]})
	if !dbias.IsZero() {
		result(name, "Y", &kernels.SumRows{Y: dbias, X: shaped(dz, rows, cols), Acc: true}, numbers{"Y": in[name], "X": got["DZ"]})
	}
	if k, ok := k.(*kernels.LSTMGrad); ok {
		b, h := k.H.Shape[1], k.H.Shape[2]
		states := in["H"][:rows*h]
		if k.Reverse {
			states = in["H"][b*h:]
		}
		result("DWh", "C", &kernels.MatMul{C: k.DWh, A: shaped(k.H, rows, h), B: shaped(dz, rows, cols), TransA: true, Acc: true},
			numbers{"C": in["DWh"], "A": states, "B": got["DZ"]})
	}
	return want, bound, err
}
