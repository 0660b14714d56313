package layers

import (
	"slices"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
	"github.com/keisan-go/keisan/tensor"
)

// Concat is tensors side by side: y [..., A+B] of [..., A] and [..., B], and so on.
type Concat struct {
	owned
	name  string
	y     *tensor.Tensor
	parts []*tensor.Tensor // the gradients
	width []int            // of each
	shape []int            // of y, or of a part
	copy  kernels.CopyColumns
}

// NewConcat returns the layer. It takes one tensor or more.
func NewConcat() *Concat { return &Concat{name: "Concat"} }

// Forward returns the tensors side by side. It panics unless they have the same axes but for the last.
func (l *Concat) Forward(xs ...*tensor.Tensor) *tensor.Tensor {
	if len(xs) == 0 || xs[0] == nil || len(xs[0].Shape()) == 0 {
		device.Panicf("layers.%s: the tensors are %v, want one or more of [... C]", l.name, slices.Clone(xs))
	}
	first, last := xs[0], len(xs[0].Shape())-1
	batch := first.Shape()[:last]
	l.width = l.width[:0]
	cols := 0
	for _, x := range xs {
		compatible(l.name, "a tensor", x, "the first", first)
		l.input(l.name, "a tensor", x)
		if len(x.Shape()) != last+1 || !slices.Equal(x.Shape()[:last], batch) {
			device.Panicf("layers.%s: a tensor is %v and the first %v, want the same axes but for the last", l.name, x, first)
		}
		l.width = append(l.width, x.Shape()[last])
		cols += x.Shape()[last]
	}
	if len(xs) != len(l.parts) {
		l.Free()
		l.parts = make([]*tensor.Tensor, len(xs))
	}
	l.shape = append(append(l.shape[:0], batch...), cols)
	y := l.room(&l.y, first, l.shape...)
	to := 0
	for i, x := range xs {
		l.columns(y, to, x, 0, l.width[i])
		to += l.width[i]
	}
	return y
}

// columns copies so many columns from one tensor to another.
func (l *Concat) columns(dst *tensor.Tensor, to int, src *tensor.Tensor, from, cols int) {
	l.copy = kernels.CopyColumns{To: to, From: from, Cols: cols, Dst: dst.Array(), Src: src.Array()}
	dst.Device().Launch(&l.copy)
}

// Backward returns the gradients of the tensors, which are columns of dy.
func (l *Concat) Backward(dy *tensor.Tensor) []*tensor.Tensor {
	gradient(l.name, dy, l.y)
	last := len(dy.Shape()) - 1
	from := 0
	for i, cols := range l.width {
		l.shape = append(append(l.shape[:0], dy.Shape()[:last]...), cols)
		part := l.room(&l.parts[i], dy, l.shape...)
		l.columns(part, 0, dy, from, cols)
		from += cols
	}
	return l.parts
}

// Params is empty.
func (l *Concat) Params() []*Param { return nil }
