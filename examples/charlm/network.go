package main

import (
	"fmt"
	"math"
	"strings"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/tensor"
)

// A shape is what a network is made of.
type shape struct {
	Cell   string // rnn, gru or lstm
	Layers int    // of cells, one after another
	Hidden int    // units of each
	Embed  int    // numbers that stand for a character
	Size   int    // of the alphabet
}

// A network is what is trained: the weights. Several models may be made of them.
//
//	x = embedding[c_t]      h¹ = cell¹(x)   h² = cell²(h¹) ...      p(c_(t+1)) = softmax(hⁿ·wy + by)
type network struct {
	shape
	embedding *tensor.Tensor     // [Size, Embed]
	cells     [][]*tensor.Tensor // of each layer, what its constructor takes
	wy, by    *tensor.Tensor     // [Hidden, Size], [Size]
	params    []*layers.Param    // all of them
}

// newNetwork returns initial weights. An LSTM's forget gates begin open, as R. Jozefowicz, W. Zaremba, I. Sutskever, "An
// empirical exploration of recurrent network architectures", 2015, advise.
func newNetwork(d device.Device, seed uint64, s shape) *network {
	in := layers.NewInit(d, device.Float32, seed)
	n := &network{shape: s, embedding: in.Normal(0.3, s.Size, s.Embed)}
	inputs, h := s.Embed, s.Hidden
	for range s.Layers {
		limit := 1 / math.Sqrt(float64(h))
		switch s.Cell {
		case "lstm":
			b := in.Zeros(4 * h)
			b.Slice(h, 2*h).Fill(1)
			n.cells = append(n.cells, []*tensor.Tensor{in.Uniform(limit, inputs, 4*h), in.Uniform(limit, h, 4*h), b})
		case "gru":
			n.cells = append(n.cells, []*tensor.Tensor{in.Uniform(limit, inputs, 3*h), in.Uniform(limit, h, 3*h), in.Zeros(3 * h), in.Zeros(3 * h)})
		case "rnn": // whose orthogonal wh keeps the length of the state, and so the gradient through many steps
			n.cells = append(n.cells, []*tensor.Tensor{in.Xavier(inputs, h), in.Orthogonal(h, h), in.Zeros(h)})
		}
		inputs = h
	}
	n.wy, n.by = in.Xavier(h, s.Size), in.Zeros(s.Size)
	n.add("embedding", layers.NewEmbedding(n.embedding))
	for i := range n.cells {
		n.add(fmt.Sprint(s.Cell, i), n.cell(i))
	}
	n.add("out", n.out())
	return n
}

// add makes the parameters of a layer the network's.
func (n *network) add(name string, l interface{ Params() []*layers.Param }) {
	for _, p := range l.Params() {
		n.params = append(n.params, &layers.Param{Name: name + "." + p.Name, Value: p.Value, Grad: p.Grad})
	}
}

// String is what the network is made of.
func (n *network) String() string {
	weights := 0
	for _, p := range n.params {
		weights += p.Value.Len()
	}
	return fmt.Sprintf("%s of %d x %d units, %d weights", strings.ToUpper(n.Cell), n.Layers, n.Hidden, weights)
}

// A recurrent layer carries a state.
type recurrent interface {
	layers.Layer
	ResetState()
}

// cell is a layer made of the weights of layer i.
func (n *network) cell(i int) recurrent {
	w := n.cells[i]
	switch n.Cell {
	case "gru":
		return layers.NewGRU(w[0], w[1], w[2], w[3])
	case "rnn":
		return layers.NewRNN(w[0], w[1], w[2])
	}
	return layers.NewLSTM(w[0], w[1], w[2])
}

// out is a layer that predicts the next character from the last cells' states.
func (n *network) out() *layers.Affine { return layers.NewAffine(n.wy, n.by) }

// A model reads a text with a network: a number of rows at the same time, a number of steps at once, and the state carried
// from there to the next steps.
type model struct {
	*network
	steps, rows int

	embed *layers.Embedding
	drops []*layers.Dropout
	cells []recurrent
	net   *layers.Sequential // of both: from embedded characters to logits
	loss  *layers.SoftmaxCrossEntropy

	ids  []int // [steps, rows]: the characters read
	next []int // [steps, rows]: the characters to predict, -1 where there is none
}

