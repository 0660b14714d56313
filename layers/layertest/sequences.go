package layertest

import (
	"fmt"
	"slices"

	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/tensor"
)

// chunks runs a sequence in pieces, the state carried: the same bits as in one piece, onwards and, from the last piece to the
// first, in reverse, with lengths and without. Steps one at a time are streaming.
func chunks(e *env) {
	eachRecurrent(e, func(e *env, states []*tensor.Tensor, make func() layers.Recurrent) {
		x := e.normal(steps, batch, inputs)
		for _, reverse := range []bool{false, true} {
			for _, lengths := range [][]int{nil, {steps, 0, 3, 1, steps - 1}} {
				whole := make()
				whole.SetReverse(reverse)
				whole.SetLengths(lengths)
				setState(whole, states)
				want := e.values(whole.Forward(x))
				wantState := e.all(stateOf(whole))
				for _, pieces := range [][]int{{3, 4}, {1, 1, 1, 1, 1, 1, 1}, {6, 1}, {0, 7}, {2, 0, 5}} {
					what := fmt.Sprintf("reverse %v, lengths %v, in chunks of %d: ", reverse, lengths, pieces)
					var cuts [][2]int // where each piece begins and ends, in the order in which they run
					t := 0
					for _, n := range pieces {
						cuts = append(cuts, [2]int{t, t + n})
						t += n
					}
					if reverse {
						slices.Reverse(cuts)
					}
					l := make()
					l.SetReverse(reverse)
					setState(l, states)
					for _, cut := range cuts {
						from, to := cut[0], cut[1]
						if lengths != nil {
							l.SetLengths(within(lengths, from, to))
						}
						y := l.Forward(x.Slice(from, to))
						e.same(fmt.Sprintf("%ssteps %d to %d", what, from, to), y, want[from*batch*hidden:to*batch*hidden])
					}
					for i, s := range stateOf(l) {
						e.same(fmt.Sprintf("%sstate %d afterwards", what, i), s, wantState[i])
					}
				}
			}
		}
	})
}

// within is how many of the steps from from to to-1 rows of these lengths take.
func within(lengths []int, from, to int) (all []int) {
	for _, n := range lengths {
		all = append(all, max(0, min(n, to)-from))
	}
	return all
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

// chunkGradients goes back through two chunks, each in a layer of its own, the gradient of the state handed on.
func chunkGradients(e *env) {
	eachRecurrent(e, func(e *env, states []*tensor.Tensor, make func() layers.Recurrent) {
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
func onlyFirst(e *env, l layers.Recurrent, states []*tensor.Tensor, x, dy *tensor.Tensor, n int) []float64 {
	e.Helper()
	setState(l, states)
	l.Forward(x.Slice(0, n))
	return e.values(l.Backward(dy.Slice(0, n)))
}

// rows runs each row of a batch on its own: the same bits as beside the others.
func rows(e *env) {
	eachRecurrent(e, func(e *env, states []*tensor.Tensor, make func() layers.Recurrent) {
		x, dy := e.normal(steps, batch, inputs), e.normal(steps, batch, hidden)
		const outputs = 11
		matmul := layers.NewMatMul(e.weight(hidden, outputs))
		l := make()
		setState(l, states)
		y := l.Forward(x)
		wantY, wantZ, wantDX := e.values(y), e.values(matmul.Forward(y)), e.values(l.Backward(dy))
		for b := range batch {
			setState(l, rowsOfEach(states, b, b+1))
			y := l.Forward(e.tensor(rowsOf(e.values(x), b, b+1), steps, 1, inputs))
			e.same(fmt.Sprintf("row %d alone", b), y, rowsOf(wantY, b, b+1))
			e.same(fmt.Sprintf("the product of row %d alone", b), matmul.Forward(y), rowsOf(wantZ, b, b+1))
			dx := l.Backward(e.tensor(rowsOf(e.values(dy), b, b+1), steps, 1, hidden))
			e.same(fmt.Sprintf("dx of row %d alone", b), dx, rowsOf(wantDX, b, b+1))
		}
	})
}

// rowsOf is rows i to j of the batch of a sequence [steps, batch, width].
func rowsOf(sequence []float64, i, j int) (part []float64) {
	width := len(sequence) / (steps * batch)
	for t := range steps {
		part = append(part, sequence[(t*batch+i)*width:(t*batch+j)*width]...)
	}
	return part
}

// rowsOfEach is rows i to j of each of some states.
func rowsOfEach(states []*tensor.Tensor, i, j int) (part []*tensor.Tensor) {
	for _, s := range states {
		part = append(part, s.Slice(i, j))
	}
	return part
}

// reverse runs a reversed sequence in reverse: the same bits as onwards.
func reverse(e *env) {
	eachRecurrent(e, func(e *env, states []*tensor.Tensor, make func() layers.Recurrent) {
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

// lengths runs rows of different lengths beside each other, onwards and in reverse: as if each were alone, and zero
// behind its end, whatever x and dy hold there.
func lengths(e *env) {
	lengths := []int{steps, 0, 3, 1, steps - 1}
	eachRecurrent(e, func(e *env, states []*tensor.Tensor, make func() layers.Recurrent) {
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
				setState(alone, rowsOfEach(states, b, b+1))
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
