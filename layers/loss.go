package layers

import (
	"slices"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
	"github.com/keisan-go/keisan/tensor"
)

// ElementLoss is the mean of a loss that each element has beside what it should be.
type ElementLoss struct {
	owned
	name             string
	y, target        *tensor.Tensor
	loss, losses, dy *tensor.Tensor
	forward          kernels.ElementLoss
	backward         kernels.ElementLossGrad
}

// NewMeanSquaredError returns the mean of (y-target)², with dy = 2·(y-target)/n for n elements.
func NewMeanSquaredError() *ElementLoss { return newElementLoss("MeanSquaredError", kernels.Squared) }

// NewBinaryCrossEntropy returns the mean of -t·log σ(y) - (1-t)·log(1-σ(y)), with dy = (σ(y)-t)/n for n elements: y is
// logits, whose sigmoids are probabilities, and a target t is 0, 1 or a probability between.
func NewBinaryCrossEntropy() *ElementLoss {
	return newElementLoss("BinaryCrossEntropy", kernels.CrossEntropy)
}

func newElementLoss(name string, f kernels.Deviation) *ElementLoss {
	return &ElementLoss{name: name, forward: kernels.ElementLoss{F: f}, backward: kernels.ElementLossGrad{F: f}}
}

// Forward returns the mean loss, a scalar, of y and the target, which have one shape. It panics if they are empty. Both must
// not change before Backward.
func (l *ElementLoss) Forward(y, target *tensor.Tensor) *tensor.Tensor {
	if y == nil {
		device.Panicf("layers.%s: y is nil", l.name)
	}
	compatible(l.name, "target", target, "y", y)
	if !slices.Equal(target.Shape(), y.Shape()) {
		device.Panicf("layers.%s: target is %v and y is %v, want one shape", l.name, target, y)
	}
	if y.Len() == 0 {
		device.Panicf("layers.%s: y is %v, which is empty and has no mean loss", l.name, y)
	}
	l.y, l.target = y, target
	l.forward.Scale = 1 / float64(y.Len())
	l.forward.Loss, l.forward.Losses = l.room(&l.loss, y).Array(), l.room(&l.losses, y, y.Shape()...).Array()
	l.forward.X, l.forward.Target = y.Array(), target.Array()
	y.Device().Launch(&l.forward)
	return l.loss
}

// Backward returns the gradient of y. The target has none.
func (l *ElementLoss) Backward() *tensor.Tensor {
	if l.losses == nil {
		device.Panicf("layers.%s: Backward before Forward", l.name)
	}
	dy := l.room(&l.dy, l.y, l.y.Shape()...)
	l.backward.Scale = l.forward.Scale
	l.backward.DX, l.backward.X, l.backward.Target = dy.Array(), l.y.Array(), l.target.Array()
	dy.Device().Launch(&l.backward)
	return dy
}
