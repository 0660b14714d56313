package layertest

import (
	"fmt"
	"math"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/optim"
	"github.com/keisan-go/keisan/tensor"
)

// A rule is what an optimizer does to one number p with gradient g. It keeps its own averages.
type rule func(p, g, lr float64) float64

// optimizers is each optimizer with its learning rate, and rules that do the same.
var optimizers = []struct {
	name string
	make func() (o optim.Optimizer, lr *float64)
	rule func() rule
}{
	{"SGD", func() (optim.Optimizer, *float64) { o := optim.NewSGD(1); return o, &o.LR }, sgd},
	{"Momentum", func() (optim.Optimizer, *float64) { o := optim.NewMomentum(1, 0.9); return o, &o.LR }, momentum(0.9, false)},
	{"Nesterov", func() (optim.Optimizer, *float64) { o := optim.NewNesterov(1, 0.9); return o, &o.LR }, momentum(0.9, true)},
	{"AdaGrad", func() (optim.Optimizer, *float64) { o := optim.NewAdaGrad(1); return o, &o.LR }, adaGrad},
	{"RMSprop", func() (optim.Optimizer, *float64) { o := optim.NewRMSprop(1, 0.99); return o, &o.LR }, rmsprop(0.99)},
	{"Adam", func() (optim.Optimizer, *float64) { o := optim.NewAdam(1, 0.9, 0.999); return o, &o.LR }, adam(0.9, 0.999, 0)},
	{"Adam/b1=0", func() (optim.Optimizer, *float64) { o := optim.NewAdam(1, 0, 0.99); return o, &o.LR }, adam(0, 0.99, 0)},
	{"AdamW", func() (optim.Optimizer, *float64) { o := optim.NewAdamW(1, 0.9, 0.999, 0.1); return o, &o.LR }, adam(0.9, 0.999, 0.1)},
}

// The rules are the algorithms in the documentation of torch.optim, line by line, without what Keisan does not have.

func sgd() rule {
	return func(p, g, lr float64) float64 { return p - lr*g }
}

func momentum(mu float64, nesterov bool) func() rule {
	return func() rule {
		b, t := 0.0, 0
		return func(p, g, lr float64) float64 {
			if t++; t > 1 {
				b = mu*b + g
			} else {
				b = g
			}
			if nesterov {
				g += mu * b
			} else {
				g = b
			}
			return p - lr*g
		}
	}
}

func adaGrad() rule {
	sum := 0.0
	return func(p, g, lr float64) float64 {
		sum += g * g
		return p - lr*g/(math.Sqrt(sum)+1e-10)
	}
}

func rmsprop(alpha float64) func() rule {
	return func() rule {
		v := 0.0
		return func(p, g, lr float64) float64 {
			v = alpha*v + (1-alpha)*g*g
			return p - lr*g/(math.Sqrt(v)+1e-8)
		}
	}
}

func adam(b1, b2, decay float64) func() rule {
	return func() rule {
		m, v, t := 0.0, 0.0, 0.0
		return func(p, g, lr float64) float64 {
			t++
			p -= lr * decay * p
			m = b1*m + (1-b1)*g
			v = b2*v + (1-b2)*g*g
			mHat, vHat := m/(1-math.Pow(b1, t)), v/(1-math.Pow(b2, t))
			return p - lr*mHat/(math.Sqrt(vHat)+1e-8)
		}
	}
}

