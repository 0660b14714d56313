package gradcheck

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/philox"
	"github.com/keisan-go/keisan/tensor"
)

// A variable is a tensor that y depends on.
type variable struct {
	name         string
	value, grad  *tensor.Tensor // grad is nil for an input
	values, sums []float64      // the elements of value and of grad before the check
	found        []float64      // the gradient that Backward found
}

// variables is the inputs in the order of their names, and the parameters.
func (f Function) variables() ([]*variable, error) {
	var vars []*variable
	for _, name := range slices.Sorted(maps.Keys(f.Inputs)) {
		vars = append(vars, &variable{name: name, value: f.Inputs[name]})
	}
	for _, p := range f.Params {
		if p == nil || p.Grad == nil {
			return nil, errors.New("there is a parameter without a gradient")
		}
		vars = append(vars, &variable{name: p.Name, value: p.Value, grad: p.Grad})
	}
	for _, v := range vars {
		var err error
		if v.values, err = read(v.name, v.value); err != nil {
			return nil, err
		}
		if v.grad == nil {
			continue
		}
		if v.sums, err = read("the gradient of "+v.name, v.grad); err != nil {
			return nil, err
		}
	}
	return vars, nil
}

// gradients runs Forward and Backward, twice, and keeps what they find. It returns the elements of y and of dy.
func (f Function) gradients(vars []*variable) (y, dy []float64, err error) {
	for _, v := range vars {
		if v.grad != nil {
			v.grad.Fill(0)
		}
	}
	y, dy, inputs, err := f.pass()
	if err != nil {
		return nil, nil, err
	}
	for _, v := range vars {
		grad := v.grad
		if grad == nil {
			grad = inputs[v.name]
		}
		if v.found, err = read("the gradient of "+v.name, grad); err != nil {
			return nil, nil, err
		}
		if !slices.Equal(grad.Shape(), v.value.Shape()) {
			return nil, nil, fmt.Errorf("%s is %v and its gradient %v, want one shape", v.name, v.value, grad)
		}
	}

	again, _, _, err := f.pass()
	if err != nil {
		return nil, nil, err
	}
	for i := range y {
		if math.IsNaN(y[i]) {
			return nil, nil, fmt.Errorf("y[%d] is NaN, want a number", i)
		}
		if y[i] != again[i] {
			return nil, nil, fmt.Errorf("y[%d] is %v, and %v when it is computed again from the same values", i, y[i], again[i])
		}
	}
	for _, v := range vars {
		if v.grad == nil {
			continue
		}
		sums, err := read("the gradient of "+v.name, v.grad)
		if err != nil {
			return nil, nil, err
		}
		for i, once := range v.found {
			if !(math.Abs(sums[i]-2*once) <= 1e-12*largest(v.found)) {
				return nil, nil, fmt.Errorf("%s: after one Backward its gradient is %v, after two %v, want twice as much, since Backward adds to it",
					v.at(i), once, sums[i])
			}
		}
	}
	return y, dy, nil
}

// pass runs Forward and Backward.
func (f Function) pass() (y, dy []float64, inputs Tensors, err error) {
	out := f.Forward()
	if y, err = read("y", out); err != nil {
		return nil, nil, nil, err
	}
	dy = []float64{1}
	if len(out.Shape()) > 0 {
		dy = draw(len(y))
	}
	upstream := tensor.From(out.Device(), dy, out.Shape()...)
	defer upstream.Free()
	return y, dy, f.Backward(upstream), nil
}

// draw is n numbers, the same at each call. None is near 0, where it would hide an error.
func draw(n int) []float64 {
	stream := philox.New(0, 0)
	numbers := make([]float64, n)
	for i := range numbers {
		u := 2*stream.Float64At(uint64(i)) - 1
		numbers[i] = u + math.Copysign(0.5, u)
	}
	return numbers
}

// compare holds the gradient of v that Backward found against difference quotients.
func (f Function) compare(v *variable, y, dy []float64) error {
	// A sum of several products in y has rounding errors of its own; 16 makes room for them.
	sum := 0.0
	for _, d := range dy {
		sum += math.Abs(d)
	}
	rounding := 16 * epsilon * largest(y) * sum

	wrong, worst, excess := 0, "", 0.0
	for i, x := range v.values {
		h := math.Cbrt(epsilon) * max(1, math.Abs(x))
		near, err := f.quotient(v, i, h, dy)
		if err != nil {
			return err
		}
		far, err := f.quotient(v, i, 2*h, dy)
		if err != nil {
			return err
		}
		bound := math.Abs(near-far) + rounding/h
		if bound > 1e-3*max(1, math.Abs(near)) {
			return fmt.Errorf("%s = %v: the difference quotient is %v, and %v with twice the step, ± %.1g, which is too vague: "+
				"is there a kink, large numbers, or something computed in float32?", v.at(i), x, near, far, bound)
		}
		if off := math.Abs(v.found[i] - near); !(off <= bound) {
			wrong++
			if !(off-bound <= excess) {
				excess = off - bound
				worst = fmt.Sprintf("%s: Backward gives %v, the difference quotient is %v ± %.1g", v.at(i), v.found[i], near, bound)
			}
		}
	}
	if wrong > 0 {
		return fmt.Errorf("%s (%d of %d elements are wrong)", worst, wrong, len(v.values))
	}
	return nil
}

const epsilon = 0x1p-52

// quotient is (L(x+h) - L(x-h)) / 2h for element i of v, whose value x is.
func (f Function) quotient(v *variable, i int, h float64, dy []float64) (float64, error) {
	element := v.value.Reshape(len(v.values)).Slice(i, i+1)
	x := v.values[i : i+1]
	defer tensor.Set(element, x)
	up, down := x[0]+h, x[0]-h

	tensor.Set(element, []float64{up})
	above, err := read("y", f.Forward())
	if err != nil {
		return 0, err
	}
	tensor.Set(element, []float64{down})
	below, err := read("y", f.Forward())
	if err != nil {
		return 0, err
	}
	sum := 0.0
	for i, d := range dy {
		sum += (above[i] - below[i]) * d
	}
	return sum / (up - down), nil // up - down is 2h but for the rounding of x ± h
}

// at names an element, as in "w[1 2]".
func (v *variable) at(i int) string {
	shape := v.value.Shape()
	index := make([]int, len(shape))
	for axis := len(shape) - 1; axis >= 0; axis-- {
		index[axis] = i % shape[axis]
		i /= shape[axis]
	}
	return fmt.Sprint(v.name, index)
}

// read is the elements of a tensor of float64.
func read(name string, t *tensor.Tensor) ([]float64, error) {
	if t == nil {
		return nil, fmt.Errorf("%s is nil", name)
	}
	if t.DType() != device.Float64 {
		return nil, fmt.Errorf("%s is %v, want float64: difference quotients of anything less tell too little", name, t)
	}
	values, err := tensor.Values[float64](t)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return values, nil
}

// largest is the largest magnitude.
func largest(values []float64) float64 {
	m := 0.0
	for _, v := range values {
		m = max(m, math.Abs(v))
	}
	return m
}
