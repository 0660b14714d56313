package layertest

import (
	"fmt"
	"math"
	"slices"

	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/layers/gradcheck"
	"github.com/keisan-go/keisan/tensor"
)

// A gated layer is an LSTM or a GRU.
type gated interface {
	layers.Layer
	SetReverse(reverse bool)
	SetLengths(lengths []int)
	ResetState()
	Free()
}

// gatedKinds is every kind of gated layer: how many states it has, its weights, and a layer of them.
var gatedKinds = []struct {
	name    string
	states  int
	weights func(e *env, inputs, hidden int) []*tensor.Tensor
	layer   func(w []*tensor.Tensor) gated
}{
	{"LSTM", 2,
		func(e *env, inputs, hidden int) []*tensor.Tensor {
			return []*tensor.Tensor{e.weight(inputs, 4*hidden), e.weight(hidden, 4*hidden), e.normal(4 * hidden)}
		},
		func(w []*tensor.Tensor) gated { return layers.NewLSTM(w[0], w[1], w[2]) }},
	{"GRU", 1, gruWeights, func(w []*tensor.Tensor) gated { return layers.NewGRU(w[0], w[1], w[2], w[3]) }},
	{"GRUResetBefore", 1, gruWeights, func(w []*tensor.Tensor) gated { return layers.NewGRUResetBefore(w[0], w[1], w[2], w[3]) }},
}

func gruWeights(e *env, inputs, hidden int) []*tensor.Tensor {
	return []*tensor.Tensor{e.weight(inputs, 3*hidden), e.weight(hidden, 3*hidden), e.normal(3 * hidden), e.normal(3 * hidden)}
}

// setState, stateOf, stateGradOf and setStateGrad are the methods that differ in the number of states.

func setState(l gated, states []*tensor.Tensor) {
	switch l := l.(type) {
	case *layers.LSTM:
		l.SetState(states[0], states[1])
	case *layers.GRU:
		l.SetState(states[0])
	}
}

func stateOf(l gated) []*tensor.Tensor {
	switch l := l.(type) {
	case *layers.LSTM:
		h, c := l.State()
		return []*tensor.Tensor{h, c}
	case *layers.GRU:
		return []*tensor.Tensor{l.State()}
	}
	return nil
}

func stateGradOf(l gated) []*tensor.Tensor {
	switch l := l.(type) {
	case *layers.LSTM:
		dh, dc := l.StateGrad()
		return []*tensor.Tensor{dh, dc}
	case *layers.GRU:
		return []*tensor.Tensor{l.StateGrad()}
	}
	return nil
}

func setStateGrad(l gated, grads []*tensor.Tensor) {
	switch l := l.(type) {
	case *layers.LSTM:
		l.SetStateGrad(grads[0], grads[1])
	case *layers.GRU:
		l.SetStateGrad(grads[0])
	}
}

// eachGated runs f for every kind of gated layer. Every call of make is a layer of the same weights.
func eachGated(e *env, f func(e *env, states []*tensor.Tensor, make func() gated)) {
	for _, kind := range gatedKinds {
		e.Run(kind.name, func(e *env) {
			w := kind.weights(e, inputs, hidden)
			var states []*tensor.Tensor
			for range kind.states {
				states = append(states, e.normal(batch, hidden))
			}
			f(e, states, func() gated { return kind.layer(w) })
		})
	}
}