// formulas holds a dozen steps of each optimizer, each with another learning rate, against its rule. Some gradients are
// as small as the epsilons, so that it matters where these stand, and some are 0.
func formulas(e *env) {
	const n, times = 300, 12
	for _, c := range optimizers {
		e.Run(c.name, func(e *env) {
			o, lr := c.make()
			p := e.normal(n)
			param := &layers.Param{Name: "p", Value: p, Grad: p.Grad()}
			want, rules, bounds := e.values(p), make([]rule, n), make([]float64, n)
			for i := range rules {
				rules[i] = c.rule()
			}
			for step := range times {
				*lr = 0.1 / float64(1+step)
				g := e.values(e.normal(n))
				for i := range g {
					g[i] *= math.Pow(10, float64(-i%12))
					if i%29 == 0 {
						g[i] = 0
					}
				}
				e.set(param.Grad, g)
				o.Step([]*layers.Param{param})
				for i, g := range e.values(param.Grad) {
					want[i] = rules[i](want[i], g, *lr)
					bounds[i] = float64(2*(step+1)) * e.epsilon() * max(1, math.Abs(want[i]))
				}
				e.within(fmt.Sprintf("the parameter after step %d", step+1), p, want, bounds)
			}
		})
	}
}

// clip holds the clipping of the global norm against its formula.
func clip(e *env) {
	params := make([]*layers.Param, 3)
	var values [][]float64
	square := 0.0
	for i, shape := range [][]int{{4000, 5}, {7}, {}} { // more than any device sums at once
		p := e.tensor(make([]float64, size(shape)), shape...)
		params[i] = &layers.Param{Value: p, Grad: p.Grad()}
		p.Grad().Copy(e.normal(shape...))
		values = append(values, e.values(p.Grad()))
		for _, g := range values[i] {
			square += g * g
		}
	}
	norm := math.Sqrt(square)
	twice := append(params, params[0]) // which counts once

	large := optim.NewClip(2 * norm)
	if large.NormSquare() != nil {
		e.Error("there is a norm before Clip")
	}
	large.Clip(twice)
	e.near("the norm's square", large.NormSquare(), []float64{square}, 8)
	for i, p := range params {
		e.same("a gradient within the norm", p.Grad, values[i])
	}

	const limit = 0.5
	small := optim.NewClip(limit)
	small.Clip(twice)
	for i, p := range params {
		for j := range values[i] {
			values[i][j] *= limit / (norm + 1e-6)
		}
		e.near("a gradient beyond the norm", p.Grad, values[i], 8)
	}
	small.Clip(params)
	e.near("the norm's square of what is clipped", small.NormSquare(), []float64{math.Pow(limit*norm/(norm+1e-6), 2)}, 8)

	params[1].Grad.Slice(3, 4).Fill(math.NaN()) // one NaN spoils all, so that it cannot go unseen
	small.Clip(params)
	for i, p := range params {
		for j := range values[i] {
			values[i][j] = math.NaN()
		}
		e.same("a gradient beside one of NaN", p.Grad, values[i])
	}
	small.Clip(nil)
}

// A counting device counts the bytes that move between it and the host.
type counting struct {
	device.Device
	up, down int
}

func (d *counting) Upload(dst device.Slice, src []byte) {
	d.up += len(src)
	d.Device.Upload(dst, src)
}

func (d *counting) Download(dst []byte, src device.Slice) error {
	d.down += len(dst)
	return d.Device.Download(dst, src)
}

// transfers counts what a training step moves between host and device: the inputs, the lengths for three recurrent layers, the
// targets, and what is read.
func transfers(e *env) {
	for _, c := range optimizers {
		e.Run(c.name, func(e *env) {
			d := &counting{Device: e.d}
			e = e.with(d, e.dtype)
			o, _ := c.make()
			m := newModel(e, o)
			x, target := e.normal(3, 2, 3), targets(6)
			batch := make([]float32, x.Len())
			d.up, d.down = 0, 0
			for range 3 {
				tensor.Set(x, batch)
				loss := m.gradients(x, target)
				m.step()
				if up := 4*len(batch) + 3*4*x.Shape()[1] + 4*len(target); d.up != up || d.down != 0 {
					e.Errorf("a step moves %d bytes to the device and %d back, want %d and 0", d.up, d.down, up)
				}
				if _, err := tensor.Values[float32](loss); err != nil || d.down != 4 {
					e.Errorf("reading the loss moves %d bytes, want 4; error %v", d.down, err)
				}
				d.up, d.down = 0, 0
			}
		})
	}
}
