// Package optim is the optimizers: what turns gradients into better parameters. A step runs on the parameters' device
// and moves nothing between it and the host.
//
// The formulas are PyTorch's, as is where epsilon stands; LR may be changed between steps. Parameters that are given
// twice, since layers share them, take one step.
package optim

import (
	"math"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/tensor"
)

// An Optimizer changes parameters by their gradients.
type Optimizer interface {
	Step(params []*layers.Param)
}

// ZeroGrad sets the gradients to zero. Since Backward adds to them, a training step begins with it.
func ZeroGrad(params []*layers.Param) {
	for _, p := range params {
		check(p)
		p.Grad.Fill(0)
	}
}

// check panics unless p is complete.
func check(p *layers.Param) {
	switch {
	case p == nil:
		device.Panicf("optim: a parameter is nil")
	case p.Value == nil:
		device.Panicf("optim: parameter %q has no value", p.Name)
	case p.Grad == nil:
		device.Panicf("optim: parameter %q has no gradient", p.Name)
	}
}

// memory is what an optimizer knows of each parameter.
type memory struct {
	step int
	of   map[*tensor.Tensor]*moments
}

// moments is up to two averages over the gradients of a parameter, zero in the beginning.
type moments struct {
	first, second *tensor.Tensor
	steps         int // that the parameter took
	last          int // the optimizer's step that was its last
}

// begin begins a step of the optimizer.
func (m *memory) begin() {
	m.step++
	if m.of == nil {
		m.of = map[*tensor.Tensor]*moments{}
	}
}

// take is what is known of p, with so many averages, and whether p still has to take this step.
func (m *memory) take(p *layers.Param, averages int) (*moments, bool) {
	check(p)
	known := m.of[p.Value]
	if known == nil {
		known = &moments{}
		m.of[p.Value] = known
	}
	if known.last == m.step {
		return known, false
	}
	known.last = m.step
	for i, t := range []**tensor.Tensor{&known.first, &known.second} {
		if i < averages && (*t == nil || !(*t).OK()) {
			*t = tensor.New(p.Value.Device(), p.Value.DType(), p.Value.Shape()...)
			known.steps = 0
		}
	}
	known.steps++
	return known, true
}

// Free gives back the memory that the optimizer holds. What it knew of the parameters is gone.
func (m *memory) Free() {
	for _, known := range m.of {
		for _, t := range []*tensor.Tensor{known.first, known.second} {
			if t != nil {
				t.Free()
			}
		}
	}
	clear(m.of)
}

// wantIn panics unless v is in [lo, hi).
func wantIn(optimizer, name string, v, lo, hi float64) {
	if !(v >= lo && v < hi) {
		if math.IsInf(hi, 1) {
			device.Panicf("optim.%s: %s is %v, want a finite number of %v or more", optimizer, name, v, lo)
		}
		device.Panicf("optim.%s: %s is %v, want it in [%v, %v)", optimizer, name, v, lo, hi)
	}
}

var inf = math.Inf(1)

// SGD is stochastic gradient descent, with a momentum if it was made so.
//
//	plain:     p -= lr·g
//	momentum:  v = mu·v + g;  p -= lr·v
//	Nesterov:  v = mu·v + g;  p -= lr·(g + mu·v)
type SGD struct {
	LR       float64
	mu       float64
	nesterov bool
	memory
	kernel kernels.SGD
}

// NewSGD returns plain gradient descent.
func NewSGD(lr float64) *SGD { return newSGD("SGD", lr, 0, false) }

// NewMomentum returns gradient descent with momentum mu in [0, 1).
func NewMomentum(lr, mu float64) *SGD { return newSGD("Momentum", lr, mu, false) }

// NewNesterov returns gradient descent with Nesterov's momentum mu in [0, 1).
func NewNesterov(lr, mu float64) *SGD { return newSGD("Nesterov", lr, mu, true) }

func newSGD(name string, lr, mu float64, nesterov bool) *SGD {
	wantIn(name, "lr", lr, 0, inf)
	wantIn(name, "mu", mu, 0, 1)
	return &SGD{LR: lr, mu: mu, nesterov: nesterov}
}

// Step changes the parameters by their gradients.
func (o *SGD) Step(params []*layers.Param) {
	o.begin()
	averages := 0
	if o.mu != 0 {
		averages = 1
	}
	for _, p := range params {
		known, todo := o.take(p, averages)
		if !todo {
			continue
		}
		o.kernel = kernels.SGD{P: p.Value.Array(), G: p.Grad.Array(), LR: o.LR}
		if o.mu != 0 {
			o.kernel.V, o.kernel.Mu, o.kernel.Nesterov = known.first.Array(), o.mu, o.nesterov
		}
		p.Value.Device().Launch(&o.kernel)
	}
}

