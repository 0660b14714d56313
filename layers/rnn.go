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
// The state is carried: h₀ is the last state of the Forward before, or zero in the beginning and after ResetState. The
// gradient stops at h₀ (truncated backpropagation through time); StateGrad tells it.
type RNN struct {
	owned
	name      string
	f         kernels.Activation
	wx, wh, b *Param // b may be nil
	params    []*Param

	x           *tensor.Tensor
	h           carry
	dx, dz, dh0 *tensor.Tensor

	forward  kernels.RNN
	backward kernels.RNNGrad
}

// NewRNN returns the layer with tanh, for weights wx [I, H], wh [H, H] and a bias b [H], which may be nil.
func NewRNN(wx, wh, b *tensor.Tensor) *RNN { return newRNN("RNN", kernels.Tanh, wx, wh, b) }

// NewReLURNN returns the layer with ReLU instead of tanh.
func NewReLURNN(wx, wh, b *tensor.Tensor) *RNN { return newRNN("ReLURNN", kernels.ReLU, wx, wh, b) }

func newRNN(name string, f kernels.Activation, wx, wh, b *tensor.Tensor) *RNN {
	l := &RNN{name: name, f: f, wx: newParam(name, "wx", wx), wh: newParam(name, "wh", wh)}
	l.params = []*Param{l.wx, l.wh}
	compatible(name, "wh", wh, "wx", wx)
	if len(wx.Shape()) != 2 {
		device.Panicf("layers.%s: wx is %v, want [I H]", name, wx)
	}
	hidden := wx.Shape()[1]
	if s := wh.Shape(); len(s) != 2 || s[0] != hidden || s[1] != hidden {
		device.Panicf("layers.%s: wh is %v and wx is %v, want wh [%d %d]", name, wh, wx, hidden, hidden)
	}
	if b != nil {
		compatible(name, "b", b, "wx", wx)
		if s := b.Shape(); len(s) != 1 || s[0] != hidden {
			device.Panicf("layers.%s: b is %v and wx is %v, want b [%d]", name, b, wx, hidden)
		}
		l.b = newParam(name, "b", b)
		l.params = append(l.params, l.b)
	}
	return l
}

// Forward returns the states [T, B, H] for x [T, B, I]. It panics if I is not that of wx, or if B is not that of the
// state carried from before.
func (l *RNN) Forward(x *tensor.Tensor) *tensor.Tensor {
	wx := l.wx.Value
	inputs, hidden := wx.Shape()[0], wx.Shape()[1]
	compatible(l.name, "x", x, "wx", wx)
	l.input(l.name, "x", x)
	s := x.Shape()
	if len(s) != 3 || s[2] != inputs {
		device.Panicf("layers.%s: x is %v and wx is %v, want x [T B %d]", l.name, x, wx, inputs)
	}
	steps, batch := s[0], s[1]
	l.h.check(l.name, x, batch)
	l.h.begin(&l.owned, x, false, steps, batch, hidden)

	l.forward = kernels.RNN{F: l.f, H: l.h.all.Array(), X: x.Array(), Wx: wx.Array(), Wh: l.wh.Value.Array()}
	if l.b != nil {
		l.forward.Bias = l.b.Value.Array()
	}
	x.Device().Launch(&l.forward)
	l.x, l.h.next = x, l.h.last
	return l.h.states
}

// Backward adds to the gradients of the weights and returns that of x, from that of all states, dy [T, B, H].
func (l *RNN) Backward(dy *tensor.Tensor) *tensor.Tensor {
	gradient(l.name, dy, l.h.states)
	s := dy.Shape()
	k := &l.backward
	*k = kernels.RNNGrad{
		F:   l.f,
		DX:  l.room(&l.dx, l.x, l.x.Shape()...).Array(),
		DH0: l.room(&l.dh0, dy, s[1], s[2]).Array(),
		DWx: l.wx.Grad.Array(),
		DWh: l.wh.Grad.Array(),
		DZ:  l.room(&l.dz, dy, s...).Array(),
		DY:  dy.Array(),
		H:   l.h.all.Array(),
		X:   l.x.Array(),
		Wx:  l.wx.Value.Array(),
		Wh:  l.wh.Value.Array(),
	}
	if l.b != nil {
		k.DBias = l.b.Grad.Array()
	}
	dy.Device().Launch(k)
	return l.dx
}

// Params is wx, wh and, if there is one, b.
func (l *RNN) Params() []*Param { return l.params }

// SetState makes a copy of h [B, H] the state that the next Forward begins with.
func (l *RNN) SetState(h *tensor.Tensor) {
	wh := l.wh.Value
	compatible(l.name, "state", h, "wh", wh)
	if s := h.Shape(); len(s) != 2 || s[1] != wh.Shape()[1] {
		device.Panicf("layers.%s: the state is %v and wh is %v, want a state [B %d]", l.name, h, wh, wh.Shape()[1])
	}
	l.h.set(&l.owned, h)
}

// State is the state [B, H] that the next Forward begins with, valid until then: h_T of the last Forward, a part of what
// it returned, or what SetState was given. It is nil for the zero state, which has no batch size yet.
func (l *RNN) State() *tensor.Tensor { return l.h.next }

// ResetState makes the next Forward begin with zero.
func (l *RNN) ResetState() { l.h.next = nil }

// Free gives back the memory that the layer holds beside its parameters, the carried state included. The layer can be
// used again, beginning with zero.
func (l *RNN) Free() {
	l.owned.Free()
	l.h.states, l.h.next = nil, nil
}

// StateGrad is the gradient [B, H] of h₀, the state that the last Forward began with, as the last Backward found it; nil
// before that.
func (l *RNN) StateGrad() *tensor.Tensor { return l.dh0 }

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
	wx := l.rnn.wx.Value
	inputs, hidden := wx.Shape()[0], wx.Shape()[1]
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
	gradient("RNNCell", dhNext, l.next)
	dy := view(&l.dnext, dhNext, l.rnn.h.states.Shape()...)
	last := len(l.shape) - 1
	inputs, hidden := l.rnn.wx.Value.Shape()[0], l.shape[last]
	d := l.rnn.Backward(dy)
	l.shape[last] = inputs
	dx = view(&l.dx, d, l.shape...)
	l.shape[last] = hidden
	return dx, view(&l.prev, l.rnn.StateGrad(), l.shape...)
}

// Free gives back the memory that the cell holds beside its parameters. It can be used again.
func (l *RNNCell) Free() {
	l.rnn.Free()
	l.next = nil
}

// Params is wx, wh and, if there is one, b.
func (l *RNNCell) Params() []*Param { return l.rnn.params }
