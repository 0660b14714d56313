package layers

import (
	"slices"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
	"github.com/keisan-go/keisan/tensor"
)

// columns is a tensor [..., A+B] and its parts, [..., A] and [..., B] and so on. Concat makes the whole of the parts, Split
// the parts of the whole.
type columns struct {
	owned
	whole  *tensor.Tensor
	parts  []*tensor.Tensor
	widths []int // of the parts
	shape  []int // of the whole, or of a part
	copy   kernels.CopyColumns
}

// cols is how many columns the whole has.
func (c *columns) cols() (n int) {
	for _, width := range c.widths {
		n += width
	}
	return n
}

// join returns the parts side by side.
func (c *columns) join(parts []*tensor.Tensor) *tensor.Tensor {
	first := parts[0]
	c.shape = append(append(c.shape[:0], first.Shape()[:len(first.Shape())-1]...), c.cols())
	whole := c.room(&c.whole, first, c.shape...)
	to := 0
	for i, width := range c.widths {
		c.move(whole, to, parts[i], 0, width)
		to += width
	}
	return whole
}

// cut returns the parts of the whole.
func (c *columns) cut(whole *tensor.Tensor) []*tensor.Tensor {
	last := len(whole.Shape()) - 1
	from := 0
	for i, width := range c.widths {
		c.shape = append(append(c.shape[:0], whole.Shape()[:last]...), width)
		c.move(c.room(&c.parts[i], whole, c.shape...), 0, whole, from, width)
		from += width
	}
	return c.parts
}

// move copies so many columns from one tensor to another.
func (c *columns) move(dst *tensor.Tensor, to int, src *tensor.Tensor, from, cols int) {
	c.copy = kernels.CopyColumns{To: to, From: from, Cols: cols, Dst: dst.Array(), Src: src.Array()}
	dst.Device().Launch(&c.copy)
}

// Params is empty.
func (c *columns) Params() []*Param { return nil }

// Concat is tensors side by side: y [..., A+B] of [..., A] and [..., B], and so on.
type Concat struct {
	columns
	name string
}

// NewConcat returns the layer. It takes one tensor or more.
func NewConcat() *Concat { return &Concat{name: "Concat"} }

// Forward returns the tensors side by side. It panics unless they have the same axes but for the last.
func (l *Concat) Forward(xs ...*tensor.Tensor) *tensor.Tensor {
	if len(xs) == 0 || xs[0] == nil || len(xs[0].Shape()) == 0 {
		device.Panicf("layers.%s: the tensors are %v, want one or more of [... C]", l.name, slices.Clone(xs))
	}
	first, last := xs[0], len(xs[0].Shape())-1
	for _, x := range xs {
		compatible(l.name, "a tensor", x, "the first", first)
		l.input(l.name, "a tensor", x)
		if len(x.Shape()) != last+1 || !slices.Equal(x.Shape()[:last], first.Shape()[:last]) {
			device.Panicf("layers.%s: a tensor is %v and the first %v, want the same axes but for the last", l.name, x, first)
		}
	}
	l.widths = l.widths[:0]
	for _, x := range xs {
		l.widths = append(l.widths, x.Shape()[last])
	}
	if len(xs) != len(l.parts) {
		l.Free()
		l.parts = make([]*tensor.Tensor, len(xs))
	}
	return l.join(xs)
}

// Backward returns the gradients of the tensors, which are columns of dy.
func (l *Concat) Backward(dy *tensor.Tensor) []*tensor.Tensor {
	gradient(l.name, dy, l.whole)
	return l.cut(dy)
}

// Split is the columns of a tensor apart, which Concat puts side by side: of x [..., A+B] it is [..., A] and [..., B], and
// so on.
type Split struct{ columns }

// NewSplit returns the layer for parts of these widths.
func NewSplit(widths ...int) *Split {
	if len(widths) == 0 || slices.Min(widths) < 0 {
		device.Panicf("layers.Split: the widths are %v, want one or more, each 0 or more", slices.Clone(widths))
	}
	return &Split{columns{widths: slices.Clone(widths), parts: make([]*tensor.Tensor, len(widths))}}
}

// Forward returns the parts. It panics unless x has as many columns as they have together.
func (l *Split) Forward(x *tensor.Tensor) []*tensor.Tensor {
	if x == nil || len(x.Shape()) == 0 {
		device.Panicf("layers.Split: x is %v, want [... C]", x)
	}
	l.input("Split", "x", x)
	if cols := l.cols(); x.Shape()[len(x.Shape())-1] != cols {
		device.Panicf("layers.Split: x is %v and the widths are %v, want x [... %d]", x, l.widths, cols)
	}
	return l.cut(x)
}

// Backward returns the gradient of x, which is those of the parts side by side.
func (l *Split) Backward(dys ...*tensor.Tensor) *tensor.Tensor {
	if len(dys) != len(l.parts) {
		device.Panicf("layers.Split: there are %d gradients and %d parts, want one of each", len(dys), len(l.parts))
	}
	for i, dy := range dys {
		gradient("Split", dy, l.parts[i])
	}
	return l.join(dys)
}
