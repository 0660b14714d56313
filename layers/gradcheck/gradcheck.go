// Package gradcheck tells whether gradients are right, by central differences. It is for tests of layers:
//
//	if err := gradcheck.Layer(layer, x); err != nil {
//		t.Error(err)
//	}
//
// Let y be what Forward returns, dy numbers that are drawn once, and L = Σ y·dy. Then Backward(dy) must find the gradient
// of L, so for each element v of an input or a parameter it is held against
//
//	D(h) = (L(v+h) - L(v-h)) / 2h,    h = ∛ε·max(1, |v|),    ε = 2⁻⁵²
//
// Each element has a bound of its own: |D(h) - D(2h)|, which is three times the truncation error of D(h), and the
// rounding errors of y over h. Where everything is about 1, that is some 1e-8. It takes float64; in float32 the bound
// would be some 1e-2 and tell little.
//
// Next to a kink, such as that of ReLU at 0, there is no derivative to be found. Choose inputs that keep away from it.
package gradcheck

import (
	"errors"
	"fmt"

	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/tensor"
)

// Tensors is tensors by their names.
type Tensors map[string]*tensor.Tensor

// A Function is a computation with gradients, for what is not a layers.Layer: several inputs, a loss, a state.
type Function struct {
	// Inputs is the tensors whose gradients Backward returns.
	Inputs Tensors
	// Params is the parameters to whose Grad Backward adds.
	Params []*layers.Param
	// Forward computes y. From the same values it must compute the same y, so it sets or resets a state that is carried.
	Forward func() *tensor.Tensor
	// Backward returns the inputs' gradients, by their names, from that of y. Where y is a scalar, dy is 1, so a loss
	// that takes no gradient fits.
	Backward func(dy *tensor.Tensor) Tensors
}

// Layer checks the gradients of x and of l's parameters. If l has a method ResetState, it is called before each Forward.
// The error names each tensor whose gradient is wrong and its worst element: what Backward gives, what the difference
// quotient is, and the bound. All values and gradients are afterwards what they were before.
func Layer(l layers.Layer, x *tensor.Tensor) error {
	stateful, _ := l.(interface{ ResetState() })
	return Function{
		Inputs: Tensors{"x": x},
		Params: l.Params(),
		Forward: func() *tensor.Tensor {
			if stateful != nil {
				stateful.ResetState()
			}
			return l.Forward(x)
		},
		Backward: func(dy *tensor.Tensor) Tensors { return Tensors{"x": l.Backward(dy)} },
	}.Check()
}

// Check checks the gradients of all inputs and parameters, as Layer does.
func (f Function) Check() error {
	vars, err := f.variables()
	if err != nil {
		return fmt.Errorf("gradcheck: %w", err)
	}
	defer func() {
		for _, v := range vars {
			if v.grad != nil {
				tensor.Set(v.grad, v.sums)
			}
		}
	}()
	y, dy, err := f.gradients(vars)
	if err != nil {
		return fmt.Errorf("gradcheck: %w", err)
	}
	var errs []error
	for _, v := range vars {
		if err := f.compare(v, y, dy); err != nil {
			errs = append(errs, fmt.Errorf("gradcheck: %w", err))
		}
	}
	return errors.Join(errs...)
}
