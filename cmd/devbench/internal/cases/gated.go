package cases

import (
	"math"
	"sync"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

var lstmForward = gatedFamily("lstm_forward", 4, false,
	"a layer of long short-term memory over a sequence, all steps from the input to the states")

var lstmTrain = gatedFamily("lstm_train", 4, true,
	"the same layer forward and backward: the gradients of the input, the first states, the weights and the bias")

var gruForward = gatedFamily("gru_forward", 3, false,
	"a layer of gated recurrent units over a sequence, the reset after the product, all steps from the input to the states")

var gruTrain = gatedFamily("gru_train", 3, true,
	"the same layer forward and backward: the gradients of the input, the first state, the weights and the biases")

// gatedFamily is the cases of an LSTM, which has four gates, or a GRU, which has three.
func gatedFamily(name string, gates int, train bool, about string) *Family {
	f := &Family{
		Name: name, About: about, Rate: GFLOPS, Keys: rnnKeys,
		Ops:   map[int]string{3: "6·t·b·h·(i+h)", 4: "8·t·b·h·(i+h)"}[gates],
		Bytes: "each operand of the kernels, counted once for each time that one reads or writes it",
		Check: "the states against float64, in absolute terms; the bound is 16·u·√(i+h+1)",
		elements: func(c Case) (in, out float64) {
			t, b, i, h := rnnSizes(c)
			weights := float64(gates) * h * (i + h + 2)
			in, out = t*b*i+2*b*h+weights, (2*t+2)*b*h+float64(gates)*t*b*h
			if train {
				in, out = in+t*b*h, out+t*b*i+float64(gates+1)*t*b*h+2*b*h+weights
			}
			return in, out
		},
		problem: func(c Case) *Problem {
			p := newGated(c, gates)
			problem := p.problem(train)
			problem.load = func(l *Loaded) { p.load(l, problem, train) }
			return problem
		},
	}
	if train {
		f.Ops = map[int]string{3: "18·t·b·h·(i+h)", 4: "24·t·b·h·(i+h)"}[gates]
		f.Check = "the states as above, each gradient against float64 in units of its largest element; the bound is 16·u·√(i+h+1+t·b)"
	}
	return f
}

// A gated is the operands of an LSTM or a GRU, made like an rnn's.
type gated struct {
	*rnn
	gates     int
	c0, bh    []float32 // the initial cells of an LSTM, the second bias of a GRU
	reference func() (*gatedSequence, gradients)
}

func newGated(c Case, gates int) *gated {
	p := &gated{rnn: newRecurrent(c, gates), gates: gates}
	random := c.random()
	if gates == 4 {
		p.c0 = uniform(random, p.b*p.h, 0.5)
	} else {
		p.bh = uniform(random, 3*p.h, 1/math.Sqrt(float64(max(p.h, 1))))
	}
	p.reference = sync.OnceValues(func() (*gatedSequence, gradients) {
		s := &gatedSequence{
			gates: gates, steps: p.t, batch: len(p.rows), inputs: p.i, hidden: p.h,
			x: p.checked(widen(p.x), p.i), wx: widen(p.wx), wh: widen(p.wh), b: widen(p.bias), bh: widen(p.bh),
			h0: p.checked(widen(p.h0), p.h), c0: p.checked(widen(p.c0), p.h),
		}
		s.forward()
		return s, s.backward(p.checked(widen(p.dy), p.h))
	})
	return p
}

func (p *gated) load(l *Loaded, problem *Problem, train bool) {
	h, width := l.out(p.t+1, p.b, p.h), p.gates*p.h
	first := func(of device.Array, values []float32) {
		row := device.Array{Slice: of.Slice.Slice(0, p.b*p.h), Shape: []int{p.b, p.h}}
		l.Device.Launch(&kernels.Copy{Dst: row, Src: l.in(values, p.b, p.h)})
	}
	first(h, p.h0)
	x, wx, wh := l.in(p.x, p.t, p.b, p.i), l.in(p.wx, p.i, width), l.in(p.wh, p.h, width)
	b, gates := l.in(p.bias, width), l.array(p.t, p.b, width)
	results := map[string]device.Array{"h": h}
	var dy, dz device.Array
	if train {
		// The gradients of the weights are added to what is there, which is zero at the first run, the one that is checked.
		dy, dz = l.in(p.dy, p.t, p.b, p.h), l.array(p.t, p.b, width)
		results["dx"], results["dh0"], results["db"] = l.out(p.t, p.b, p.i), l.out(p.b, p.h), l.out(width)
		results["dwx"], results["dwh"] = l.out(p.i, width), l.out(p.h, width)
	}
	var forward, backward device.Kernel
	if p.gates == 4 {
		c := l.array(p.t+1, p.b, p.h)
		first(c, p.c0)
		if train {
			results["dc0"] = l.out(p.b, p.h)
		}
		forward = &kernels.LSTM{H: h, C: c, Gates: gates, X: x, Wx: wx, Wh: wh, Bias: b}
		backward = &kernels.LSTMGrad{
			DX: results["dx"], DH0: results["dh0"], DC0: results["dc0"], DWx: results["dwx"], DWh: results["dwh"], DBias: results["db"],
			DZ: dz, DY: dy, H: h, C: c, Gates: gates, X: x, Wx: wx, Wh: wh}
	} else {
		q, bh := l.array(p.t, p.b, p.h), l.in(p.bh, width)
		var dq device.Array
		if train {
			dq, results["dbh"] = l.array(p.t, p.b, p.h), l.out(width)
		}
		forward = &kernels.GRU{H: h, Gates: gates, Q: q, X: x, Wx: wx, Wh: wh, BX: b, BH: bh}
		backward = &kernels.GRUGrad{
			DX: results["dx"], DH0: results["dh0"], DWx: results["dwx"], DWh: results["dwh"], DBX: results["db"], DBH: results["dbh"],
			DZ: dz, DQ: dq, DY: dy, H: h, Gates: gates, Q: q, X: x, Wx: wx, Wh: wh}
	}
	if train {
		l.launches(forward, backward)
	} else {
		l.launches(forward)
	}
	l.agrees(problem, results)
}

// problem is the operands and the check, of the states alone or of the gradients too.
func (p *gated) problem(train bool) *Problem {
	agree := func(results map[string][]float64, t device.DType) (float64, float64) {
		s, g := p.reference()
		var largest errors
		mustBe((p.t+1)*p.b*p.h, results["h"])
		for i, v := range p.checked(results["h"], p.h) {
			largest.add(v, s.h[i], 1)
		}
		terms := p.i + p.h + 1
		if train {
			terms += p.t * p.b
			largest.addAll(p.checked(results["dx"], p.i), g.dx)
			largest.addAll(p.checked(results["dh0"], p.h), g.dh0)
			largest.addAll(results["dwx"], g.dwx)
			largest.addAll(results["dwh"], g.dwh)
			largest.addAll(results["db"], g.db)
			if p.gates == 4 {
				largest.addAll(p.checked(results["dc0"], p.h), s.dc0)
			} else {
				largest.addAll(results["dbh"], s.dbh)
			}
		}
		return float64(largest), 16 * unit(t) * math.Sqrt(float64(terms))
	}
	inputs := map[string][]float32{"x": p.x, "h0": p.h0, "wx": p.wx, "wh": p.wh, "b": p.bias, "dy": p.dy}
	if p.gates == 4 {
		inputs["c0"] = p.c0
	} else {
		inputs["bh"] = p.bh
	}
	return &Problem{Inputs: inputs, Agree: agree}
}

// A gatedSequence is an LSTM, which has four gates, or a GRU, which has three, over time for some rows of a batch.
type gatedSequence struct {
	gates, steps, batch, inputs, hidden int

	x             []float64 // [T, B, I]
	wx, wh, b, bh []float64 // bh only of a GRU
	h0, c0, h, c  []float64 // [B, H] and [T+1, B, H]; c only of an LSTM
	z, q          []float64 // [T, B, gates·H], gates after their functions; q [T, B, H], what a GRU resets
	dc0, dbh      []float64
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func (s *gatedSequence) forward() {
	n, width, row, rows := s.hidden, s.gates*s.hidden, s.batch*s.hidden, s.steps*s.batch
	s.h, s.c = make([]float64, (s.steps+1)*row), make([]float64, (s.steps+1)*row)
	copy(s.h, s.h0)
	copy(s.c, s.c0)
	s.z, s.q = make([]float64, rows*width), make([]float64, rows*n)
	for i := range rows {
		copy(s.z[i*width:(i+1)*width], s.b)
	}
	product(false, false, rows, width, s.inputs, s.x, s.wx, s.z)
	of := make([]float64, s.batch*width) // the state
	for t := range s.steps {
		clear(of)
		for i := range s.batch {
			copy(of[i*width:(i+1)*width], s.bh)
		}
		product(false, false, s.batch, width, n, s.h[t*row:], s.wh, of)
		for i := range s.batch {
			z, of := s.z[(t*s.batch+i)*width:], of[i*width:]
			for j := range n {
				at := t*row + i*n + j
				if s.gates == 4 {
					in, forget, out := sigmoid(z[j]+of[j]), sigmoid(z[n+j]+of[n+j]), sigmoid(z[3*n+j]+of[3*n+j])
					new := math.Tanh(z[2*n+j] + of[2*n+j])
					s.c[at+row] = forget*s.c[at] + in*new
					s.h[at+row] = out * math.Tanh(s.c[at+row])
					z[j], z[n+j], z[2*n+j], z[3*n+j] = in, forget, new, out
					continue
				}
				reset, update := sigmoid(z[j]+of[j]), sigmoid(z[n+j]+of[n+j])
				s.q[at] = of[2*n+j]
				new := math.Tanh(z[2*n+j] + reset*s.q[at])
				s.h[at+row] = (1-update)*new + update*s.h[at]
				z[j], z[n+j], z[2*n+j] = reset, update, new
			}
		}
	}
}

// backward is the gradients, given that of h[1:], dy [T, B, H].
func (s *gatedSequence) backward(dy []float64) gradients {
	n, width, row, rows := s.hidden, s.gates*s.hidden, s.batch*s.hidden, s.steps*s.batch
	g := gradients{
		dx: make([]float64, rows*s.inputs), dh0: make([]float64, row),
		dwx: make([]float64, s.inputs*width), dwh: make([]float64, n*width), db: make([]float64, width),
	}
	s.dc0, s.dbh = make([]float64, row), make([]float64, width)
	dz := make([]float64, rows*width)
	of := dz // of what the gates get of the state, which a GRU resets
	if s.gates == 3 {
		of = make([]float64, rows*width)
	}
	for t := s.steps - 1; t >= 0; t-- {
		for i := range s.batch {
			at := (t*s.batch + i) * width
			z, dz, of := s.z[at:], dz[at:], of[at:]
			for j := range n {
				k, at := i*n+j, t*row+i*n+j
				dh := g.dh0[k] + dy[at]
				if s.gates == 4 {
					in, forget, new, out, y := z[j], z[n+j], z[2*n+j], z[3*n+j], math.Tanh(s.c[at+row])
					dc := s.dc0[k] + dh*out*(1-y*y)
					dz[j], dz[n+j] = dc*new*in*(1-in), dc*s.c[at]*forget*(1-forget)
					dz[2*n+j], dz[3*n+j] = dc*in*(1-new*new), dh*y*out*(1-out)
					s.dc0[k], g.dh0[k] = dc*forget, 0
					continue
				}
				reset, update, new := z[j], z[n+j], z[2*n+j]
				d := dh * (1 - update) * (1 - new*new)
				dz[j], dz[n+j], dz[2*n+j] = d*s.q[at]*reset*(1-reset), dh*(s.h[at]-new)*update*(1-update), d
				of[j], of[n+j], of[2*n+j] = dz[j], dz[n+j], d*reset
				g.dh0[k] = dh * update
			}
		}
		product(false, true, s.batch, n, width, of[t*s.batch*width:], s.wh, g.dh0)
	}
	product(false, true, rows, s.inputs, width, dz, s.wx, g.dx)
	product(true, false, s.inputs, width, rows, s.x, dz, g.dwx)
	product(true, false, n, width, rows, s.h, of, g.dwh)
	for i, v := range dz {
		g.db[i%width] += v
		s.dbh[i%width] += of[i]
	}
	return g
}
