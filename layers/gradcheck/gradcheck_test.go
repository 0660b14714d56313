package gradcheck_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/layers/gradcheck"
	"github.com/keisan-go/keisan/tensor"
)

// square is y = w·x², with dx = 2·w·x·dy and dw = Σ x²·dy, computed here on the host, and with a fault if it is told to.
type square struct {
	w     *tensor.Tensor // [1]
	fault string

	x     *tensor.Tensor
	calls float64
}

func (l *square) Params() []*layers.Param {
	return []*layers.Param{{Name: "w", Value: l.w, Grad: l.w.Grad()}}
}

func (l *square) Forward(x *tensor.Tensor) *tensor.Tensor {
	l.x = x
	l.calls++
	w := values(l.w)[0]
	y := values(x)
	for i, v := range y {
		y[i] = w * v * v
		switch l.fault {
		case "state":
			y[i] += l.calls
		case "kink":
			y[i] = w * math.Abs(v-x0[0]-1e-5)
		case "float32":
			y[i] = float64(float32(y[i]))
		case "NaN":
			y[i] = math.NaN()
		}
	}
	return tensor.From(x.Device(), y, x.Shape()...)
}

func (l *square) Backward(dy *tensor.Tensor) *tensor.Tensor {
	w, dw := values(l.w)[0], 0.0
	x, dx := values(l.x), values(dy)
	for i, d := range dx {
		dw += x[i] * x[i] * d
		dx[i] = 2 * w * x[i] * d
		switch l.fault {
		case "sign":
			dx[i] = -dx[i]
		case "missing term":
			dx[i] /= 2
		case "ignores dy":
			dx[i] /= d
		case "NaN gradient":
			dx[i] = math.NaN()
		}
	}
	sum := values(l.w.Grad())[0] + dw
	switch l.fault {
	case "overwrites":
		sum = dw
	case "forgets w":
		sum = 0
	case "one element":
		dx[4] += 1e-6
	case "two elements":
		dx[1] += 1e-3
		dx[4] += 1e-6
	case "no dx":
		return nil
	case "shape":
		return tensor.From(dy.Device(), dx, len(dx))
	}
	tensor.Set(l.w.Grad(), []float64{sum})
	return tensor.From(dy.Device(), dx, dy.Shape()...)
}

var x0 = []float64{0.5, -1, 2, 0.25, 1.5, -3}

func values(t *tensor.Tensor) []float64 {
	v, err := tensor.Values[float64](t)
	if err != nil {
		panic(err)
	}
	return v
}

