package layertest

import (
	"math"
	"strings"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/tensor"
)

// A renamed device is taken for another one.
type renamed struct{ device.Device }

func (renamed) Name() string { return "another" }

// misuse calls layers with what does not fit. The message names the thing, its value and what was wanted; afterwards the
// layer and the device work as before.
func misuse(e *env) {
	another, err := e.open()
	if err != nil {
		e.Fatal(err)
	}
	defer another.Close()
	name := e.d.Name()

	zeros := func(shape ...int) *tensor.Tensor { return tensor.New(e.d, device.Float32, shape...) }
	wide := func(shape ...int) *tensor.Tensor { return tensor.New(e.d, device.Float64, shape...) }
	whole := func(shape ...int) *tensor.Tensor { return tensor.New(e.d, device.Int32, shape...) }
	elsewhere := func(shape ...int) *tensor.Tensor { return tensor.New(renamed{e.d}, device.Float32, shape...) }
	twice := func(shape ...int) *tensor.Tensor { return tensor.New(another, device.Float32, shape...) }
	freed := func(shape ...int) *tensor.Tensor {
		t := zeros(shape...)
		t.Free()
		return t
	}

	tanh, softmax, add, loss := layers.NewTanh(), layers.NewSoftmax(), layers.NewAdd(), layers.NewSoftmaxCrossEntropy()
	affine := layers.NewAffine(zeros(3, 4), zeros(4))
	rnn := layers.NewRNN(zeros(3, 4), zeros(4, 4), zeros(4))
	cell := layers.NewRNNCell(zeros(3, 4), zeros(4, 4), zeros(4))
	lstm := layers.NewLSTM(zeros(3, 16), zeros(4, 16), zeros(16))
	gru := layers.NewGRU(zeros(3, 12), zeros(4, 12), zeros(12), zeros(12))
	both := layers.NewBidirectional(layers.NewLSTM(zeros(3, 16), zeros(4, 16), nil), layers.NewGRU(zeros(3, 12), zeros(4, 12), nil, nil))
	embedding := layers.NewEmbedding(zeros(7, 4))
	dropout := layers.NewDropout(0.5, 1)
	norm := layers.NewLayerNorm(zeros(3), zeros(3), 1e-5)
	squared := layers.NewMeanSquaredError()
	concat, split, last := layers.NewConcat(), layers.NewSplit(1, 2), layers.NewSelect(-1)
	run := func() {
		concat.Forward(zeros(2, 3), zeros(2, 4))
		split.Forward(zeros(2, 3))
		last.Forward(zeros(5, 2, 3))
		squared.Forward(zeros(2, 3), zeros(2, 3))
		norm.Forward(zeros(2, 3))
		dropout.Forward(zeros(2, 3))
		embedding.Forward([]int{1, 6}, 2)
		tanh.Forward(zeros(2, 3))
		softmax.Forward(zeros(2, 3))
		add.Forward(zeros(2, 3), zeros(3))
		loss.Forward(zeros(2, 3), []int{0, 2})
		affine.Forward(zeros(2, 3))
		rnn.Forward(zeros(5, 2, 3))
		cell.Forward(zeros(2, 3), zeros(2, 4))
		lstm.Forward(zeros(5, 2, 3))
		gru.Forward(zeros(5, 2, 3))
		both.Forward(zeros(5, 2, 3))
	}
	run()

	const huge = math.MaxInt / 24
	failed := func(f func()) {
		if layers.Try(f) == nil {
			e.Error("no misuse")
		}
	}
	for _, c := range []struct {
		call func()
		want string
	}{
		{func() { tanh.Forward(nil) }, "layers.Tanh: x is nil"},
		{func() { tanh.Forward(whole(2)) }, "kernels.Activate: X is int32, want float32 or float64"},
		{func() { tanh.Forward(freed(2)) }, "kernels.Activate: operand X was freed"},
		{func() { layers.NewTanh().Backward(zeros(2)) }, "layers.Tanh: Backward before Forward"},
		{func() { tanh.Backward(nil) }, "layers.Tanh: dy is nil"},
		{func() { tanh.Backward(zeros(3, 2)) }, "layers.Tanh: dy is float32 [3 2], want [2 3], the shape that Forward returned"},
		{func() { tanh.Backward(wide(2, 3)) }, "layers.Tanh: dy is float64 [2 3] and y is float32 [2 3], want one type"},
		{func() { tanh.Backward(elsewhere(2, 3)) }, "layers.Tanh: dy is on another and y on " + name + ", want one device"},
		{func() { tanh.Backward(twice(2, 3)) }, "layers.Tanh: dy is on " + name + " and y on " + name + ", want one device (it was opened twice)"},
		{func() { tanh.Free(); tanh.Backward(zeros(2, 3)) }, "layers.Tanh: Backward before Forward"},

		{func() { softmax.Forward(nil) }, "layers.Softmax: x is <nil>, want [... C]"},
		{func() { softmax.Forward(zeros()) }, "layers.Softmax: x is float32 [], want [... C]"},
		{func() { softmax.Backward(zeros(3)) }, "layers.Softmax: dy is float32 [3], want [2 3], the shape that Forward returned"},
		{func() { layers.NewSoftmax().Backward(zeros(3)) }, "layers.Softmax: Backward before Forward"},

		{func() { add.Forward(nil, zeros(2)) }, "layers.Add: x is nil"},
		{func() { add.Forward(zeros(2), nil) }, "layers.Add: y is nil"},
		{func() { add.Forward(zeros(2), wide(2)) }, "layers.Add: y is float64 [2] and x is float32 [2], want one type"},
		{func() { add.Forward(whole(2), whole(2)) }, "kernels.Binary: X is int32, want float32 or float64"},
		{func() { add.Forward(zeros(2), elsewhere(2)) }, "layers.Add: y is on another and x on " + name + ", want one device"},
		{func() { add.Forward(zeros(2, 3), zeros(2)) }, "layers.Add: x is float32 [2 3] and y is float32 [2], which do not broadcast"},
		{func() { add.Forward(zeros(0), zeros(2)) }, "layers.Add: x is float32 [0] and y is float32 [2], which do not broadcast"},
		{func() { add.Forward(zeros(2, 1, 2, 1, 2, 1, 2, 1, 2), zeros(1, 2, 1, 2, 1, 2, 1, 2, 1)) }, "broadcasting takes more than 8 nested loops"},
		{func() { layers.NewMul().Backward(zeros(2)) }, "layers.Mul: Backward before Forward"},
		{func() { add.Forward(zeros(2, 3), zeros(3)); add.Backward(zeros(3)) }, "layers.Add: dz is float32 [3], want [2 3], the shape that Forward returned"},

		{func() { layers.NewMatMul(nil) }, "layers.MatMul: w is nil"},
		{func() { layers.NewMatMul(whole(2, 3)) }, "layers.MatMul: w is int32, want float32 or float64"},
		{func() { layers.NewMatMul(zeros(2, 3, 4)) }, "layers.MatMul: w is float32 [2 3 4], want [K N]"},
		{func() { layers.NewAffine(zeros(3, 4), nil) }, "layers.Affine: b is nil; NewMatMul makes a product without one"},
		{func() { layers.NewAffine(nil, zeros(4)) }, "layers.Affine: w is nil"},
		{func() { layers.NewAffine(zeros(3, 4), zeros(3)) }, "layers.Affine: b is float32 [3] and w is float32 [3 4], want b [4]"},
		{func() { layers.NewAffine(zeros(3, 4), zeros(1, 4)) }, "layers.Affine: b is float32 [1 4] and w is float32 [3 4], want b [4]"},
		{func() { layers.NewAffine(zeros(3, 4), wide(4)) }, "layers.Affine: b is float64 [4] and w is float32 [3 4], want one type"},
		{func() { affine.Forward(nil) }, "layers.Affine: x is nil"},
		{func() { affine.Forward(zeros()) }, "layers.Affine: x is float32 [] and w is float32 [3 4], want x [... 3]"},
		{func() { affine.Forward(zeros(3, 2)) }, "layers.Affine: x is float32 [3 2] and w is float32 [3 4], want x [... 3]"},
		{func() { affine.Forward(wide(2, 3)) }, "layers.Affine: x is float64 [2 3] and w is float32 [3 4], want one type"},
		{func() { affine.Forward(elsewhere(2, 3)) }, "layers.Affine: x is on another and w on " + name + ", want one device"},
		{func() { affine.Backward(zeros(2, 3)) }, "layers.Affine: dy is float32 [2 3], want [2 4], the shape that Forward returned"},
		{func() { layers.NewMatMul(zeros(2, 3)).Backward(zeros(3)) }, "layers.MatMul: Backward before Forward"},
		{func() { layers.NewMatMul(freed(3, 4)).Forward(zeros(2, 3)) }, "kernels.MatMul: operand B was freed"},

		{func() { layers.NewMatMulTransposed(zeros(4)) }, "layers.MatMulTransposed: w is float32 [4], want [N K]"},
		{func() { layers.NewAffineTransposed(zeros(4, 3), nil) }, "layers.AffineTransposed: b is nil; NewMatMulTransposed makes a product without one"},
		{func() { layers.NewAffineTransposed(zeros(4, 3), zeros(3)) }, "layers.AffineTransposed: b is float32 [3] and w is float32 [4 3], want b [4]"},
		{func() { layers.NewMatMulTransposed(zeros(4, 3)).Forward(zeros(2, 4)) }, "layers.MatMulTransposed: x is float32 [2 4] and w is float32 [4 3], want x [... 3]"},
		{func() { layers.NewMatMulTransposed(zeros(2, 3)).Backward(zeros(3)) }, "layers.MatMulTransposed: Backward before Forward"},

		{func() { layers.NewRNN(nil, zeros(4, 4), nil) }, "layers.RNN: wx is nil"},
		{func() { layers.NewRNN(zeros(3, 4), nil, nil) }, "layers.RNN: wh is nil"},
		{func() { layers.NewRNN(zeros(4), zeros(4, 4), nil) }, "layers.RNN: wx is float32 [4], want [I H]"},
		{func() { layers.NewRNN(zeros(3, 4), zeros(3, 4), nil) }, "layers.RNN: wh is float32 [3 4] and wx is float32 [3 4], want wh [4 4]"},
		{func() { layers.NewRNN(zeros(3, 4), wide(4, 4), nil) }, "layers.RNN: wh is float64 [4 4] and wx is float32 [3 4], want one type"},
		{func() { layers.NewReLURNN(zeros(3, 4), zeros(4, 4), zeros(3)) }, "layers.ReLURNN: b is float32 [3] and wx is float32 [3 4], want b [4]"},
		{func() { layers.NewRNN(zeros(3, 4), zeros(4, 4), elsewhere(4)) }, "layers.RNN: b is on another and wx on " + name + ", want one device"},
		{func() { rnn.Forward(nil) }, "layers.RNN: x is nil"},
		{func() { rnn.Forward(zeros(2, 3)) }, "layers.RNN: x is float32 [2 3] and wx is float32 [3 4], want x [T B 3]"},
		{func() { rnn.Forward(zeros(5, 2, 4)) }, "layers.RNN: x is float32 [5 2 4] and wx is float32 [3 4], want x [T B 3]"},
		{func() { rnn.Forward(wide(5, 2, 3)) }, "layers.RNN: x is float64 [5 2 3] and wx is float32 [3 4], want one type"},
		{func() { rnn.Forward(zeros(5, 6, 3)) }, "layers.RNN: x is float32 [5 6 3], a batch of 6, and the state is carried from a batch of 2; want the same, or ResetState before"},
		{func() { rnn.SetState(nil) }, "layers.RNN: h is nil"},
		{func() { rnn.SetState(zeros(2, 3)) }, "layers.RNN: h is float32 [2 3] and wh is float32 [4 4], want h [B 4]"},
		{func() { rnn.SetState(zeros(1, 2, 4)) }, "layers.RNN: h is float32 [1 2 4] and wh is float32 [4 4], want h [B 4]"},
		{func() { rnn.SetState(wide(2, 4)) }, "layers.RNN: h is float64 [2 4] and wh is float32 [4 4], want one type"},
		{func() { rnn.Backward(zeros(5, 2, 3)) }, "layers.RNN: dy is float32 [5 2 3], want [5 2 4], the shape that Forward returned"},
		{func() { rnn.SetLengths([]int{5, -1}) }, "layers.RNN: the length of row 1 is -1, want 0 to 2147483647"},
		{func() { defer rnn.SetLengths(nil); rnn.SetLengths([]int{5, 6}); rnn.Forward(zeros(5, 2, 3)) }, "layers.RNN: the length of row 1 is 6 and x is float32 [5 2 3], want 0 to 5"},
		{func() { defer rnn.SetStateGrad(nil); rnn.SetStateGrad(zeros(3, 4)); rnn.Backward(zeros(5, 2, 4)) }, "layers.RNN: dh is float32 [3 4], want [2 4], the shape of the last state"},
		{func() { rnn.Free(); rnn.Backward(zeros(5, 2, 4)) }, "layers.RNN: Backward before Forward"},

		{func() { layers.NewLSTM(nil, zeros(4, 16), nil) }, "layers.LSTM: wx is nil"},
		{func() { layers.NewLSTM(zeros(3, 16), nil, nil) }, "layers.LSTM: wh is nil"},
		{func() { layers.NewLSTM(zeros(3, 15), zeros(4, 16), nil) }, "layers.LSTM: wx is float32 [3 15], want [I 4H]"},
		{func() { layers.NewLSTM(zeros(16), zeros(4, 16), nil) }, "layers.LSTM: wx is float32 [16], want [I 4H]"},
		{func() { layers.NewLSTM(zeros(3, 16), zeros(16, 4), nil) }, "layers.LSTM: wh is float32 [16 4] and wx is float32 [3 16], want wh [4 16]"},
		{func() { layers.NewLSTM(zeros(3, 16), wide(4, 16), nil) }, "layers.LSTM: wh is float64 [4 16] and wx is float32 [3 16], want one type"},
		{func() { layers.NewLSTM(zeros(3, 16), zeros(4, 16), zeros(4)) }, "layers.LSTM: b is float32 [4] and wx is float32 [3 16], want b [16]"},
		{func() { layers.NewLSTM(zeros(3, 16), zeros(4, 16), elsewhere(16)) }, "layers.LSTM: b is on another and wx on " + name + ", want one device"},
		{func() { lstm.Forward(nil) }, "layers.LSTM: x is nil"},
		{func() { lstm.Forward(zeros(5, 2, 4)) }, "layers.LSTM: x is float32 [5 2 4] and wx is float32 [3 16], want x [T B 3]"},
		{func() { lstm.Forward(zeros(5, 6, 3)) }, "layers.LSTM: x is float32 [5 6 3], a batch of 6, and the state is carried from a batch of 2; want the same, or ResetState before"},
		{func() { lstm.SetState(nil, zeros(2, 4)) }, "layers.LSTM: h is nil"},
		{func() { lstm.SetState(zeros(2, 4), nil) }, "layers.LSTM: c is nil"},
		{func() { lstm.SetState(zeros(2, 4), zeros(2, 3)) }, "layers.LSTM: c is float32 [2 3] and wh is float32 [4 16], want c [B 4]"},
		{func() { lstm.SetState(zeros(2, 4), zeros(3, 4)) }, "layers.LSTM: h is float32 [2 4] and c is float32 [3 4], want one shape"},
		{func() { lstm.SetLengths([]int{5, -1}) }, "layers.LSTM: the length of row 1 is -1, want 0 to 2147483647"},
		{func() { defer lstm.SetLengths(nil); lstm.SetLengths([]int{5}); lstm.Forward(zeros(5, 2, 3)) }, "layers.LSTM: there are 1 lengths and x is float32 [5 2 3], want 2 lengths"},
		{func() { defer lstm.SetLengths(nil); lstm.SetLengths([]int{5, 6}); lstm.Forward(zeros(5, 2, 3)) }, "layers.LSTM: the length of row 1 is 6 and x is float32 [5 2 3], want 0 to 5"},
		{func() { lstm.Backward(zeros(5, 2, 3)) }, "layers.LSTM: dy is float32 [5 2 3], want [5 2 4], the shape that Forward returned"},
		{func() {
			defer lstm.SetStateGrad(nil, nil)
			lstm.SetStateGrad(nil, zeros(3, 4))
			lstm.Backward(zeros(5, 2, 4))
		}, "layers.LSTM: dc is float32 [3 4], want [2 4], the shape of the last state"},
		{func() {
			defer lstm.SetStateGrad(nil, nil)
			lstm.SetStateGrad(wide(2, 4), nil)
			lstm.Backward(zeros(5, 2, 4))
		}, "layers.LSTM: dh is float64 [2 4] and wh is float32 [4 16], want one type"},
		{func() { lstm.Free(); lstm.Backward(zeros(5, 2, 4)) }, "layers.LSTM: Backward before Forward"},
		{func() {
			lstm.ResetState()
			failed(func() { lstm.Forward(zeros(huge, 0, 3)) })
			lstm.Backward(zeros(5, 2, 4))
		}, "layers.LSTM: Backward before Forward"},
		{func() { layers.NewGRU(zeros(3, 13), zeros(4, 12), nil, nil) }, "layers.GRU: wx is float32 [3 13], want [I 3H]"},
		{func() { layers.NewGRU(zeros(3, 12), zeros(4, 16), nil, nil) }, "layers.GRU: wh is float32 [4 16] and wx is float32 [3 12], want wh [4 12]"},
		{func() { layers.NewGRU(zeros(3, 12), zeros(4, 12), zeros(4), nil) }, "layers.GRU: bx is float32 [4] and wx is float32 [3 12], want bx [12]"},
		{func() { layers.NewGRUResetBefore(zeros(3, 12), zeros(4, 12), nil, wide(12)) }, "layers.GRU: bh is float64 [12] and wx is float32 [3 12], want one type"},
		{func() { gru.Forward(zeros(5, 2, 4)) }, "layers.GRU: x is float32 [5 2 4] and wx is float32 [3 12], want x [T B 3]"},
		{func() { gru.Forward(zeros(5, 6, 3)) }, "layers.GRU: x is float32 [5 6 3], a batch of 6, and the state is carried from a batch of 2; want the same, or ResetState before"},
		{func() { gru.SetState(zeros(2, 3)) }, "layers.GRU: h is float32 [2 3] and wh is float32 [4 12], want h [B 4]"},
		{func() { gru.Backward(zeros(5, 2, 3)) }, "layers.GRU: dy is float32 [5 2 3], want [5 2 4], the shape that Forward returned"},
		{func() { defer gru.SetStateGrad(nil); gru.SetStateGrad(zeros(3, 4)); gru.Backward(zeros(5, 2, 4)) }, "layers.GRU: dh is float32 [3 4], want [2 4], the shape of the last state"},
		{func() { gru.Free(); gru.Backward(zeros(5, 2, 4)) }, "layers.GRU: Backward before Forward"},
		{func() { layers.NewBidirectional(lstm, nil) }, "layers.Bidirectional: a layer is nil, want two"},
		{func() { layers.NewBidirectional(gru, gru) }, "layers.Bidirectional: layers 0 and 1 are or contain the same one; make two of the same parameters"},
		{func() { layers.NewBidirectional(gru, layers.NewSequential(gru, affine)) }, "layers.Bidirectional: layers 0 and 1 are or contain the same one; make two of the same parameters"},
		{func() { both.Forward(nil) }, "layers.LSTM: x is nil"},
		{func() { both.Backward(zeros(5, 2, 4)) }, "layers.Bidirectional: dy is float32 [5 2 4], want [5 2 8], the shape that Forward returned"},
		{func() {
			half := layers.NewGRU(zeros(3, 12), zeros(4, 12), nil, nil)
			both := layers.NewBidirectional(layers.NewGRU(zeros(3, 12), zeros(4, 12), nil, nil), half)
			half.SkipInputGrad()
			both.Backward(both.Forward(zeros(5, 2, 3)))
		}, "layers.Bidirectional: one layer skips the gradient of x and the other does not; want this layer's SkipInputGrad, which is of both"},
		{func() { both.Free(); both.Backward(zeros(5, 2, 8)) }, "layers.Bidirectional: Backward before Forward"},
		{func() { concat.Forward() }, "layers.Concat: the tensors are [], want one or more of [... C]"},
		{func() { concat.Forward(nil, zeros(2)) }, "layers.Concat: the tensors are [<nil> float32 [2]], want one or more of [... C]"},
		{func() { concat.Forward(zeros()) }, "layers.Concat: the tensors are [float32 []], want one or more of [... C]"},
		{func() { concat.Forward(zeros(2, 3), nil) }, "layers.Concat: a tensor is nil"},
		{func() { concat.Forward(zeros(2, 3), zeros(3, 3)) }, "layers.Concat: a tensor is float32 [3 3] and the first float32 [2 3], want the same axes but for the last"},
		{func() { concat.Forward(zeros(2, 3), zeros(1, 2, 3)) }, "layers.Concat: a tensor is float32 [1 2 3] and the first float32 [2 3], want the same axes but for the last"},
		{func() { concat.Forward(zeros(2, 3), wide(2, 3)) }, "layers.Concat: a tensor is float64 [2 3] and the first is float32 [2 3], want one type"},
		{func() { concat.Forward(concat.Forward(zeros(2, 3)), zeros(2, 3)) }, "layers.Concat: a tensor, float32 [2 3], is what this layer itself returned and would overwrite; want another layer for it"},
		{func() { concat.Backward(zeros(2, 3)) }, "layers.Concat: dy is float32 [2 3], want [2 7], the shape that Forward returned"},
		{func() { concat.Free(); concat.Backward(zeros(2, 7)) }, "layers.Concat: Backward before Forward"},
		{func() { failed(func() { concat.Forward(zeros(2, 5), nil) }); concat.Backward(zeros(2, 5)) }, "layers.Concat: dy is float32 [2 5], want [2 7], the shape that Forward returned"},
		{func() { layers.NewSplit() }, "layers.Split: the widths are [], want one or more, each 0 or more"},
		{func() { layers.NewSplit(3, -1) }, "layers.Split: the widths are [3 -1], want one or more, each 0 or more"},
		{func() { split.Forward(nil) }, "layers.Split: x is <nil>, want [... C]"},
		{func() { split.Forward(zeros()) }, "layers.Split: x is float32 [], want [... C]"},
		{func() { split.Forward(zeros(2, 4)) }, "layers.Split: x is float32 [2 4] and the widths are [1 2], want x [... 3]"},
		{func() { split.Forward(whole(2, 3)) }, "kernels.CopyColumns: Src is int32, want float32 or float64"},
		{func() { split.Forward(split.Backward(split.Forward(zeros(2, 3))...)) }, "layers.Split: x, float32 [2 3], is what this layer itself returned and would overwrite; want another layer for it"},
		{func() { split.Backward(zeros(2, 1)) }, "layers.Split: there are 1 gradients and 2 parts, want one of each"},
		{func() { split.Backward(zeros(2, 1), zeros(2, 1)) }, "layers.Split: dy is float32 [2 1], want [2 2], the shape that Forward returned"},
		{func() { split.Free(); split.Backward(zeros(2, 1), zeros(2, 2)) }, "layers.Split: Backward before Forward"},
		{func() { last.Forward(nil) }, "layers.Select: x is <nil>, want [T B H]"},
		{func() { last.Forward(zeros(2, 3)) }, "layers.Select: x is float32 [2 3], want [T B H]"},
		{func() { last.Forward(whole(5, 2, 3)) }, "kernels.Gather: W is int32, want float32 or float64"},
		{func() { last.Forward(zeros(0, 2, 3)) }, "layers.Select: row 0 has 0 steps and none is step -1, want more or another one"},
		{func() { layers.NewSelect(5).Forward(zeros(5, 2, 3)) }, "layers.Select: row 0 has 5 steps and none is step 5, want more or another one"},
		{func() { defer last.SetLengths(nil); last.SetLengths([]int{5, 0}); last.Forward(zeros(5, 2, 3)) }, "layers.Select: row 1 has 0 steps and none is step -1, want more or another one"},
		{func() { defer last.SetLengths(nil); last.SetLengths([]int{5, 6}); last.Forward(zeros(5, 2, 3)) }, "layers.Select: the length of row 1 is 6 and x is float32 [5 2 3], want 0 to 5"},
		{func() { defer last.SetLengths(nil); last.SetLengths([]int{5}); last.Forward(zeros(5, 2, 3)) }, "layers.Select: there are 1 lengths and x is float32 [5 2 3], want 2 lengths"},
		{func() { defer last.SetLengths(nil); last.SetLengths([]int{}); last.Forward(zeros(5, 2, 3)) }, "layers.Select: there are 0 lengths and x is float32 [5 2 3], want 2 lengths"},
		{func() { last.Backward(zeros(5, 2, 3)) }, "layers.Select: dy is float32 [5 2 3], want [2 3], the shape that Forward returned"},
		{func() { last.Free(); last.Backward(zeros(2, 3)) }, "layers.Select: Backward before Forward"},

		{func() { layers.NewLayerNorm(nil, zeros(3), 1e-5) }, "layers.LayerNorm: gamma is nil"},
		{func() { layers.NewLayerNorm(zeros(3), nil, 1e-5) }, "layers.LayerNorm: beta is nil"},
		{func() { layers.NewLayerNorm(zeros(2, 3), zeros(3), 1e-5) }, "layers.LayerNorm: gamma is float32 [2 3], want [C]"},
		{func() { layers.NewLayerNorm(zeros(3), zeros(4), 1e-5) }, "layers.LayerNorm: beta is float32 [4] and gamma is float32 [3], want beta [3]"},
		{func() { layers.NewLayerNorm(zeros(3), wide(3), 1e-5) }, "layers.LayerNorm: beta is float64 [3] and gamma is float32 [3], want one type"},
		{func() { layers.NewLayerNorm(zeros(3), zeros(3), -1) }, "layers.LayerNorm: eps is -1, want 0 or more"},
		{func() { norm.Forward(nil) }, "layers.LayerNorm: x is nil"},
		{func() { norm.Forward(zeros()) }, "layers.LayerNorm: x is float32 [] and gamma is float32 [3], want x [... 3]"},
		{func() { norm.Forward(zeros(3, 2)) }, "layers.LayerNorm: x is float32 [3 2] and gamma is float32 [3], want x [... 3]"},
		{func() { norm.Forward(norm.Forward(zeros(2, 3))) }, "layers.LayerNorm: x, float32 [2 3], is what this layer itself returned and would overwrite; want another layer for it"},
		{func() { norm.Backward(zeros(3, 2)) }, "layers.LayerNorm: dy is float32 [3 2], want [2 3], the shape that Forward returned"},
		{func() { norm.Free(); norm.Backward(zeros(2, 3)) }, "layers.LayerNorm: Backward before Forward"},

		{func() { layers.NewDropout(1, 1) }, "layers.Dropout: p is 1, want 0 <= p < 1"},
		{func() { layers.NewDropout(-0.5, 1) }, "layers.Dropout: p is -0.5, want 0 <= p < 1"},
		{func() { layers.NewSequenceDropout(math.NaN(), 1) }, "layers.SequenceDropout: p is NaN, want 0 <= p < 1"},
		{func() { dropout.Forward(nil) }, "layers.Dropout: x is nil"},
		{func() { dropout.Forward(whole(2)) }, "kernels.Dropout: X is int32, want float32 or float64"},
		{func() { layers.NewSequenceDropout(0.5, 1).Forward(zeros(2, 3)) }, "layers.SequenceDropout: x is float32 [2 3], want [T B F]"},
		{func() { layers.NewDropout(0.5, 1).Backward(zeros(2, 3)) }, "layers.Dropout: Backward before Forward"},
		{func() { dropout.Backward(zeros(3, 2)) }, "layers.Dropout: dy is float32 [3 2], want [2 3], the shape that Forward returned"},
		{func() {
			defer dropout.SetTraining(true)
			dropout.SetTraining(false)
			dropout.Forward(zeros(4))
			dropout.Backward(zeros(2, 3))
		}, "layers.Dropout: dy is float32 [2 3], want [4], the shape that Forward returned"},
		{func() { dropout.Forward(dropout.Forward(zeros(2, 3))) }, "layers.Dropout: x, float32 [2 3], is what this layer itself returned and would overwrite; want another layer for it"},
		{func() { dropout.Free(); dropout.Backward(zeros(2, 3)) }, "layers.Dropout: Backward before Forward"},

		{func() { layers.NewEmbedding(nil) }, "layers.Embedding: w is nil"},
		{func() { layers.NewEmbedding(zeros(7)) }, "layers.Embedding: w is float32 [7], want [V D]"},
		{func() { layers.NewEmbedding(whole(7, 4)) }, "layers.Embedding: w is int32, want float32 or float64"},
		{func() { embedding.Forward([]int{1, 7}) }, "layers.Embedding: id 1 is 7 and w is float32 [7 4], want 0 to 6"},
		{func() { embedding.Forward([]int{-1, 2}, 1, 2) }, "layers.Embedding: id 0 is -1 and w is float32 [7 4], want 0 to 6"},
		{func() { embedding.Forward([]int{1, 2, 3}, 2, 2) }, "layers.Embedding: 3 ids and the shape [2 2], want 4 ids"},
		{func() { embedding.Forward([]int{1, 2}, -1, -2) }, "tensor: shape [-1 -2] has a negative axis"},
		{func() { layers.NewEmbedding(zeros(7, 4)).Backward(zeros(2, 4)) }, "layers.Embedding: Backward before Forward"},
		{func() { embedding.Backward(zeros(2, 3)) }, "layers.Embedding: dy is float32 [2 3], want [2 4], the shape that Forward returned"},
		{func() { embedding.Backward(nil) }, "layers.Embedding: dy is nil"},
		{func() { embedding.Free(); embedding.Backward(zeros(2, 4)) }, "layers.Embedding: Backward before Forward"},
		{func() { layers.NewRNNCell(zeros(3, 4), zeros(4), nil) }, "layers.RNNCell: wh is float32 [4] and wx is float32 [3 4], want wh [4 4]"},
		{func() { cell.Forward(nil, zeros(2, 4)) }, "layers.RNNCell: x is nil"},
		{func() { cell.Forward(zeros(2, 3), nil) }, "layers.RNNCell: hPrev is nil"},
		{func() { cell.Forward(zeros(2, 4), zeros(2, 4)) }, "layers.RNNCell: x is float32 [2 4] and wx is float32 [3 4], want x [... 3]"},
		{func() { cell.Forward(zeros(2, 3), zeros(4)) }, "layers.RNNCell: hPrev is float32 [4] and x is float32 [2 3], want hPrev [2 4]"},
		{func() { cell.Forward(zeros(2, 3), wide(2, 4)) }, "layers.RNNCell: hPrev is float64 [2 4] and wx is float32 [3 4], want one type"},
		{func() { cell.Backward(zeros(4)) }, "layers.RNNCell: dhNext is float32 [4], want [2 4], the shape that Forward returned"},
		{func() { cell.Free(); cell.Backward(zeros(2, 4)) }, "layers.RNNCell: Backward before Forward"},

		{func() { loss.Forward(nil, nil) }, "layers.SoftmaxCrossEntropy: logits are <nil>, want [... C]"},
		{func() { loss.Forward(zeros(), []int{0}) }, "layers.SoftmaxCrossEntropy: logits are float32 [], want [... C]"},
		{func() { loss.Forward(zeros(0, 3), nil) }, "layers.SoftmaxCrossEntropy: logits are float32 [0 3], an empty batch, which has no mean loss"},
		{func() { loss.Forward(zeros(2, 3), []int{1}) }, "layers.SoftmaxCrossEntropy: 1 targets and logits float32 [2 3], want 2 targets"},
		{func() { loss.Forward(zeros(2, 3), []int{1, 3}) }, "layers.SoftmaxCrossEntropy: target 1 is 3, want a class in [0, 3) or -1"},
		{func() { loss.Forward(zeros(2, 3), []int{-2, 0}) }, "layers.SoftmaxCrossEntropy: target 0 is -2, want a class in [0, 3) or -1"},
		{func() { loss.Forward(whole(2, 3), []int{1, 1}) }, "kernels.SoftmaxCrossEntropy: X is int32, want float32 or float64"},
		{func() { layers.NewSoftmaxCrossEntropy().Backward() }, "layers.SoftmaxCrossEntropy: Backward before Forward"},

		{func() { squared.Forward(nil, zeros(2)) }, "layers.MeanSquaredError: y is nil"},
		{func() { squared.Forward(zeros(2), nil) }, "layers.MeanSquaredError: target is nil"},
		{func() { squared.Forward(zeros(2), zeros(2, 1)) }, "layers.MeanSquaredError: target is float32 [2 1] and y is float32 [2], want one shape"},
		{func() { squared.Forward(zeros(2), wide(2)) }, "layers.MeanSquaredError: target is float64 [2] and y is float32 [2], want one type"},
		{func() { squared.Forward(whole(2), whole(2)) }, "kernels.ElementLoss: X is int32, want float32 or float64"},
		{func() { layers.NewBinaryCrossEntropy().Forward(zeros(0, 3), zeros(0, 3)) }, "layers.BinaryCrossEntropy: y is float32 [0 3], which is empty and has no mean loss"},
		{func() { layers.NewBinaryCrossEntropy().Backward() }, "layers.BinaryCrossEntropy: Backward before Forward"},
		{func() { squared.Free(); squared.Backward() }, "layers.MeanSquaredError: Backward before Forward"},

		// A result with more elements than there can be, though it has none; and what Backward says after that.
		{func() { affine.Forward(zeros(huge, 0, 3)) }, "has more elements than can be counted"},
		{func() { failed(func() { affine.Forward(zeros(huge, 0, 3)) }); affine.Backward(zeros(2, 4)) }, "layers.Affine: Backward before Forward"},
		{func() { failed(func() { add.Forward(zeros(huge, 0, 1), zeros(0, huge)) }); add.Backward(zeros(2, 3)) }, "layers.Add: Backward before Forward"},
		{func() {
			rnn.ResetState()
			failed(func() { rnn.Forward(zeros(huge, 0, 3)) })
			rnn.Backward(zeros(5, 2, 4))
		}, "layers.RNN: Backward before Forward"},

		// What a layer has returned is no input of the same layer, which would overwrite it.
		{func() { tanh.Forward(tanh.Forward(zeros(2, 3))) }, "layers.Tanh: x, float32 [2 3], is what this layer itself returned and would overwrite; want another layer for it"},
		{func() { softmax.Forward(softmax.Forward(zeros(2, 3)).Slice(0, 1)) }, "layers.Softmax: x, float32 [1 3], is what this layer itself returned and would overwrite; want another layer for it"},
		{func() { add.Forward(add.Forward(zeros(2, 3), zeros(3)), zeros(3)) }, "layers.Add: x, float32 [2 3], is what this layer itself returned and would overwrite; want another layer for it"},
		{func() { add.Forward(zeros(2, 3), add.Forward(zeros(2, 3), zeros(3))) }, "layers.Add: y, float32 [2 3], is what this layer itself returned and would overwrite; want another layer for it"},
		{func() { affine.Forward(affine.Backward(affine.Forward(zeros(2, 3)))) }, "layers.Affine: x, float32 [2 3], is what this layer itself returned and would overwrite; want another layer for it"},
		{func() {
			square := layers.NewRNN(zeros(4, 4), zeros(4, 4).Reshape(4, 4), nil)
			square.Forward(square.Forward(zeros(5, 2, 4)))
		}, "layers.RNN: x, float32 [5 2 4], is what this layer itself returned and would overwrite; want another layer for it"},

		{func() { layers.NewSequential(tanh, nil) }, "layers.Sequential: layer 1 is nil"},
		{func() { layers.NewSequential(tanh, affine, tanh) }, "layers.Sequential: layers 0 and 2 are or contain the same one; make two of the same parameters"},
		{func() { layers.NewSequential(gru, affine, layers.NewBidirectional(lstm, gru)) }, "layers.Sequential: layers 0 and 2 are or contain the same one; make two of the same parameters"},
		{func() {
			second := layers.NewMatMul(zeros(4, 2))
			net := layers.NewSequential(affine, second)
			second.SkipInputGrad()
			net.Backward(net.Forward(zeros(2, 3)))
		}, "layers.Sequential: layer 1 returned no gradient for layer 0, want SkipInputGrad of the first layer alone"},
		{func() { layers.NewSequential(tanh, softmax).Backward(nil) }, "layers.Softmax: dy is nil"},
		{func() { layers.NewSequential(affine, softmax).Forward(zeros(2, 2)) }, "layers.Affine: x is float32 [2 2] and w is float32 [3 4], want x [... 3]"},
	} {
		switch err := layers.Try(c.call); {
		case err == nil:
			e.Errorf("no misuse, want %q", c.want)
		case err.Error() != c.want && (strings.HasPrefix(c.want, "layers.") || !strings.Contains(err.Error(), c.want)):
			e.Errorf("the message is %q, want %q", err, c.want) // kernels add all operands to theirs
		}
		if err := e.d.Sync(); err != nil {
			e.Errorf("after %q the device fails: %v", c.want, err)
		}
		rnn.ResetState()
		lstm.ResetState()
		gru.ResetState()
		run()
	}
	e.same("a sum afterwards", add.Forward(e.tensor([]float64{1, 2}, 2), e.tensor([]float64{3, 4}, 2)), []float64{4, 6})
}
