package main

import (
	"math"
	"math/rand/v2"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/tensor"
)

// weights is what is trained. Several models may be made of the same weights.
type weights struct {
	size, hidden int // of the alphabet and of the state
	wx, wh, b    *tensor.Tensor
	wy, by       *tensor.Tensor
}

// newWeights returns initial weights. An orthogonal wh keeps the length of the state, and so the gradient
// through many steps.
func newWeights(d device.Device, seed uint64, size, hidden int) *weights {
	in := layers.NewInit(d, device.Float32, seed)
	return &weights{
		size: size, hidden: hidden,
		wx: in.Xavier(size, hidden), wh: in.Orthogonal(hidden, hidden), b: in.Zeros(hidden),
		wy: in.Xavier(hidden, size), by: in.Zeros(size),
	}
}

// A model reads a text with a recurrent network: a number of rows at the same time, a number of steps at once, and the
// state carried from there to the next steps.
//
//	h_t = tanh(onehot(c_t)·wx + h_(t-1)·wh + b)      p(c_(t+1)) = softmax(h_t·wy + by)
type model struct {
	*weights
	steps, rows int

	rnn  *layers.RNN
	net  *layers.Sequential // rnn and the layer that predicts the next character
	loss *layers.SoftmaxCrossEntropy

	onehot []float32      // [steps, rows, size]: the characters read, on the host
	x      *tensor.Tensor // and on the device
	next   []int          // [steps, rows]: the characters to predict, -1 where there is none
}

func newModel(w *weights, steps, rows int) *model {
	rnn := layers.NewRNN(w.wx, w.wh, w.b)
	rnn.SkipInputGrad()
	return &model{
		weights: w, steps: steps, rows: rows,
		rnn:    rnn,
		net:    layers.NewSequential(rnn, layers.NewAffine(w.wy, w.by)),
		loss:   layers.NewSoftmaxCrossEntropy(),
		onehot: make([]float32, steps*rows*w.size),
		x:      tensor.New(w.wx.Device(), w.wx.DType(), steps, rows, w.size),
		next:   make([]int, steps*rows),
	}
}

// rowLength is how many characters a row of the model predicts of a text, which is cut into as many pieces as there are
// rows, one after another. Fewer than rows characters at its end remain unused.
func (m *model) rowLength(text []byte) int { return (len(text) - 1) / m.rows }

// forward reads on in each row from its character at and returns the loss, the mean of so many predictions in nats. Where the rows end before the steps do, the rest counts for nothing.
func (m *model) forward(text []byte, at int) (loss *tensor.Tensor, predicted int) {
	length := m.rowLength(text)
	if at == 0 {
		m.rnn.ResetState()
	}
	clear(m.onehot)
	for t := range m.steps {
		for row := range m.rows {
			cell := t*m.rows + row
			m.next[cell] = -1
			if at+t < length {
				i := row*length + at + t
				m.onehot[cell*m.size+int(text[i])] = 1
				m.next[cell] = int(text[i+1])
				predicted++
			}
		}
	}
	tensor.Set(m.x, m.onehot)
	return m.loss.Forward(m.net.Forward(m.x), m.next), predicted
}

// bits is the bits per character that the model needs to predict a text.
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

// sample writes a text after the character first, in a model of one row and one step. A temperature below 1 prefers
// what is likely even more; 1 is what was learned.
func (m *model) sample(first byte, length int, temperature float64, random *rand.Rand) ([]byte, error) {
	m.rnn.ResetState()
	text := make([]byte, 0, length)
	for c := first; len(text) < length; text = append(text, c) {
		clear(m.onehot)
		m.onehot[c] = 1
		tensor.Set(m.x, m.onehot)
		logits, err := tensor.Values[float32](m.net.Forward(m.x))
		if err != nil {
			return nil, err
		}
		c = draw(logits, temperature, random)
	}
	return text, nil
}

// draw returns i with a probability in proportion to exp(logits[i]/temperature).
func draw(logits []float32, temperature float64, random *rand.Rand) byte {
	// The largest of the logits, each with noise of Gumbel's distribution added, is such an i, and nothing overflows.
	best, top := 0, math.Inf(-1)
	for i, logit := range logits {
		noise := -math.Log(random.ExpFloat64())
		if v := float64(logit)/temperature + noise; v > top {
			best, top = i, v
		}
	}
	return byte(best)
}
