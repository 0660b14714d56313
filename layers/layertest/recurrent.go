package layertest

import (
	"fmt"
	"sync"

	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/tensor"
)

// A network's sizes, odd enough to leave a remainder in every blocked loop.
const steps, batch, inputs, hidden = 7, 5, 19, 37

// rnnMaker makes layers of the same weights.
type rnnMaker struct{ wx, wh, b *tensor.Tensor }

func newRNNMaker(e *env) rnnMaker {
	return rnnMaker{e.weight(inputs, hidden), e.weight(hidden, hidden), e.normal(hidden)}
}

func (m rnnMaker) rnn() *layers.RNN { return layers.NewRNN(m.wx, m.wh, m.b) }

// chunks runs a sequence in pieces, the state carried: the same bits as in one piece.
func chunks(e *env) {
	m, x, h := newRNNMaker(e), e.normal(steps, batch, inputs), e.normal(batch, hidden)
	for _, begin := range []*tensor.Tensor{nil, h} {
		whole := m.rnn()
		if begin != nil {
			whole.SetState(begin)
		}
		want := e.values(whole.Forward(x))
		wantState := e.values(whole.State())
		for _, lengths := range [][]int{{3, 4}, {1, 1, 1, 1, 1, 1, 1}, {6, 1}, {0, 7}, {2, 0, 5}} {
			l, t := m.rnn(), 0
			if begin != nil {
				l.SetState(begin)
			}
			for _, n := range lengths {
				y := l.Forward(x.Slice(t, t+n))
				e.same(fmt.Sprintf("in chunks of %d, steps %d to %d", lengths, t, t+n), y, want[t*batch*hidden:(t+n)*batch*hidden])
				t += n
			}
			e.same(fmt.Sprintf("after chunks of %d the state", lengths), l.State(), wantState)
		}
	}
}

// chunkGradients goes back through two chunks, each in a layer of its own, the gradient of the state handed on.
func chunkGradients(e *env) {
	m, x, dy := newRNNMaker(e), e.normal(steps, batch, inputs), e.normal(steps, batch, hidden)
	params := m.rnn().Params()
	gradients := func() (all [][]float64) {
		for _, p := range params {
			all = append(all, e.values(p.Grad))
			p.Grad.Fill(0)
		}
		return all
	}
	whole := m.rnn()
	whole.Forward(x)
	dx := e.values(whole.Backward(dy))
	want := gradients()

	const n = 3
	first, second := m.rnn(), m.rnn()
	first.Forward(x.Slice(0, n))
	second.SetState(first.State())
	second.Forward(x.Slice(n, steps))
	e.near("dx of the second chunk", second.Backward(dy.Slice(n, steps)), dx[n*batch*inputs:], 32)
	last := dy.Slice(n-1, n).Reshape(batch, hidden)
	last.Copy(layers.NewAdd().Forward(last, second.StateGrad()))
	e.near("dx of the first chunk", first.Backward(dy.Slice(0, n)), dx[:n*batch*inputs], 32)
	for i, got := range gradients() {
		e.near("the gradient of "+params[i].Name, e.tensor(got, len(got)), want[i], 32)
	}
}

// rows runs each row of a batch on its own: the same bits as beside the others.
func rows(e *env) {
	m, x, h := newRNNMaker(e), e.normal(steps, batch, inputs), e.normal(batch, hidden)
	const outputs = 11
	matmul := layers.NewMatMul(e.weight(hidden, outputs))
	l := m.rnn()
	l.SetState(h)
	states := l.Forward(x)
	wantH, wantY := e.values(states), e.values(matmul.Forward(states))
	for b := range batch {
		l.SetState(h.Slice(b, b+1))
		states := l.Forward(e.tensor(rowsOf(e.values(x), b, b+1), steps, 1, inputs))
		e.same(fmt.Sprintf("row %d alone", b), states, rowsOf(wantH, b, b+1))
		e.same(fmt.Sprintf("the product of row %d alone", b), matmul.Forward(states), rowsOf(wantY, b, b+1))
	}
}

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

// state is about the state that an RNN carries.
func state(e *env) {
	m, x, h := newRNNMaker(e), e.normal(steps, batch, inputs), e.normal(batch, hidden)
	fromZero := e.values(m.rnn().Forward(x))
	given := m.rnn()
	given.SetState(h)
	fromH := e.values(given.Forward(x))
	lastState := fromH[(steps-1)*batch*hidden:]

	l := m.rnn()
	if l.State() != nil || l.StateGrad() != nil {
		e.Errorf("a new layer has the state %v and its gradient %v, want none", l.State(), l.StateGrad())
	}
	e.same("from the beginning", l.Forward(x), fromZero)
	l.ResetState()
	if l.State() != nil {
		e.Errorf("after ResetState the state is %v, want none", l.State())
	}
	e.same("after ResetState", l.Forward(x), fromZero)

	own := e.clone(h)
	l.SetState(own)
	own.Fill(7) // SetState made a copy
	e.shape("the state", l.State(), batch, hidden)
	e.same("the state", l.State(), e.values(h))
	e.same("from the state", l.Forward(x), fromH)
	e.same("the last state", l.State(), lastState)
	l.SetState(l.State())
	e.same("the state given back", l.State(), lastState)
	l.SetState(l.State())
	e.same("and again", l.State(), lastState)

	l.SetState(h)
	given.SetState(h)
	kept := l.State()
	l.ResetState()
	l.SetState(kept)
	e.same("the state that was reset", l.State(), e.values(h))

	given.Forward(x.Slice(0, 2)) // the state outlives a change of the sequence's length, and a SetState of it
	l.Forward(x.Slice(0, 2))
	e.same("a shorter sequence", l.State(), e.values(given.State()))
	given.Forward(x)
	l.Forward(x)
	e.same("the longer one again", l.State(), e.values(given.State()))

	l.SetState(h.Slice(1, 3)) // another batch
	e.same("a smaller batch", l.Forward(e.tensor(rowsOf(e.values(x), 1, 3), steps, 2, inputs)), rowsOf(fromH, 1, 3))
	l.SetState(h)
	l.SetState(l.State().Slice(1, 3)) // a part of what it already has
	e.same("a part of the state", l.State(), e.values(h)[hidden:3*hidden])
	l.ResetState()
	e.same("the whole batch again", l.Forward(x), fromZero)

	l.Backward(e.normal(steps, batch, hidden))
	e.shape("the state's gradient", l.StateGrad(), batch, hidden)
	grad := e.values(l.StateGrad())
	l.Forward(x)
	e.same("the state's gradient until the next Backward", l.StateGrad(), grad)
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

// rowsOf is rows i to j of the batch of a sequence [steps, batch, width].
func rowsOf(sequence []float64, i, j int) (part []float64) {
	width := len(sequence) / (steps * batch)
	for t := range steps {
		part = append(part, sequence[(t*batch+i)*width:(t*batch+j)*width]...)
	}
	return part
}
