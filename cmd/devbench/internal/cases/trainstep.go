package cases

import (
	"math"
	"sync"
	"time"

	"github.com/keisan-go/keisan/cmd/devbench/internal/trace"
	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/optim"
	"github.com/keisan-go/keisan/tensor"
)

var trainStep = &Family{
	Name:  "train_step",
	About: "a whole training step: gradients to zero, forward, loss, backward, Adam. net=digits is 64-256-10 with ReLU, on pictures of digits; net=charrnn is a recurrent layer of 256 over 16 characters out of 96, its gradients clipped",
	Ops:   "the sum over all kernels of the step",
	Bytes: "the sum over all kernels of the step",
	Check: "loss and gradients against float64, each in units of its largest element; the bound is 8·u·√(terms of the longest sum)",
	Rate:  GFLOPS,
	Keys: []Key{
		{Name: "net", About: "the network", Choices: []string{"digits", "charrnn"}, Default: "digits"},
		{Name: "b", About: "examples in the batch", Default: "32"},
	},
	elements: func(c Case) (in, out float64) {
		n := NewNet(c.text("net"), 0)
		rows := float64(n.steps) * float64(c.size("b"))
		weights := float64(n.inputs*n.hidden + n.hidden*n.hidden + n.hidden*n.classes)
		return rows*float64(n.inputs) + weights, 3*weights + rows*float64(5*n.hidden+4*n.classes)
	},
	problem: newTrainStep,
}

// A Net is one of the networks that are trained, with a batch of made-up examples for it.
type Net struct {
	steps, batch, inputs, hidden, classes int

	x      []float32 // [steps·batch, inputs]
	target []int
	// The weights and biases: into the hidden layer; of a recurrent one, nil where it is none; out of it.
	wx, wh, b, wy, by []float32
}

// NewNet is the network of that name, "digits" or "charrnn", for a batch of that size.
func NewNet(name string, batch int) *Net {
	if name == "charrnn" {
		return &Net{steps: 16, batch: batch, inputs: 96, hidden: 256, classes: 96}
	}
	return &Net{steps: 1, batch: batch, inputs: 64, hidden: 256, classes: 10}
}

func (n *Net) recurrent() bool { return n.steps > 1 }

// Fill makes up the examples and the weights.
func (n *Net) Fill(c Case) *Net {
	random := c.random()
	rows := n.steps * n.batch
	n.x = make([]float32, rows*n.inputs)
	for i := range rows {
		n.target = append(n.target, random.IntN(n.classes))
		if n.recurrent() {
			n.x[i*n.inputs+random.IntN(n.inputs)] = 1
		} else {
			copy(n.x[i*n.inputs:], uniform(random, n.inputs, 1))
		}
	}
	limit := func(inputs int) float64 { return 1 / math.Sqrt(float64(inputs)) }
	n.wx, n.b = uniform(random, n.inputs*n.hidden, limit(n.inputs)), uniform(random, n.hidden, limit(n.hidden))
	if n.recurrent() {
		n.wh = uniform(random, n.hidden*n.hidden, limit(n.hidden))
	}
	n.wy, n.by = uniform(random, n.hidden*n.classes, limit(n.hidden)), uniform(random, n.classes, limit(n.hidden))
	return n
}

// A Trainer is a net on a device.
type Trainer struct {
	net    *Net
	rnn    *layers.RNN
	layers *layers.Sequential
	loss   *layers.SoftmaxCrossEntropy
	clip   *optim.Clip
	adam   *optim.Adam
	x      *tensor.Tensor
	mean   *tensor.Tensor
}

// NewTrainer puts the net and its examples on a device.
func NewTrainer(d device.Device, t device.DType, n *Net) *Trainer {
	from := func(values []float32, shape ...int) *tensor.Tensor {
		if t == device.Float64 {
			return tensor.From(d, widen(values), shape...)
		}
		return tensor.From(d, values, shape...)
	}
	tr := &Trainer{net: n, loss: layers.NewSoftmaxCrossEntropy(), clip: optim.NewClip(1), adam: optim.NewAdam(0.001, 0.9, 0.999)}
	wx, b := from(n.wx, n.inputs, n.hidden), from(n.b, n.hidden)
	out := layers.NewAffine(from(n.wy, n.hidden, n.classes), from(n.by, n.classes))
	if n.recurrent() {
		tr.rnn = layers.NewRNN(wx, from(n.wh, n.hidden, n.hidden), b)
		tr.layers = layers.NewSequential(tr.rnn, out)
		tr.x = from(n.x, n.steps, n.batch, n.inputs)
	} else {
		tr.layers = layers.NewSequential(layers.NewAffine(wx, b), layers.NewReLU(), out)
		tr.x = from(n.x, n.batch, n.inputs)
	}
	tr.layers.SkipInputGrad()
	return tr
}