// gatedSpecimens are the gated layers in all the ways that they run.
func gatedSpecimens() (all []specimen) {
	for _, kind := range gatedKinds {
		add := func(name string, prepare func(l gated)) {
			all = append(all, specimen{kind.name + name, func(e *env) gradcheck.Function {
				l := kind.layer(kind.weights(e, 3, 5))
				prepare(l)
				return gatedFunction(e, l, kind.states)
			}})
		}
		add("", func(gated) {})
		add("/reverse", func(l gated) { l.SetReverse(true) })
		add("/lengths", func(l gated) { l.SetLengths([]int{2, 4, 0}) })
		add("/reverse lengths", func(l gated) { l.SetReverse(true); l.SetLengths([]int{3, 0, 1}) })
		all = append(all, specimen{kind.name + "/chain", func(e *env) gradcheck.Function { // one goes on where another ends
			w := kind.weights(e, 3, 5)
			first, second := kind.layer(w), kind.layer(w)
			first.SetLengths([]int{4, 2, 3})
			f := gatedFunction(e, first, kind.states)
			begin, x := f.Forward, e.normal(2, 3, 3)
			zero := e.in.Zeros(4, 3, 5)
			f.Forward = func() *tensor.Tensor {
				begin()
				setState(second, stateOf(first))
				return second.Forward(x)
			}
			f.Backward = func(dy *tensor.Tensor) gradcheck.Tensors {
				second.Backward(dy)
				setStateGrad(first, stateGradOf(second))
				return gatedGradients(first, zero)
			}
			return f
		}})
	}
	for name, make := range map[string]func(e *env) layers.Layer{
		"LSTM/no bias": func(e *env) layers.Layer { return layers.NewLSTM(e.weight(5, 12), e.weight(3, 12), nil) },
		"GRU/no bias":  func(e *env) layers.Layer { return layers.NewGRU(e.weight(5, 9), e.weight(3, 9), nil, nil) },
		"GRU/bx":       func(e *env) layers.Layer { return layers.NewGRU(e.weight(5, 9), e.weight(3, 9), e.normal(9), nil) },
		"GRU/bh":       func(e *env) layers.Layer { return layers.NewGRU(e.weight(5, 9), e.weight(3, 9), nil, e.normal(9)) },
		"GRUResetBefore/no bias": func(e *env) layers.Layer {
			return layers.NewGRUResetBefore(e.weight(5, 9), e.weight(3, 9), nil, nil)
		},
	} {
		all = append(all, specimen{name, func(e *env) gradcheck.Function { return layer(make(e), e.normal(4, 2, 5)) }})
	}
	return append(all,
		specimen{"Bidirectional", func(e *env) gradcheck.Function {
			return layer(layers.NewBidirectional(
				layers.NewLSTM(e.weight(3, 20), e.weight(5, 20), e.normal(20)),
				layers.NewLSTM(e.weight(3, 20), e.weight(5, 20), e.normal(20))), e.normal(4, 2, 3))
		}},
		specimen{"Bidirectional/lengths", func(e *env) gradcheck.Function {
			l := layers.NewBidirectional(
				layers.NewGRU(e.weight(3, 15), e.weight(5, 15), e.normal(15), nil),
				layers.NewLSTM(e.weight(3, 16), e.weight(4, 16), e.normal(16)))
			l.SetLengths([]int{4, 0, 3})
			return layer(l, e.normal(4, 3, 3))
		}},
		specimen{"Bidirectional/stack", func(e *env) gradcheck.Function { // the second of the same weights both ways
			wx, wh := e.weight(10, 20), e.weight(5, 20)
			return layer(layers.NewSequential(
				layers.NewBidirectional(
					layers.NewGRU(e.weight(3, 15), e.weight(5, 15), nil, e.normal(15)),
					layers.NewGRU(e.weight(3, 15), e.weight(5, 15), nil, e.normal(15))),
				layers.NewBidirectional(layers.NewLSTM(wx, wh, nil), layers.NewLSTM(wx, wh, nil))), e.normal(4, 2, 3))
		}})
}

// gatedFunction is a layer of 3 inputs and 5 units over 4 steps of 3 rows.
func gatedFunction(e *env, l gated, states int) gradcheck.Function {
	inputs := gradcheck.Tensors{"x": e.normal(4, 3, 3)}
	var begin []*tensor.Tensor
	for i := range states {
		begin = append(begin, e.normal(3, 5))
		inputs[fmt.Sprint("state ", i)] = begin[i]
	}
	return gradcheck.Function{
		Inputs: inputs,
		Params: l.Params(),
		Forward: func() *tensor.Tensor {
			setState(l, begin)
			return l.Forward(inputs["x"])
		},
		Backward: func(dy *tensor.Tensor) gradcheck.Tensors { return gatedGradients(l, dy) },
	}
}

