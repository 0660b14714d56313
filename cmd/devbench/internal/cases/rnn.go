package cases

import (
	"math"
	"math/rand/v2"
	"sync"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

var rnnKeys = []Key{
	{Name: "t", About: "steps", Default: "128"},
	{Name: "b", About: "sequences in the batch", Default: "32"},
	{Name: "i", About: "inputs", Default: "512", Like: []string{"h"}},
	{Name: "h", About: "hidden units", Default: "512", Like: []string{"i"}},
}

var rnnForward = &Family{
	Name:  "rnn_forward",
	About: "a recurrent layer over a sequence, h' = tanh(x·Wx + h·Wh + b), all steps from the input to the states",
	Ops:   "2·t·b·h·(i+h)",
	Bytes: "s·(t·b·i + 2·(t+1)·b·h + i·h + h·h + h)",
	Check: "the states against float64, in absolute terms, since they lie in ±1; the bound is 8·u·√(i+h+1)",
	Rate:  GFLOPS,
	Keys:  rnnKeys,
	elements: func(c Case) (in, out float64) {
		t, b, i, h := rnnSizes(c)
		return t*b*i + b*h + i*h + h*h + h, (t + 1) * b * h
	},
	problem: func(c Case) *Problem {
		r := newRNN(c)
		p := r.problem()
		p.load = func(l *Loaded) {
			k := r.kernel(l)
			l.launches(&k)
			l.agrees(p, map[string]device.Array{"h": k.H})
		}
		return p
	},
}

var rnnTrain = &Family{
	Name:  "rnn_train",
	About: "the same layer forward and backward: the gradients of the input, the first state, the weights and the bias",
	Ops:   "6·t·b·h·(i+h)",
	Bytes: "each operand of the two kernels, counted once for each time that one reads or writes it",
	Check: "the states as above, each gradient against float64 in units of its largest element; the bound is 8·u·√(i+h+1+t·b)",
	Rate:  GFLOPS,
	Keys:  rnnKeys,
	elements: func(c Case) (in, out float64) {
		t, b, i, h := rnnSizes(c)
		return t*b*(i+h) + b*h + i*h + h*h + h, (2*t+2)*b*h + t*b*i + i*h + h*h + h
	},
	problem: func(c Case) *Problem {
		r := newRNN(c)
		p := r.problem()
		p.load = func(l *Loaded) { r.loadTraining(l, p) }
		return p
	},
}

func rnnSizes(c Case) (t, b, i, h float64) {
	return float64(c.size("t")), float64(c.size("b")), float64(c.size("i")), float64(c.size("h"))
}

// An rnn is the operands of a recurrent layer. Weights and inputs are such that states neither saturate nor vanish, so
// no denormal number slows a device down.
type rnn struct {
	t, b, i, h          int
	x, h0, wx, wh, bias []float32
	dy                  []float32 // zero but for the rows of the batch that are checked
	rows                []int     // of the batch, that are checked: all unless that takes too long
	reference           func() (*sequence, gradients)
}

// newRecurrent is the operands of a layer with so many gates.
func newRecurrent(c Case, gates int) *rnn {
	p := &rnn{t: c.size("t"), b: c.size("b"), i: c.size("i"), h: c.size("h")}
	random := c.random()
	limit := 1 / math.Sqrt(float64(max(p.h, 1)))
	p.x = normal(random, p.t*p.b*p.i)
	p.h0 = uniform(random, p.b*p.h, 0.5)
	p.wx, p.wh = uniform(random, p.i*gates*p.h, limit), uniform(random, p.h*gates*p.h, limit)
	p.bias = uniform(random, gates*p.h, limit)
	p.rows = someOf(random, p.b, checkedProducts/max(1, p.t*gates*p.h*(p.i+p.h)))
	p.dy = make([]float32, p.t*p.b*p.h)
	for t := range p.t {
		for _, row := range p.rows {
			copy(p.dy[(t*p.b+row)*p.h:], normal(random, p.h))
		}
	}
	return p
}

func newRNN(c Case) *rnn {
	p := newRecurrent(c, 1)
	p.reference = sync.OnceValues(func() (*sequence, gradients) {
		s := &sequence{
			steps: p.t, batch: len(p.rows), inputs: p.i, hidden: p.h,
			x: p.checked(widen(p.x), p.i), wx: widen(p.wx), wh: widen(p.wh), b: widen(p.bias),
			h: make([]float64, (p.t+1)*len(p.rows)*p.h),
		}
		copy(s.h, p.checked(widen(p.h0), p.h))
		s.forward()
		return s, s.backward(p.checked(widen(p.dy), p.h))
	})
	return p
}

// checked is the rows that are checked of an array [..., B, width].
func (p *rnn) checked(v []float64, width int) []float64 {
	if len(p.rows) == p.b {
		return v
	}
	var some []float64
	for at := 0; at < len(v); at += p.b * width {
		for _, row := range p.rows {
			some = append(some, v[at+row*width:at+(row+1)*width]...)
		}
	}
	return some
}

// kernel is the forward kernel on operands loaded.
func (p *rnn) kernel(l *Loaded) kernels.RNN {
	h := l.out(p.t+1, p.b, p.h)
	first := device.Array{Slice: h.Slice.Slice(0, p.b*p.h), Shape: []int{p.b, p.h}}
	k := kernels.RNN{
		F: kernels.Tanh, H: h,
		X: l.in(p.x, p.t, p.b, p.i), Wx: l.in(p.wx, p.i, p.h), Wh: l.in(p.wh, p.h, p.h), Bias: l.in(p.bias, p.h),
	}
	l.Device.Launch(&kernels.Copy{Dst: first, Src: l.in(p.h0, p.b, p.h)})
	return k
}

func (p *rnn) loadTraining(l *Loaded, problem *Problem) {
	forward := p.kernel(l)
	backward := kernels.RNNGrad{
		F: kernels.Tanh, H: forward.H, X: forward.X, Wx: forward.Wx, Wh: forward.Wh,
		DX: l.out(p.t, p.b, p.i), DH0: l.out(p.b, p.h), DWx: l.out(p.i, p.h), DWh: l.out(p.h, p.h), DBias: l.out(p.h),
		DZ: l.array(p.t, p.b, p.h), DY: l.in(p.dy, p.t, p.b, p.h),
	}
	// The gradients of the weights are added to what is there, which is zero at the first run, the one that is checked.
	l.launches(&forward, &backward)
	l.agrees(problem, map[string]device.Array{
		"h": forward.H, "dx": backward.DX, "dh0": backward.DH0, "dwx": backward.DWx, "dwh": backward.DWh, "db": backward.DBias,
	})
}

// problem is the operands and the check, of the states alone or of the gradients too.
func (p *rnn) problem() *Problem {
	agree := func(results map[string][]float64, t device.DType) (float64, float64) {
		s, g := p.reference()
		var largest errors
		mustBe((p.t+1)*p.b*p.h, results["h"])
		for i, v := range p.checked(results["h"], p.h) {
			largest.add(v, s.h[i], 1)
		}
		terms := p.i + p.h + 1
		if results["dwh"] != nil {
			terms += p.t * p.b
			largest.addAll(p.checked(results["dx"], p.i), g.dx)
			if dh0 := results["dh0"]; dh0 != nil { // a library that has none says so
				largest.addAll(p.checked(dh0, p.h), g.dh0)
			}
			largest.addAll(results["dwx"], g.dwx)
			largest.addAll(results["dwh"], g.dwh)
			largest.addAll(results["db"], g.db)
		}
		return float64(largest), 8 * unit(t) * math.Sqrt(float64(terms))
	}
	inputs := map[string][]float32{"x": p.x, "h0": p.h0, "wx": p.wx, "wh": p.wh, "b": p.bias, "dy": p.dy}
	return &Problem{Inputs: inputs, Agree: agree}
}

func normal(random *rand.Rand, n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(random.NormFloat64())
	}
	return v
}
