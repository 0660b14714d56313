package layers

import (
	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
	"github.com/keisan-go/keisan/tensor"
)

// Dropout drops elements at random while a network is trained: y is x/(1-p), but 0 where an element is dropped, with
// probability p. In an evaluation y is x itself.
//
// Each Forward of the training has a mask of its own, told from the seed, the number of the mask and the element: package
// philox. So it is the same on every device and in either type, and Backward, which finds it again, need not keep it.
// Layers with one seed drop the same elements: give each layer another one.
type Dropout struct {
	owned
	name       string
	sequence   bool // one mask for all steps
	evaluation bool
	next       uint64

	x, y, dx *tensor.Tensor // x is what Forward returned in an evaluation, y in the training
	mask     kernels.Dropout
}

// NewDropout returns the layer for x of any shape, in training, with the mask 0 as the first.
func NewDropout(p float64, seed uint64) *Dropout { return newDropout("Dropout", p, seed, false) }

// NewSequenceDropout returns the layer for sequences x [T, B, F]: it drops the same elements [B, F] in all steps. Y. Gal,
// Z. Ghahramani, "A theoretically grounded application of dropout in recurrent neural networks", 2016, call it variational.
func NewSequenceDropout(p float64, seed uint64) *Dropout {
	return newDropout("SequenceDropout", p, seed, true)
}

func newDropout(name string, p float64, seed uint64, sequence bool) *Dropout {
	if !(p >= 0 && p < 1) {
		device.Panicf("layers.%s: p is %v, want 0 <= p < 1", name, p)
	}
	return &Dropout{name: name, sequence: sequence, mask: kernels.Dropout{P: p, Seed: seed}}
}

// setTraining passes on to a layer whether it is in training, if it is one that must know.
func setTraining(l Layer, training bool) {
	if l, ok := l.(interface{ SetTraining(training bool) }); ok {
		l.SetTraining(training)
	}
}

// SetTraining makes the layer drop elements from the next Forward on, or leave them.
func (l *Dropout) SetTraining(training bool) { l.evaluation = !training }

// Position is the number of the next mask. Who goes on with a training sets it again.
func (l *Dropout) Position() uint64 { return l.next }

// SetPosition makes the next mask this one.
func (l *Dropout) SetPosition(n uint64) { l.next = n }

// Forward returns x/(1-p) without what is dropped or, in an evaluation, x.
func (l *Dropout) Forward(x *tensor.Tensor) *tensor.Tensor {
	if x == nil {
		device.Panicf("layers.%s: x is nil", l.name)
	}
	l.input(l.name, "x", x)
	if l.sequence && len(x.Shape()) != 3 {
		device.Panicf("layers.%s: x is %v, want [T B F]", l.name, x)
	}
	if l.evaluation {
		l.x = x
		return x
	}
	l.x = nil
	y := l.room(&l.y, x, x.Shape()...)
	l.mask.Stream, l.mask.Period = l.next, 0
	if l.sequence {
		l.mask.Period = kernels.Size(x.Shape()[1:])
	}
	l.next++
	l.drop(y, x)
	return y
}

// Backward returns the gradient of x, which is 0 where an element was dropped.
func (l *Dropout) Backward(dy *tensor.Tensor) *tensor.Tensor {
	if l.x != nil {
		gradient(l.name, dy, l.x)
		return dy
	}
	gradient(l.name, dy, l.y)
	dx := l.room(&l.dx, l.y, l.y.Shape()...)
	l.drop(dx, dy)
	return dx
}

// drop is y = x/(1-p) without what the last mask drops.
func (l *Dropout) drop(y, x *tensor.Tensor) {
	l.mask.Y, l.mask.X = y.Array(), x.Array()
	x.Device().Launch(&l.mask)
}

// Params is empty.
func (l *Dropout) Params() []*Param { return nil }

// Free gives back the memory that the layer holds.
func (l *Dropout) Free() {
	l.owned.Free()
	l.x = nil
}
