package cases

import (
	"math"
	"slices"
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
	About: "a whole training step: gradients to zero, forward, loss, backward, Adam. net=digits is 64-256-10 with ReLU, on pictures of digits; net=charrnn is a recurrent layer of 256 over 16 characters out of 96, its gradients clipped; net=charlm is what examples/charlm trains, an embedding of 96 characters in 64 numbers and an LSTM of 256 over 64 of them, its state carried from step to step and its gradients clipped",
	Ops:   "the sum over all kernels of the step",
	Bytes: "the sum over all kernels of the step",
	Check: "loss and gradients against float64, each in units of its largest element; the bound is 8·u·√(terms of the longest sum)",
	Rate:  GFLOPS,
	Keys: []Key{
		{Name: "net", About: "the network", Choices: []string{"digits", "charrnn", "charlm"}, Default: "digits"},
		{Name: "b", About: "examples in the batch", Default: "32"},
	},
	elements: func(c Case) (in, out float64) {
		n := NewNet(c.text("net"), 0)
		rows := float64(n.steps) * float64(c.size("b"))
		width := n.width()
		weights := float64(n.vocabulary*n.inputs + n.inputs*width + n.hidden*width + n.hidden*n.classes)
		return rows*float64(n.inputs) + weights, 3*weights + rows*float64(2*width+3*n.hidden+4*n.classes)
	},
	problem: newTrainStep,
}

// A Net is one of the networks that are trained, with a batch of made-up examples for it.
type Net struct {
	steps, batch, inputs, hidden, classes int

	gates      int // of the hidden layer: 1 if it is a recurrent one, 4 of an LSTM, 0 if it is neither
	vocabulary int // of the embedding, 0 if there is none

	x           []float32 // [steps·batch, inputs], or, of an embedding,
	ids, target []int     // [steps·batch]
	// The weights and biases: of the embedding, into the hidden layer, from its state to itself, out of it; nil where there
	// is no such thing.
	w, wx, wh, b, wy, by []float32
}

// NewNet is the network of that name, "digits", "charrnn" or "charlm", for a batch of that size.
func NewNet(name string, batch int) *Net {
	switch name {
	case "charrnn":
		return &Net{steps: 16, batch: batch, inputs: 96, hidden: 256, classes: 96, gates: 1}
	case "charlm":
		return &Net{steps: 64, batch: batch, inputs: 64, hidden: 256, classes: 96, gates: 4, vocabulary: 96}
	}
	return &Net{steps: 1, batch: batch, inputs: 64, hidden: 256, classes: 10}
}

func (n *Net) recurrent() bool { return n.gates > 0 }

// width is how many numbers the hidden layer's weights give for a row.
func (n *Net) width() int { return max(1, n.gates) * n.hidden }

// Fill makes up the examples and the weights.
func (n *Net) Fill(c Case) *Net {
	random := c.random()
	rows := n.steps * n.batch
	if n.vocabulary == 0 {
		n.x = make([]float32, rows*n.inputs)
	}
	for i := range rows {
		n.target = append(n.target, random.IntN(n.classes))
		switch {
		case n.vocabulary > 0:
			n.ids = append(n.ids, random.IntN(n.vocabulary))
		case n.recurrent():
			n.x[i*n.inputs+random.IntN(n.inputs)] = 1
		default:
			copy(n.x[i*n.inputs:], uniform(random, n.inputs, 1))
		}
	}
	limit := func(inputs int) float64 { return 1 / math.Sqrt(float64(inputs)) }
	width := n.width()
	n.w = uniform(random, n.vocabulary*n.inputs, 1)
	n.wx, n.b = uniform(random, n.inputs*width, limit(n.inputs)), uniform(random, width, limit(n.hidden))
	if n.recurrent() {
		n.wh = uniform(random, n.hidden*width, limit(n.hidden))
	}
	n.wy, n.by = uniform(random, n.hidden*n.classes, limit(n.hidden)), uniform(random, n.classes, limit(n.hidden))
	return n
}

