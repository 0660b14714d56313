package main

import (
	"context"
	"fmt"
	"io"
	"math"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/tensor"
)

// lesson runs the cells in the notebook's order. Its tanh layer, which prints nothing there, comes with the RNN.
func lesson(ctx context.Context, d device.Device, w io.Writer) error {
	n := &notebook{device: d, w: w}
	for i, cell := range []struct {
		heading string
		run     func(*notebook)
	}{
		{"Add: z = x + y", addition},
		{"Mul: z = x·y", multiplication},
		{"Div: z = x/y", division},
		{"Sigmoid: y = 1/(1+exp(-x))", sigmoid},
		{"MatMul: y = x·W", product},
		{"RNN: h' = tanh(h·Wh + x·Wx + b)", recurrence},
	} {
		if i > 0 {
			fmt.Fprintln(w)
		}
		fmt.Fprintln(w, cell.heading)
		cell.run(n)
		if n.err != nil {
			return n.err
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	return nil
}

// A sum passes its gradient on to both terms.
func addition(n *notebook) {
	x, y := n.scalar(10), n.scalar(20)
	add := layers.NewAdd()
	n.print(add.Forward(x, y))
	n.print(add.Backward(n.scalar(1)))
}

// Each factor's gradient is the other factor.
func multiplication(n *notebook) {
	x, y := n.scalar(10), n.scalar(20)
	mul := layers.NewMul()
	n.print(mul.Forward(x, y))
	n.print(mul.Backward(n.scalar(1)))
}

// The gradients of a quotient are 1/y and -x/y².
func division(n *notebook) {
	x, y := n.scalar(10), n.scalar(20)
	div := layers.NewDiv()
	n.print(div.Forward(x, y))
	n.print(div.Backward(n.scalar(1)))
}

// The sigmoid's gradient is told from its result: y·(1-y), next to nothing far away from 0.
func sigmoid(n *notebook) {
	x := n.scalar(10)
	sigmoid := layers.NewSigmoid()
	n.print(sigmoid.Forward(x))
	n.print(sigmoid.Backward(n.scalar(1)))
}

// Rows of x are samples. The gradient of x is dy·Wᵀ; that of W, xᵀ·dy, is added to Params()[0].Grad.
func product(n *notebook) {
	x := n.matrix(2, 2,
		1, 2,
		3, 4)
	w := n.matrix(2, 3,
		1, 2, 3,
		4, 5, 6)
	matMul := layers.NewMatMul(w)
	n.print(matMul.Forward(x))

	dy := n.matrix(2, 3,
		1, 2, 3,
		4, 5, 6)
	n.print(matMul.Backward(dy))
}

// The notebook ends with the step of an RNN, which it never runs. Is its gradient right? Let L be the sum of all elements
// of h'. Then dh' is 1 everywhere, and a gradient must be by how much L changes where an element changes a little.
func recurrence(n *notebook) {
	const batch, inputs, hidden = 2, 3, 4
	in := layers.NewInit(n.device, device.Float64, 1)
	x, h := in.Normal(1, batch, inputs), in.Normal(1, batch, hidden)
	wx, wh, b := in.Normal(0.5, inputs, hidden), in.Normal(0.5, hidden, hidden), in.Normal(0.5, hidden)
	cell := layers.NewRNNCell(wx, wh, b)
	loss := func() (sum float64) {
		for _, v := range n.values(cell.Forward(x, h)) {
			sum += v
		}
		return sum
	}

	loss()
	dNext := tensor.New(n.device, device.Float64, batch, hidden)
	dNext.Fill(1)
	dx, dh := cell.Backward(dNext)

	fmt.Fprintln(n.w, "gradient of  shape   Backward  difference  do all elements agree")
	for _, v := range []struct {
		name        string
		value, grad *tensor.Tensor
	}{
		{"x", x, dx}, {"h", h, dh}, {"Wx", wx, wx.Grad()}, {"Wh", wh, wh.Grad()}, {"b", b, b.Grad()},
	} {
		found, slopes := n.values(v.grad), n.slopes(v.value, loss)
		agree := "yes"
		for i, slope := range slopes {
			if !(math.Abs(found[i]-slope) < 1e-8) {
				agree = fmt.Sprintf("no: %v and %v at %d", found[i], slope, i)
			}
		}
		fmt.Fprintf(n.w, "%-11s  %-5s  %9.6f  %10.6f  %s\n", v.name, fmt.Sprint(v.value.Shape()), found[0], slopes[0], agree)
	}
}

// slopes is the central differences (L(v+d) - L(v-d)) / 2d of a loss by each element of v.
func (n *notebook) slopes(v *tensor.Tensor, loss func() float64) []float64 {
	const d = 1e-5
	values := n.values(v)
	slopes := make([]float64, len(values))
	for i, value := range values {
		at := func(moved float64) float64 {
			values[i] = moved
			tensor.Set(v, values)
			return loss()
		}
		slopes[i] = (at(value+d) - at(value-d)) / (2 * d)
		values[i] = value
	}
	tensor.Set(v, values)
	return slopes
}
