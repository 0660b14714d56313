// Command gomlx is GoMLX's product, tanh and a recurrent layer as a graph of these, unrolled over the steps, with its own
// gradients. The backend is simplego, which is pure Go; the other one, XLA, is a plugin that is no Go module. It runs one
// operation after another, each on all threads: running several at once, as it does unasked, it hung now and then.
package main

import (
	"github.com/gomlx/gomlx/backends"
	"github.com/gomlx/gomlx/backends/simplego"
	. "github.com/gomlx/gomlx/pkg/core/graph"
	"github.com/gomlx/gomlx/pkg/core/tensors"

	"github.com/keisan-go/keisan/bench/peers/golang/serve"
)

var backend backends.Backend

func main() {
	var err error
	if backend, err = simplego.New("ops_sequential"); err != nil {
		panic(err)
	}
	serve.Peer("GoMLX (backend simplego)", "github.com/gomlx/gomlx", load)
}

func load(c serve.Case) (*serve.Task, error) {
	operand := func(name string, shape ...int) any {
		n := 1
		for _, s := range shape {
			n *= s
		}
		return tensors.FromFlatDataAndDimensions(c.Operand(name, n), shape...)
	}
	switch c.Family {
	case "matmul":
		if c.Is("trans=tn") || c.Is("trans=nt") {
			return nil, serve.ErrNot
		}
		m, n, k := c.Size("m"), c.Size("n"), c.Size("k")
		f := func(args []*Node) []*Node { return []*Node{Dot(args[0], args[1])} }
		return task(f, []string{"c"}, operand("a", m, k), operand("b", k, n))
	case "elementwise":
		if !c.Is("op=tanh") {
			return nil, serve.ErrNot
		}
		f := func(args []*Node) []*Node { return []*Node{Tanh(args[0])} }
		return task(f, []string{"z"}, operand("x", c.Size("n")))
	case "rnn_forward", "rnn_train":
		steps, batch, inputs, hidden := c.Size("t"), c.Size("b"), c.Size("i"), c.Size("h")
		// The backend has no gradient of a slice, so each step's operands are the graph's.
		args := []any{operand("h0", batch, hidden), operand("wx", inputs, hidden), operand("wh", hidden, hidden), operand("b", 1, hidden)}
		args = append(args, perStep(c.Operand("x", steps*batch*inputs), steps, batch, inputs)...)
		if c.Family == "rnn_forward" {
			return task(func(a []*Node) []*Node { return []*Node{Stack(states(a, a[4:]), 0)} }, []string{"h"}, args...)
		}
		args = append(args, perStep(c.Operand("dy", steps*batch*hidden), steps, batch, hidden)...)
		return task(func(a []*Node) []*Node {
			xs, dy := a[4:4+steps], a[4+steps:]
			h := states(a, xs)
			loss := ReduceAllSum(Mul(h[1], dy[0]))
			for t := 1; t < steps; t++ {
				loss = Add(loss, ReduceAllSum(Mul(h[t+1], dy[t])))
			}
			grads := Gradient(loss, a[:4+steps]...)
			return []*Node{Stack(h, 0), grads[0], grads[1], grads[2], grads[3], Stack(grads[4:], 0)}
		}, []string{"h", "dh0", "dwx", "dwh", "db", "dx"}, args...)
	}
	return nil, serve.ErrNot
}

// perStep is an operand [T, B, width] as one for each step.
func perStep(v []float32, steps, batch, width int) (all []any) {
	for t := range steps {
		all = append(all, tensors.FromFlatDataAndDimensions(v[t*batch*width:(t+1)*batch*width], batch, width))
	}
	return all
}

// states is all states, the first one too, of h0, wx, wh and b, and the steps' x.
func states(a, xs []*Node) []*Node {
	h, wx, wh, b := a[0], a[1], a[2], a[3]
	all := []*Node{h}
	for _, x := range xs {
		h = Tanh(Add(Add(Dot(x, wx), Dot(h, wh)), b))
		all = append(all, h)
	}
	return all
}

// task runs a graph, which is compiled at its first run.
func task(f func([]*Node) []*Node, names []string, args ...any) (*serve.Task, error) {
	exec, err := NewExec(backend, f)
	if err != nil {
		return nil, err
	}
	var results []*tensors.Tensor
	return &serve.Task{
		Run: func() error {
			for _, r := range results {
				if err := r.FinalizeAll(); err != nil {
					return err
				}
			}
			results, err = exec.Exec(args...)
			return err
		},
		Results: func() map[string][]float32 {
			all := map[string][]float32{}
			for i, r := range results {
				all[names[i]] = tensors.MustCopyFlatData[float32](r)
			}
			return all
		},
	}, nil
}
