package layers

import (
	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
	"github.com/keisan-go/keisan/tensor"
)

// Softmax makes the last axis of x [..., C] probabilities: y = exp(x-m) / Σ exp(x-m), m being the largest x there.
type Softmax struct {
	owned
	y, dx    *tensor.Tensor
	forward  kernels.Softmax
	backward kernels.SoftmaxGrad
}

// NewSoftmax returns the layer, with dx = y·(dy - Σ dy·y). For a loss, SoftmaxCrossEntropy is faster and more accurate.
func NewSoftmax() *Softmax { return &Softmax{} }

// Forward returns the probabilities, in the shape of x.
func (l *Softmax) Forward(x *tensor.Tensor) *tensor.Tensor {
	if x == nil || len(x.Shape()) == 0 {
		device.Panicf("layers.Softmax: x is %v, want [... C]", x)
	}
	l.input("Softmax", "x", x)
	y := l.room(&l.y, x, x.Shape()...)
	l.forward = kernels.Softmax{Y: y.Array(), X: x.Array()}
	x.Device().Launch(&l.forward)
	return y
}

// Backward returns the gradient of x.
func (l *Softmax) Backward(dy *tensor.Tensor) *tensor.Tensor {
	gradient("Softmax", dy, l.y)
	dx := l.room(&l.dx, l.y, l.y.Shape()...)
	l.backward = kernels.SoftmaxGrad{DX: dx.Array(), DY: dy.Array(), Y: l.y.Array()}
	dy.Device().Launch(&l.backward)
	return dx
}

// Params is empty.
func (l *Softmax) Params() []*Param { return nil }

// SoftmaxCrossEntropy is the mean of -log softmax(logits)[target] over the targets that count.
type SoftmaxCrossEntropy struct {
	owned
	loss, losses, p, dx *tensor.Tensor
	target              *tensor.Tensor // int32
	staged              []int32        // the targets on their way to the device
	forward             kernels.SoftmaxCrossEntropy
	backward            kernels.SoftmaxCrossEntropyGrad
}

// NewSoftmaxCrossEntropy returns the loss, with dlogits = (softmax(logits) - onehot(target)) / count.
func NewSoftmaxCrossEntropy() *SoftmaxCrossEntropy { return &SoftmaxCrossEntropy{} }

// Forward returns the mean loss in nats, a scalar, of logits [..., C] and as many targets as there are rows, in their
// order. A target is a class in [0, C), or -1 for a row that is ignored and not counted; if none counts the
// loss and its gradient are zero. Forward panics if a target is neither, and if there are no rows.
func (l *SoftmaxCrossEntropy) Forward(logits *tensor.Tensor, target []int) *tensor.Tensor {
	if logits == nil || len(logits.Shape()) == 0 {
		device.Panicf("layers.SoftmaxCrossEntropy: logits are %v, want [... C]", logits)
	}
	rows, classes := kernels.Rows(logits.Array()), kernels.Cols(logits.Array())
	if rows == 0 {
		device.Panicf("layers.SoftmaxCrossEntropy: logits are %v, an empty batch, which has no mean loss", logits)
	}
	if len(target) != rows {
		device.Panicf("layers.SoftmaxCrossEntropy: %d targets and logits %v, want %d targets", len(target), logits, rows)
	}
	l.staged = l.staged[:0]
	count := 0
	for i, c := range target {
		if c < -1 || c >= classes {
			device.Panicf("layers.SoftmaxCrossEntropy: target %d is %d, want a class in [0, %d) or -1", i, c, classes)
		}
		if c >= 0 {
			count++
		}
		l.staged = append(l.staged, int32(c))
	}
	d, shape := logits.Device(), logits.Shape()
	l.roomOf(&l.target, d, device.Int32, shape[:len(shape)-1]...)
	d.Upload(l.target.Array().Slice, device.Bytes(l.staged))

	l.forward = kernels.SoftmaxCrossEntropy{
		Loss:   l.room(&l.loss, logits).Array(),
		Losses: l.room(&l.losses, logits, shape[:len(shape)-1]...).Array(),
		P:      l.room(&l.p, logits, shape...).Array(),
		X:      logits.Array(),
		Target: l.target.Array(),
		Scale:  1 / float64(max(count, 1)),
	}
	d.Launch(&l.forward)
	return l.loss
}

// Backward returns the gradient of the logits.
func (l *SoftmaxCrossEntropy) Backward() *tensor.Tensor {
	if l.p == nil {
		device.Panicf("layers.SoftmaxCrossEntropy: Backward before Forward")
	}
	dx := l.room(&l.dx, l.p, l.p.Shape()...)
	l.backward = kernels.SoftmaxCrossEntropyGrad{DX: dx.Array(), P: l.p.Array(), Target: l.target.Array(), Scale: l.forward.Scale}
	dx.Device().Launch(&l.backward)
	return dx
}
