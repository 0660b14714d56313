// Package layers is the layers of feed-forward and recurrent networks: their forward and their backward pass, written
// once and run by every device, in float32 or float64.
//
// A layer is made of its parameters, which say on which device and in which type it computes. Forward returns a tensor
// that is the layer's own and valid until its next Forward; it remembers x, which must not change before Backward.
// Backward takes the gradient of what the last Forward returned, adds the parameters' gradients to their Grad, and
// returns the gradient of x, also the layer's own. Layers that share a parameter, made from the same tensor, add to the
// same Grad.
//
// Layers are made for training. Those to whom an evaluation is something else, such as Dropout, have a method SetTraining,
// and so have the layers that contain others, which pass it on.
//
// A layer given tensors that do not fit panics with a *device.Misuse that names them, their shapes and what was wanted;
// [Try] turns that into an error. A layer is not for concurrent use; layers of several goroutines may share parameters
// as long as nobody changes them.
package layers

import (
	"slices"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
	"github.com/keisan-go/keisan/tensor"
)

// A Layer maps a tensor to a tensor.
type Layer interface {
	Forward(x *tensor.Tensor) *tensor.Tensor
	Backward(dy *tensor.Tensor) *tensor.Tensor
	Params() []*Param
}

// A Param is what a layer learns, and the gradient of the loss by it.
type Param struct {
	Name        string
	Value, Grad *tensor.Tensor
}

// Try calls f and returns the misuse that it panics with, if it does: shapes, types or devices that do not fit
// together. A server that takes shapes from outside calls its layers so. Every other panic goes on.
func Try(f func()) (err error) {
	defer func() {
		switch r := recover().(type) {
		case nil:
		case *device.Misuse:
			err = r
		default:
			panic(r)
		}
	}()
	f()
	return nil
}

func newParam(where, name string, value *tensor.Tensor) *Param {
	if value == nil {
		device.Panicf("layers.%s: %s is nil", where, name)
	}
	if t := value.DType(); t != device.Float32 && t != device.Float64 {
		device.Panicf("layers.%s: %s is %v, want float32 or float64", where, name, t)
	}
	return &Param{Name: name, Value: value, Grad: value.Grad()}
}

// compatible panics unless t, called name, is a tensor on the same device and of the same type as like.
func compatible(where, name string, t *tensor.Tensor, likeName string, like *tensor.Tensor) {
	switch {
	case t == nil:
		device.Panicf("layers.%s: %s is nil", where, name)
	case t.DType() != like.DType():
		device.Panicf("layers.%s: %s is %v and %s is %v, want one type", where, name, t, likeName, like)
	case t.Device() != like.Device():
		device.Panicf("layers.%s: %s is on %s and %s on %s, want one device%s", where,
			name, t.Device().Name(), likeName, like.Device().Name(), opened(t, like))
	}
}

// opened explains two devices of one name.
func opened(a, b *tensor.Tensor) string {
	if a.Device().Name() == b.Device().Name() {
		return " (it was opened twice)"
	}
	return ""
}

// gradient panics unless dy fits y, which Forward returned; y is nil if it was never called.
func gradient(where string, dy, y *tensor.Tensor) { gradientOf(where, "dy", dy, "y", y) }

// gradientOf is gradient for layers that have other names for dy and y.
func gradientOf(where, name string, dy *tensor.Tensor, ofName string, y *tensor.Tensor) {
	if y == nil {
		device.Panicf("layers.%s: Backward before Forward", where)
	}
	compatible(where, name, dy, ofName, y)
	if !slices.Equal(dy.Shape(), y.Shape()) {
		device.Panicf("layers.%s: %s is %v, want %v, the shape that Forward returned", where, name, dy, y.Shape())
	}
}

// owned is the tensors that a layer makes for itself.
type owned struct{ tensors []**tensor.Tensor }

// room makes *t a tensor of this shape on another's device and of its type, unless it is one. A layer that sees the same
// shapes again allocates nothing.
func (o *owned) room(t **tensor.Tensor, like *tensor.Tensor, shape ...int) *tensor.Tensor {
	return o.roomOf(t, like.Device(), like.DType(), shape...)
}

func (o *owned) roomOf(t **tensor.Tensor, d device.Device, dtype device.DType, shape ...int) *tensor.Tensor {
	if old := *t; old != nil {
		if old.OK() && old.Device() == d && old.DType() == dtype && slices.Equal(old.Shape(), shape) {
			return old
		}
		release(old)
		*t = nil // and stays so if there is no tensor of this shape
	}
	if !slices.Contains(o.tensors, t) {
		o.tensors = append(o.tensors, t)
	}
	*t = tensor.New(d, dtype, shape...)
	return *t
}

// Free gives back the memory that the layer holds beside its parameters, what Forward and Backward returned included.
// The layer can be used again.
func (o *owned) Free() {
	for _, t := range o.tensors {
		if *t != nil {
			release(*t)
			*t = nil
		}
	}
	o.tensors = nil
}

// release frees a tensor of a layer, unless somebody did whom the layer had returned it to.
func release(t *tensor.Tensor) {
	if !t.Array().Memory().Freed {
		t.Free()
	}
}

// input panics if t, called name, is memory of the layer's own: what it returned before, which it is about to overwrite.
func (o *owned) input(where, name string, t *tensor.Tensor) {
	if o.owns(t) {
		device.Panicf("layers.%s: %s, %v, is what this layer itself returned and would overwrite; want another layer for it", where, name, t)
	}
}

// owns tells whether t is memory of the layer's own.
func (o *owned) owns(t *tensor.Tensor) bool {
	return slices.ContainsFunc(o.tensors, func(own **tensor.Tensor) bool { return *own != nil && t.Array().Overlaps((*own).Array().Slice) })
}

// weighted is what layers with weights have in common beside their own memory: the gradient of x is a product of its own,
// which those of the weights do not need.
type weighted struct {
	owned
	dx      *tensor.Tensor
	skipped bool // nobody wants it
}

// SkipInputGrad has Backward return nil in the place of the gradient of x from now on, and not compute it: nobody wants that
// of a network's input.
func (l *weighted) SkipInputGrad() { l.skipped = true }

// inputGrad is a tensor for the gradient of x; nil if nobody wants it.
func (l *weighted) inputGrad(x *tensor.Tensor) *tensor.Tensor {
	if l.skipped {
		return nil
	}
	return l.room(&l.dx, x, x.Shape()...)
}

// arrayOf is a tensor for a kernel; nothing if it is nil.
func arrayOf(t *tensor.Tensor) kernels.Array {
	if t == nil {
		return kernels.Array{}
	}
	return t.Array()
}

// view makes *v a view of t in this shape, unless it is one.
func view(v **tensor.Tensor, t *tensor.Tensor, shape ...int) *tensor.Tensor {
	if *v == nil || (*v).Device() != t.Device() || (*v).Array().Slice != t.Array().Slice || !slices.Equal((*v).Shape(), shape) {
		*v = t.Reshape(shape...)
	}
	return *v
}