// newModel returns a model of a network. In training a fraction drop of what each layer passes on is left out.
func newModel(n *network, steps, rows int, drop float64, seed uint64) *model {
	m := &model{
		network: n, steps: steps, rows: rows,
		embed: layers.NewEmbedding(n.embedding),
		loss:  layers.NewSoftmaxCrossEntropy(),
		ids:   make([]int, steps*rows),
		next:  make([]int, steps*rows),
	}
	var stack []layers.Layer
	dropOut := func() {
		if drop > 0 {
			m.drops = append(m.drops, layers.NewDropout(drop, seed+uint64(len(m.drops)+1)<<32))
			stack = append(stack, m.drops[len(m.drops)-1])
		}
	}
	for i := range n.cells {
		dropOut()
		m.cells = append(m.cells, n.cell(i))
		stack = append(stack, m.cells[i])
	}
	dropOut()
	m.net = layers.NewSequential(append(stack, n.out())...)
	return m
}

// newEvaluator returns a model to read a text of about this length once.
func newEvaluator(n *network, text []byte) *model {
	rows := min(max(len(text)/2048, 1), 32) // long ones, since each begins without a context
	return newModel(n, 128, rows, 0, 0)
}

// rowLength is how many characters a row of the model predicts of a text, which is cut into as many pieces as there are
// rows, one after another; the last may be shorter.
func (m *model) rowLength(text []byte) int { return (len(text) - 1 + m.rows - 1) / m.rows }

// forward reads on in each row from its character at and returns the loss, the mean of so many predictions in nats. Where
// the rows end before the steps do, the rest counts for nothing.
func (m *model) forward(text []byte, at int) (loss *tensor.Tensor, predicted int) {
	length := m.rowLength(text)
	if at == 0 {
		m.net.ResetState()
	}
	for t := range m.steps {
		for row := range m.rows {
			cell := t*m.rows + row
			m.ids[cell], m.next[cell] = 0, -1
			if i := row*length + at + t; at+t < length && i+1 < len(text) {
				m.ids[cell], m.next[cell] = int(text[i]), int(text[i+1])
				predicted++
			}
		}
	}
	return m.loss.Forward(m.logits(), m.next), predicted
}

// states is what the layers carry to the next steps, by names.
func (m *model) states() []*layers.Param {
	var all []*layers.Param
	add := func(name string, i int, t *tensor.Tensor) {
		all = append(all, &layers.Param{Name: fmt.Sprint("state", i, ".", name), Value: t})
	}
	for i, l := range m.cells {
		switch l := l.(type) {
		case *layers.LSTM:
			h, c := l.State()
			add("h", i, h)
			add("c", i, c)
		case *layers.GRU:
			add("h", i, l.State())
		case *layers.RNN:
			add("h", i, l.State())
		}
	}
	return all
}

// roomForStates makes the layers carry a state of zeros that can be written over.
func (m *model) roomForStates() {
	zero := tensor.New(m.wy.Device(), m.wy.DType(), m.rows, m.Hidden)
	defer zero.Free()
	for _, l := range m.cells {
		switch l := l.(type) {
		case *layers.LSTM:
			l.SetState(zero, zero)
		case *layers.GRU:
			l.SetState(zero)
		case *layers.RNN:
			l.SetState(zero)
		}
	}
}

// logits reads ids.
func (m *model) logits() *tensor.Tensor {
	return m.net.Forward(m.embed.Forward(m.ids, m.steps, m.rows))
}

// bits is the bits per character that the model needs to predict a text after its first character.
func (m *model) bits(text []byte) (float64, error) {
	sum, count := 0.0, 0
	for at := 0; at < m.rowLength(text); at += m.steps {
		loss, predicted := m.forward(text, at)
		nats, err := tensor.Values[float32](loss)
		if err != nil {
			return 0, err
		}
		sum += float64(nats[0]) * float64(predicted)
		count += predicted
	}
	return sum / float64(count) / math.Ln2, nil
}
