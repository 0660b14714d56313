package layertest

import (
	"fmt"
	"sync"

	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/tensor"
)

// rnnMaker makes layers of the same weights.
type rnnMaker struct{ wx, wh, b *tensor.Tensor }

func newRNNMaker(e *env) rnnMaker {
	return rnnMaker{e.weight(inputs, hidden), e.weight(hidden, hidden), e.normal(hidden)}
}

func (m rnnMaker) rnn() *layers.RNN { return layers.NewRNN(m.wx, m.wh, m.b) }

// cells unrolls a sequence over cells of the same weights, one for each step.
func cells(e *env) {
	m, x, h, dy := newRNNMaker(e), e.normal(steps, batch, inputs), e.normal(batch, hidden), e.normal(steps, batch, hidden)
	whole := m.rnn()
	whole.SetState(h)
	y := e.values(whole.Forward(x))
	dx := e.values(whole.Backward(dy))
	var want [][]float64
	for _, p := range whole.Params() {
		want = append(want, e.values(p.Grad))
		p.Grad.Fill(0)
	}

	var unrolled []*layers.RNNCell
	next := h
	for t := range steps {
		unrolled = append(unrolled, layers.NewRNNCell(m.wx, m.wh, m.b))
		next = unrolled[t].Forward(x.Slice(t, t+1).Reshape(batch, inputs), next)
		e.same(fmt.Sprintf("step %d", t), next, y[t*batch*hidden:(t+1)*batch*hidden])
	}
	add := layers.NewAdd()
	dh := e.tensor(make([]float64, batch*hidden), batch, hidden)
	for t := steps - 1; t >= 0; t-- {
		var dxt *tensor.Tensor
		dxt, dh = unrolled[t].Backward(add.Forward(dh, dy.Slice(t, t+1).Reshape(batch, hidden)))
		e.near(fmt.Sprintf("dx of step %d", t), dxt, dx[t*batch*inputs:(t+1)*batch*inputs], 32)
	}
	e.near("the first state's gradient", dh, e.values(whole.StateGrad()), 32)
	for i, p := range whole.Params() {
		e.near("the gradient of "+p.Name, p.Grad, want[i], 32)
	}

	// One cell alone steps as well, when nobody wants its gradient: its state goes back into it.
	l := layers.NewRNNCell(m.wx, m.wh, m.b)
	next = h
	for t := range steps {
		next = l.Forward(x.Slice(t, t+1).Reshape(batch, inputs), next)
	}
	e.same("the last step of one cell", next, y[(steps-1)*batch*hidden:])
}

// goroutines makes and runs layers that share weights at the same time, each with an input of its own.
func goroutines(e *env) {
	const n = 4
	m := newRNNMaker(e)
	var x, y [n]*tensor.Tensor
	for i := range n {
		x[i] = e.normal(steps, batch, inputs)
	}
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			l := m.rnn()
			for range 10 {
				l.ResetState()
				y[i] = l.Forward(x[i])
			}
		})
	}
	all.Wait()
	for i := range n {
		e.same(fmt.Sprintf("the states of goroutine %d", i), y[i], e.values(m.rnn().Forward(x[i])))
	}
}