func gatedGradients(l gated, dy *tensor.Tensor) gradcheck.Tensors {
	all := gradcheck.Tensors{"x": l.Backward(dy)}
	for i, g := range stateGradOf(l) {
		all[fmt.Sprint("state ", i)] = g
	}
	return all
}

// gatedChunks runs a sequence in pieces, the state carried: the same bits as in one piece. Steps one at a time are
// streaming.
func gatedChunks(e *env) {
	eachGated(e, func(e *env, states []*tensor.Tensor, make func() gated) {
		x := e.normal(steps, batch, inputs)
		whole := make()
		setState(whole, states)
		want := e.values(whole.Forward(x))
		wantState := e.all(stateOf(whole))
		for _, lengths := range [][]int{{3, 4}, {1, 1, 1, 1, 1, 1, 1}, {6, 1}, {0, 7}, {2, 0, 5}} {
			l, t := make(), 0
			setState(l, states)
			for _, n := range lengths {
				y := l.Forward(x.Slice(t, t+n))
				e.same(fmt.Sprintf("in chunks of %d, steps %d to %d", lengths, t, t+n), y, want[t*batch*hidden:(t+n)*batch*hidden])
				t += n
			}
			for i, s := range stateOf(l) {
				e.same(fmt.Sprintf("after chunks of %d state %d", lengths, i), s, wantState[i])
			}
		}
	})
}

// all is the values of tensors.
func (e *env) all(tensors []*tensor.Tensor) (values [][]float64) {
	e.Helper()
	for _, t := range tensors {
		values = append(values, e.values(t))
	}
	return values
}

// taken is the gradients of parameters, which it makes zero.
func (e *env) taken(params []*layers.Param) (grads [][]float64) {
	e.Helper()
	for _, p := range params {
		grads = append(grads, e.values(p.Grad))
		p.Grad.Fill(0)
	}
	return grads
}

// gatedChunkGradients goes back through two chunks, each in a layer of its own, the gradient of the state handed on.
func gatedChunkGradients(e *env) {
	eachGated(e, func(e *env, states []*tensor.Tensor, make func() gated) {
		x, dy := e.normal(steps, batch, inputs), e.normal(steps, batch, hidden)
		whole := make()
		setState(whole, states)
		whole.Forward(x)
		dx := e.values(whole.Backward(dy))
		want, wantState := e.taken(whole.Params()), e.all(stateGradOf(whole))

		const n = 3
		first, second := make(), make()
		setState(first, states)
		first.Forward(x.Slice(0, n))
		setState(second, stateOf(first))
		second.Forward(x.Slice(n, steps))
		e.near("dx of the second chunk", second.Backward(dy.Slice(n, steps)), dx[n*batch*inputs:], 32)
		setStateGrad(first, stateGradOf(second))
		e.near("dx of the first chunk", first.Backward(dy.Slice(0, n)), dx[:n*batch*inputs], 32)
		for i, g := range stateGradOf(first) {
			e.near(fmt.Sprintf("the gradient of state %d", i), g, wantState[i], 32)
		}
		for i, got := range e.taken(first.Params()) {
			e.near("the gradient of "+first.Params()[i].Name, e.tensor(got, len(got)), want[i], 32)
		}
		e.near("dx of the first chunk without the second", first.Backward(dy.Slice(0, n)), onlyFirst(e, make(), states, x, dy, n), 32)
	})
}

// onlyFirst is dx of the first n steps alone.
func onlyFirst(e *env, l gated, states []*tensor.Tensor, x, dy *tensor.Tensor, n int) []float64 {
	e.Helper()
	setState(l, states)
	l.Forward(x.Slice(0, n))
	return e.values(l.Backward(dy.Slice(0, n)))
}

