package layertest

import (
	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/layers/gradcheck"
	"github.com/keisan-go/keisan/tensor"
)

// A specimen is a layer with inputs. Sequences have three steps or more, batches two rows or more, and where a layer does
// not want it no two axes have the same length, so that none is taken for another.
type specimen struct {
	name string
	make func(e *env) gradcheck.Function
}

// specimens is every layer, and the ways to put them together.
var specimens = append([]specimen{
	{"Add", func(e *env) gradcheck.Function { return binary(layers.NewAdd(), e.normal(2, 3), e.normal(2, 3)) }},
	{"Mul", func(e *env) gradcheck.Function { return binary(layers.NewMul(), e.normal(2, 3), e.normal(2, 3)) }},
	{"Div", func(e *env) gradcheck.Function { return binary(layers.NewDiv(), e.normal(2, 3), e.apart(2, 3)) }},
	{"Add/rows", func(e *env) gradcheck.Function { return binary(layers.NewAdd(), e.normal(2, 3, 4), e.normal(4)) }},
	{"Mul/outer", func(e *env) gradcheck.Function { return binary(layers.NewMul(), e.normal(3, 1), e.normal(2, 1, 4)) }},
	{"Div/columns", func(e *env) gradcheck.Function { return binary(layers.NewDiv(), e.normal(3, 4), e.apart(3, 1)) }},
	{"Div/outer", func(e *env) gradcheck.Function { return binary(layers.NewDiv(), e.normal(4), e.apart(2, 3, 1)) }},
	{"Mul/scalar", func(e *env) gradcheck.Function { return binary(layers.NewMul(), e.normal(), e.normal(2, 3)) }},
	{"Div/scalars", func(e *env) gradcheck.Function { return binary(layers.NewDiv(), e.normal(), e.apart()) }},
	{"Mul/itself", func(e *env) gradcheck.Function {
		mul, add, x := layers.NewMul(), layers.NewAdd(), e.normal(2, 3)
		return gradcheck.Function{
			Inputs:  gradcheck.Tensors{"x": x},
			Forward: func() *tensor.Tensor { return mul.Forward(x, x) },
			Backward: func(dz *tensor.Tensor) gradcheck.Tensors {
				left, right := mul.Backward(dz)
				return gradcheck.Tensors{"x": add.Forward(left, right)}
			},
		}
	}},
	{"Sigmoid", func(e *env) gradcheck.Function { return layer(layers.NewSigmoid(), e.normal(3, 2, 5)) }},
	{"Tanh", func(e *env) gradcheck.Function { return layer(layers.NewTanh(), e.normal(3, 2, 5)) }},
	{"ReLU", func(e *env) gradcheck.Function { return layer(layers.NewReLU(), e.apart(3, 2, 5)) }},
	{"Softmax", func(e *env) gradcheck.Function { return layer(layers.NewSoftmax(), e.normal(3, 2, 5)) }},
	{"MatMul", func(e *env) gradcheck.Function { return layer(layers.NewMatMul(e.normal(4, 5)), e.normal(3, 4)) }},
	{"MatMul/sequence", func(e *env) gradcheck.Function { return layer(layers.NewMatMul(e.normal(4, 5)), e.normal(3, 2, 4)) }},
	{"MatMul/vector", func(e *env) gradcheck.Function { return layer(layers.NewMatMul(e.normal(4, 5)), e.normal(4)) }},
	{"Affine", func(e *env) gradcheck.Function {
		return layer(layers.NewAffine(e.normal(4, 5), e.normal(5)), e.normal(3, 2, 4))
	}},
	{"Affine/vector", func(e *env) gradcheck.Function {
		return layer(layers.NewAffine(e.normal(4, 5), e.normal(5)), e.normal(4))
	}},
	{"MatMulTransposed", func(e *env) gradcheck.Function {
		return layer(layers.NewMatMulTransposed(e.normal(5, 4)), e.normal(3, 4))
	}},
	{"AffineTransposed", func(e *env) gradcheck.Function {
		return layer(layers.NewAffineTransposed(e.normal(5, 4), e.normal(5)), e.normal(3, 2, 4))
	}},
	{"AffineTransposed/vector", func(e *env) gradcheck.Function {
		return layer(layers.NewAffineTransposed(e.normal(5, 4), e.normal(5)), e.normal(4))
	}},
	{"AffineTransposed/tied", func(e *env) gradcheck.Function { // to the table of an embedding
		w, b := e.weight(7, 5), e.normal(7)
		f, tanh, out := embedding(e, layers.NewEmbedding(w)), layers.NewTanh(), layers.NewAffineTransposed(w, b)
		first := f
		f.Params = out.Params()
		f.Forward = func() *tensor.Tensor { return out.Forward(tanh.Forward(first.Forward())) }
		f.Backward = func(dy *tensor.Tensor) gradcheck.Tensors { return first.Backward(tanh.Backward(out.Backward(dy))) }
		return f
	}},
	{"LayerNorm", func(e *env) gradcheck.Function {
		return layer(layers.NewLayerNorm(e.normal(5), e.normal(5), 1e-5), e.normal(3, 2, 5))
	}},
	{"LayerNorm/vector", func(e *env) gradcheck.Function {
		return layer(layers.NewLayerNorm(e.normal(5), e.normal(5), 0.1), e.normal(5))
	}},
	{"Sequential/LayerNorm", func(e *env) gradcheck.Function {
		return layer(layers.NewSequential(
			layers.NewRNN(e.weight(3, 5), e.weight(5, 5), e.normal(5)),
			layers.NewLayerNorm(e.normal(5), e.normal(5), 1e-3),
			layers.NewAffine(e.weight(5, 6), e.normal(6))), e.normal(4, 2, 3))
	}},
	{"Concat", func(e *env) gradcheck.Function {
		l, x, y := layers.NewConcat(), e.normal(3, 2, 5), e.normal(3, 2, 4)
		return gradcheck.Function{
			Inputs:  gradcheck.Tensors{"x": x, "y": y},
			Forward: func() *tensor.Tensor { return l.Forward(x, y) },
			Backward: func(dz *tensor.Tensor) gradcheck.Tensors {
				parts := l.Backward(dz)
				return gradcheck.Tensors{"x": parts[0], "y": parts[1]}
			},
		}
	}},
	{"Split", func(e *env) gradcheck.Function {
		l, mul, x := layers.NewSplit(4, 4), layers.NewMul(), e.normal(3, 2, 8)
		return gradcheck.Function{
			Inputs: gradcheck.Tensors{"x": x},
			Forward: func() *tensor.Tensor {
				parts := l.Forward(x)
				return mul.Forward(parts[0], parts[1])
			},
			Backward: func(dz *tensor.Tensor) gradcheck.Tensors { return gradcheck.Tensors{"x": l.Backward(mul.Backward(dz))} },
		}
	}},
	{"Select", func(e *env) gradcheck.Function { return layer(layers.NewSelect(-1), e.normal(4, 2, 3)) }},
	{"Select/lengths", func(e *env) gradcheck.Function {
		l := layers.NewSelect(-2)
		l.SetLengths([]int{3, 4, 2})
		return layer(l, e.normal(4, 3, 5))
	}},
	{"Sequential/classifier", func(e *env) gradcheck.Function {
		net := layers.NewSequential(
			layers.NewLSTM(e.weight(3, 20), e.weight(5, 20), e.normal(20)), layers.NewSelect(-1),
			layers.NewAffine(e.weight(5, 4), e.normal(4)))
		net.SetLengths([]int{4, 1})
		return layer(net, e.normal(4, 2, 3))
	}},
	{"Dropout", func(e *env) gradcheck.Function {
		l := layers.NewDropout(0.4, 1)
		return masked(layer(l, e.normal(3, 2, 5)), l)
	}},
	{"SequenceDropout", func(e *env) gradcheck.Function {
		l := layers.NewSequenceDropout(0.4, 1)
		return masked(layer(l, e.normal(3, 2, 5)), l)
	}},
	{"Sequential/Dropout", func(e *env) gradcheck.Function {
		first, second := layers.NewDropout(0.4, 1), layers.NewSequenceDropout(0.4, 2)
		return masked(layer(layers.NewSequential(first,
			layers.NewRNN(e.weight(3, 5), e.weight(5, 5), e.normal(5)), second,
			layers.NewAffine(e.weight(5, 6), e.normal(6))), e.normal(4, 2, 3)), first, second)
	}},
	{"Embedding", func(e *env) gradcheck.Function { return embedding(e, layers.NewEmbedding(e.normal(7, 5))) }},
	{"Embedding/RNN", func(e *env) gradcheck.Function {
		l := layers.NewEmbedding(e.weight(7, 5))
		rnn := layers.NewRNN(e.weight(5, 4), e.weight(4, 4), e.normal(4))
		f := embedding(e, l)
		first := f
		f.Params = append(f.Params[:1:1], rnn.Params()...)
		f.Forward = func() *tensor.Tensor {
			rnn.ResetState()
			return rnn.Forward(first.Forward())
		}
		f.Backward = func(dy *tensor.Tensor) gradcheck.Tensors { return first.Backward(rnn.Backward(dy)) }
		return f
	}},
	{"RNNCell", func(e *env) gradcheck.Function { return cell(e, []int{3}) }},
	{"RNNCell/vector", func(e *env) gradcheck.Function { return cell(e, nil) }},
	{"RNNCell/axes", func(e *env) gradcheck.Function { return cell(e, []int{3, 2}) }},
	{"SoftmaxCrossEntropy", func(e *env) gradcheck.Function { return crossEntropy(e.normal(4, 5), 2, 0, 4, 2) }},
	{"SoftmaxCrossEntropy/sequence", func(e *env) gradcheck.Function {
		return crossEntropy(e.normal(3, 2, 5), 2, -1, 4, 0, -1, 0)
	}},
	{"MeanSquaredError", func(e *env) gradcheck.Function {
		return elementLoss(layers.NewMeanSquaredError(), e.normal(3, 2, 5), e.normal(3, 2, 5))
	}},
	{"BinaryCrossEntropy", func(e *env) gradcheck.Function {
		return elementLoss(layers.NewBinaryCrossEntropy(), e.normal(4, 2), e.tensor([]float64{0, 1, 0.3, 1, 1, 0, 0.9, 0}, 4, 2))
	}},
	{"Sequential", func(e *env) gradcheck.Function {
		return layer(layers.NewSequential(
			layers.NewAffine(e.weight(4, 6), e.normal(6)), layers.NewTanh(),
			layers.NewMatMul(e.weight(6, 5)), layers.NewSoftmax()), e.normal(3, 2, 4))
	}},
	{"Sequential/RNN", func(e *env) gradcheck.Function {
		return layer(layers.NewSequential(
			layers.NewRNN(e.weight(3, 5), e.weight(5, 5), nil),
			layers.NewSequential(layers.NewReLURNN(e.weight(5, 4), e.weight(4, 4), e.normal(4))),
			layers.NewAffine(e.weight(4, 6), e.normal(6))), e.normal(4, 2, 3))
	}},
	{"Sequential/shared", func(e *env) gradcheck.Function {
		w, b := e.weight(4, 4), e.normal(4)
		return layer(layers.NewSequential(
			layers.NewAffine(w, b), layers.NewSigmoid(),
			layers.NewAffine(w, b), layers.NewTanh(),
			layers.NewMatMul(w)), e.normal(3, 4))
	}},
	{"RNN/shared", func(e *env) gradcheck.Function { // two layers of the same weights, one above the other
		wx, wh, b, x, h := e.weight(5, 5), e.weight(5, 5), e.normal(5), e.normal(4, 2, 5), e.normal(2, 5)
		first, second := layers.NewRNN(wx, wh, b), layers.NewRNN(wx, wh, b)
		both := gradcheck.Function{Inputs: gradcheck.Tensors{"x": x, "h": h}, Params: first.Params()}
		both.Forward = func() *tensor.Tensor {
			first.SetState(h)
			second.ResetState()
			return second.Forward(first.Forward(x))
		}
		both.Backward = func(dy *tensor.Tensor) gradcheck.Tensors {
			return gradcheck.Tensors{"x": first.Backward(second.Backward(dy)), "h": first.StateGrad()}
		}
		return both
	}},
}, recurrentSpecimens()...)

