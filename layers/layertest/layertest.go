// Package layertest is what must hold of layers and optimizers on every device. A backend's test of it is one line:
//
//	func TestLayers(t *testing.T) {
//		layertest.Run(t, func() (device.Device, error) { return device.Open("opencl:0") })
//	}
//
// What single kernels compute is the business of package devicetest.
package layertest

import (
	"math"
	"slices"
	"testing"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/philox"
	"github.com/keisan-go/keisan/tensor"
)

// Run tests layers and optimizers on the device that open opens, each in float32 and, if the device has it, float64.
func Run(t *testing.T, open func() (device.Device, error)) {
	run(t, open, []test{
		{"Gradients", gradients, device.Float64},
		{"Agreement", agreement, device.Float32},
		{"BackwardAdds", backwardAdds, 0},
		{"Steady", steady, 0},
		{"Notebook", notebook, 0},
		{"PyTorchRecurrent", pytorchRecurrent, 0},
		{"PyTorchTwoLayerNet", pytorchTwoLayerNet, 0},
		{"Embedding", embeddings, 0},
		{"Concat", concats, 0},
		{"Split", splits, 0},
		{"Select", selects, 0},
		{"Dropout", dropouts, 0},
		{"SequenceDropout", sequenceDropouts, 0},
		{"Evaluation", evaluation, 0},
		{"PyTorchEmbedding", pytorchEmbedding, 0},
		{"PyTorchLayerNorm", pytorchLayerNorm, 0},
		{"Chunks", chunks, 0},
		{"ChunkGradients", chunkGradients, 0},
		{"Rows", rows, 0},
		{"Cells", cells, 0},
		{"State", state, 0},
		{"Reverse", reverse, 0},
		{"Lengths", lengths, 0},
		{"Bidirectional", bidirectional, 0},
		{"Stack", stack, 0},
		{"SkipInputGrad", skipInputGrad, 0},
		{"Goroutines", goroutines, 0},
		{"SharedWeights", sharedWeights, 0},
		{"Params", params, 0},
		{"Sequential", sequential, 0},
		{"Fused", fused, 0},
		{"Loss", loss, 0},
		{"LossIgnores", lossIgnores, 0},
		{"LossExtremes", lossExtremes, 0},
		{"ElementLoss", elementLosses, 0},
		{"PyTorchLosses", pytorchLosses, 0},
		{"Broadcast", broadcast, 0},
		{"LeadingAxes", leadingAxes, 0},
		{"Empty", empty, 0},
		{"NaN", nan, 0},
		{"OutOfMemory", outOfMemory, device.Float32},
		{"OutOfMemoryState", outOfMemoryState, device.Float32},
		{"OutOfMemoryAnywhere", outOfMemoryAnywhere, device.Float32},
		{"Free", free, device.Float32},
		{"Training", training, device.Float32},
		{"Misuse", misuse, device.Float32},
	})
	Optimizers(t, open)
}

// Optimizers is the part of Run that tests package optim.
func Optimizers(t *testing.T, open func() (device.Device, error)) {
	run(t, open, []test{
		{"Formulas", formulas, 0},
		{"Clip", clip, 0},
		{"Transfers", transfers, device.Float32},
	})
}

type test struct {
	name string
	run  func(*env)
	only device.DType // the one type to run with; 0 for each
}

func run(t *testing.T, open func() (device.Device, error), tests []test) {
	for _, test := range tests {
		for _, dtype := range []device.DType{device.Float32, device.Float64} {
			if test.only != 0 && test.only != dtype {
				continue
			}
			t.Run(test.name+"/"+dtype.String(), func(t *testing.T) {
				d, err := open()
				if err != nil {
					t.Fatal(err)
				}
				defer d.Close()
				if dtype == device.Float64 && !d.Info().Float64 {
					t.Skipf("%s has no float64", d.Name())
				}
				test.run(newEnv(t, d, dtype, open))
				if err := d.Sync(); err != nil {
					t.Errorf("a failure was left behind: %v", err)
				}
			})
		}
	}
}

// env is what a test runs with: a device and an element type. Its tensors hold numbers drawn from one seed, the same for
// every device and, but for rounding, every type.
type env struct {
	*testing.T
	d     device.Device
	dtype device.DType
	open  func() (device.Device, error)
	in    *layers.Init
	drawn uint64 // streams, for apart
}

func newEnv(t *testing.T, d device.Device, dtype device.DType, open func() (device.Device, error)) *env {
	return &env{T: t, d: d, dtype: dtype, open: open, in: layers.NewInit(d, dtype, 1)}
}

