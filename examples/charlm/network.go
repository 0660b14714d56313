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

// cell is a layer made of the weights of layer i.
func (n *network) cell(i int) layers.Recurrent {
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
