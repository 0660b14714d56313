package layers

import (
	"math"
	"slices"
	"strconv"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
	"github.com/keisan-go/keisan/tensor"
)

// A Recurrent is a layer over sequences x [T, B, I] that can run in reverse and whose rows can have lengths: RNN, LSTM, GRU,
// Bidirectional, and a Sequential of them.
type Recurrent interface {
	Layer
	SetReverse(reverse bool)
	SetLengths(lengths []int)
	ResetState()
	SkipInputGrad()
	Free()
}

// recurrent is what the recurrent layers have in common: their weights, how their rows go through the steps of a sequence,
// and a state. LSTM has another one beside it.
type recurrent struct {
	weighted
	name           string
	wx, wh         *Param
	params         []*Param
	inputs, hidden int

	reverse bool
	lengths []int32        // nil if every row has all steps
	ends    *tensor.Tensor // the lengths on the device

	x, y, padded, dz, dh0 *tensor.Tensor // y is what Forward returned: all states or, with lengths, padded
	ranReverse            bool           // how Forward ran
	ran                   kernels.Array  // with which lengths
	h                     carry
	dhT                   *tensor.Tensor // what SetStateGrad was given
}

// newRecurrent takes the weights of a layer with so many gates.
func newRecurrent(name string, gates int, wx, wh *tensor.Tensor) recurrent {
	l := recurrent{name: name, wx: newParam(name, "wx", wx), wh: newParam(name, "wh", wh)}
	l.params = []*Param{l.wx, l.wh}
	compatible(name, "wh", wh, "wx", wx)
	if s := wx.Shape(); len(s) != 2 || s[1]%gates != 0 {
		cols := "H"
		if gates > 1 {
			cols = strconv.Itoa(gates) + cols
		}
		device.Panicf("layers.%s: wx is %v, want [I %s]", name, wx, cols)
	}
	l.inputs, l.hidden = wx.Shape()[0], wx.Shape()[1]/gates
	if s := wh.Shape(); len(s) != 2 || s[0] != l.hidden || s[1] != gates*l.hidden {
		device.Panicf("layers.%s: wh is %v and wx is %v, want wh [%d %d]", name, wh, wx, l.hidden, gates*l.hidden)
	}
	return l
}

// bias makes b a parameter, unless it is nil.
func (l *recurrent) bias(name string, b *tensor.Tensor) *Param {
	if b == nil {
		return nil
	}
	wx := l.wx.Value
	compatible(l.name, name, b, "wx", wx)
	if s := b.Shape(); len(s) != 1 || s[0] != wx.Shape()[1] {
		device.Panicf("layers.%s: %s is %v and wx is %v, want %s [%d]", l.name, name, b, wx, name, wx.Shape()[1])
	}
	p := newParam(l.name, name, b)
	l.params = append(l.params, p)
	return p
}

// arrays is a parameter's value and gradient for a kernel; nothing if there is no such parameter.
func (p *Param) arrays() (value, grad kernels.Array) {
	if p == nil {
		return kernels.Array{}, kernels.Array{}
	}
	return p.Value.Array(), p.Grad.Array()
}

// Params is wx, wh and what biases there are.
func (l *recurrent) Params() []*Param { return l.params }

// SetReverse has the layer run from the last step to the first, or onwards again. Its state is then that after the first
// step, which the next Forward begins with.
func (l *recurrent) SetReverse(reverse bool) { l.reverse = reverse }

// SetLengths gives the rows of the batches from now on a length each, 0 to T: a row stops after so many steps. Its state
// stays what it is, and what Forward returns of it and all gradients are zero from there on; in reverse it begins at its
// length. What x holds behind it does not matter as long as it is finite. nil, as in the beginning, gives every row all
// steps.
func (l *recurrent) SetLengths(lengths []int) {
	for i, n := range lengths {
		if n < 0 || int(int32(n)) != n {
			device.Panicf("layers.%s: the length of row %d is %d, want 0 to %d", l.name, i, n, math.MaxInt32)
		}
	}
	if lengths == nil {
		l.lengths = nil
		return
	}
	l.lengths = slices.Grow(l.lengths[:0], len(lengths)+1) // which is not nil, even if there are none
	for _, n := range lengths {
		l.lengths = append(l.lengths, int32(n))
	}
}

