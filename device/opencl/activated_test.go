//go:build opencl

package opencl_test

import (
	"bytes"
	"testing"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/devicetest"
	"github.com/keisan-go/keisan/device/internal/gpu"
	"github.com/keisan-go/keisan/device/internal/gpu/gputest"
	"github.com/keisan-go/keisan/device/opencl"
	"github.com/keisan-go/keisan/kernels"
	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/tensor"
)

// TestActivated counts one launch less for a product and an activation in a chain than for the two layers one by one, which
// make the same bits.
func TestActivated(t *testing.T) {
	devicetest.Require(t, first)
	for _, kind := range []device.Kind{device.CPU, device.GPU} {
		driver, err := opencl.OpenDriver(kind)
		if err != nil {
			t.Fatal(err)
		}
		w := &gputest.Watch{Driver: driver}
		d := gpu.New(w)
		in := layers.NewInit(d, device.Float32, 1)
		affine, tanh := layers.NewAffine(in.Xavier(64, 100), in.Normal(1, 100)), layers.NewTanh()
		net, x := layers.NewSequential(affine, tanh), in.Normal(1, 200, 64)
		run := func(forward func(*tensor.Tensor) *tensor.Tensor) (y []byte, launches int) {
			before := w.Launches
			result := forward(x).Array()
			launches = w.Launches - before
			y = make([]byte, 4*result.Len())
			if err := d.Download(y, result.Slice); err != nil {
				t.Fatal(err)
			}
			return y, launches
		}
		want, apart := run(func(x *tensor.Tensor) *tensor.Tensor { return tanh.Forward(affine.Forward(x)) })
		got, chained := run(net.Forward)
		if chained != apart-1 {
			t.Errorf("as a %s: %d launches in a chain and %d one by one, want one less", kind, chained, apart)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("as a %s: a chain makes other bits", kind)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestActivatedOnce sums so many terms that a CPU adds them in pieces, the first of which is negative: it must not be
// activated.
func TestActivatedOnce(t *testing.T) {
	d := open(t)
	const terms, n = 600_000, 32
	fill := func(v float64, shape ...int) device.Array {
		a := zeros(d, device.Float32, shape...)
		d.Launch(kernels.Fill{Dst: a, Value: v})
		return a
	}
	a, b, c := fill(1, 1, terms), fill(1, terms, n), zeros(d, device.Float32, 1, n)
	negative := 400_000
	d.Launch(kernels.Fill{Dst: device.Array{Slice: a.Slice.Slice(0, negative), Shape: []int{negative}}, Value: -1})
	d.Launch(kernels.MatMul{C: c, A: a, B: b, F: kernels.ReLU})
	got := make([]float32, n)
	if err := d.Download(device.Bytes(got), c.Slice); err != nil {
		t.Fatal(err)
	}
	for i, v := range got {
		if v != 0 {
			t.Fatalf("element %d is %v, want 0, which ReLU makes of -200000", i, v)
		}
	}
}
