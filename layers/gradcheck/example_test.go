package gradcheck_test

import (
	"fmt"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/layers/gradcheck"
	"github.com/keisan-go/keisan/tensor"
)

// Square is a layer of one's own, made of others: y = x·x.
type Square struct {
	mul, add *layers.Binary
}

func (l Square) Forward(x *tensor.Tensor) *tensor.Tensor { return l.mul.Forward(x, x) }

func (l Square) Backward(dy *tensor.Tensor) *tensor.Tensor {
	left, right := l.mul.Backward(dy)
	return l.add.Forward(left, right)
}

func (l Square) Params() []*layers.Param { return nil }

func ExampleLayer() {
	d, _ := device.Open("cpu")
	x := tensor.From(d, []float64{1, -2, 3, 0.5}, 2, 2)
	fmt.Println(gradcheck.Layer(Square{layers.NewMul(), layers.NewAdd()}, x))
	// Output: <nil>
}

// An RNN's first state is an input, too, whose gradient StateGrad tells.
func ExampleFunction() {
	d, _ := device.Open("cpu")
	in := layers.NewInit(d, device.Float64, 1)
	rnn := layers.NewRNN(in.Xavier(3, 4), in.Orthogonal(4, 4), in.Normal(1, 4))
	x, h := in.Normal(1, 5, 2, 3), in.Normal(1, 2, 4)
	err := gradcheck.Function{
		Inputs: gradcheck.Tensors{"x": x, "h": h},
		Params: rnn.Params(),
		Forward: func() *tensor.Tensor {
			rnn.SetState(h)
			return rnn.Forward(x)
		},
		Backward: func(dy *tensor.Tensor) gradcheck.Tensors {
			dx := rnn.Backward(dy)
			return gradcheck.Tensors{"x": dx, "h": rnn.StateGrad()}
		},
	}.Check()
	fmt.Println(err)
	// Output: <nil>
}