// begin checks x, and has room for what Forward makes of it. It returns the sizes of the sequence.
func (l *recurrent) begin(x *tensor.Tensor) (steps, batch int) {
	compatible(l.name, "x", x, "wx", l.wx.Value)
	l.input(l.name, "x", x)
	s := x.Shape()
	if len(s) != 3 || s[2] != l.inputs {
		device.Panicf("layers.%s: x is %v and wx is %v, want x [T B %d]", l.name, x, l.wx.Value, l.inputs)
	}
	steps, batch = s[0], s[1]
	if l.lengths != nil && len(l.lengths) != batch {
		device.Panicf("layers.%s: there are %d lengths and x is %v, want %d lengths", l.name, len(l.lengths), x, batch)
	}
	for i, n := range l.lengths {
		if int(n) > steps {
			device.Panicf("layers.%s: the length of row %d is %d and x is %v, want 0 to %d", l.name, i, n, x, steps)
		}
	}
	l.h.check(l.name, x, batch)
	return steps, batch
}

// run has the states of a sequence begin and tells what Forward returns: the states or, with lengths, memory of its own,
// which is then also an array for the kernel.
func (l *recurrent) run(x *tensor.Tensor, steps, batch int) (padded kernels.Array) {
	l.y = nil
	l.h.begin(&l.owned, x, l.reverse, steps, batch, l.hidden)
	y := l.h.states
	l.ran = kernels.Array{}
	if l.lengths != nil {
		y = l.room(&l.padded, x, steps, batch, l.hidden)
		padded = y.Array()
		l.ran = l.roomOf(&l.ends, x.Device(), device.Int32, batch).Array()
		x.Device().Upload(l.ran.Slice, device.Bytes(l.lengths))
	}
	l.x, l.y, l.ranReverse = x, y, l.reverse
	return padded
}

// stateOf panics unless s, a state called name, is [B, H].
func (l *recurrent) stateOf(name string, s *tensor.Tensor) {
	wh := l.wh.Value
	compatible(l.name, name, s, "wh", wh)
	if shape := s.Shape(); len(shape) != 2 || shape[1] != l.hidden {
		device.Panicf("layers.%s: %s is %v and wh is %v, want %s [B %d]", l.name, name, s, wh, name, l.hidden)
	}
}

// stateGradOf is the gradient of a state for a kernel; nothing if it is nil. It panics unless it fits y.
func (l *recurrent) stateGradOf(name string, s *tensor.Tensor) kernels.Array {
	if s == nil {
		return kernels.Array{}
	}
	l.stateOf(name, s)
	if batch := l.y.Shape()[1]; s.Shape()[0] != batch {
		device.Panicf("layers.%s: %s is %v, want [%d %d], the shape of the last state", l.name, name, s, batch, l.hidden)
	}
	return s.Array()
}

// SetState makes a copy of h [B, H] the state that the next Forward begins with.
func (l *recurrent) SetState(h *tensor.Tensor) {
	l.stateOf("h", h)
	l.h.set(&l.owned, h)
}

// State is the state [B, H] that the next Forward begins with, valid until then: the last one of the last Forward or what
// SetState was given. It is nil for the zero state, which has no batch size yet.
func (l *recurrent) State() *tensor.Tensor { return l.h.next }

// ResetState makes the next Forward begin with zero.
func (l *recurrent) ResetState() { l.h.next = nil }

// StateGrad is the gradient [B, H] of the state that the last Forward began with, as the last Backward found it; nil
// before that.
func (l *recurrent) StateGrad() *tensor.Tensor { return l.dh0 }

// SetStateGrad gives the next Backward, and that one alone, the gradient [B, H] of the last state beside what dy says of
// it: that which StateGrad of a layer tells which went on from there. It may be nil for zero.
func (l *recurrent) SetStateGrad(dh *tensor.Tensor) { l.dhT = dh }

// Free gives back the memory that the layer holds beside its parameters, the carried state included. The layer can be
// used again, beginning with zero.
func (l *recurrent) Free() {
	l.owned.Free()
	l.y = nil
	l.ResetState()
}
