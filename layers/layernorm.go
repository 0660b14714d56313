package layers

import (
	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
	"github.com/keisan-go/keisan/tensor"
)

// LayerNorm gives each row of x [..., C], along the last axis, mean 0 and variance 1, and then gamma [C] and beta [C] their
// say: y = (x-mean)/√(variance+eps)·gamma + beta, the variance being the mean of (x-mean)². In an evaluation it is the same.
type LayerNorm struct {
	owned
	gamma, beta *Param
	params      []*Param
	eps         float64

	x, y, mean, rstd, dx *tensor.Tensor
	forward              kernels.LayerNorm
	backward             kernels.LayerNormGrad
}

// NewLayerNorm returns the layer of gamma [C], which begins as ones, beta [C], which begins as zeros, and an eps that keeps
// rows of equal numbers from a division by 0: 1e-5 in PyTorch.
func NewLayerNorm(gamma, beta *tensor.Tensor, eps float64) *LayerNorm {
	const name = "LayerNorm"
	l := &LayerNorm{gamma: newParam(name, "gamma", gamma), eps: eps}
	if len(gamma.Shape()) != 1 {
		device.Panicf("layers.LayerNorm: gamma is %v, want [C]", gamma)
	}
	compatible(name, "beta", beta, "gamma", gamma)
	if c := gamma.Shape()[0]; len(beta.Shape()) != 1 || beta.Shape()[0] != c {
		device.Panicf("layers.LayerNorm: beta is %v and gamma is %v, want beta [%d]", beta, gamma, c)
	}
	if !(eps >= 0) {
		device.Panicf("layers.LayerNorm: eps is %v, want 0 or more", eps)
	}
	l.beta = newParam(name, "beta", beta)
	l.params = []*Param{l.gamma, l.beta}
	return l
}

// Forward returns the rows of x [..., C], normalized.
func (l *LayerNorm) Forward(x *tensor.Tensor) *tensor.Tensor {
	gamma := l.gamma.Value
	compatible("LayerNorm", "x", x, "gamma", gamma)
	l.input("LayerNorm", "x", x)
	last := len(x.Shape()) - 1
	if last < 0 || x.Shape()[last] != gamma.Shape()[0] {
		device.Panicf("layers.LayerNorm: x is %v and gamma is %v, want x [... %d]", x, gamma, gamma.Shape()[0])
	}
	l.x = x
	y := l.room(&l.y, x, x.Shape()...)
	l.forward = kernels.LayerNorm{
		Eps:   l.eps,
		Y:     y.Array(),
		Mean:  l.room(&l.mean, x, x.Shape()[:last]...).Array(),
		RStd:  l.room(&l.rstd, x, x.Shape()[:last]...).Array(),
		X:     x.Array(),
		Gamma: gamma.Array(),
		Beta:  l.beta.Value.Array(),
	}
	x.Device().Launch(&l.forward)
	return y
}

// Backward adds to the gradients of gamma and beta, and returns that of x.
func (l *LayerNorm) Backward(dy *tensor.Tensor) *tensor.Tensor {
	gradient("LayerNorm", dy, l.y)
	dx := l.room(&l.dx, l.x, l.x.Shape()...)
	l.backward = kernels.LayerNormGrad{
		DX:     dx.Array(),
		DGamma: l.gamma.Grad.Array(),
		DBeta:  l.beta.Grad.Array(),
		DY:     dy.Array(),
		X:      l.x.Array(),
		Mean:   l.mean.Array(),
		RStd:   l.rstd.Array(),
		Gamma:  l.gamma.Value.Array(),
	}
	dy.Device().Launch(&l.backward)
	return dx
}

// Params is gamma and beta.
func (l *LayerNorm) Params() []*Param { return l.params }
