package layers

import (
	"github.com/keisan-go/keisan/kernels"
	"github.com/keisan-go/keisan/tensor"
)

// GRU is a layer of gated recurrent units over a sequence x [T, B, I]: y [T, B, H] is the states h₁ ... h_T of
//
//	[x_r x_z x_n] = x_t·wx + bx                wx [I, 3H], bx [3H]
//	[h_r h_z h_n] = h_(t-1)·wh + bh            wh [H, 3H], bh [3H]
//	r, z = σ(x_r + h_r), σ(x_z + h_z)
//	n = tanh(x_n + r·h_n)
//	h_t = (1-z)·n + z·h_(t-1)
//
// with the gates in PyTorch's order: wx is weight_ih_l0 transposed, wh is weight_hh_l0 transposed, bx is bias_ih_l0 and
// bh is bias_hh_l0. The state is carried: h₀ is the last state of the Forward before, or zero in the beginning and after
// ResetState. The gradient stops at h₀ (truncated backpropagation through time); StateGrad tells it.
type GRU struct {
	recurrent
	resetBefore  bool
	bx, bh       *Param // may be nil
	gates, q, dq *tensor.Tensor

	forward  kernels.GRU
	backward kernels.GRUGrad
}

// NewGRU returns the layer for weights wx [I, 3H], wh [H, 3H] and biases bx and bh [3H], each of which may be nil.
func NewGRU(wx, wh, bx, bh *tensor.Tensor) *GRU { return newGRU(false, wx, wh, bx, bh) }

// NewGRUResetBefore returns the layer as it was first published, where the reset comes before the product:
//
//	n = tanh(x_n + (r·h_(t-1))·wh_n + bh_n)
func NewGRUResetBefore(wx, wh, bx, bh *tensor.Tensor) *GRU { return newGRU(true, wx, wh, bx, bh) }

func newGRU(resetBefore bool, wx, wh, bx, bh *tensor.Tensor) *GRU {
	l := &GRU{recurrent: newRecurrent("GRU", 3, wx, wh), resetBefore: resetBefore}
	l.bx, l.bh = l.bias("bx", bx), l.bias("bh", bh)
	return l
}

// Forward returns the states [T, B, H] for x [T, B, I]. It panics if I is not that of wx, or if B is not that of the
// state carried from before or of the lengths.
func (l *GRU) Forward(x *tensor.Tensor) *tensor.Tensor {
	steps, batch := l.begin(x)
	padded := l.run(x, steps, batch)
	bx, _ := l.bx.arrays()
	bh, _ := l.bh.arrays()
	l.forward = kernels.GRU{
		ResetBefore: l.resetBefore, Reverse: l.reverse, H: l.h.all.Array(), Y: padded, Lengths: l.ran,
		Gates: l.room(&l.gates, x, steps, batch, 3*l.hidden).Array(), Q: l.room(&l.q, x, steps, batch, l.hidden).Array(),
		X: x.Array(), Wx: l.wx.Value.Array(), Wh: l.wh.Value.Array(), BX: bx, BH: bh,
	}
	x.Device().Launch(&l.forward)
	l.h.next = l.h.last
	return l.y
}

// Backward adds to the gradients of the weights and returns that of x, from that of all states, dy [T, B, H].
func (l *GRU) Backward(dy *tensor.Tensor) *tensor.Tensor {
	gradient(l.name, dy, l.y)
	s, dx := dy.Shape(), l.inputGrad(l.x)
	_, dbx := l.bx.arrays()
	_, dbh := l.bh.arrays()
	l.backward = kernels.GRUGrad{
		ResetBefore: l.resetBefore, Reverse: l.ranReverse, Lengths: l.ran,
		DX:  arrayOf(dx),
		DH0: l.room(&l.dh0, dy, s[1], s[2]).Array(),
		DWx: l.wx.Grad.Array(), DWh: l.wh.Grad.Array(), DBX: dbx, DBH: dbh,
		DZ: l.room(&l.dz, dy, s[0], s[1], 3*s[2]).Array(), DQ: l.room(&l.dq, dy, s...).Array(),
		DY: dy.Array(), DHT: l.stateGradOf("dh", l.dhT),
		H: l.h.all.Array(), Gates: l.gates.Array(), Q: l.q.Array(),
		X: l.x.Array(), Wx: l.wx.Value.Array(), Wh: l.wh.Value.Array(),
	}
	l.dhT = nil
	dy.Device().Launch(&l.backward)
	return dx
}
