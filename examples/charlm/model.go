package main

import (
	"math"

	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/tensor"
)

// A model reads a text with a network: a number of rows at the same time, a number of steps at once, and the state carried
// from there to the next steps.
type model struct {
	*network
	steps, rows int

	embed *layers.Embedding
	drops []*layers.Dropout
	cells []layers.Recurrent
	net   *layers.Sequential // of both: from embedded characters to logits
}

// newModel returns a model of a network. It leaves the part drop out of what each layer passes on, as one does in training.
func newModel(n *network, steps, rows int, drop float64, seed uint64) *model {
	m := &model{network: n, steps: steps, rows: rows, embed: layers.NewEmbedding(n.embedding)}
	var stack []layers.Layer
	dropOut := func() {
		if drop > 0 {
			m.drops = append(m.drops, layers.NewSequenceDropout(drop, seed+uint64(len(m.drops)+1)<<32))
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

// logits reads characters [steps, rows] and returns the logits [steps, rows, Size] of those that follow.
func (m *model) logits(ids []int) *tensor.Tensor {
	return m.net.Forward(m.embed.Forward(ids, m.steps, m.rows))
}

// An evaluator tells how well a network predicts a text.
type evaluator struct {
	*model
	loss *layers.SoftmaxCrossEntropy
	ids  []int // [steps, rows]: the characters read
	next []int // [steps, rows]: the characters to predict, -1 where there is none
}

// newEvaluator returns an evaluator that reads a number of rows at the same time, a number of steps at once.
func newEvaluator(n *network, steps, rows int) *evaluator {
	return &evaluator{
		model: newModel(n, steps, rows, 0, 0),
		loss:  layers.NewSoftmaxCrossEntropy(),
		ids:   make([]int, steps*rows),
		next:  make([]int, steps*rows),
	}
}

// evaluatorOf returns one for a text of about this length. Its rows are long, since each begins without a context.
func evaluatorOf(n *network, text []byte) *evaluator {
	return newEvaluator(n, 128, min(max(len(text)/2048, 1), 32))
}

// bits is the bits per character that the network needs to predict a text after its first character. The text is cut into
// rows, one after another; the last may be shorter, and what is read behind the end of a row counts for nothing.
func (e *evaluator) bits(text []byte) (float64, error) {
	length := (len(text) - 1 + e.rows - 1) / e.rows
	nats, count := 0.0, 0
	e.net.ResetState()
	for at := 0; at < length; at += e.steps {
		predicted := 0
		for t := range e.steps {
			for row := range e.rows {
				cell := t*e.rows + row
				e.ids[cell], e.next[cell] = 0, -1
				if i := row*length + at + t; at+t < length && i+1 < len(text) {
					e.ids[cell], e.next[cell] = int(text[i]), int(text[i+1])
					predicted++
				}
			}
		}
		mean, err := tensor.Values[float32](e.loss.Forward(e.logits(e.ids), e.next))
		if err != nil {
			return 0, err
		}
		nats += float64(mean[0]) * float64(predicted)
		count += predicted
	}
	return nats / float64(count) / math.Ln2, nil
}