// with is e with another device and type, and the same numbers drawn anew.
func (e *env) with(d device.Device, dtype device.DType) *env { return newEnv(e.T, d, dtype, e.open) }

// Run runs a subtest with the same numbers drawn anew.
func (e *env) Run(name string, f func(e *env)) {
	e.T.Run(name, func(t *testing.T) { f(newEnv(t, e.d, e.dtype, e.open)) })
}

// normal is normally distributed numbers.
func (e *env) normal(shape ...int) *tensor.Tensor { return e.in.Normal(1, shape...) }

// apart is numbers that are 1/2 to 3/2 away from 0, where quotients and ReLU have no gradient.
func (e *env) apart(shape ...int) *tensor.Tensor {
	e.drawn++
	stream := philox.New(2, e.drawn)
	values := make([]float64, size(shape))
	for i := range values {
		u := 2*stream.Float64At(uint64(i)) - 1
		values[i] = u + math.Copysign(0.5, u)
	}
	return e.tensor(values, shape...)
}

// tensor is a tensor of these values.
func (e *env) tensor(values []float64, shape ...int) *tensor.Tensor {
	x := tensor.New(e.d, e.dtype, shape...)
	e.set(x, values)
	return x
}

func (e *env) set(x *tensor.Tensor, values []float64) {
	e.Helper()
	if x.DType() == device.Float64 {
		tensor.Set(x, values)
		return
	}
	rounded := make([]float32, len(values))
	for i, v := range values {
		rounded[i] = float32(v)
	}
	tensor.Set(x, rounded)
}

// clone is a tensor with x's values and memory of its own.
func (e *env) clone(x *tensor.Tensor) *tensor.Tensor {
	e.Helper()
	return e.tensor(e.values(x), x.Shape()...)
}

// values is the elements of x.
func (e *env) values(x *tensor.Tensor) []float64 {
	e.Helper()
	var values []float64
	var err error
	if x.DType() == device.Float64 {
		values, err = tensor.Values[float64](x)
	} else {
		var narrow []float32
		narrow, err = tensor.Values[float32](x)
		for _, v := range narrow {
			values = append(values, float64(v))
		}
	}
	if err != nil {
		e.Fatal(err)
	}
	return values
}

// rounded is v as an element.
func (e *env) rounded(v float64) float64 {
	if e.dtype == device.Float32 {
		return float64(float32(v))
	}
	return v
}

// epsilon is the distance from 1 to the next number.
func (e *env) epsilon() float64 {
	if e.dtype == device.Float64 {
		return 0x1p-52
	}
	return 0x1p-23
}

// near reports elements of got that are off by more than n rounding errors of the largest element of want.
func (e *env) near(what string, got *tensor.Tensor, want []float64, n float64) {
	e.Helper()
	bound := 0.0
	for _, w := range want {
		bound = max(bound, math.Abs(w)*n*e.epsilon())
	}
	bounds := make([]float64, len(want))
	for i := range bounds {
		bounds[i] = bound
	}
	e.within(what, got, want, bounds)
}

// within reports elements of got that are off by more than their bound.
func (e *env) within(what string, got *tensor.Tensor, want, bounds []float64) {
	e.Helper()
	values := e.values(got)
	if len(values) != len(want) {
		e.Errorf("%s is %v, want %d elements", what, got, len(want))
		return
	}
	for i, v := range values {
		if !(math.Abs(v-want[i]) <= bounds[i]) {
			e.Errorf("%s: element %d of %v is %v, want %v ± %.1g", what, i, got, v, want[i], bounds[i])
			return
		}
	}
}

// same reports that got does not hold want to the bit; any NaN is like any other.
func (e *env) same(what string, got *tensor.Tensor, want []float64) {
	e.Helper()
	values := e.values(got)
	if len(values) != len(want) {
		e.Errorf("%s is %v, want %d elements", what, got, len(want))
		return
	}
	for i, v := range values {
		if math.Float64bits(v) != math.Float64bits(want[i]) && !(math.IsNaN(v) && math.IsNaN(want[i])) {
			e.Errorf("%s: element %d of %v is %v, want just %v", what, i, got, v, want[i])
			return
		}
	}
}

// shape reports that a tensor has another shape than it should.
func (e *env) shape(what string, got *tensor.Tensor, want ...int) {
	e.Helper()
	if !slices.Equal(got.Shape(), want) {
		e.Errorf("%s is %v, want the shape %v", what, got, want)
	}
}

func size(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}