// weight is a weight that keeps numbers about as large as they are.
func (e *env) weight(inputs, outputs int) *tensor.Tensor { return e.in.Xavier(inputs, outputs) }

func binary(l *layers.Binary, x, y *tensor.Tensor) gradcheck.Function {
	return gradcheck.Function{
		Inputs:  gradcheck.Tensors{"x": x, "y": y},
		Forward: func() *tensor.Tensor { return l.Forward(x, y) },
		Backward: func(dz *tensor.Tensor) gradcheck.Tensors {
			dx, dy := l.Backward(dz)
			return gradcheck.Tensors{"x": dx, "y": dy}
		},
	}
}

func layer(l layers.Layer, x *tensor.Tensor) gradcheck.Function {
	return gradcheck.Function{
		Inputs: gradcheck.Tensors{"x": x},
		Params: l.Params(),
		Forward: func() *tensor.Tensor {
			if l, ok := l.(interface{ ResetState() }); ok {
				l.ResetState()
			}
			return l.Forward(x)
		},
		Backward: func(dy *tensor.Tensor) gradcheck.Tensors { return gradcheck.Tensors{"x": l.Backward(dy)} },
	}
}

// masked is a function of the same masks each time.
func masked(f gradcheck.Function, dropouts ...*layers.Dropout) gradcheck.Function {
	forward := f.Forward
	f.Forward = func() *tensor.Tensor {
		for _, l := range dropouts {
			l.SetPosition(5)
		}
		return forward()
	}
	return f
}