// AdaGrad divides the step by the root of the sum of all squared gradients: J. Duchi, E. Hazan, Y. Singer, "Adaptive
// subgradient methods", 2011.
//
//	s += g²;  p -= lr·g / (√s + eps)
type AdaGrad struct {
	LR, Eps float64 // Eps is 1e-10
	memory
	kernel kernels.AdaGrad
}

// NewAdaGrad returns the optimizer with this learning rate.
func NewAdaGrad(lr float64) *AdaGrad {
	wantIn("AdaGrad", "lr", lr, 0, inf)
	return &AdaGrad{LR: lr, Eps: 1e-10}
}

// Step changes the parameters by their gradients.
func (o *AdaGrad) Step(params []*layers.Param) {
	o.begin()
	for _, p := range params {
		if known, todo := o.take(p, 1); todo {
			o.kernel = kernels.AdaGrad{P: p.Value.Array(), G: p.Grad.Array(), S: known.first.Array(), LR: o.LR, Eps: o.Eps}
			p.Value.Device().Launch(&o.kernel)
		}
	}
}

// RMSprop divides the step by the root of a decaying mean of the squared gradients: G. Hinton's lecture 6e, 2012.
//
//	s = alpha·s + (1-alpha)·g²;  p -= lr·g / (√s + eps)
type RMSprop struct {
	LR, Eps float64 // Eps is 1e-8
	alpha   float64
	memory
	kernel kernels.RMSprop
}

// NewRMSprop returns the optimizer with this learning rate and decay alpha in [0, 1); 0.99 is usual.
func NewRMSprop(lr, alpha float64) *RMSprop {
	wantIn("RMSprop", "lr", lr, 0, inf)
	wantIn("RMSprop", "alpha", alpha, 0, 1)
	return &RMSprop{LR: lr, Eps: 1e-8, alpha: alpha}
}

// Step changes the parameters by their gradients.
func (o *RMSprop) Step(params []*layers.Param) {
	o.begin()
	for _, p := range params {
		if known, todo := o.take(p, 1); todo {
			o.kernel = kernels.RMSprop{
				P: p.Value.Array(), G: p.Grad.Array(), S: known.first.Array(),
				LR: o.LR, Alpha: o.alpha, Eps: o.Eps,
			}
			p.Value.Device().Launch(&o.kernel)
		}
	}
}

// Adam divides a decaying mean of the gradients by the root of one of their squares, both corrected for their beginning
// at zero: D. Kingma, J. Ba, "Adam: a method for stochastic optimization", 2015. AdamW shrinks the parameters first:
// I. Loshchilov, F. Hutter, "Decoupled weight decay regularization", 2019. Here t counts the steps from 1.
//
//	p -= lr·decay·p                                                     (AdamW)
//	m = b1·m + (1-b1)·g;  v = b2·v + (1-b2)·g²
//	p -= lr/(1-b1ᵗ) · m / (√v/√(1-b2ᵗ) + eps)
type Adam struct {
	LR, Eps       float64 // Eps is 1e-8
	b1, b2, decay float64
	memory
	kernel kernels.Adam
}

// NewAdam returns the optimizer with this learning rate and decays b1 and b2 in [0, 1); 0.9 and 0.999 are usual.
func NewAdam(lr, b1, b2 float64) *Adam { return newAdam("Adam", lr, b1, b2, 0) }

// NewAdamW returns Adam with decoupled weight decay; 0.01 is usual.
func NewAdamW(lr, b1, b2, decay float64) *Adam { return newAdam("AdamW", lr, b1, b2, decay) }

func newAdam(name string, lr, b1, b2, decay float64) *Adam {
	wantIn(name, "lr", lr, 0, inf)
	wantIn(name, "b1", b1, 0, 1)
	wantIn(name, "b2", b2, 0, 1)
	wantIn(name, "decay", decay, 0, inf)
	return &Adam{LR: lr, Eps: 1e-8, b1: b1, b2: b2, decay: decay}
}

// Step changes the parameters by their gradients.
func (o *Adam) Step(params []*layers.Param) {
	o.begin()
	for _, p := range params {
		if known, todo := o.take(p, 2); todo {
			o.kernel = kernels.Adam{
				P: p.Value.Array(), G: p.Grad.Array(), M: known.first.Array(), V: known.second.Array(),
				LR: o.LR, Beta1: o.b1, Beta2: o.b2, Eps: o.Eps, Decay: o.decay, Step: known.steps,
			}
			p.Value.Device().Launch(&o.kernel)
		}
	}
}
