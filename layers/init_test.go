package layers_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/tensor"
)

func openCPU(t testing.TB) device.Device {
	d, err := open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func read[T device.Float](t testing.TB, x *tensor.Tensor) []T {
	t.Helper()
	v, err := tensor.Values[T](x)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// moments is the mean, the standard deviation and the extremes of numbers.
func moments(values []float64) (mean, std, lo, hi float64) {
	for _, v := range values {
		mean += v / float64(len(values))
	}
	for _, v := range values {
		std += (v - mean) * (v - mean) / float64(len(values))
	}
	return mean, math.Sqrt(std), slices.Min(values), slices.Max(values)
}

func TestDistributions(t *testing.T) {
	in := layers.NewInit(openCPU(t), device.Float64, 1)
	xavier := math.Sqrt(6.0 / 500)
	for _, c := range []struct {
		name         string
		w            *tensor.Tensor
		shape        []int
		std, largest float64
	}{
		{"Uniform", in.Uniform(0.5, 40, 25, 60), []int{40, 25, 60}, 0.5 / math.Sqrt(3), 0.5},
		{"Normal", in.Normal(2, 60000), []int{60000}, 2, 12},
		{"Xavier", in.Xavier(200, 300), []int{200, 300}, xavier / math.Sqrt(3), xavier},
		{"He", in.He(200, 300), []int{200, 300}, 0.1, 0.6},
	} {
		values := read[float64](t, c.w)
		if !slices.Equal(c.w.Shape(), c.shape) {
			t.Errorf("%s has shape %v, want %v", c.name, c.w.Shape(), c.shape)
		}
		// Of 60,000 numbers the mean is within four of its own standard deviations, σ/√60000, of 0.
		mean, std, lo, hi := moments(values)
		if math.Abs(mean) > 4*c.std/math.Sqrt(60000) || math.Abs(std/c.std-1) > 0.02 {
			t.Errorf("%s has mean %.5f and standard deviation %.5f, want 0 and %.5f", c.name, mean, std, c.std)
		}
		if lo < -c.largest || hi > c.largest || hi < 0.6*c.largest || lo > -0.6*c.largest {
			t.Errorf("%s is in [%v, %v], want it to fill [%v, %v]", c.name, lo, hi, -c.largest, c.largest)
		}
	}

	// A normal number is within one standard deviation with probability 0.6827, within two with 0.9545.
	within := [2]float64{}
	for _, v := range read[float64](t, in.Normal(1, 60000)) {
		for i := range within {
			if math.Abs(v) < float64(i+1) {
				within[i] += 1.0 / 60000
			}
		}
	}
	if math.Abs(within[0]-0.6827) > 0.01 || math.Abs(within[1]-0.9545) > 0.005 {
		t.Errorf("%.4f of normal numbers are within one standard deviation and %.4f within two, want 0.6827 and 0.9545", within[0], within[1])
	}
}

func TestZeros(t *testing.T) {
	d := openCPU(t)
	in := layers.NewInit(d, device.Float32, 1)
	if got := read[float32](t, in.Zeros(2)); !slices.Equal(got, []float32{0, 0}) {
		t.Errorf("Zeros holds %v", got)
	}
	if got, want := read[float32](t, in.Normal(1, 3)), read[float32](t, layers.NewInit(d, device.Float32, 1).Normal(1, 3)); !slices.Equal(got, want) {
		t.Errorf("after Zeros the numbers are %v, want %v: it takes none", got, want)
	}
}

func TestOrthogonal(t *testing.T) {
	d := openCPU(t)
	for _, shape := range [][2]int{{1, 1}, {2, 2}, {64, 64}, {3, 50}, {50, 3}, {1, 5}, {5, 1}, {0, 3}, {3, 0}} {
		rows, cols := shape[0], shape[1]
		w := read[float64](t, layers.NewInit(d, device.Float64, 7).Orthogonal(rows, cols))
		// The shorter vectors, rows or columns, are more than there is room for; the others are orthonormal.
		count, length := min(rows, cols), max(rows, cols)
		at := func(i, j int) float64 {
			if rows > cols {
				i, j = j, i
			}
			return w[i*cols+j]
		}
		for i := range count {
			for j := range count {
				dot, want := 0.0, 0.0
				for k := range length {
					dot += at(i, k) * at(j, k)
				}
				if i == j {
					want = 1
				}
				if math.Abs(dot-want) > 1e-12 {
					t.Fatalf("Orthogonal%v: vectors %d and %d have the product %v, want %v", shape, i, j, dot, want)
				}
			}
		}
	}
}

// makers is the ways to draw a tensor of 3×5.
var makers = map[string]func(in *layers.Init) *tensor.Tensor{
	"Uniform":    func(in *layers.Init) *tensor.Tensor { return in.Uniform(1, 3, 5) },
	"Normal":     func(in *layers.Init) *tensor.Tensor { return in.Normal(1, 3, 5) },
	"Xavier":     func(in *layers.Init) *tensor.Tensor { return in.Xavier(3, 5) },
	"He":         func(in *layers.Init) *tensor.Tensor { return in.He(3, 5) },
	"Orthogonal": func(in *layers.Init) *tensor.Tensor { return in.Orthogonal(3, 5) },
}

func TestSeedsAndStreams(t *testing.T) {
	d := openCPU(t)
	for name, draw := range makers {
		in := layers.NewInit(d, device.Float64, 1)
		first, second := read[float64](t, draw(in)), read[float64](t, draw(in))
		again := layers.NewInit(d, device.Float64, 1)
		if got := read[float64](t, draw(again)); !slices.Equal(got, first) {
			t.Errorf("%s of the same seed is %v and %v", name, got, first)
		}
		if got := read[float64](t, draw(again)); !slices.Equal(got, second) {
			t.Errorf("the second %s of the same seed is %v and %v", name, got, second)
		}
		other := read[float64](t, draw(layers.NewInit(d, device.Float64, 2)))
		for i, v := range first {
			if v == second[i] || v == other[i] {
				t.Errorf("element %d of %s is %v in another stream or seed, too", i, name, v)
			}
		}
		for i, v := range read[float32](t, draw(layers.NewInit(d, device.Float32, 1))) {
			if v != float32(first[i]) {
				t.Errorf("element %d of %s is %v in float32, want %v rounded", i, name, v, first[i])
			}
		}
	}
	long, short := layers.NewInit(d, device.Float64, 1).Normal(1, 9), layers.NewInit(d, device.Float64, 1).Normal(1, 2, 2)
	if l, s := read[float64](t, long), read[float64](t, short); !slices.Equal(l[:4], s) {
		t.Errorf("the first of nine numbers are %v, the first of four %v; want the same", l[:4], s)
	}
}

func TestInitMisuse(t *testing.T) {
	d := openCPU(t)
	in := layers.NewInit(d, device.Float32, 1)
	for want, call := range map[string]func(){
		"layers.Init: there is no device":                 func() { layers.NewInit(nil, device.Float32, 1) },
		"layers.Init: the type is int32, want float32":    func() { layers.NewInit(d, device.Int32, 1) },
		"layers.Init: the type is DType(0)":               func() { layers.NewInit(d, 0, 1) },
		"shape [2 -1] has a negative axis":                func() { in.Uniform(1, 2, -1) },
		"shape [-3 4] has a negative axis":                func() { in.Xavier(-3, 4) },
		"shape [3 -4] has a negative axis":                func() { in.He(3, -4) },
		"shape [-1 -1] has a negative axis":               func() { in.Orthogonal(-1, -1) },
		"shape [-2] has a negative axis":                  func() { in.Zeros(-2) },
		fmt.Sprintf("shape [%d 2] has more", math.MaxInt): func() { in.Normal(1, math.MaxInt, 2) },
	} {
		if err := layers.Try(call); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("the misuse is %v, want %q in it", err, want)
		}
	}

	// A tensor that the device cannot hold is its failure, not a crash here.
	scarce := layers.NewInit(small{d}, device.Float32, 1)
	for name, w := range map[string]*tensor.Tensor{
		"Normal":     scarce.Normal(1, math.MaxInt/8),
		"Orthogonal": scarce.Orthogonal(math.MaxInt/8, 1),
	} {
		if w.OK() {
			t.Errorf("%s has found memory for %v", name, w)
		}
	}
	if err := d.Sync(); !errors.Is(err, device.ErrOutOfMemory) {
		t.Errorf("the failure is %v, want %v", err, device.ErrOutOfMemory)
	}
}
