// Command gorgonia is Gorgonia's product, tanh and a recurrent layer as a graph of these, unrolled over the steps, with its
// own gradients. Its products are gonum's, as they are unless a program brings a BLAS in C.
package main

import (
	"fmt"

	. "gorgonia.org/gorgonia"
	"gorgonia.org/tensor"

	"github.com/keisan-go/keisan/bench/peers/golang/serve"
)

func main() { serve.Peer("Gorgonia", "gorgonia.org/gorgonia", load) }

func load(c serve.Case) (*serve.Task, error) {
	g := NewGraph()
	matrix := func(name string, rows, cols int, data []float32) *Node {
		value := tensor.New(tensor.WithShape(rows, cols), tensor.WithBacking(data))
		return NewMatrix(g, tensor.Float32, WithShape(rows, cols), WithName(name), WithValue(value))
	}
	operand := func(name string, rows, cols int) *Node { return matrix(name, rows, cols, c.Operand(name, rows*cols)) }
	switch c.Family {
	case "matmul":
		if c.Is("trans=tn") || c.Is("trans=nt") {
			return nil, serve.ErrNot
		}
		m, n, k := c.Size("m"), c.Size("n"), c.Size("k")
		return task(g, map[string]Nodes{"c": {Must(Mul(operand("a", m, k), operand("b", k, n)))}}, nil)
	case "elementwise":
		if !c.Is("op=tanh") {
			return nil, serve.ErrNot
		}
		return task(g, map[string]Nodes{"z": {Must(Tanh(operand("x", 1, c.Size("n"))))}}, nil)
	case "rnn_forward", "rnn_train":
	default:
		return nil, serve.ErrNot
	}

	steps, batch, inputs, hidden := c.Size("t"), c.Size("b"), c.Size("i"), c.Size("h")
	all, dy := c.Operand("x", steps*batch*inputs), c.Operand("dy", steps*batch*hidden)
	first, wx, wh, b := operand("h0", batch, hidden), operand("wx", inputs, hidden), operand("wh", hidden, hidden), operand("b", 1, hidden)
	var xs, terms Nodes
	h := first
	states := Nodes{h}
	for t := range steps {
		x := matrix(fmt.Sprint("x", t), batch, inputs, all[t*batch*inputs:(t+1)*batch*inputs])
		z := Must(Add(Must(Mul(x, wx)), Must(Mul(h, wh))))
		if batch == 1 {
			z = Must(Add(z, b))
		} else {
			z = Must(BroadcastAdd(z, b, nil, []byte{0}))
		}
		h = Must(Tanh(z))
		xs, states = append(xs, x), append(states, h)
		if c.Family == "rnn_train" {
			y := matrix(fmt.Sprint("dy", t), batch, hidden, dy[t*batch*hidden:(t+1)*batch*hidden])
			terms = append(terms, Must(Sum(Must(HadamardProd(h, y)))))
		}
	}
	if c.Family == "rnn_forward" {
		return task(g, map[string]Nodes{"h": states}, nil)
	}
	loss := Must(ReduceAdd(terms))
	wrt := append(Nodes{first, wx, wh, b}, xs...)
	grads, err := Grad(loss, wrt...)
	if err != nil {
		return nil, err
	}
	return task(g, map[string]Nodes{"h": states, "dh0": grads[:1], "dwx": grads[1:2], "dwh": grads[2:3], "db": grads[3:4], "dx": grads[4:]}, wrt)
}

// task runs a graph. The gradients of what it is differentiated by are kept apart from one another.
func task(g *ExprGraph, results map[string]Nodes, wrt Nodes) (*serve.Task, error) {
	values := map[string][]Value{}
	for name, nodes := range results {
		values[name] = make([]Value, len(nodes))
		for i, n := range nodes {
			Read(n, &values[name][i]) // or the memory is another node's later on
		}
	}
	var vm VM
	if wrt == nil {
		vm = NewTapeMachine(g)
	} else {
		vm = NewTapeMachine(g, BindDualValues(wrt...))
	}
	return &serve.Task{
		Run: func() error {
			vm.Reset()
			return vm.RunAll()
		},
		Results: func() map[string][]float32 {
			all := map[string][]float32{}
			for name, vs := range values {
				for _, v := range vs {
					switch data := v.Data().(type) {
					case []float32:
						all[name] = append(all[name], data...)
					case float32:
						all[name] = append(all[name], data)
					}
				}
			}
			return all
		},
	}, nil
}
