package layers

import (
	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
	"github.com/keisan-go/keisan/tensor"
)

// LSTM is a layer of long short-term memory over a sequence x [T, B, I]: y [T, B, H] is the states h₁ ... h_T of
//
//	[z_i z_f z_g z_o] = x_t·wx + h_(t-1)·wh + b        wx [I, 4H], wh [H, 4H], b [4H]
//	i, f, g, o = σ(z_i), σ(z_f), tanh(z_g), σ(z_o)
//	c_t = f·c_(t-1) + i·g
//	h_t = o·tanh(c_t)
//
// with the gates in PyTorch's order: wx is weight_ih_l0 transposed, wh is weight_hh_l0 transposed, and b is the sum of
// PyTorch's two biases. The state, h and c, is carried: it begins with the last one of the Forward before, or with zero in
// the beginning and after ResetState. The gradient stops at the state that it began with (truncated backpropagation
// through time); StateGrad tells it.
type LSTM struct {
	recurrent
	b               *Param // may be nil
	c               carry
	gates, dc0, dcT *tensor.Tensor

	forward  kernels.LSTM
	backward kernels.LSTMGrad
}

// NewLSTM returns the layer for weights wx [I, 4H], wh [H, 4H] and a bias b [4H], which may be nil.
func NewLSTM(wx, wh, b *tensor.Tensor) *LSTM {
	l := &LSTM{recurrent: newRecurrent("LSTM", 4, wx, wh)}
	l.b = l.bias("b", b)
	return l
}

// Forward returns the states [T, B, H] for x [T, B, I]. It panics if I is not that of wx, or if B is not that of the
// state carried from before or of the lengths.
func (l *LSTM) Forward(x *tensor.Tensor) *tensor.Tensor {
	steps, batch := l.begin(x)
	l.c.check(l.name, x, batch)
	if l.h.next == nil || l.c.next == nil { // as where there was no memory to carry one of them in
		l.ResetState()
	}
	padded := l.run(x, steps, batch)
	l.c.begin(&l.owned, x, l.reverse, steps, batch, l.hidden)
	bias, _ := l.b.arrays()
	l.forward = kernels.LSTM{
		Reverse: l.reverse, H: l.h.all.Array(), C: l.c.all.Array(), Y: padded, Lengths: l.ran,
		Gates: l.room(&l.gates, x, steps, batch, 4*l.hidden).Array(),
		X:     x.Array(), Wx: l.wx.Value.Array(), Wh: l.wh.Value.Array(), Bias: bias,
	}
	x.Device().Launch(&l.forward)
	l.h.next, l.c.next = l.h.last, l.c.last
	return l.y
}

// Backward adds to the gradients of the weights and returns that of x, from that of all states, dy [T, B, H].
func (l *LSTM) Backward(dy *tensor.Tensor) *tensor.Tensor {
	gradient(l.name, dy, l.y)
	s, dx := dy.Shape(), l.inputGrad(l.x)
	_, dbias := l.b.arrays()
	l.backward = kernels.LSTMGrad{
		Reverse: l.ranReverse, Lengths: l.ran,
		DX:  arrayOf(dx),
		DH0: l.room(&l.dh0, dy, s[1], s[2]).Array(), DC0: l.room(&l.dc0, dy, s[1], s[2]).Array(),
		DWx: l.wx.Grad.Array(), DWh: l.wh.Grad.Array(), DBias: dbias,
		DZ: l.room(&l.dz, dy, s[0], s[1], 4*s[2]).Array(),
		DY: dy.Array(), DHT: l.stateGradOf("dh", l.dhT), DCT: l.stateGradOf("dc", l.dcT),
		H: l.h.all.Array(), C: l.c.all.Array(), Gates: l.gates.Array(),
		X: l.x.Array(), Wx: l.wx.Value.Array(), Wh: l.wh.Value.Array(),
	}
	l.dhT, l.dcT = nil, nil
	dy.Device().Launch(&l.backward)
	return dx
}

// SetState makes copies of h and c [B, H] the state that the next Forward begins with.
func (l *LSTM) SetState(h, c *tensor.Tensor) {
	l.stateOf("h", h)
	l.stateOf("c", c)
	if h.Shape()[0] != c.Shape()[0] {
		device.Panicf("layers.LSTM: h is %v and c is %v, want one shape", h, c)
	}
	l.h.set(&l.owned, h)
	l.c.set(&l.owned, c)
}

// State is the state, h and c [B, H], that the next Forward begins with, valid until then: the last one of the last
// Forward or what SetState was given. Both are nil for the zero state, which has no batch size yet.
func (l *LSTM) State() (h, c *tensor.Tensor) { return l.h.next, l.c.next }

// ResetState makes the next Forward begin with zero.
func (l *LSTM) ResetState() { l.h.next, l.c.next = nil, nil }

// StateGrad is the gradient of the state, h and c [B, H], that the last Forward began with, as the last Backward found
// it; nil before that.
func (l *LSTM) StateGrad() (dh, dc *tensor.Tensor) { return l.dh0, l.dc0 }

// SetStateGrad gives the next Backward, and that one alone, the gradient of the last state, h and c [B, H], beside what
// dy says of it: that which StateGrad of a layer tells which went on from there. Each may be nil for zero.
func (l *LSTM) SetStateGrad(dh, dc *tensor.Tensor) { l.dhT, l.dcT = dh, dc }

// Free gives back the memory that the layer holds beside its parameters, the carried state included. The layer can be
// used again, beginning with zero.
func (l *LSTM) Free() {
	l.recurrent.Free()
	l.ResetState()
}
