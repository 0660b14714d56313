package optim

import (
	"slices"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/tensor"
)

// A Clip keeps gradients from growing too large: it scales those of all parameters alike so that their global norm, the
// root of the sum of all squares, is at most a maximum. R. Pascanu, T. Mikolov, Y. Bengio, "On the difficulty of
// training recurrent neural networks", 2013.
//
//	norm = √Σ g²;  g *= min(1, max/(norm + 1e-6))
//
// The squares are summed in the gradients' type: float32 gradients above some 1e19 count as infinite, and become 0.
//
// If a gradient is NaN so is the norm, and then every gradient is.
type Clip struct {
	Max    float64
	square *tensor.Tensor
	once   []*tensor.Tensor // the gradients, each once
	sum    kernels.SumSquares
	scale  kernels.ClipNorm
}

// NewClip returns a Clip to a positive maximum.
func NewClip(max float64) *Clip {
	if !(max > 0) {
		device.Panicf("optim.Clip: max is %v, want it above 0", max)
	}
	return &Clip{Max: max}
}

// Clip scales the gradients. A parameter given twice counts once.
func (c *Clip) Clip(params []*layers.Param) {
	if len(params) == 0 {
		return
	}
	for _, p := range params {
		check(p)
	}
	g := params[0].Grad
	if c.square == nil || !c.square.OK() || c.square.Device() != g.Device() || c.square.DType() != g.DType() {
		c.Free()
		c.square = tensor.New(g.Device(), g.DType())
	}
	c.once = c.once[:0]
	for _, p := range params {
		if !slices.Contains(c.once, p.Grad) {
			c.once = append(c.once, p.Grad)
		}
	}
	for i, g := range c.once {
		c.sum = kernels.SumSquares{Y: c.square.Array(), X: g.Array(), Acc: i > 0}
		g.Device().Launch(&c.sum)
	}
	for _, g := range c.once {
		c.scale = kernels.ClipNorm{X: g.Array(), SumSq: c.square.Array(), Max: c.Max}
		g.Device().Launch(&c.scale)
	}
}

// Free gives back the memory that c holds. It can be used again.
func (c *Clip) Free() {
	if c.square != nil {
		c.square.Free()
		c.square = nil
	}
}

// NormSquare is the square of the norm that the last Clip found, before it scaled: a scalar on the device; nil before.
func (c *Clip) NormSquare() *tensor.Tensor { return c.square }
