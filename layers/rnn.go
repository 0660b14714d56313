package layers

import (
	"slices"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
	"github.com/keisan-go/keisan/tensor"
)

// RNN is a vanilla recurrent layer over a sequence x [T, B, I]: y [T, B, H] is the states h₁ ... h_T of
//
//	h_t = tanh(x_t·wx + h_(t-1)·wh + b)        wx [I, H], wh [H, H], b [H]
//
// wx is PyTorch's weight_ih_l0 transposed, wh is weight_hh_l0 transposed, and b is the sum of its two biases. The state is
// carried: h₀ is the last state of the Forward before, or zero in the beginning and after ResetState. The gradient stops at
// h₀ (truncated backpropagation through time); StateGrad tells it.
type RNN struct {
	recurrent
	f kernels.Activation
	b *Param // may be nil

	forward  kernels.RNN
	backward kernels.RNNGrad
}

// NewRNN returns the layer with tanh, for weights wx [I, H], wh [H, H] and a bias b [H], which may be nil.
func NewRNN(wx, wh, b *tensor.Tensor) *RNN { return newRNN("RNN", kernels.Tanh, wx, wh, b) }

// NewReLURNN returns the layer with ReLU instead of tanh.
func NewReLURNN(wx, wh, b *tensor.Tensor) *RNN { return newRNN("ReLURNN", kernels.ReLU, wx, wh, b) }

func newRNN(name string, f kernels.Activation, wx, wh, b *tensor.Tensor) *RNN {
	l := &RNN{recurrent: newRecurrent(name, 1, wx, wh), f: f}
	l.b = l.bias("b", b)
	return l
}

// Forward returns the states [T, B, H] for x [T, B, I]. It panics if I is not that of wx, or if B is not that of the
// state carried from before or of the lengths.
func (l *RNN) Forward(x *tensor.Tensor) *tensor.Tensor {
	steps, batch := l.begin(x)
	padded := l.run(x, steps, batch)
	bias, _ := l.b.arrays()
	l.forward = kernels.RNN{
		F: l.f, Reverse: l.reverse, H: l.h.all.Array(), Y: padded, Lengths: l.ran,
		X: x.Array(), Wx: l.wx.Value.Array(), Wh: l.wh.Value.Array(), Bias: bias,
	}
	x.Device().Launch(&l.forward)
	l.h.next = l.h.last
	return l.y
}

// Backward adds to the gradients of the weights and returns that of x, from that of all states, dy [T, B, H].
func (l *RNN) Backward(dy *tensor.Tensor) *tensor.Tensor {
	gradient(l.name, dy, l.y)
	s, dx := dy.Shape(), l.inputGrad(l.x)
	_, dbias := l.b.arrays()
	l.backward = kernels.RNNGrad{
		F: l.f, Reverse: l.ranReverse, Lengths: l.ran,
		DX:  arrayOf(dx),
		DH0: l.room(&l.dh0, dy, s[1], s[2]).Array(),
		DWx: l.wx.Grad.Array(), DWh: l.wh.Grad.Array(), DBias: dbias,
		DZ: l.room(&l.dz, dy, s...).Array(),
		DY: dy.Array(), DHT: l.stateGradOf("dh", l.dhT),
		H: l.h.all.Array(), X: l.x.Array(), Wx: l.wx.Value.Array(), Wh: l.wh.Value.Array(),
	}
	l.dhT = nil
	dy.Device().Launch(&l.backward)
	return dx
}

// RNNCell is one step of an RNN: the notebook's RNN.
//
//	hNext = tanh(x·wx + hPrev·wh + b)        x [..., I], hPrev and hNext [..., H]
//
// A cell remembers one step. A network that is unrolled over several steps has as many cells, made of the same weights.
type RNNCell struct {
	rnn                         *RNN
	x, h, next, dnext, dx, prev *tensor.Tensor // views: the sequence of one step and the tensors of the caller's shape
	shape                       []int
}

// NewRNNCell returns the cell for weights wx [I, H], wh [H, H] and a bias b [H], which may be nil.
func NewRNNCell(wx, wh, b *tensor.Tensor) *RNNCell {
	return &RNNCell{rnn: newRNN("RNNCell", kernels.Tanh, wx, wh, b)}
}

// Forward returns the state after x, from the state before it.
func (l *RNNCell) Forward(x, hPrev *tensor.Tensor) *tensor.Tensor {
	wx, inputs, hidden := l.rnn.wx.Value, l.rnn.inputs, l.rnn.hidden
	compatible("RNNCell", "x", x, "wx", wx)
	compatible("RNNCell", "hPrev", hPrev, "wx", wx)
	last := len(x.Shape()) - 1
	if last < 0 || x.Shape()[last] != inputs {
		device.Panicf("layers.RNNCell: x is %v and wx is %v, want x [... %d]", x, wx, inputs)
	}
	l.shape = append(append(l.shape[:0], x.Shape()[:last]...), hidden)
	if !slices.Equal(hPrev.Shape(), l.shape) {
		device.Panicf("layers.RNNCell: hPrev is %v and x is %v, want hPrev %v", hPrev, x, append([]int(nil), l.shape...))
	}
	batch := kernels.Rows(x.Array())
	l.rnn.SetState(view(&l.h, hPrev, batch, hidden))
	y := l.rnn.Forward(view(&l.x, x, 1, batch, inputs))
	return view(&l.next, y, l.shape...)
}

// Backward adds to the gradients of the weights and returns those of x and of hPrev.
func (l *RNNCell) Backward(dhNext *tensor.Tensor) (dx, dhPrev *tensor.Tensor) {
	gradientOf("RNNCell", "dhNext", dhNext, "hNext", l.next)
	dy := view(&l.dnext, dhNext, l.rnn.y.Shape()...)
	last := len(l.shape) - 1
	d := l.rnn.Backward(dy)
	l.shape[last] = l.rnn.inputs
	dx = view(&l.dx, d, l.shape...)
	l.shape[last] = l.rnn.hidden
	return dx, view(&l.prev, l.rnn.StateGrad(), l.shape...)
}

// Free gives back the memory that the cell holds beside its parameters. It can be used again.
func (l *RNNCell) Free() {
	l.rnn.Free()
	l.next = nil
}

// Params is wx, wh and, if there is one, b.
func (l *RNNCell) Params() []*Param { return l.rnn.params }