// gatedReverse runs a reversed sequence in reverse: the same bits as onwards.
func gatedReverse(e *env) {
	eachGated(e, func(e *env, states []*tensor.Tensor, make func() gated) {
		x, dy := e.normal(steps, batch, inputs), e.normal(steps, batch, hidden)
		onwards := make()
		setState(onwards, states)
		y := e.values(onwards.Forward(x))
		dx := e.values(onwards.Backward(dy))
		wantState, wantGrad := e.all(stateOf(onwards)), e.all(stateGradOf(onwards))

		l := make()
		l.Forward(x) // that it ran onwards before does not matter
		l.SetReverse(true)
		setState(l, states)
		e.same("y", l.Forward(e.tensor(reversed(e.values(x)), steps, batch, inputs)), reversed(y))
		for i, s := range stateOf(l) {
			e.same(fmt.Sprintf("state %d", i), s, wantState[i])
		}
		l.SetReverse(false) // and that it will run onwards neither
		e.same("dx", l.Backward(e.tensor(reversed(e.values(dy)), steps, batch, hidden)), reversed(dx))
		for i, g := range stateGradOf(l) {
			e.same(fmt.Sprintf("the gradient of state %d", i), g, wantGrad[i])
		}
		for _, p := range l.Params() {
			p.Grad.Fill(0)
		}
	})
}

// reversed is the steps of a sequence in reverse.
func reversed(sequence []float64) (all []float64) {
	row := len(sequence) / steps
	for t := steps - 1; t >= 0; t-- {
		all = append(all, sequence[t*row:(t+1)*row]...)
	}
	return all
}

// gatedLengths runs rows of different lengths beside each other, onwards and in reverse: as if each were alone, and zero
// behind its end, whatever x and dy hold there.
func gatedLengths(e *env) {
	lengths := []int{steps, 0, 3, 1, steps - 1}
	eachGated(e, func(e *env, states []*tensor.Tensor, make func() gated) {
		x, dy := e.normal(steps, batch, inputs), e.normal(steps, batch, hidden)
		for _, reverse := range []bool{false, true} {
			l := make()
			l.SetReverse(reverse)
			l.SetLengths(lengths)
			setState(l, states)
			y := l.Forward(x)
			e.shape("y", y, steps, batch, hidden)
			ys, state := e.values(y), e.all(stateOf(l))
			l.SetLengths(nil) // which is for the next Forward
			dx := e.values(l.Backward(dy))
			grad, weights := e.all(stateGradOf(l)), e.taken(l.Params())

			for b, n := range lengths {
				what := fmt.Sprintf("reverse %v, row %d of %d steps: ", reverse, b, n)
				alone := make()
				alone.SetReverse(reverse)
				var begin []*tensor.Tensor
				for _, s := range states {
					begin = append(begin, s.Slice(b, b+1))
				}
				setState(alone, begin)
				row := func(v []float64, width int) *tensor.Tensor {
					return e.tensor(rowsOf(v, b, b+1)[:n*width], n, 1, width)
				}
				e.same(what+"y", alone.Forward(row(e.values(x), inputs)), rowsOf(ys, b, b+1)[:n*hidden])
				e.zero(what+"y behind its end", rowsOf(ys, b, b+1)[n*hidden:])
				e.same(what+"dx", alone.Backward(row(e.values(dy), hidden)), rowsOf(dx, b, b+1)[:n*inputs])
				e.zero(what+"dx behind its end", rowsOf(dx, b, b+1)[n*inputs:])
				for i, s := range stateOf(alone) {
					e.same(what+fmt.Sprintf("state %d", i), s, state[i][b*hidden:(b+1)*hidden])
				}
				for i, g := range stateGradOf(alone) {
					e.same(what+fmt.Sprintf("the gradient of state %d", i), g, grad[i][b*hidden:(b+1)*hidden])
				}
			}
			sums := e.taken(l.Params()) // of all rows
			for i, p := range l.Params() {
				e.near(fmt.Sprintf("reverse %v: the gradient of %s", reverse, p.Name), e.tensor(weights[i], len(weights[i])), sums[i], 32)
			}

			setState(l, states)
			whole := make()
			whole.SetReverse(reverse)
			setState(whole, states)
			e.same("without lengths", l.Forward(x), e.values(whole.Forward(x)))
		}
	})
}

