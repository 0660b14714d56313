package debug

import (
	"slices"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

// shaped is an operand like another one, of another shape.
func shaped(a device.Array, shape ...int) device.Array {
	return device.Array{Slice: a.Slice, Shape: shape}
}

// rnn is what all steps of an RNN should have made, each of the state that the checked device came to before. Then they
// exchange nothing, and are the rows of one large batch that takes one step.
func (s *shadow) rnn(k *kernels.RNN, in, got numbers) (want, bound numbers, err error) {
	steps, b, inputs, h := k.Dims()
	rows := steps * b
	from := slices.Concat(in["H[0]"], got["H[1:]"])[:rows*h]
	step := *k
	step.H, step.X = shaped(k.H, 2, rows, h), shaped(k.X, 1, rows, inputs)
	operands := numbers{"H": slices.Concat(from, make([]float64, rows*h)), "X": in["X"], "Wx": in["Wx"], "Wh": in["Wh"], "Bias": in["Bias"]}
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
	return numbers{"H[1:]": state}, numbers{"H[1:]": outer}, nil
}

// rnnGrad is what an RNNGrad should have made: its formulas one by one, with DZ as the checked device has it.
func (s *shadow) rnnGrad(k *kernels.RNNGrad, in, got numbers) (want, bound numbers, err error) {
	steps, b, inputs, h := k.Dims()
	rows := steps * b
	dz, states := got["DZ"], in["H"]
	want, bound = numbers{}, numbers{}
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

	// DH = DY + DZ[1:]·Whᵀ, and nothing is added to the last step's.
	carried := max(rows-b, 0)
	carry := &kernels.MatMul{C: shaped(k.DY, carried, h), A: shaped(k.DZ, carried, h), B: k.Wh, TransB: true, Acc: true}
	result("DH", "C", carry, numbers{"C": in["DY"][:carried*h], "A": dz[rows*h-carried*h:], "B": in["Wh"]})
	if err != nil {
		return nil, nil, err
	}
	dh := slices.Concat(want["DH"], in["DY"][carried*h:])
	inner := slices.Concat(bound["DH"], make([]float64, (rows-carried)*h))
	grad := &kernels.ActivateGrad{F: k.F, DX: k.DZ, DY: k.DZ, Y: shaped(k.H, steps, b, h)}
	result("DZ", "DX", grad, numbers{"DY": dh, "Y": states[b*h:]})
	for i := range bound["DZ"] {
		bound["DZ"][i] += inner[i] // for no function is steeper than 1
	}

	result("DX", "C", &kernels.MatMul{C: shaped(k.DX, rows, inputs), A: shaped(k.DZ, rows, h), B: k.Wx, TransB: true},
		numbers{"A": dz, "B": in["Wx"]})
	if steps > 0 {
		result("DH0", "C", &kernels.MatMul{C: k.DH0, A: shaped(k.DZ, b, h), B: k.Wh, TransB: true},
			numbers{"A": dz[:b*h], "B": in["Wh"]})
	} else {
		want["DH0"], bound["DH0"] = make([]float64, b*h), make([]float64, b*h)
	}
	result("DWx", "C", &kernels.MatMul{C: k.DWx, A: shaped(k.X, rows, inputs), B: shaped(k.DZ, rows, h), TransA: true, Acc: true},
		numbers{"C": in["DWx"], "A": in["X"], "B": dz})
	result("DWh", "C", &kernels.MatMul{C: k.DWh, A: shaped(k.H, rows, h), B: shaped(k.DZ, rows, h), TransA: true, Acc: true},
		numbers{"C": in["DWh"], "A": states[:rows*h], "B": dz})
	if !k.DBias.IsZero() {
		result("DBias", "Y", &kernels.SumRows{Y: k.DBias, X: shaped(k.DZ, rows, h), Acc: true}, numbers{"Y": in["DBias"], "X": dz})
	}
	return want, bound, err
}
