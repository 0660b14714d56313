//go:build opencl

package opencl_test

import (
	"slices"
	"testing"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/devicetest"
	"github.com/keisan-go/keisan/device/internal/gpu"
	"github.com/keisan-go/keisan/device/opencl"
	"github.com/keisan-go/keisan/kernels"
	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/tensor"
)

// openTall opens a CPU whose tiles are high, whatever it has itself.
func openTall(t *testing.T) device.Device {
	devicetest.Require(t, first)
	driver, err := opencl.OpenDriver(device.CPU)
	if err != nil {
		t.Fatal(err)
	}
	limits := driver.Limits()
	limits.Vector = 64
	d := gpu.New(&limited{driver, limits})
	t.Cleanup(func() { d.Close() })
	return d
}

// TestStepsOfRowsFarApart goes through steps one by one, with a B that is packed once. At each step A is another one, the rows
// of which are 4 KiB apart: 12 of them are a tile that would have A packed, and 11 are not.
func TestStepsOfRowsFarApart(t *testing.T) {
	d := openTall(t)
	in := layers.NewInit(d, device.Float32, 1)
	const steps, rows, inputs = 3, 12, 2
	for _, l := range []layers.Recurrent{
		layers.NewRNN(in.Normal(0.1, inputs, 1024), in.Normal(0.02, 1024, 1024), nil),
		layers.NewLSTM(in.Normal(0.1, inputs, 4*256), in.Normal(0.02, 256, 4*256), nil),
		layers.NewGRU(in.Normal(0.1, inputs, 3*1024), in.Normal(0.02, 1024, 3*1024), nil, nil),
	} {
		x, whole := in.Normal(1, steps, rows, inputs), func(n int) []int { return slices.Repeat([]int{steps}, n) }
		l.SetLengths(whole(rows))
		dy := in.Normal(1, l.Forward(x).Shape()...)
		// begin is the first n rows of a sequence, step by step.
		begin := func(s *tensor.Tensor, n int) [][]float32 {
			var parts [][]float32
			all := values[float32](t, s)
			for step := range slices.Chunk(all, len(all)/steps) {
				parts = append(parts, step[:n*len(step)/s.Shape()[1]])
			}
			return parts
		}
		few := func(s *tensor.Tensor) *tensor.Tensor {
			shape := slices.Clone(s.Shape())
			shape[1]--
			return tensor.From(d, slices.Concat(begin(s, rows-1)...), shape...)
		}
		run := func(x, dy *tensor.Tensor) (results [2][][]float32) {
			l.ResetState()
			l.SetLengths(whole(x.Shape()[1]))
			results[0] = begin(l.Forward(x), rows-1)
			results[1] = begin(l.Backward(dy), rows-1)
			return results
		}
		got, want := run(x, dy), run(few(x), few(dy))
		for i, what := range []string{"output", "gradient"} {
			for step := range steps {
				if !slices.Equal(got[i][step], want[i][step]) {
					t.Errorf("%T: step %d of the %s has other bits with another row", l, step, what)
				}
			}
		}
	}
}

// TestPackedRowsFarApart finds the bits of 12 rows that are packed in those of 11, which are not, and likewise where C holds
// what sums begin with, and of sums so long that they are cut into pieces.
func TestPackedRowsFarApart(t *testing.T) {
	d := openTall(t)
	testPackedRows[float32](t, d, 12, 200, 1024)
	testPackedRows[float64](t, d, 12, 200, 512)
	testPackedRows[float32](t, d, 12, 9000, 2048)
}

func testPackedRows[T device.Float](t *testing.T, d device.Device, m, n, k int) {
	in := layers.NewInit(d, device.TypeOf[T](), 2)
	const before = 3 // elements of other things in the memory of A
	a := device.Array{Slice: in.Normal(1, before+m*k).Array().Slice.Slice(before, before+m*k), Shape: []int{m, k}}
	b, c0 := in.Normal(1, k, n).Array(), in.Normal(1, m, n)
	for _, acc := range []bool{false, true} {
		product := func(rows int) []T {
			c := tensor.From(d, values[T](t, c0), m, n)
			part := func(x device.Array) device.Array {
				return device.Array{Slice: x.Slice.Slice(0, rows*x.Shape[1]), Shape: []int{rows, x.Shape[1]}}
			}
			d.Launch(kernels.MatMul{C: part(c.Array()), A: part(a), B: b, Acc: acc})
			return values[T](t, c)[:(m-1)*n]
		}
		if !slices.Equal(product(m), product(m-1)) {
			t.Errorf("%T, %d×%d×%d, acc=%t: rows have other bits with another row", *new(T), m, n, k, acc)
		}
	}
}

func values[T device.Float](t *testing.T, x *tensor.Tensor) []T {
	t.Helper()
	v, err := tensor.Values[T](x)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