// A Trainer is a net on a device.
type Trainer struct {
	net    *Net
	embed  *layers.Embedding  // nil if there is none
	layers *layers.Sequential // what follows
	params []*layers.Param    // of both
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
	width := n.width()
	wx, b := from(n.wx, n.inputs, width), from(n.b, width)
	out := layers.NewAffine(from(n.wy, n.hidden, n.classes), from(n.by, n.classes))
	switch n.gates {
	case 0:
		tr.layers = layers.NewSequential(layers.NewAffine(wx, b), layers.NewReLU(), out)
		tr.x = from(n.x, n.batch, n.inputs)
	case 1:
		tr.layers = layers.NewSequential(layers.NewRNN(wx, from(n.wh, n.hidden, width), b), out)
		tr.x = from(n.x, n.steps, n.batch, n.inputs)
	case 4:
		tr.embed = layers.NewEmbedding(from(n.w, n.vocabulary, n.inputs))
		tr.layers = layers.NewSequential(layers.NewLSTM(wx, from(n.wh, n.hidden, width), b), out)
		tr.params = tr.embed.Params()
	}
	tr.params = slices.Concat(tr.params, tr.layers.Params())
	if tr.embed == nil {
		tr.layers.SkipInputGrad()
	}
	return tr
}

// Step is a training step.
func (tr *Trainer) Step() {
	n := tr.net
	optim.ZeroGrad(tr.params)
	if tr.embed != nil {
		tr.x = tr.embed.Forward(n.ids, n.steps, n.batch)
	} else if n.recurrent() {
		tr.layers.ResetState()
	}
	tr.mean = tr.loss.Forward(tr.layers.Forward(tr.x), n.target)
	dx := tr.layers.Backward(tr.loss.Backward())
	if tr.embed != nil {
		tr.embed.Backward(dx)
	}
	if n.recurrent() {
		tr.clip.Clip(tr.params)
	}
	tr.adam.Step(tr.params)
}

// hiddenLayer is the states of the hidden layer for inputs x, from one of zero, and what its gradients are, in float64.
func (n *Net) hiddenLayer(x []float64) (h []float64, backward func(dh []float64) gradients) {
	row := n.batch * n.hidden
	if n.gates == 4 {
		s := &gatedSequence{
			gates: n.gates, steps: n.steps, batch: n.batch, inputs: n.inputs, hidden: n.hidden,
			x: x, wx: widen(n.wx), wh: widen(n.wh), b: widen(n.b),
		}
		s.forward()
		return s.h[row:], s.backward
	}
	s := &sequence{
		relu: !n.recurrent(), steps: n.steps, batch: n.batch, inputs: n.inputs, hidden: n.hidden,
		x: x, wx: widen(n.wx), b: widen(n.b), wh: make([]float64, n.hidden*n.hidden), h: make([]float64, (n.steps+1)*row),
	}
	copy(s.wh, widen(n.wh)) // a layer that is not recurrent is a sequence of one step
	s.forward()
	return s.h[row:], s.backward
}

// reference is the loss and the gradients of the first step's parameters in the order of weights, in float64.
func (n *Net) reference() (loss float64, grads [][]float64) {
	rows := n.steps * n.batch
	x := widen(n.x)
	for _, id := range n.ids {
		x = append(x, widen(n.w[id*n.inputs:(id+1)*n.inputs])...)
	}
	h, backward := n.hiddenLayer(x)
	wy := widen(n.wy)
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
	g := backward(dh)
	if !n.recurrent() {
		return loss, [][]float64{g.dwx, g.db, dwy, dby}
	}
	grads = [][]float64{g.dwx, g.dwh, g.db, dwy, dby}
	if n.vocabulary > 0 {
		dw := make([]float64, len(n.w))
		for i, v := range g.dx {
			dw[n.ids[i/n.inputs]*n.inputs+i%n.inputs] += v
		}
		grads = slices.Insert(grads, 0, dw)
	}
	clip(grads)
	return loss, grads
}

// weights is the net's parameters by name, in the order of a trainer's.
func (n *Net) weights() (names []string, values [][]float32) {
	for _, p := range []struct {
		name   string
		values []float32
	}{{"w", n.w}, {"wx", n.wx}, {"wh", n.wh}, {"b", n.b}, {"wy", n.wy}, {"by", n.by}} {
		if len(p.values) > 0 {
			names, values = append(names, p.name), append(values, p.values)
		}
	}
	return names, values
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
	p := &Problem{Inputs: map[string][]float32{}}
	if n.x != nil {
		p.Inputs["x"] = n.x
	}
	for _, id := range n.ids {
		p.Inputs["ids"] = append(p.Inputs["ids"], float32(id))
	}
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
			for i, w := range tr.params {
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