// Step is a training step.
func (tr *Trainer) Step() {
	if tr.rnn != nil {
		tr.rnn.ResetState()
	}
	optim.ZeroGrad(tr.layers.Params())
	tr.mean = tr.loss.Forward(tr.layers.Forward(tr.x), tr.net.target)
	tr.layers.Backward(tr.loss.Backward())
	if tr.rnn != nil {
		tr.clip.Clip(tr.layers.Params())
	}
	tr.adam.Step(tr.layers.Params())
}

// reference is the loss and the gradients of the parameters in the order of the layers' Params, in float64.
func (n *Net) reference() (loss float64, grads [][]float64) {
	rows := n.steps * n.batch
	s := &sequence{
		relu: !n.recurrent(), steps: n.steps, batch: n.batch, inputs: n.inputs, hidden: n.hidden,
		x: widen(n.x), wx: widen(n.wx), b: widen(n.b), wh: make([]float64, n.hidden*n.hidden),
		h: make([]float64, (n.steps+1)*n.batch*n.hidden),
	}
	copy(s.wh, widen(n.wh)) // a layer that is not recurrent is a sequence of one step from a state of zero
	s.forward()
	h, wy := s.h[n.batch*n.hidden:], widen(n.wy)
	logits := make([]float64, 0, rows*n.classes)
	for range rows {
		logits = append(logits, widen(n.by)...)
	}
	product(false, false, rows, n.classes, n.hidden, h, wy, logits)
	loss = crossEntropy(logits, n.classes, n.target)

	dh, dwy, dby := make([]float64, rows*n.hidden), make([]float64, len(wy)), make([]float64, n.classes)
	product(false, true, rows, n.hidden, n.classes, logits, wy, dh)
	product(true, false, n.hidden, n.classes, rows, h, logits, dwy)
	for i, v := range logits {
		dby[i%n.classes] += v
	}
	g := s.backward(dh)
	if n.recurrent() {
		grads = [][]float64{g.dwx, g.dwh, g.db, dwy, dby}
		clip(grads)
		return loss, grads
	}
	return loss, [][]float64{g.dwx, g.db, dwy, dby}
}

// weights is the net's parameters by name, in the order of the layers' Params.
func (n *Net) weights() (names []string, values [][]float32) {
	if n.recurrent() {
		return []string{"wx", "wh", "b", "wy", "by"}, [][]float32{n.wx, n.wh, n.b, n.wy, n.by}
	}
	return []string{"wx", "b", "wy", "by"}, [][]float32{n.wx, n.b, n.wy, n.by}
}

func newTrainStep(c Case) *Problem {
	n := NewNet(c.text("net"), c.size("b")).Fill(c)
	if n.batch == 0 { // there is no mean loss of no examples, and nothing to do
		return &Problem{load: func(l *Loaded) {
			l.Run = func() error { return nil }
			l.Check = func() (float64, float64, error) { return 0, 0, nil }
		}}
	}
	type result struct {
		loss  float64
		grads [][]float64
	}
	reference := sync.OnceValue(func() result {
		loss, grads := n.reference()
		return result{loss, grads}
	})
	names, weights := n.weights()
	p := &Problem{Inputs: map[string][]float32{"x": n.x}}
	for _, target := range n.target {
		p.Inputs["target"] = append(p.Inputs["target"], float32(target))
	}
	for i, name := range names {
		p.Inputs[name] = weights[i]
	}
	p.Agree = func(results map[string][]float64, t device.DType) (float64, float64) {
		want := reference()
		var largest errors
		largest.addAll(results["loss"], []float64{want.loss})
		for i, name := range names {
			largest.addAll(results["d"+name], want.grads[i])
		}
		terms := max(n.inputs+n.hidden, n.steps*n.batch)
		return float64(largest), 8 * unit(t) * math.Sqrt(float64(terms))
	}
	p.load = func(l *Loaded) {
		memory := newArena(l.Device)
		counter := trace.New(memory, func() time.Duration { return 0 })
		NewTrainer(counter, l.Type, n).Step()
		l.Cost = counter.Cost()
		memory.release()

		tr := NewTrainer(memory, l.Type, n)
		l.free = append(l.free, memory.release)
		l.Run = func() error {
			tr.Step()
			return nil
		}
		l.Check = func() (float64, float64, error) {
			results := map[string][]float64{}
			var err error
			if results["loss"], err = l.values(tr.mean.Array()); err != nil {
				return 0, 0, err
			}
			for i, w := range tr.layers.Params() {
				if results["d"+names[i]], err = l.values(w.Grad.Array()); err != nil {
					return 0, 0, err
				}
			}
			largest, bound := p.Agree(results, l.Type)
			return largest, bound, nil
		}
	}
	return p
}
