package layertest

import (
	"fmt"

	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/layers/gradcheck"
	"github.com/keisan-go/keisan/tensor"
)

// A network's sizes, odd enough to leave a remainder in every blocked loop.
const steps, batch, inputs, hidden = 7, 5, 19, 37

// recurrentKinds is every kind of recurrent layer: how many states it has, its weights, and a layer of them.
var recurrentKinds = []struct {
	name    string
	states  int
	weights func(e *env, inputs, hidden int) []*tensor.Tensor
	layer   func(w []*tensor.Tensor) layers.Recurrent
}{
	{"RNN", 1, weightsOf(1, 1), func(w []*tensor.Tensor) layers.Recurrent { return layers.NewRNN(w[0], w[1], w[2]) }},
	{"ReLURNN", 1, weightsOf(1, 1), func(w []*tensor.Tensor) layers.Recurrent { return layers.NewReLURNN(w[0], w[1], w[2]) }},
	{"LSTM", 2, weightsOf(4, 1), func(w []*tensor.Tensor) layers.Recurrent { return layers.NewLSTM(w[0], w[1], w[2]) }},
	{"GRU", 1, weightsOf(3, 2), func(w []*tensor.Tensor) layers.Recurrent { return layers.NewGRU(w[0], w[1], w[2], w[3]) }},
	{"GRUResetBefore", 1, weightsOf(3, 2), func(w []*tensor.Tensor) layers.Recurrent { return layers.NewGRUResetBefore(w[0], w[1], w[2], w[3]) }},
}

// weightsOf is the weights of a layer with so many gates and biases.
func weightsOf(gates, biases int) func(e *env, inputs, hidden int) []*tensor.Tensor {
	return func(e *env, inputs, hidden int) []*tensor.Tensor {
		all := []*tensor.Tensor{e.weight(inputs, gates*hidden), e.weight(hidden, gates*hidden)}
		for range biases {
			all = append(all, e.normal(gates*hidden))
		}
		return all
	}
}

// A oneState is a layer with one state, as all are but LSTM.
type oneState interface {
	SetState(h *tensor.Tensor)
	State() *tensor.Tensor
	StateGrad() *tensor.Tensor
	SetStateGrad(dh *tensor.Tensor)
}

// setState, stateOf, stateGradOf and setStateGrad are the methods that differ in the number of states.

func setState(l layers.Recurrent, states []*tensor.Tensor) {
	if l, ok := l.(*layers.LSTM); ok {
		l.SetState(states[0], states[1])
		return
	}
	l.(oneState).SetState(states[0])
}

func stateOf(l layers.Recurrent) []*tensor.Tensor {
	if l, ok := l.(*layers.LSTM); ok {
		h, c := l.State()
		return []*tensor.Tensor{h, c}
	}
	return []*tensor.Tensor{l.(oneState).State()}
}

func stateGradOf(l layers.Recurrent) []*tensor.Tensor {
	if l, ok := l.(*layers.LSTM); ok {
		dh, dc := l.StateGrad()
		return []*tensor.Tensor{dh, dc}
	}
	return []*tensor.Tensor{l.(oneState).StateGrad()}
}

func setStateGrad(l layers.Recurrent, grads []*tensor.Tensor) {
	if l, ok := l.(*layers.LSTM); ok {
		l.SetStateGrad(grads[0], grads[1])
		return
	}
	l.(oneState).SetStateGrad(grads[0])
}

// eachRecurrent runs f for every kind of recurrent layer. Every call of make is a layer of the same weights.
func eachRecurrent(e *env, f func(e *env, states []*tensor.Tensor, make func() layers.Recurrent)) {
	for _, kind := range recurrentKinds {
		e.Run(kind.name, func(e *env) {
			w := kind.weights(e, inputs, hidden)
			var states []*tensor.Tensor
			for range kind.states {
				states = append(states, e.normal(batch, hidden))
			}
			f(e, states, func() layers.Recurrent { return kind.layer(w) })
		})
	}
}

// recurrentSpecimens are the recurrent layers in all the ways that they run.
func recurrentSpecimens() (all []specimen) {
	for _, kind := range recurrentKinds {
		add := func(name string, prepare func(l layers.Recurrent)) {
			all = append(all, specimen{kind.name + name, func(e *env) gradcheck.Function {
				l := kind.layer(kind.weights(e, 3, 5))
				prepare(l)
				return recurrentFunction(e, l, kind.states)
			}})
		}
		add("", func(layers.Recurrent) {})
		add("/reverse", func(l layers.Recurrent) { l.SetReverse(true) })
		add("/lengths", func(l layers.Recurrent) { l.SetLengths([]int{2, 4, 0}) })
		add("/reverse lengths", func(l layers.Recurrent) { l.SetReverse(true); l.SetLengths([]int{3, 0, 1}) })
		all = append(all, specimen{kind.name + "/chain", func(e *env) gradcheck.Function { // one goes on where another ends
			w := kind.weights(e, 3, 5)
			first, second := kind.layer(w), kind.layer(w)
			first.SetLengths([]int{4, 2, 3})
			f := recurrentFunction(e, first, kind.states)
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
				return recurrentGradients(first, zero)
			}
			return f
		}})
	}
	for name, make := range map[string]func(e *env) layers.Layer{
		"RNN/no bias":  func(e *env) layers.Layer { return layers.NewRNN(e.weight(5, 3), e.weight(3, 3), nil) },
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
		specimen{"Bidirectional/RNN", func(e *env) gradcheck.Function { // as a whole in reverse
			l := layers.NewBidirectional(
				layers.NewRNN(e.weight(3, 5), e.weight(5, 5), e.normal(5)), layers.NewReLURNN(e.weight(3, 4), e.weight(4, 4), nil))
			l.SetReverse(true)
			l.SetLengths([]int{4, 0, 3})
			return layer(l, e.normal(4, 3, 3))
		}},
		specimen{"Bidirectional/stacks", func(e *env) gradcheck.Function { // each of two layers
			stack := func() layers.Recurrent {
				return layers.NewSequential(
					layers.NewRNN(e.weight(3, 5), e.weight(5, 5), e.normal(5)), layers.NewGRU(e.weight(5, 12), e.weight(4, 12), nil, nil))
			}
			return layer(layers.NewBidirectional(stack(), stack()), e.normal(4, 2, 3))
		}},
		specimen{"Sequential/lengths", func(e *env) gradcheck.Function { // a stack, in reverse
			l := layers.NewSequential(
				layers.NewLSTM(e.weight(3, 20), e.weight(5, 20), e.normal(20)), layers.NewTanh(),
				layers.NewRNN(e.weight(5, 4), e.weight(4, 4), e.normal(4)))
			l.SetReverse(true)
			l.SetLengths([]int{2, 4, 0})
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

// recurrentFunction is a layer of 3 inputs and 5 units over 4 steps of 3 rows.
func recurrentFunction(e *env, l layers.Recurrent, states int) gradcheck.Function {
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
		Backward: func(dy *tensor.Tensor) gradcheck.Tensors { return recurrentGradients(l, dy) },
	}
}

func recurrentGradients(l layers.Recurrent, dy *tensor.Tensor) gradcheck.Tensors {
	all := gradcheck.Tensors{"x": l.Backward(dy)}
	for i, g := range stateGradOf(l) {
		all[fmt.Sprint("state ", i)] = g
	}
	return all
}