// zero reports values that are not.
func (e *env) zero(what string, values []float64) {
	e.Helper()
	if i := slices.IndexFunc(values, func(v float64) bool { return v != 0 }); i >= 0 {
		e.Errorf("%s is %v at %d, want 0", what, values[i], i)
	}
}

// bidirectional puts what two layers return side by side, the second of which runs in reverse.
func bidirectional(e *env) {
	m := e.weight(inputs, 4*hidden)
	wh, other := e.weight(hidden, 4*hidden), e.weight(hidden, 4*hidden)
	x, dy := e.normal(steps, batch, inputs), e.normal(steps, batch, 2*hidden)
	lengths := []int{0, 3, steps, 1, 2}
	both := layers.NewBidirectional(layers.NewLSTM(m, wh, nil), layers.NewLSTM(m, other, nil))
	both.SetLengths(lengths)
	y := both.Forward(x)
	e.shape("y", y, steps, batch, 2*hidden)
	ys, dx := e.values(y), e.values(both.Backward(dy))

	var sum []float64
	for i, w := range []*tensor.Tensor{wh, other} {
		l := layers.NewLSTM(m, w, nil)
		l.SetReverse(i == 1)
		l.SetLengths(lengths)
		e.same(fmt.Sprintf("direction %d", i), l.Forward(x), half(ys, i))
		d := e.values(l.Backward(e.tensor(half(e.values(dy), i), steps, batch, hidden)))
		if sum == nil {
			sum = make([]float64, len(d))
		}
		for j, v := range d {
			sum[j] += v
		}
	}
	e.near("dx", e.tensor(dx, len(dx)), sum, 1)
}

// half is the columns of one half.
func half(rows []float64, i int) (all []float64) {
	for at := i * hidden; at < len(rows); at += 2 * hidden {
		all = append(all, rows[at:at+hidden]...)
	}
	return all
}

// gatedState is about the state that a gated layer carries.
func gatedState(e *env) {
	eachGated(e, func(e *env, states []*tensor.Tensor, make func() gated) {
		x := e.normal(steps, batch, inputs)
		fromZero := e.values(make().Forward(x))
		given := make()
		setState(given, states)
		fromStates := e.values(given.Forward(x))

		l := make()
		for _, s := range slices.Concat(stateOf(l), stateGradOf(l)) {
			if s != nil {
				e.Errorf("a new layer has the state or gradient %v, want none", s)
			}
		}
		e.same("from the beginning", l.Forward(x), fromZero)
		l.ResetState()
		for _, s := range stateOf(l) {
			if s != nil {
				e.Errorf("after ResetState the state is %v, want none", s)
			}
		}
		e.same("after ResetState", l.Forward(x), fromZero)

		var own []*tensor.Tensor
		for _, s := range states {
			own = append(own, e.clone(s))
		}
		setState(l, own)
		for i, s := range stateOf(l) {
			own[i].Fill(7) // the layer has a copy
			e.shape("the state", s, batch, hidden)
			e.same("the state", s, e.values(states[i]))
		}
		e.same("from the state", l.Forward(x), fromStates)
		last := e.all(stateOf(l))
		setState(l, stateOf(l))
		setState(l, stateOf(l))
		for i, s := range stateOf(l) {
			e.same("the state given back", s, last[i])
		}

		var part []*tensor.Tensor // of what it already has
		for _, s := range stateOf(l) {
			part = append(part, s.Slice(1, 3))
		}
		setState(l, part)
		for i, s := range stateOf(l) {
			e.same("a part of the state", s, last[i][hidden:3*hidden])
		}
		l.Free()
		e.same("after Free", l.Forward(x), fromZero)
		x.Slice(2, 3).Reshape(batch, inputs).Slice(1, 2).Fill(math.NaN())
		l.ResetState()
		for i := range fromZero {
			if t, b := i/(batch*hidden), i/hidden%batch; t >= 2 && b == 1 {
				fromZero[i] = math.NaN()
			}
		}
		e.same("with NaN at a step of a row", l.Forward(x), fromZero)
	})
}