func open(t *testing.T) device.Device {
	d, err := device.Open("cpu")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func TestFaultsAreFound(t *testing.T) {
	for fault, want := range map[string][]string{
		"":             nil,
		"sign":         {"x[", "Backward gives", "the difference quotient is", "±", "(6 of 6 elements are wrong)"},
		"missing term": {"x[", "(6 of 6 elements are wrong)"},
		"ignores dy":   {"x[", "(6 of 6 elements are wrong)"},
		"NaN gradient": {"x[", "NaN", "(6 of 6 elements are wrong)"},
		"one element":  {"x[2 0]", "(1 of 6 elements are wrong)"},
		"two elements": {"x[0 1]", "(2 of 6 elements are wrong)"}, // the worst of them
		"forgets w":    {"w[0]", "Backward gives 0,"},
		"overwrites":   {"w[0]", "after one Backward", "after two", "want twice as much"},
		"no dx":        {"the gradient of x is nil"},
		"shape":        {"x is float64 [3 2] and its gradient float64 [6], want one shape"},
		"state":        {"y[0] is", "computed again from the same values"},
		"NaN":          {"y[0] is NaN, want a number"},
		"kink":         {"x[0 0] = 0.5", "too vague", "is there a kink"},
		"float32":      {"too vague", "float32"},
	} {
		t.Run(fault, func(t *testing.T) {
			d := open(t)
			l := &square{w: tensor.From(d, []float64{1.25}, 1), fault: fault}
			err := gradcheck.Layer(l, tensor.From(d, x0, 3, 2))
			switch {
			case want == nil && err != nil:
				t.Error(err)
			case want != nil && err == nil:
				t.Error("no error")
			}
			for _, part := range want {
				if err != nil && !strings.Contains(err.Error(), part) {
					t.Errorf("the error is %q, want %q in it", err, part)
				}
			}
		})
	}
}

func TestEachWrongTensorIsNamed(t *testing.T) {
	d := open(t)
	x, y := tensor.From(d, []float64{1, 2}, 2), tensor.From(d, []float64{3, 4}, 2)
	mul := layers.NewMul()
	err := gradcheck.Function{
		Inputs:  gradcheck.Tensors{"x": x, "y": y},
		Forward: func() *tensor.Tensor { return mul.Forward(x, y) },
		Backward: func(dz *tensor.Tensor) gradcheck.Tensors {
			dx, dy := mul.Backward(dz)
			return gradcheck.Tensors{"x": dy, "y": dx} // mixed up
		},
	}.Check()
	if err == nil || !strings.Contains(err.Error(), "gradcheck: x[") || !strings.Contains(err.Error(), "\ngradcheck: y[") {
		t.Errorf("the error is %v, want it to name x and y", err)
	}
}

func TestValuesAreRestored(t *testing.T) {
	for _, fault := range []string{"", "sign", "overwrites", "kink", "no dx"} {
		d := open(t)
		l := &square{w: tensor.From(d, []float64{1.25}, 1), fault: fault}
		l.w.Grad().Fill(42)
		x := tensor.From(d, x0, 3, 2)
		if err := gradcheck.Layer(l, x); (err == nil) != (fault == "") {
			t.Errorf("fault %q: the error is %v", fault, err)
		}
		if !slices.Equal(values(x), x0) || values(l.w)[0] != 1.25 || values(l.w.Grad())[0] != 42 {
			t.Errorf("fault %q: x, w and dw are %v, %v and %v, want %v, 1.25 and 42",
				fault, values(x), values(l.w), values(l.w.Grad()), x0)
		}
	}
}

func TestNothingIsLeaked(t *testing.T) {
	d := open(t)
	w, x := tensor.From(d, []float64{1, 2, 3, 4, 5, 6}, 2, 3), tensor.From(d, []float64{1, 2, 3, 4}, 2, 2)
	l := layers.NewMatMul(w)
	if err := gradcheck.Layer(l, x); err != nil {
		t.Fatal(err)
	}
	before := d.Info().InUse
	if err := gradcheck.Layer(l, x); err != nil {
		t.Fatal(err)
	}
	if after := d.Info().InUse; after != before {
		t.Errorf("%d bytes in use after a check, %d before", after, before)
	}
}

func TestRefusals(t *testing.T) {
	d := open(t)
	x32, x64 := tensor.New(d, device.Float32, 2), tensor.New(d, device.Float64, 2)
	sigmoid := layers.NewSigmoid()
	function := func(x *tensor.Tensor, params ...*layers.Param) gradcheck.Function {
		return gradcheck.Function{
			Inputs:   gradcheck.Tensors{"x": x},
			Params:   params,
			Forward:  func() *tensor.Tensor { return sigmoid.Forward(x64) },
			Backward: func(dy *tensor.Tensor) gradcheck.Tensors { return gradcheck.Tensors{"x": sigmoid.Backward(dy)} },
		}
	}
	nothing := function(x64)
	nothing.Forward = func() *tensor.Tensor { return nil }
	for _, c := range []struct {
		name string
		f    gradcheck.Function
		want string
	}{
		{"float32", function(x32), "x is float32 [2], want float64"},
		{"nil input", function(nil), "x is nil"},
		{"nil parameter", function(x64, nil), "a parameter without a gradient"},
		{"no gradient", function(x64, &layers.Param{Name: "w", Value: x64}), "a parameter without a gradient"},
		{"gradient's type", function(x64, &layers.Param{Name: "w", Value: x64, Grad: x32}), "the gradient of w is float32 [2], want float64"},
		{"gradient's shape", function(x64, &layers.Param{Name: "w", Value: x64, Grad: tensor.New(d, device.Float64, 3)}),
			"w is float64 [2] and its gradient float64 [3], want one shape"},
		{"no y", nothing, "y is nil"},
	} {
		if err := c.f.Check(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: the error is %v, want %q in it", c.name, err, c.want)
		}
	}
}

// A failing layer runs out of memory at one of its Forwards.
type failing struct {
	layers.Layer
	left int
}

func (l *failing) Forward(x *tensor.Tensor) *tensor.Tensor {
	if l.left--; l.left == 0 {
		x.Device().Alloc(device.Float64, math.MaxInt)
	}
	return l.Layer.Forward(x)
}

func TestDeviceFailureIsReturned(t *testing.T) {
	d := open(t)
	x := tensor.From(d, []float64{1, 2}, 2)
	const forwards = 2 + 2*4 // twice as it is, and four for each element
	for n := 1; n <= forwards; n++ {
		if err := gradcheck.Layer(&failing{layers.NewTanh(), n}, x); !errors.Is(err, device.ErrOutOfMemory) {
			t.Errorf("where Forward %d fails the error is %v, want %v", n, err, device.ErrOutOfMemory)
		}
	}
	if err := gradcheck.Layer(&failing{layers.NewTanh(), forwards + 1}, x); err != nil {
		t.Error(err)
	}
}

// A loss has no gradient to be given; its own is for a dy of 1.
func TestLoss(t *testing.T) {
	d := open(t)
	logits := tensor.From(d, []float64{1, 2, 0, -1}, 2, 2)
	loss := layers.NewSoftmaxCrossEntropy()
	f := gradcheck.Function{
		Inputs:   gradcheck.Tensors{"logits": logits},
		Forward:  func() *tensor.Tensor { return loss.Forward(logits, []int{0, 1}) },
		Backward: func(*tensor.Tensor) gradcheck.Tensors { return gradcheck.Tensors{"logits": loss.Backward()} },
	}
	if err := f.Check(); err != nil {
		t.Error(err)
	}
}
