package devicetest

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"strings"

	"github.com/keisan-go/keisan/device"
)

// sizes are those of element-by-element work: none, a few, one less and one more than what vectors, blocks and work
// groups hold, more than all work-items of a small device, and more than a row of a GPU's grid.
var sizes = []int{0, 1, 2, 3, 15, 16, 17, 255, 256, 257, 1000, 20_001, 70_001}

// many elements are worth several processors.
const many = 30_000

// some of the data will do for operands with many elements, the first two.
func some(all []data, elements int) []data {
	if elements >= many {
		return all[:2]
	}
	return all
}

// A fill makes the n elements of an operand.
type fill func(r *rand.Rand, n int) []float64

// data is a fill with a name.
type data struct {
	name string
	fill fill
}

// normal is normally distributed, and nowhere 0.
func normal(r *rand.Rand, n int) []float64 { return each(n, r.NormFloat64) }

// exact is small integers and nowhere 0. Sums of their products have no rounding error in any order of summation, so
// that a device must agree with the reference to the bit: it finds the wrong index that a bound forgives.
func exact(r *rand.Rand, n int) []float64 {
	return each(n, func() float64 { return []float64{-3, -2, -1, 1, 2, 3}[r.IntN(6)] })
}

// powers is powers of 2 in a narrow range, which division leaves exact as well.
func powers(r *rand.Rand, n int) []float64 {
	return each(n, func() float64 { return []float64{-2, -1, -0.5, 0.5, 1, 2}[r.IntN(6)] })
}

// between is evenly distributed.
func between(lo, hi float64) fill {
	return func(r *rand.Rand, n int) []float64 {
		return each(n, func() float64 { return lo + (hi-lo)*r.Float64() })
	}
}

// scaled is another fill's numbers, multiplied.
func scaled(by float64, f fill) fill {
	return func(r *rand.Rand, n int) []float64 {
		values := f(r, n)
		for i := range values {
			values[i] *= by
		}
		return values
	}
}

// sprinkled is another fill's numbers with these ones strewn in, each at a place of its own.
func sprinkled(f fill, values ...float64) fill {
	return func(r *rand.Rand, n int) []float64 {
		all := f(r, n)
		for i, at := range r.Perm(n)[:min(n, len(values))] {
			all[at] = values[i]
		}
		return all
	}
}

// these is these numbers, over and over.
func these(values ...float64) fill {
	return func(_ *rand.Rand, n int) []float64 {
		i := -1
		return each(n, func() float64 { i++; return values[i%len(values)] })
	}
}

func each(n int, next func() float64) []float64 {
	values := make([]float64, n)
	for i := range values {
		values[i] = next()
	}
	return values
}

// seeded is a generator that makes the same numbers whenever it gets the same name.
func seeded(name string) *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(name))
	return rand.New(rand.NewPCG(h.Sum64(), 0))
}

// dims is a shape as part of a name: "3x5x7", "scalar".
func dims(shape ...int) string {
	if len(shape) == 0 {
		return "scalar"
	}
	return strings.ReplaceAll(strings.Trim(fmt.Sprint(shape), "[]"), " ", "x")
}

// guard is what stands around operands, and in them where nothing was written yet: a NaN that no arithmetic makes.
func guard(t device.DType) []byte {
	switch t {
	case device.Float32:
		return device.Bytes([]float32{math.Float32frombits(0x7fc5a5a5)})
	case device.Float64:
		return device.Bytes([]float64{math.Float64frombits(0x7ff85a5a5a5a5a5a)})
	}
	return device.Bytes([]int32{0x5a5a5a5a})
}

// rounded is v as an element of type t.
func rounded(t device.DType, v float64) float64 {
	if t == device.Float32 {
		return float64(float32(v))
	}
	return v
}

// encode is numbers as a device's memory holds them.
func encode(t device.DType, values []float64) []byte {
	switch t {
	case device.Float32:
		return encodeAs[float32](values)
	case device.Float64:
		return encodeAs[float64](values)
	}
	return encodeAs[int32](values)
}

func encodeAs[T device.Element](values []float64) []byte {
	s := make([]T, len(values))
	for i, v := range values {
		s[i] = T(v)
	}
	return device.Bytes(s)
}

// decode is the reverse of encode.
func decode(t device.DType, b []byte) []float64 {
	switch t {
	case device.Float32:
		return decodeAs[float32](b)
	case device.Float64:
		return decodeAs[float64](b)
	}
	return decodeAs[int32](b)
}

func decodeAs[T device.Element](b []byte) []float64 {
	s := make([]T, len(b)/device.TypeOf[T]().Size())
	copy(device.Bytes(s), b)
	values := make([]float64, len(s))
	for i, v := range s {
		values[i] = float64(v)
	}
	return values
}
