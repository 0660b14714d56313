package debug

import (
	"math"
	"slices"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

// shaped is an operand like another one, of another shape.
func shaped(a device.Array, shape ...int) device.Array {
	return device.Array{Slice: a.Slice, Shape: shape}
}

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

// A course is the steps of a recurrent kernel, as rows of one large batch that takes one step: each begins with the
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

// ends is the first and the last step of a row, one after the other; false if it takes none.
func (c *course) ends(row int) (first, last int, ok bool) {
	n := c.steps
	if c.lengths != nil {
		n = max(0, min(n, int(c.lengths[row])))
	}
	if c.reverse {
		return n - 1, 0, n > 0
	}
	return 0, n - 1, n > 0
}

// taken tells whether the row of an element of an array [rows, cols] takes its step.
func (c *course) taken(i, cols int) bool {
	row := i / max(cols, 1)
	return c.lengths == nil || float64(row/c.b) < c.lengths[row%c.b]
}

// state says what states should be where rows take their steps; elsewhere they stay what they are, and y, which is there
// with lengths, is zero.
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
	if y != "" && c.lengths != nil {
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

// rnn is what all steps of an RNN should have made.
func (s *shadow) rnn(k *kernels.RNN, in, got numbers) (want, bound numbers, err error) {
	steps, b, inputs, h := k.Dims()
	rows, c := steps*b, &course{k.Reverse, steps, b, h, in["Lengths"], in, got, numbers{}, numbers{}}
	step := *k
	step.Reverse, step.Y, step.Lengths = false, device.Array{}, device.Array{}
	step.H, step.X = shaped(k.H, 2, rows, h), shaped(k.X, 1, rows, inputs)
	operands := numbers{"H": slices.Concat(c.before("H"), make([]float64, rows*h)), "X": in["X"], "Wx": in["Wx"], "Wh": in["Wh"], "Bias": in["Bias"]}
	made, err := s.launch(&step, operands)
	if err != nil {
		return nil, nil, err
	}
	step.F = kernels.ReLU // of what is positive: nothing
	sizes, err := s.launch(&step, absolute(operands))
	if err != nil {
		return nil, nil, err
	}
	t := k.H.Type()
	state := made["H"][rows*h:]
	inner, outer := bounds(t, inputs+h+3, sizes["H"][rows*h:]), bounds(t, transcendental, state)
	for i := range outer {
		outer[i] += inner[i] // for no function is steeper than 1
	}
	c.state("H", "Y", state, outer)
	return c.want, c.bound, nil
}

// rnnGrad is what an RNNGrad should have made: its formulas one by one, with DZ as the checked device has it.
func (s *shadow) rnnGrad(k *kernels.RNNGrad, in, got numbers) (want, bound numbers, err error) {
	if want, bound, err = s.recurrentGrad(k, in, got); err != nil {
		return nil, nil, err
	}
	steps, b, _, h := k.Dims()
	rows, c := steps*b, &course{k.Reverse, steps, b, h, in["Lengths"], in, got, want, bound}

	// dh = begin + next·Whᵀ is the gradient of all states: begin is DY, and DHT at the step that a row takes last; next is DZ
	// of the step after. The initial states, whose step after is the row's first, come last.
	begin, next := slices.Concat(in["DY"], make([]float64, b*h)), make([]float64, (rows+b)*h)
	dz, states := got["DZ"], in["H"]
	if steps > 0 && k.Reverse {
		copy(next[b*h:rows*h], dz)
	} else if steps > 0 {
		copy(next, dz[b*h:])
		states = states[b*h:]
	}
	ends := make([]int, b) // where rows have no step after
	for row := range b {
		first, last, ok := c.ends(row)
		if ok {
			copy(next[(rows+row)*h:], dz[(first*b+row)*h:][:h])
		} else {
			last = steps
		}
		ends[row] = (last*b + row) * h
		if dht := in["DHT"]; dht != nil {
			for j, d := range dht[row*h : (row+1)*h] {
				begin[ends[row]+j] += d
			}
		}
	}
	made, limit, err := s.expect(&kernels.MatMul{C: shaped(k.DY, rows+b, h), A: shaped(k.DZ, rows+b, h), B: k.Wh, TransB: true, Acc: true},
		numbers{"C": begin, "A": next, "B": in["Wh"]}, nil)
	if err != nil {
		return nil, nil, err
	}
	dh, inner := made["C"], limit["C"]
	_, least := precision(k.H.Type())
	for _, at := range ends { // 0 times a weight that is infinite is no part of the sum
		copy(dh[at:at+h], begin[at:])
		copy(inner[at:at+h], slices.Repeat([]float64{least}, h))
	}
	want["DH0"], bound["DH0"] = dh[rows*h:], inner[rows*h:]
	made, limit, err = s.expect(&kernels.ActivateGrad{F: k.F, DX: k.DZ, DY: k.DZ, Y: shaped(k.H, steps, b, h)},
		numbers{"DY": dh[:rows*h], "Y": states[:rows*h]}, nil)
	if err != nil {
		return nil, nil, err
	}
	for i := range limit["DX"] {
		limit["DX"][i] += inner[i] // for no function is steeper than 1
	}
	c.gates("DZ", h, made["DX"], limit["DX"])
	return want, bound, nil
}

// recurrentGrad is what a recurrent kernel's gradient should have made of DX and of the gradients of the weights and biases,
// told from DZ as the checked device has it. An LSTM's and a GRU's DZ and gradients of the states come of a long way back
// that the device does not tell; they are left open, as are a GRU's DQ, DWh and DBH.
func (s *shadow) recurrentGrad(k device.Kernel, in, got numbers) (want, bound numbers, err error) {
	want, bound = numbers{}, numbers{}
	for _, o := range k.Operands(nil) {
		if o.Access&device.Write != 0 && !o.IsZero() {
			want[o.Name], bound[o.Name] = make([]float64, o.Len()), slices.Repeat([]float64{math.Inf(1)}, o.Len())
		}
	}
	var dx, dz, dwx, dwh, h, x, wx, dbias device.Array // no DWh of a GRU
	name, reverse := "DBias", false
	switch k := k.(type) {
	case *kernels.RNNGrad:
		dx, dz, dwx, dwh, h, x, wx, dbias, reverse = k.DX, k.DZ, k.DWx, k.DWh, k.H, k.X, k.Wx, k.DBias, k.Reverse
	case *kernels.LSTMGrad:
		dx, dz, dwx, dwh, h, x, wx, dbias, reverse = k.DX, k.DZ, k.DWx, k.DWh, k.H, k.X, k.Wx, k.DBias, k.Reverse
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
	if !dx.IsZero() {
		result("DX", "C", &kernels.MatMul{C: shaped(dx, rows, inputs), A: shaped(dz, rows, cols), B: wx, TransB: true},
			numbers{"A": got["DZ"], "B": in["Wx"]})
	}
	result("DWx", "C", &kernels.MatMul{C: dwx, A: shaped(x, rows, inputs), B: shaped(dz, rows, cols), TransA: true, Acc: true},
		numbers{"C": in["DWx"], "A": in["X"], "B": got["DZ"]})
	if !dbias.IsZero() {
		result(name, "Y", &kernels.SumRows{Y: dbias, X: shaped(dz, rows, cols), Acc: true}, numbers{"Y": in[name], "X": got["DZ"]})
	}
	if !dwh.IsZero() {
		b, hidden := h.Shape[1], h.Shape[2]
		states := in["H"][:rows*hidden]
		if reverse {
			states = in["H"][b*hidden:]
		}
		result("DWh", "C", &kernels.MatMul{C: dwh, A: shaped(h, rows, hidden), B: shaped(dz, rows, cols), TransA: true, Acc: true},
			numbers{"C": in["DWh"], "A": states, "B": got["DZ"]})
	}
	return want, bound, err
}
