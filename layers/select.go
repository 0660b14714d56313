package layers

import (
	"slices"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
	"github.com/keisan-go/keisan/tensor"
)

// Select is one step of each row of a sequence: y [B, H] of x [T, B, H]. It is what a classifier of sequences needs of a
// recurrent layer.
type Select struct {
	owned
	step    int
	lengths []int // nil if every row has all steps

	x, y, dx, ids *tensor.Tensor
	staged        []int32 // the ids on their way to the device
	table         [2]int  // the shape of x and of dx as rows, [T·B, H]
	forward       kernels.Gather
	clear         kernels.Fill
	backward      kernels.ScatterAdd
}

// NewSelect returns the layer for a step, which counts from the row's end if it is negative: -1 is the last step.
func NewSelect(step int) *Select { return &Select{step: step} }

// SetLengths gives the rows of the batches from now on a length each: what counts from the end counts from there. nil makes
// every row as long as the sequence.
func (l *Select) SetLengths(lengths []int) {
	if lengths == nil {
		l.lengths = nil
		return
	}
	l.lengths = append(slices.Grow(l.lengths[:0], len(lengths)+1), lengths...) // which is not nil, even if there are none
}

// Forward returns a step of each row of x [T, B, H], [B, H]. It panics if a row has no such step.
func (l *Select) Forward(x *tensor.Tensor) *tensor.Tensor {
	if x == nil || len(x.Shape()) != 3 {
		device.Panicf("layers.Select: x is %v, want [T B H]", x)
	}
	l.input("Select", "x", x)
	steps, batch, n := x.Shape()[0], x.Shape()[1], x.Shape()[2]
	if l.lengths != nil && len(l.lengths) != batch {
		device.Panicf("layers.Select: there are %d lengths and x is %v, want %d lengths", len(l.lengths), x, batch)
	}
	l.staged = l.staged[:0]
	for row := range batch {
		length := steps
		if l.lengths != nil {
			length = l.lengths[row]
		}
		step := l.step
		if step < 0 {
			step += length
		}
		if length < 0 || length > steps {
			device.Panicf("layers.Select: the length of row %d is %d and x is %v, want 0 to %d", row, length, x, steps)
		}
		if step < 0 || step >= length {
			device.Panicf("layers.Select: row %d has %d steps and none is step %d, want more or another one", row, length, l.step)
		}
		l.staged = append(l.staged, int32(step*batch+row))
	}
	l.x = x
	l.table = [2]int{steps * batch, n}
	l.roomOf(&l.ids, x.Device(), device.Int32, batch)
	x.Device().Upload(l.ids.Array().Slice, device.Bytes(l.staged))
	y := l.room(&l.y, x, batch, n)
	l.forward = kernels.Gather{Y: y.Array(), W: l.rows(x), IDs: l.ids.Array()}
	x.Device().Launch(&l.forward)
	return y
}

// rows is a sequence as a table whose rows are those of all steps.
func (l *Select) rows(x *tensor.Tensor) kernels.Array {
	return kernels.Array{Slice: x.Array().Slice, Shape: l.table[:]}
}

// Backward returns the gradient of x, which is 0 but for those steps.
func (l *Select) Backward(dy *tensor.Tensor) *tensor.Tensor {
	gradient("Select", dy, l.y)
	dx := l.room(&l.dx, l.x, l.x.Shape()...)
	l.clear = kernels.Fill{Dst: dx.Array()}
	l.backward = kernels.ScatterAdd{DW: l.rows(dx), DY: dy.Array(), IDs: l.ids.Array()}
	dy.Device().Launch(&l.clear)
	dy.Device().Launch(&l.backward)
	return dx
}

// Params is empty.
func (l *Select) Params() []*Param { return nil }
