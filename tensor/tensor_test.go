package tensor_test

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

func open(t *testing.T) device.Device {
	d, err := device.Open("cpu")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// want reports that x has another shape, or other elements, than it should.
func want[T device.Float](t *testing.T, x *tensor.Tensor, values []T, shape ...int) {
	t.Helper()
	got, err := tensor.Values[T](x)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(x.Shape(), shape) || !slices.Equal(got, values) {
		t.Errorf("%v holds %v, want the shape %v and %v", x, got, shape, values)
	}
}

func TestNew(t *testing.T) {
	d := open(t)
	x := tensor.New(d, device.Float32, 2, 3)
	want(t, x, make([]float32, 6), 2, 3)
	if x.DType() != device.Float32 || x.Device() != d || x.Len() != 6 || !x.OK() {
		t.Errorf("%v is of %v, on %v, of %d elements, OK %v", x, x.DType(), x.Device().Name(), x.Len(), x.OK())
	}
	want(t, tensor.New(d, device.Float64), []float64{0})
	want(t, tensor.New(d, device.Float64, 3, 0, 2), []float64{}, 3, 0, 2)
	if n := tensor.New(d, device.Int32, 4); n.Len() != 4 || n.DType() != device.Int32 {
		t.Errorf("a tensor of int32 is %v", n)
	}

	shape := []int{2, 2}
	x = tensor.New(d, device.Float32, shape...)
	shape[0] = 7
	want(t, x, make([]float32, 4), 2, 2)
}

func TestFromSetValues(t *testing.T) {
	d := open(t)
	data := []float32{1, 2, 3, 4, 5, 6}
	x := tensor.From(d, data, 3, 2)
	data[0] = 9
	want(t, x, []float32{1, 2, 3, 4, 5, 6}, 3, 2)
	tensor.Set(x, []float32{6, 5, 4, 3, 2, 1})
	want(t, x, []float32{6, 5, 4, 3, 2, 1}, 3, 2)
	values, _ := tensor.Values[float32](x)
	values[0] = 0 // a copy
	want(t, x, []float32{6, 5, 4, 3, 2, 1}, 3, 2)

	want(t, tensor.From(d, []float64{math.Pi}), []float64{math.Pi})
	want(t, tensor.From(d, []float64(nil), 0), []float64{}, 0)
	want(t, tensor.From(d, []float32{}, 2, 0), []float32{}, 2, 0)
}

func TestViews(t *testing.T) {
	d := open(t)
	x := tensor.From(d, []float32{1, 2, 3, 4, 5, 6}, 3, 2)
	want(t, x.Reshape(6), []float32{1, 2, 3, 4, 5, 6}, 6)
	want(t, x.Reshape(1, 2, 3, 1), []float32{1, 2, 3, 4, 5, 6}, 1, 2, 3, 1)
	want(t, x.Slice(1, 3), []float32{3, 4, 5, 6}, 2, 2)
	want(t, x.Slice(2, 2), []float32{}, 0, 2)
	want(t, x.Slice(1, 3).Slice(1, 2).Reshape(2).Slice(0, 1), []float32{5}, 1)
	want(t, tensor.From(d, []float64{7}).Reshape(1, 1), []float64{7}, 1, 1)
	want(t, tensor.From(d, []float64{7}, 1).Reshape(), []float64{7})
	want(t, tensor.New(d, device.Float32, 2, 0).Slice(1, 2), []float32{}, 1, 0)
	want(t, tensor.New(d, device.Float32, 2, 0).Reshape(0, 5), []float32{}, 0, 5)

	tensor.Set(x.Slice(1, 2), []float32{-3, -4}) // a view is the same memory
	x.Slice(2, 3).Reshape(2).Fill(8)
	want(t, x, []float32{1, 2, -3, -4, 8, 8}, 3, 2)
	x.Slice(0, 1).Free() // which does nothing
	x.Reshape(6).Free()
	want(t, x, []float32{1, 2, -3, -4, 8, 8}, 3, 2)

	view := x.Reshape(6)
	x.Free()
	if view.OK() || x.OK() {
		t.Error("a view outlives its memory")
	}
}

func TestFillAndCopy(t *testing.T) {
	d := open(t)
	x := tensor.New(d, device.Float64, 2, 2)
	x.Fill(1.5)
	want(t, x, []float64{1.5, 1.5, 1.5, 1.5}, 2, 2)
	x.Copy(tensor.From(d, []float64{1, 2, 3, 4}, 4)) // as many elements in another shape
	want(t, x, []float64{1, 2, 3, 4}, 2, 2)
	x.Slice(0, 1).Copy(x.Slice(1, 2))
	want(t, x, []float64{3, 4, 3, 4}, 2, 2)
	if n := testing.AllocsPerRun(20, func() { x.Fill(0) }); n != 0 {
		t.Errorf("Fill allocates %v times, want 0", n)
	}
}

func TestGrad(t *testing.T) {
	d := open(t)
	x := tensor.New(d, device.Float32, 2, 3)
	before := d.Info().InUse
	g := x.Grad()
	want(t, g, make([]float32, 6), 2, 3)
	if x.Grad() != g {
		t.Error("the gradient is another one the second time")
	}
	x.Free()
	if after := d.Info().InUse; after != before-6*4 || g.OK() {
		t.Errorf("Free leaves %d bytes of the gradient", after-before+6*4)
	}

	y := tensor.New(d, device.Float64, 1)
	d.Alloc(device.Float64, math.MaxInt)
	g = y.Grad()
	if g.OK() {
		t.Error("there is a gradient without memory")
	}
	if err := d.Sync(); !errors.Is(err, device.ErrOutOfMemory) {
		t.Errorf("the failure is %v, want %v", err, device.ErrOutOfMemory)
	}
	if y.Grad() != g {
		t.Error("the gradient that found memory is another one than that without")
	}
	want(t, g, []float64{0}, 1)
}

// The gradient of a view is the view of the gradient, so whoever adds to one adds to the other.
func TestGradOfViews(t *testing.T) {
	d := open(t)
	x := tensor.New(d, device.Float32, 3, 2)
	row, flat := x.Slice(1, 2), x.Reshape(6)
	end := flat.Slice(2, 6).Slice(2, 4)
	end.Grad().Fill(5)
	row.Grad().Fill(3)
	want(t, x.Grad(), []float32{0, 0, 3, 3, 5, 5}, 3, 2)
	want(t, row.Grad(), []float32{3, 3}, 1, 2)
	want(t, flat.Grad(), []float32{0, 0, 3, 3, 5, 5}, 6)
	want(t, end.Grad(), []float32{5, 5}, 2)
	if g := row.Grad(); row.Grad() != g {
		t.Error("the gradient of a view is another one the second time")
	}
	row.Free() // which does nothing
	want(t, x.Grad(), []float32{0, 0, 3, 3, 5, 5}, 3, 2)
	before := d.Info().InUse
	x.Free()
	if freed := before - d.Info().InUse; freed != 2*6*4 {
		t.Errorf("Free gives back %d bytes, want %d", freed, 2*6*4)
	}
}

func TestString(t *testing.T) {
	d := open(t)
	for want, x := range map[string]*tensor.Tensor{
		"float32 [2 3]": tensor.New(d, device.Float32, 2, 3),
		"float64 []":    tensor.New(d, device.Float64),
		"int32 [0]":     tensor.New(d, device.Int32, 0),
		"<nil>":         nil,
	} {
		if got := fmt.Sprint(x); got != want {
			t.Errorf("a tensor prints as %q, want %q", got, want)
		}
	}
}

// What fails on the device is reported by Values, once, and there are no elements.
func TestValuesReportsFailure(t *testing.T) {
	d := open(t)
	x := tensor.From(d, []float64{1, 2}, 2)
	huge := tensor.New(d, device.Float64, math.MaxInt/8)
	x.Fill(3)
	if v, err := tensor.Values[float64](x); !errors.Is(err, device.ErrOutOfMemory) || v != nil {
		t.Errorf("Values returns %v, %v, want %v", v, err, device.ErrOutOfMemory)
	}
	want(t, x, []float64{1, 2}, 2)
	if huge.OK() {
		t.Error("a tensor without memory is OK")
	}
	if v, err := tensor.Values[float64](huge); !errors.Is(err, device.ErrOutOfMemory) || v != nil {
		t.Errorf("of a tensor without memory Values returns %v, %v, want %v", v, err, device.ErrOutOfMemory)
	}
	huge.Free()
	d.Close()
	if _, err := tensor.Values[float64](x); !errors.Is(err, device.ErrClosed) {
		t.Errorf("on a closed device Values returns %v, want %v", err, device.ErrClosed)
	}
}

func TestMisuse(t *testing.T) {
	d := open(t)
	x, scalar := tensor.New(d, device.Float32, 3, 2), tensor.New(d, device.Float32)
	freed := tensor.New(d, device.Float32, 3, 2)
	freed.Free()
	another := open(t)
	const most = math.MaxInt
	for _, c := range []struct {
		call func()
		want string
	}{
		{func() { tensor.New(nil, device.Float32, 2) }, "tensor: New on no device, want one that device.Open returned"},
		{func() { tensor.New(d, 0, 2) }, "Alloc of DType(0), want float32, float64 or int32"},
		{func() { tensor.New(d, device.Float32, 2, -1) }, "tensor: shape [2 -1] has a negative axis"},
		{func() { tensor.New(d, device.Float32, 0, -1) }, "tensor: shape [0 -1] has a negative axis"},
		{func() { tensor.New(d, device.Float32, most, 2) }, fmt.Sprintf("tensor: shape [%d 2] has more elements than can be counted", most)},
		{func() { tensor.New(d, device.Float32, 1<<16, 1<<16, 1<<16, 1<<16) }, "has more elements than can be counted"},
		{func() { tensor.New(d, device.Float32, 0, most, most) }, "has more elements than can be counted"},
		{func() { tensor.From(d, []float32{1, 2}, 3) }, "tensor: 2 values for a tensor of shape [3], want 3"},
		{func() { tensor.From(d, []float32{1, 2}) }, "tensor: 2 values for a tensor of shape [], want 1"},
		{func() { tensor.From(nil, []float32{1}) }, "tensor: New on no device"},
		{func() { tensor.Set(x, []float32{1}) }, "tensor: 1 values for a tensor of shape [3 2], want 6"},
		{func() { tensor.Set(x, make([]float64, 6)) }, "tensor: Set of float64 on a tensor of float32"},
		{func() { tensor.Set[float32](nil, nil) }, "tensor: Set of a nil tensor"},
		{func() { tensor.Set(freed, make([]float32, 6)) }, "Upload with memory that was freed"},
		{func() { _, _ = tensor.Values[float64](x) }, "tensor: Values of float64 on a tensor of float32"},
		{func() { _, _ = tensor.Values[float64](nil) }, "tensor: Values of a nil tensor"},
		{func() { _, _ = tensor.Values[float32](freed) }, "Download with memory that was freed"},
		{func() { x.Reshape(5) }, "tensor: Reshape of [3 2] to [5], which has 5 elements, want 6"},
		{func() { x.Reshape() }, "tensor: Reshape of [3 2] to [], which has 1 elements, want 6"},
		{func() { x.Reshape(-1) }, "tensor: shape [-1] has a negative axis"},
		{func() { x.Slice(2, 4) }, "tensor: Slice(2, 4) of shape [3 2]"},
		{func() { x.Slice(-1, 2) }, "tensor: Slice(-1, 2) of shape [3 2]"},
		{func() { x.Slice(2, 1) }, "tensor: Slice(2, 1) of shape [3 2]"},
		{func() { scalar.Slice(0, 1) }, "tensor: Slice(0, 1) of shape []"},
		{func() { x.Copy(nil) }, "tensor: Copy of a nil tensor"},
		{func() { x.Copy(scalar) }, "Dst has 6 elements, Src 1"},
		{func() { x.Copy(tensor.New(d, device.Float64, 6)) }, "Dst is float32, want float64"},
		{func() { x.Copy(tensor.New(another, device.Float32, 6)) }, "operand Src is memory of another opening of cpu"},
		{func() { x.Slice(0, 2).Copy(x.Slice(1, 3)) }, "overlaps"},
		{func() { freed.Fill(1) }, "operand Dst was freed"},
		{func() { freed.Free() }, "freed already"},
		{func() { tensor.New(d, device.Int32, 2).Fill(1) }, "Dst is int32, want float32 or float64"},
	} {
		if err := layers.Try(c.call); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("the misuse is %v, want %q in it", err, c.want)
		}
	}
	if err := d.Sync(); err != nil {
		t.Errorf("afterwards the device fails: %v", err)
	}
	want(t, x, make([]float32, 6), 3, 2)
}
