// Package tensor gives device memory a shape.
//
// A tensor is dense and row-major; the elements of its last axis are neighbours. Sequences are [time, batch, feature].
// Tensors of float32 and of float64 run through the same layers; generics stay at the edges, in From and Values.
//
//	d, err := device.Open("cpu")
//	x := tensor.From(d, []float32{1, 2, 3, 4, 5, 6}, 2, 3)
//	values, err := tensor.Values[float32](x)
package tensor

import (
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/keisan-go/keisan/device"
	_ "github.com/keisan-go/keisan/device/cpu" // there is always a device to hold a tensor
	"github.com/keisan-go/keisan/kernels"
)

// A Tensor is a shape over memory of a device.
type Tensor struct {
	dev   device.Device
	array device.Array
	base  *Tensor    // what t is a view of; nil if the memory is its own
	mu    sync.Mutex // guards grad
	grad  *Tensor
	fill  kernels.Fill // kept so that Fill, which every training step does, allocates nothing
}

// New returns a tensor of zeros. Without a shape it is a scalar. It panics if the shape has a negative axis or more
// elements than an int can count.
func New(d device.Device, t device.DType, shape ...int) *Tensor {
	if d == nil {
		device.Panicf("tensor: New on no device, want one that device.Open returned")
	}
	return &Tensor{dev: d, array: device.Array{Slice: d.Alloc(t, size(shape)), Shape: append([]int(nil), shape...)}}
}

// From returns a tensor that holds a copy of data, row by row. Without a shape it is a scalar. It panics if data has not
// as many elements as the shape.
func From[T device.Float](d device.Device, data []T, shape ...int) *Tensor {
	t := New(d, device.TypeOf[T](), shape...)
	Set(t, data)
	return t
}

// Set copies data, row by row, into t. It panics if data has not as many elements as t, or another type.
func Set[T device.Float](t *Tensor, data []T) {
	t.want("Set", device.TypeOf[T]())
	if len(data) != t.Len() {
		device.Panicf("tensor: %d values for a tensor of shape %v, want %d", len(data), t.array.Shape, t.Len())
	}
	t.dev.Upload(t.array.Slice, device.Bytes(data))
}

// Values waits for the device and returns a copy of the elements, row by row. The error is the device's: the first
// failure among the work queued so far. Values panics if T is not the tensor's element type.
func Values[T device.Float](t *Tensor) ([]T, error) {
	t.want("Values", device.TypeOf[T]())
	// No element first: a tensor that was never allocated may have more of them than the host has room for.
	if err := t.dev.Download(nil, t.array.Slice.Slice(0, 0)); err != nil {
		return nil, err
	}
	data := make([]T, t.Len())
	if err := t.dev.Download(device.Bytes(data), t.array.Slice); err != nil {
		return nil, err
	}
	return data, nil
}

func (t *Tensor) want(what string, dtype device.DType) {
	if t == nil {
		device.Panicf("tensor: %s of a nil tensor", what)
	}
	if t.DType() != dtype {
		device.Panicf("tensor: %s of %v on a tensor of %v", what, dtype, t.DType())
	}
}

// size is the number of elements of a shape; it panics if there is no such shape.
func size(shape []int) int {
	n, zero := 1, false
	for _, d := range shape {
		switch {
		case d < 0:
			device.Panicf("tensor: shape %v has a negative axis", slices.Clone(shape))
		case d == 0:
			zero = true
		case n > math.MaxInt/8/d:
			device.Panicf("tensor: shape %v has more elements than can be counted", slices.Clone(shape))
		default:
			n *= d
		}
	}
	if zero {
		return 0
	}
	return n
}

// Shape is the lengths of the axes; empty for a scalar. It must not be changed.
func (t *Tensor) Shape() []int { return t.array.Shape }

// Len is the number of elements.
func (t *Tensor) Len() int { return t.array.Len() }

// DType is the type of the elements.
func (t *Tensor) DType() device.DType { return t.array.Type() }

// Device is the device whose memory t is.
func (t *Tensor) Device() device.Device { return t.dev }

// Array is t as an operand of a kernel.
func (t *Tensor) Array() device.Array { return t.array }

// OK tells whether t's memory was allocated and not freed since. It is false after the device ran out of memory.
func (t *Tensor) OK() bool { return t.array.OK() }

// Grad is the gradient that belongs to t as a parameter: a tensor of its type and shape, zero when first asked for. All
// layers that share a parameter add to it. A view's is the same view of the gradient of what it is a view of.
func (t *Tensor) Grad() *Tensor {
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.base != nil && t.grad == nil:
		base := t.base.Grad()
		start := t.array.Offset() - t.base.array.Offset()
		t.grad = &Tensor{dev: t.dev, base: base, array: device.Array{
			Slice: base.array.Slice.Slice(start, start+t.Len()),
			Shape: t.array.Shape,
		}}
	case t.grad == nil:
		t.grad = New(t.dev, t.DType(), t.array.Shape...)
	case t.base == nil && !t.grad.OK(): // there was no memory for it when it was asked for
		t.grad.array.Slice = t.dev.Alloc(t.DType(), t.Len())
	}
	return t.grad
}

// Reshape is a view of t's memory in another shape. It panics if that has another number of elements.
func (t *Tensor) Reshape(shape ...int) *Tensor {
	if size(shape) != t.Len() {
		device.Panicf("tensor: Reshape of %v to %v, which has %d elements, want %d", t.array.Shape, slices.Clone(shape), size(shape), t.Len())
	}
	return &Tensor{dev: t.dev, array: device.Array{Slice: t.array.Slice, Shape: append([]int(nil), shape...)}, base: t}
}

// Slice is a view of rows i to j of the first axis, as t[i:j]. It panics if there are no such rows.
func (t *Tensor) Slice(i, j int) *Tensor {
	if len(t.array.Shape) == 0 || i < 0 || j < i || j > t.array.Shape[0] {
		device.Panicf("tensor: Slice(%d, %d) of shape %v", i, j, t.array.Shape)
	}
	shape := slices.Clone(t.array.Shape)
	shape[0] = 1
	row := kernels.Size(shape)
	shape[0] = j - i
	return &Tensor{dev: t.dev, array: device.Array{Slice: t.array.Slice.Slice(i*row, j*row), Shape: shape}, base: t}
}

// Fill sets each element to v.
func (t *Tensor) Fill(v float64) {
	t.fill = kernels.Fill{Dst: t.array, Value: v}
	t.dev.Launch(&t.fill)
}

// Copy copies src's elements, as many as t has, into t.
func (t *Tensor) Copy(src *Tensor) {
	if src == nil {
		device.Panicf("tensor: Copy of a nil tensor")
	}
	t.dev.Launch(kernels.Copy{Dst: t.array, Src: src.array})
}

// Free gives the memory of t and of its gradient back. A view has none of its own. t must not be used again.
func (t *Tensor) Free() {
	if t.base != nil {
		return
	}
	t.dev.Free(t.array.Slice)
	if t.grad != nil {
		t.grad.Free()
	}
}

// String is the element type and the shape, such as "float32 [2 3]".
func (t *Tensor) String() string { return fmt.Sprintf("%v %v", t.DType(), t.array.Shape) }
