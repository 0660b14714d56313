package layers

import (
	"math"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/philox"
	"github.com/keisan-go/keisan/tensor"
)

// An Init makes initial weights from a seed. Its nth tensor takes its numbers from the seed's nth stream, and each
// element has a number of its own, so the weights are the same on every device and, but for rounding, in every type.
type Init struct {
	dev     device.Device
	dtype   device.DType
	seed    uint64
	streams uint64
}

// NewInit returns an Init for tensors of this type on a device.
func NewInit(d device.Device, t device.DType, seed uint64) *Init {
	if d == nil {
		device.Panicf("layers.Init: there is no device, want one that device.Open returned")
	}
	if t != device.Float32 && t != device.Float64 {
		device.Panicf("layers.Init: the type is %v, want float32 or float64", t)
	}
	return &Init{dev: d, dtype: t, seed: seed}
}

// Zeros is a tensor of zeros, such as a bias. It takes no stream.
func (in *Init) Zeros(shape ...int) *tensor.Tensor { return tensor.New(in.dev, in.dtype, shape...) }

// Uniform is evenly distributed in [-limit, limit).
func (in *Init) Uniform(limit float64, shape ...int) *tensor.Tensor {
	return in.fill(shape, func(s *philox.Stream, i uint64) float64 { return limit * (2*s.Float64At(i) - 1) })
}

// Normal is normally distributed with mean 0 and this standard deviation.
func (in *Init) Normal(std float64, shape ...int) *tensor.Tensor {
	return in.fill(shape, func(s *philox.Stream, i uint64) float64 { return std * normal(s, i) })
}

// Xavier is evenly distributed in ±√(6/(in+out)), for weights [in, out] before a sigmoid or tanh: X. Glorot, Y. Bengio,
// "Understanding the difficulty of training deep feedforward neural networks", 2010.
func (in *Init) Xavier(inputs, outputs int) *tensor.Tensor {
	return in.Uniform(math.Sqrt(6/float64(max(inputs+outputs, 1))), inputs, outputs)
}

// He is normally distributed with standard deviation √(2/in), for weights [in, out] before a ReLU: K. He, X. Zhang,
// S. Ren, J. Sun, "Delving deep into rectifiers", 2015.
func (in *Init) He(inputs, outputs int) *tensor.Tensor {
	return in.Normal(math.Sqrt(2/float64(max(inputs, 1))), inputs, outputs)
}

// Orthogonal has orthonormal rows or, where there are more rows than columns, columns: what a recurrent weight starts
// with to keep the length of the state. A. Saxe, J. McClelland, S. Ganguli, "Exact solutions to the nonlinear dynamics
// of learning in deep linear neural networks", 2013.
func (in *Init) Orthogonal(rows, cols int) *tensor.Tensor {
	stream := in.stream()
	t := in.Zeros(rows, cols)
	if !t.OK() {
		return t
	}
	count, length := min(rows, cols), max(rows, cols)
	vectors := make([][]float64, count)
	for i := range vectors {
		v := make([]float64, length)
		for j := range v {
			v[j] = normal(stream, uint64(i*length+j))
		}
		// Gram-Schmidt, twice, since once leaves rounding errors behind.
		for range 2 {
			for _, u := range vectors[:i] {
				axpy(-dot(u, v), u, v)
			}
			norm := math.Sqrt(dot(v, v))
			for j := range v {
				v[j] /= norm
			}
		}
		vectors[i] = v
	}
	values := make([]float64, rows*cols)
	for i := range values {
		r, c := i/cols, i%cols
		if rows > cols {
			r, c = c, r
		}
		values[i] = vectors[r][c]
	}
	in.set(t, values)
	return t
}

func (in *Init) stream() *philox.Stream {
	in.streams++
	return philox.New(in.seed, in.streams-1)
}

func (in *Init) fill(shape []int, value func(s *philox.Stream, i uint64) float64) *tensor.Tensor {
	stream := in.stream()
	t := in.Zeros(shape...)
	if !t.OK() { // then the host may not have the memory either
		return t
	}
	values := make([]float64, t.Len())
	for i := range values {
		values[i] = value(stream, uint64(i))
	}
	in.set(t, values)
	return t
}

func (in *Init) set(t *tensor.Tensor, values []float64) {
	if in.dtype == device.Float64 {
		tensor.Set(t, values)
		return
	}
	rounded := make([]float32, len(values))
	for i, v := range values {
		rounded[i] = float32(v)
	}
	tensor.Set(t, rounded)
}

// normal is the ith standard normal number of a stream, by Box and Muller's method from two even ones.
func normal(s *philox.Stream, i uint64) float64 {
	u, v := 1-s.Float64At(2*i), s.Float64At(2*i+1) // u in (0, 1], where the logarithm is finite
	return math.Sqrt(-2*math.Log(u)) * math.Cos(2*math.Pi*v)
}

func dot(x, y []float64) float64 {
	sum := 0.0
	for i, v := range x {
		sum += v * y[i]
	}
	return sum
}

func axpy(a float64, x, y []float64) {
	for i, v := range x {
		y[i] += a * v
	}
}