// embedding takes three steps of two rows each from a table of seven.
func embedding(e *env, l *layers.Embedding) gradcheck.Function {
	ids := []int{3, 0, 3, 6, 1, 3}
	return gradcheck.Function{
		Params:   l.Params(),
		Forward:  func() *tensor.Tensor { return l.Forward(ids, 3, 2) },
		Backward: func(dy *tensor.Tensor) gradcheck.Tensors { l.Backward(dy); return nil },
	}
}

func cell(e *env, leading []int) gradcheck.Function {
	l := layers.NewRNNCell(e.weight(4, 5), e.weight(5, 5), e.normal(5))
	x, h := e.normal(with(leading, 4)...), e.normal(with(leading, 5)...)
	return gradcheck.Function{
		Inputs:  gradcheck.Tensors{"x": x, "h": h},
		Params:  l.Params(),
		Forward: func() *tensor.Tensor { return l.Forward(x, h) },
		Backward: func(dy *tensor.Tensor) gradcheck.Tensors {
			dx, dh := l.Backward(dy)
			return gradcheck.Tensors{"x": dx, "h": dh}
		},
	}
}

func crossEntropy(logits *tensor.Tensor, targets ...int) gradcheck.Function {
	l := layers.NewSoftmaxCrossEntropy()
	return gradcheck.Function{
		Inputs:   gradcheck.Tensors{"logits": logits},
		Forward:  func() *tensor.Tensor { return l.Forward(logits, targets) },
		Backward: func(*tensor.Tensor) gradcheck.Tensors { return gradcheck.Tensors{"logits": l.Backward()} },
	}
}

func elementLoss(l *layers.ElementLoss, y, target *tensor.Tensor) gradcheck.Function {
	return gradcheck.Function{
		Inputs:   gradcheck.Tensors{"y": y},
		Forward:  func() *tensor.Tensor { return l.Forward(y, target) },
		Backward: func(*tensor.Tensor) gradcheck.Tensors { return gradcheck.Tensors{"y": l.Backward()} },
	}
}
