package layertest

import (
	"math"
	"slices"

	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/tensor"
)

// state is about what a recurrent layer carries from one sequence to the next.
func state(e *env) {
	eachRecurrent(e, func(e *env, states []*tensor.Tensor, make func() layers.Recurrent) {
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

		kept := stateOf(l)
		l.ResetState()
		setState(l, kept)
		for i, s := range stateOf(l) {
			e.same("the state that was reset", s, last[i])
		}
		setState(l, states)
		setState(given, states)
		for _, n := range []int{2, steps} { // the state outlives a change of the sequence's length, and a SetState of it
			setState(l, stateOf(l))
			e.same("a sequence of another length", l.Forward(x.Slice(0, n)), e.values(given.Forward(x.Slice(0, n))))
			for i, s := range stateOf(l) {
				e.same("the state after it", s, e.values(stateOf(given)[i]))
			}
		}

		last = e.all(stateOf(l))
		setState(l, rowsOfEach(stateOf(l), 1, 3)) // a part of what it already has
		for i, s := range stateOf(l) {
			e.same("a part of the state", s, last[i][hidden:3*hidden])
		}
		setState(l, rowsOfEach(states, 1, 3))
		few := e.tensor(rowsOf(e.values(x), 1, 3), steps, 2, inputs)
		e.same("a smaller batch", l.Forward(few), rowsOf(fromStates, 1, 3))
		l.ResetState()
		e.same("the whole batch again", l.Forward(x), fromZero)

		l.Backward(e.normal(steps, batch, hidden))
		grads := e.all(stateGradOf(l))
		l.Forward(x)
		for i, g := range stateGradOf(l) {
			e.shape("the state's gradient", g, batch, hidden)
			e.same("the state's gradient until the next Backward", g, grads[i])
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
