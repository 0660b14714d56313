package layers

import (
	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
	"github.com/keisan-go/keisan/tensor"
)

// Activation applies a function to each element of a tensor of any shape.
type Activation struct {
	owned
	name     string
	y, dx    *tensor.Tensor
	forward  kernels.Activate
	backward kernels.ActivateGrad
}

// NewSigmoid returns y = 1/(1+exp(-x)), with dx = dy·y·(1-y).
func NewSigmoid() *Activation { return newActivation("Sigmoid", kernels.Sigmoid) }

// NewTanh returns y = tanh x, with dx = dy·(1-y²).
func NewTanh() *Activation { return newActivation("Tanh", kernels.Tanh) }

// NewReLU returns y = max(x, 0), with dx = dy where y > 0, and 0 elsewhere.
func NewReLU() *Activation { return newActivation("ReLU", kernels.ReLU) }

func newActivation(name string, f kernels.Activation) *Activation {
	return &Activation{name: name, forward: kernels.Activate{F: f}, backward: kernels.ActivateGrad{F: f}}
}

// Forward returns f(x), in the shape of x.
func (l *Activation) Forward(x *tensor.Tensor) *tensor.Tensor {
	if x == nil {
		device.Panicf("layers.%s: x is nil", l.name)
	}
	l.input(l.name, "x", x)
	y := l.room(&l.y, x, x.Shape()...)
	l.forward.Y, l.forward.X = y.Array(), x.Array()
	x.Device().Launch(&l.forward)
	return y
}

// after returns f(y) for the y that a makes of x, in one pass: Forward of both layers, which has the same bits.
func (l *Activation) after(a *Affine, x *tensor.Tensor) *tensor.Tensor {
	a.begin(x)
	if l.owns(x) { // and would write where the product reads
		return l.Forward(a.Forward(x))
	}
	return a.run(x, l.room(&l.y, x, a.shape...), l.forward.F)
}

// Backward returns the gradient of x.
func (l *Activation) Backward(dy *tensor.Tensor) *tensor.Tensor {
	gradient(l.name, dy, l.y)
	dx := l.room(&l.dx, l.y, l.y.Shape()...)
	l.backward.DX, l.backward.DY, l.backward.Y = dx.Array(), dy.Array(), l.y.Array()
	dy.Device().Launch(&l.backward)
	return dx
}

// Params is empty.
func (l *Activation) Params() []*Param { return nil }
