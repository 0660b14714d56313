package layers

import (
	"slices"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
	"github.com/keisan-go/keisan/tensor"
)

// A Recurrent is a layer over sequences x [T, B, I] that can run in reverse and whose rows can have lengths: LSTM, GRU.
type Recurrent interface {
	Layer
	SetReverse(reverse bool)
	SetLengths(lengths []int)
	ResetState()
	Free()
}

// Bidirectional is two layers over the same sequence, one of which runs in reverse: y [T, B, 2H] is what both return, side
// by side.
//
// Each of them carries its state to the next Forward, which is rarely what one wants of the reversed one: call ResetState
// before each sequence, or SetState of both.
type Bidirectional struct {
	owned
	forward, backward Recurrent
	params            []*Param

	widths                     [2]int // of what each layer returns
	y, dForward, dBackward, dx *tensor.Tensor
	copy                       kernels.CopyColumns
	add                        kernels.Binary
}

// NewBidirectional returns the layer of two layers of as many inputs, the second of which it makes run in reverse. Their
// parameters keep their names, after "forward." and "backward.".
func NewBidirectional(forward, backward Recurrent) *Bidirectional {
	if forward == nil || backward == nil {
		device.Panicf("layers.Bidirectional: a layer is nil, want two")
	}
	if forward == backward {
		device.Panicf("layers.Bidirectional: forward and backward are the same layer; make two of the same parameters")
	}
	backward.SetReverse(true)
	l := &Bidirectional{forward: forward, backward: backward}
	for _, p := range forward.Params() {
		l.params = append(l.params, &Param{Name: "forward." + p.Name, Value: p.Value, Grad: p.Grad})
	}
	for _, p := range backward.Params() {
		if !slices.ContainsFunc(l.params, func(q *Param) bool { return q.Value == p.Value }) {
			l.params = append(l.params, &Param{Name: "backward." + p.Name, Value: p.Value, Grad: p.Grad})
		}
	}
	return l
}

// Forward returns what both layers return for x [T, B, I], side by side.
func (l *Bidirectional) Forward(x *tensor.Tensor) *tensor.Tensor {
	if x != nil {
		l.input("Bidirectional", "x", x)
	}
	first, second := l.forward.Forward(x), l.backward.Forward(x)
	s := first.Shape()
	l.widths = [2]int{s[2], second.Shape()[2]}
	y := l.room(&l.y, x, s[0], s[1], l.widths[0]+l.widths[1])
	l.columns(y, 0, first, 0, l.widths[0])
	l.columns(y, l.widths[0], second, 0, l.widths[1])
	return y
}

// columns copies n columns from one tensor to another.
func (l *Bidirectional) columns(dst *tensor.Tensor, to int, src *tensor.Tensor, from, n int) {
	l.copy = kernels.CopyColumns{To: to, From: from, Cols: n, Dst: dst.Array(), Src: src.Array()}
	dst.Device().Launch(&l.copy)
}

// Backward adds to the gradients of both layers' weights and returns that of x, from dy [T, B, 2H].
func (l *Bidirectional) Backward(dy *tensor.Tensor) *tensor.Tensor {
	gradient("Bidirectional", dy, l.y)
	steps, batch := dy.Shape()[0], dy.Shape()[1]
	forward := l.room(&l.dForward, dy, steps, batch, l.widths[0])
	backward := l.room(&l.dBackward, dy, steps, batch, l.widths[1])
	l.columns(forward, 0, dy, 0, l.widths[0])
	l.columns(backward, 0, dy, l.widths[0], l.widths[1])
	first, second := l.forward.Backward(forward), l.backward.Backward(backward)
	dx := l.room(&l.dx, first, first.Shape()...)
	l.add = kernels.Binary{Op: kernels.Add, Z: dx.Array(), X: first.Array(), Y: second.Array()}
	dy.Device().Launch(&l.add)
	return dx
}

// Params is the parameters of both layers, each once.
func (l *Bidirectional) Params() []*Param { return l.params }

// SetLengths gives the rows of the batches from now on a length each, in both layers.
func (l *Bidirectional) SetLengths(lengths []int) {
	l.forward.SetLengths(lengths)
	l.backward.SetLengths(lengths)
}

// ResetState makes both layers begin the next Forward with zero.
func (l *Bidirectional) ResetState() {
	l.forward.ResetState()
	l.backward.ResetState()
}

// SetTraining passes it on to both layers, if they have a method SetTraining.
func (l *Bidirectional) SetTraining(training bool) {
	setTraining(l.forward, training)
	setTraining(l.backward, training)
}

// Free gives back the memory that the layer and its two layers hold beside their parameters.
func (l *Bidirectional) Free() {
	l.owned.Free()
	l.forward.Free()
	l.backward.Free()
}
