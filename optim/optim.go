// Package optim is the optimizers: what turns gradients into better parameters. A step runs on the parameters' device
// and moves nothing between it and the host. Beside them are schedules of the learning rate, and when to stop.
//
// The formulas are PyTorch's, as is where epsilon stands; LR may be changed between steps. Parameters that are given
// twice, since layers share them, take one step.
package optim

import (
	"math"
	"slices"

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

// A Stateful is an optimizer whose memory of the parameters can be saved and restored, so that training goes on as if it
// had never stopped: every one of this package. What it was made with is not part of it.
type Stateful interface {
	Optimizer
	// Name is the optimizer's, such as "Adam", whose averages mean nothing to another.
	Name() string
	// Averages is how many averages it keeps of each parameter's gradients.
	Averages() int
	// State is what is known of a parameter: how many steps it took, 0 if nothing is known, and the averages, which
	// are the optimizer's own.
	State(p *layers.Param) (steps int, averages []*tensor.Tensor)
	// Restore makes the optimizer know that a parameter took so many steps, and returns the averages, for the caller to
	// set. 0 makes it forget the parameter.
	Restore(p *layers.Param, steps int) (averages []*tensor.Tensor)
}

// memory is what an optimizer knows of each parameter.
type memory struct {
	name     string
	averages int // that are kept of each parameter
	step     int
	of       map[*tensor.Tensor]*moments
}

// moments is up to two averages over the gradients of a parameter, zero in the beginning.
type moments struct {
	averages []*tensor.Tensor
	steps    int // that the parameter took
	last     int // the optimizer's step that was its last
}

// begin begins a step of the optimizer.
func (m *memory) begin() { m.step++ }

// take is what is known of p, and whether p still has to take this step.
func (m *memory) take(p *layers.Param) (*moments, bool) {
	check(p)
	known := m.know(p)
	if known.last == m.step {
		return known, false
	}
	known.last = m.step
	known.steps++
	return known, true
}

// know is what is known of p. It begins with nothing where there was no memory for the averages.
func (m *memory) know(p *layers.Param) *moments {
	known := m.of[p.Value]
	if known == nil {
		known = &moments{averages: make([]*tensor.Tensor, m.averages)}
		if m.of == nil {
			m.of = map[*tensor.Tensor]*moments{}
		}
		m.of[p.Value] = known
	}
	for i, t := range known.averages {
		if t == nil || !t.OK() {
			known.averages[i] = tensor.New(p.Value.Device(), p.Value.DType(), p.Value.Shape()...)
			known.steps = 0
		}
	}
	return known
}

// Name is what the optimizer was made as: "SGD", "Momentum", "Nesterov", "AdaGrad", "RMSprop", "Adam" or "AdamW".
func (m *memory) Name() string { return m.name }

// Averages is how many averages the optimizer keeps of each parameter's gradients: none for SGD; the velocity of Momentum
// and Nesterov; the squares of AdaGrad and RMSprop; the gradients and the squares of Adam and AdamW.
func (m *memory) Averages() int { return m.averages }

// State is how many steps a parameter took, and the averages over its gradients, which are the optimizer's own. A parameter
// that took no step has 0, and none.
func (m *memory) State(p *layers.Param) (steps int, averages []*tensor.Tensor) {
	check(p)
	known := m.of[p.Value]
	if known == nil || slices.ContainsFunc(known.averages, func(t *tensor.Tensor) bool { return !t.OK() }) {
		return 0, nil
	}
	return known.steps, known.averages
}

// Restore makes the optimizer know that a parameter took so many steps, and returns the averages over its gradients, for
// the caller to set. 0 makes it forget the parameter, and returns none.
func (m *memory) Restore(p *layers.Param, steps int) (averages []*tensor.Tensor) {
	check(p)
	if steps < 0 {
		device.Panicf("optim.%s: parameter %q took %d steps, want 0 or more", m.name, p.Name, steps)
	}
	if steps == 0 {
		if known := m.of[p.Value]; known != nil {
			known.free()
			delete(m.of, p.Value)
		}
		return nil
	}
	known := m.know(p)
	known.steps = steps
	return known.averages
}

// Free gives back the memory that the optimizer holds. What it knew of the parameters is gone.
func (m *memory) Free() {
	for _, known := range m.of {
		known.free()
	}
	clear(m.of)
}

func (known *moments) free() {
	for _, t := range known.averages {
		t.Free()
	}
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
	averages := 0
	if mu != 0 {
		averages = 1
	}
	return &SGD{LR: lr, mu: mu, nesterov: nesterov, memory: memory{name: name, averages: averages}}
}

// Step changes the parameters by their gradients.
func (o *SGD) Step(params []*layers.Param) {
	o.begin()
	for _, p := range params {
		known, todo := o.take(p)
		if !todo {
			continue
		}
		o.kernel = kernels.SGD{P: p.Value.Array(), G: p.Grad.Array(), LR: o.LR}
		if o.mu != 0 {
			o.kernel.V, o.kernel.Mu, o.kernel.Nesterov = known.averages[0].Array(), o.mu, o.nesterov
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
	return &AdaGrad{LR: lr, Eps: 1e-10, memory: memory{name: "AdaGrad", averages: 1}}
}

// Step changes the parameters by their gradients.
func (o *AdaGrad) Step(params []*layers.Param) {
	o.begin()
	for _, p := range params {
		if known, todo := o.take(p); todo {
			o.kernel = kernels.AdaGrad{P: p.Value.Array(), G: p.Grad.Array(), S: known.averages[0].Array(), LR: o.LR, Eps: o.Eps}
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
	return &RMSprop{LR: lr, Eps: 1e-8, alpha: alpha, memory: memory{name: "RMSprop", averages: 1}}
}

// Step changes the parameters by their gradients.
func (o *RMSprop) Step(params []*layers.Param) {
	o.begin()
	for _, p := range params {
		if known, todo := o.take(p); todo {
			o.kernel = kernels.RMSprop{
				P: p.Value.Array(), G: p.Grad.Array(), S: known.averages[0].Array(),
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
	return &Adam{LR: lr, Eps: 1e-8, b1: b1, b2: b2, decay: decay, memory: memory{name: name, averages: 2}}
}

// Step changes the parameters by their gradients.
func (o *Adam) Step(params []*layers.Param) {
	o.begin()
	for _, p := range params {
		if known, todo := o.take(p); todo {
			o.kernel = kernels.Adam{
				P: p.Value.Array(), G: p.Grad.Array(), M: known.averages[0].Array(), V: known.averages[1].Array(),
				LR: o.LR, Beta1: o.b1, Beta2: o.b2, Eps: o.Eps, Decay: o.decay, Step: known.steps,
			}
			p.Value.Device().Launch(&o.kernel)
		}
	}
}
