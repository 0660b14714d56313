package layers_test

import (
	"testing"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/optim"
	"github.com/keisan-go/keisan/tensor"
)

// After its first step a layer allocates nothing on the Go heap either.
func TestStepsDoNotAllocate(t *testing.T) {
	d, err := open()
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for _, dtype := range []device.DType{device.Float32, device.Float64} {
		in := layers.NewInit(d, dtype, 1)
		normal := func(shape ...int) *tensor.Tensor { return in.Normal(1, shape...) }
		step := func(l layers.Layer, x *tensor.Tensor) func() {
			return func() { l.Backward(l.Forward(x)) }
		}
		binary := func(l *layers.Binary, x, y *tensor.Tensor) func() {
			return func() { l.Backward(l.Forward(x, y)) }
		}
		rnn := layers.NewRNN(normal(3, 4), normal(4, 4), normal(4))
		restarted := layers.NewReLURNN(normal(3, 4), normal(4, 4), nil)
		reversed := layers.NewRNN(normal(3, 4), normal(4, 4), normal(4))
		reversed.SetReverse(true)
		cell := layers.NewRNNCell(normal(3, 4), normal(4, 4), normal(4))
		vectorCell := layers.NewRNNCell(normal(3, 4), normal(4, 4), normal(4))
		lstm := layers.NewLSTM(normal(3, 16), normal(4, 16), normal(16))
		backwards := layers.NewLSTM(normal(3, 16), normal(4, 16), nil)
		backwards.SetReverse(true)
		gru := layers.NewGRU(normal(3, 12), normal(4, 12), nil, normal(12))
		before := layers.NewGRUResetBefore(normal(3, 12), normal(4, 12), normal(12), normal(12))
		loss := layers.NewSoftmaxCrossEntropy()
		squared, crossEntropy := layers.NewMeanSquaredError(), layers.NewBinaryCrossEntropy()
		embedding, ids := layers.NewEmbedding(normal(7, 4)), []int{3, 0, 3, 6, 1, 1}
		concat, split := layers.NewConcat(), layers.NewSplit(1, 2)
		selected, evaluated := layers.NewSelect(-1), layers.NewDropout(0.5, 1)
		evaluated.SetTraining(false)
		x, h, sequence := normal(2, 3), normal(2, 4), normal(5, 2, 3)
		sequence4, lengths := normal(5, 2, 4), []int{5, 3}
		vector, state, target := normal(3), normal(4), []int{1, -1}
		for name, step := range map[string]func(){
			"Add":        binary(layers.NewAdd(), x, normal(3)),
			"Mul":        binary(layers.NewMul(), x, normal(2, 1)),
			"Div":        binary(layers.NewDiv(), normal(), x),
			"Sigmoid":    step(layers.NewSigmoid(), x),
			"Tanh":       step(layers.NewTanh(), x),
			"ReLU":       step(layers.NewReLU(), x),
			"Softmax":    step(layers.NewSoftmax(), x),
			"MatMul":     step(layers.NewMatMul(normal(3, 4)), sequence),
			"Affine":     step(layers.NewAffine(normal(3, 4), normal(4)), x),
			"Sequential": step(layers.NewSequential(layers.NewMatMul(normal(3, 4)), layers.NewTanh()), x),
			"RNN":        step(rnn, sequence),
			"RNN with a state": func() {
				restarted.SetState(h)
				restarted.Backward(restarted.Forward(sequence))
				restarted.ResetState()
				restarted.Backward(restarted.Forward(sequence))
			},
			"RNN with lengths and a state": func() {
				reversed.SetLengths(lengths)
				reversed.SetState(h)
				reversed.Forward(sequence)
				reversed.SetStateGrad(h)
				reversed.Backward(sequence4)
			},
			"LSTM": step(lstm, sequence),
			"LSTM with lengths and a state": func() {
				backwards.SetLengths(lengths)
				backwards.SetState(h, h)
				backwards.Forward(sequence)
				backwards.SetStateGrad(h, h)
				backwards.Backward(sequence4)
			},
			"GRU": step(gru, sequence),
			"GRU with lengths": func() {
				before.SetLengths(lengths)
				before.Backward(before.Forward(sequence))
			},
			"Bidirectional": step(layers.NewBidirectional(
				layers.NewLSTM(normal(3, 16), normal(4, 16), nil), layers.NewLSTM(normal(3, 16), normal(4, 16), nil)), sequence),
			"RNNCell":             func() { cell.Backward(cell.Forward(x, h)) },
			"RNNCell of a vector": func() { vectorCell.Backward(vectorCell.Forward(vector, state)) },
			"SoftmaxCrossEntropy": func() { loss.Forward(x, target); loss.Backward() },
			"MeanSquaredError":    func() { squared.Forward(x, x); squared.Backward() },
			"BinaryCrossEntropy":  func() { crossEntropy.Forward(x, x); crossEntropy.Backward() },
			"MatMulTransposed":    step(layers.NewMatMulTransposed(normal(4, 3)), sequence),
			"AffineTransposed":    step(layers.NewAffineTransposed(normal(4, 3), normal(4)), x),
			"Embedding":           func() { embedding.Backward(embedding.Forward(ids, 3, 2)) },
			"LayerNorm":           step(layers.NewLayerNorm(normal(3), normal(3), 1e-5), sequence),
			"Dropout":             step(layers.NewDropout(0.5, 1), x),
			"SequenceDropout":     step(layers.NewSequenceDropout(0.5, 1), sequence),
			"Dropout, evaluated":  step(evaluated, x),
			"Concat":              func() { concat.Backward(concat.Forward(x, h, x)) },
			"Split":               func() { split.Backward(split.Forward(x)...) },
			"Select": func() {
				selected.SetLengths(lengths)
				selected.Backward(selected.Forward(sequence))
			},
		} {
			step()
			if n := testing.AllocsPerRun(20, step); n != 0 {
				t.Errorf("%s of %v allocates %v times a step, want 0", name, dtype, n)
			}
		}

		clip := optim.NewClip(1)
		for name, o := range map[string]optim.Optimizer{
			"SGD":      optim.NewSGD(0.1),
			"Momentum": optim.NewMomentum(0.1, 0.9),
			"Nesterov": optim.NewNesterov(0.1, 0.9),
			"AdaGrad":  optim.NewAdaGrad(0.1),
			"RMSprop":  optim.NewRMSprop(0.1, 0.99),
			"Adam":     optim.NewAdam(0.1, 0.9, 0.999),
			"AdamW":    optim.NewAdamW(0.1, 0.9, 0.999, 0.01),
		} {
			step := func() {
				optim.ZeroGrad(rnn.Params())
				clip.Clip(rnn.Params())
				o.Step(rnn.Params())
			}
			step()
			if n := testing.AllocsPerRun(20, step); n != 0 {
				t.Errorf("%s of %v allocates %v times a step, want 0", name, dtype, n)
			}
		}
	}
}
