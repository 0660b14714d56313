// Command gonum is gonum's product, and its recurrent layer as somebody would write it with that.
package main

import (
	"math"

	"github.com/keisan-go/keisan/bench/peers/golang/serve"
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
)

func main() { serve.Peer("gonum", "gonum.org/v1/gonum", load) }

func load(c serve.Case) (*serve.Task, error) {
	switch c.Family {
	case "matmul":
		m, n, k := c.Size("m"), c.Size("n"), c.Size("k")
		a, b, product := matrix(m, k, c.Operand("a", m*k)), matrix(k, n, c.Operand("b", k*n)), matrix(m, n, make([]float32, m*n))
		transA, transB := blas.NoTrans, blas.NoTrans
		if c.Is("trans=tn") {
			a, transA = matrix(k, m, a.Data), blas.Trans
		}
		if c.Is("trans=nt") {
			b, transB = matrix(n, k, b.Data), blas.Trans
		}
		return &serve.Task{
			Run: func() error {
				blas32.Gemm(transA, transB, 1, a, b, 0, product)
				return nil
			},
			Results: func() map[string][]float32 { return map[string][]float32{"c": product.Data} },
		}, nil
	case "rnn_forward":
		return forward(c), nil
	}
	return nil, serve.ErrNot
}

// forward is one product for the inputs of all steps, and one for each step's state.
func forward(c serve.Case) *serve.Task {
	steps, batch, inputs, hidden := c.Size("t"), c.Size("b"), c.Size("i"), c.Size("h")
	x, h0, bias := matrix(steps*batch, inputs, c.Operand("x", steps*batch*inputs)), c.Operand("h0", batch*hidden), c.Operand("b", hidden)
	wx, wh := matrix(inputs, hidden, c.Operand("wx", inputs*hidden)), matrix(hidden, hidden, c.Operand("wh", hidden*hidden))
	h := make([]float32, (steps+1)*batch*hidden)
	rows := func(from, n int) blas32.General { return matrix(n, hidden, h[from*hidden:]) }
	run := func() error {
		copy(h, h0)
		for i := range steps * batch {
			copy(h[(batch+i)*hidden:], bias)
		}
		blas32.Gemm(blas.NoTrans, blas.NoTrans, 1, x, wx, 1, rows(batch, steps*batch))
		for t := range steps {
			next := rows((t+1)*batch, batch)
			blas32.Gemm(blas.NoTrans, blas.NoTrans, 1, rows(t*batch, batch), wh, 1, next)
			for i, v := range next.Data[:batch*hidden] {
				next.Data[i] = float32(math.Tanh(float64(v)))
			}
		}
		return nil
	}
	return &serve.Task{Run: run, Results: func() map[string][]float32 { return map[string][]float32{"h": h} }}
}

func matrix(rows, cols int, data []float32) blas32.General {
	return blas32.General{Rows: rows, Cols: cols, Stride: max(cols, 1), Data: data}
}
