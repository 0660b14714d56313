package layers

import (
	"slices"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
	"github.com/keisan-go/keisan/tensor"
)

// Bidirectional is two layers over the same sequence, one of which runs in reverse: y [T, B, 2H] is what both return, side
// by side.
//
// Each of them carries its state to the next Forward, which is rarely what one wants of the reversed one: call ResetState
// before each sequence, or SetState of both.
type Bidirectional struct {
	owned
	forward, backward Recurrent
	params            []*Param

	concat Concat
	dx     *tensor.Tensor
	add    kernels.Binary
}

// NewBidirectional returns the layer of two layers of as many inputs, the second of which it makes run in reverse. Their
// parameters keep their names, after "forward." and "backward.".
func NewBidirectional(forward, backward Recurrent) *Bidirectional {
	if forward == nil || backward == nil {
		device.Panicf("layers.Bidirectional: a layer is nil, want two")
	}
	all := map[Layer]int{}
	claim("Bidirectional", all, forward, 0)
	claim("Bidirectional", all, backward, 1)
	backward.SetReverse(true)
	l := &Bidirectional{forward: forward, backward: backward, concat: Concat{name: "Bidirectional"}}
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

func (l *Bidirectional) contained() []Layer { return []Layer{l.forward, l.backward} }

// Forward returns what both layers return for x [T, B, I], side by side.
func (l *Bidirectional) Forward(x *tensor.Tensor) *tensor.Tensor {
	if x != nil {
		l.input("Bidirectional", "x", x)
		l.concat.input("Bidirectional", "x", x)
	}
	return l.concat.Forward(l.forward.Forward(x), l.backward.Forward(x))
}

// Backward adds to the gradients of both layers' weights and returns that of x, from dy [T, B, 2H].
func (l *Bidirectional) Backward(dy *tensor.Tensor) *tensor.Tensor {
	parts := l.concat.Backward(dy)
	first, second := l.forward.Backward(parts[0]), l.backward.Backward(parts[1])
	switch {
	case first == nil && second == nil:
		return nil
	case first == nil || second == nil:
		device.Panicf("layers.Bidirectional: one layer skips the gradient of x and the other does not; want this layer's SkipInputGrad, which is of both")
	}
	dx := l.room(&l.dx, first, first.Shape()...)
	l.add = kernels.Binary{Op: kernels.Add, Z: dx.Array(), X: first.Array(), Y: second.Array()}
	dy.Device().Launch(&l.add)
	return dx
}

// Params is the parameters of both layers, each once.
func (l *Bidirectional) Params() []*Param { return l.params }

// SetReverse has both layers change their direction: the first runs from the last step to the first, and the second onwards.
func (l *Bidirectional) SetReverse(reverse bool) {
	l.forward.SetReverse(reverse)
	l.backward.SetReverse(!reverse)
}

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

// SkipInputGrad has Backward return nil in the place of the gradient of x from now on, and neither layer compute it.
func (l *Bidirectional) SkipInputGrad() {
	l.forward.SkipInputGrad()
	l.backward.SkipInputGrad()
}

// SetTraining passes it on to both layers, if they have a method SetTraining.
func (l *Bidirectional) SetTraining(training bool) {
	setTraining(l.forward, training)
	setTraining(l.backward, training)
}

// Free gives back the memory that the layer and its two layers hold beside their parameters.
func (l *Bidirectional) Free() {
	l.owned.Free()
	l.concat.Free()
	l.forward.Free()
	l.backward.Free()
}
