package cpu

import (
	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/cpu/gemm"
	"github.com/keisan-go/keisan/device/cpu/vec"
	"github.com/keisan-go/keisan/kernels"
)

// lstmRows is what rows of a batch need to go through all steps on their own, as those of an RNN do.
type lstmRows[T device.Float] struct {
	course
	h, c, y, gates   []T
	dz, dy, dh0, dc0 []T
	w                gemm.Packed[T] // Wh, or its transpose going backward
	parts            int            // of the hidden units, if processors share the steps
}

// release forgets the kernel's memory, which may be freed.
func (s *lstmRows[T]) release() { *s = lstmRows[T]{w: s.w} }

func lstm[T device.Float](d *cpu, k *kernels.LSTM) {
	steps, batch, inputs, hidden := k.Dims()
	scratch := scratchOf[T](d)
	s := &scratch.lstm
	s.course = course{steps, batch, hidden, k.Reverse, data[int32](k.Lengths.Slice)}
	s.h, s.c, s.y, s.gates = data[T](k.H.Slice), data[T](k.C.Slice), data[T](k.Y.Slice), data[T](k.Gates.Slice)

	// All inputs at once: Gates = X·Wx + Bias.
	scratch.biased(false, false, steps*batch, 4*hidden, inputs, data[T](k.X.Slice), data[T](k.Wx.Slice), data[T](k.Bias.Slice), s.gates)

	if wh := data[T](k.Wh.Slice); steps == 1 { // which is not worth packing
		scratch.product(false, false, batch, 4*hidden, hidden, before(&s.course, s.h), wh, true, s.gates)
	} else {
		s.w.Set(false, hidden, 4*hidden, wh, max(4*hidden, 1))
	}
	if s.parts = s.shares(4, s.w.Width()); s.parts > 1 {
		d.relay.Run(steps, s.parts, s, d.code(k.X.Type()).lstmForwardPart)
	} else {
		d.team.Split(batch, s.worthRows(4), s, d.code(k.X.Type()).lstmForward)
	}
	s.release()
}

// lstmForward takes rows lo to hi of the batch through all steps.
func lstmForward[T device.Float](arg any, lo, hi int) {
	s := arg.(*lstmRows[T])
	for n := range s.steps {
		t, before, after := s.step(n)
		if s.steps > 1 {
			s.w.MulRows(hi-lo, s.h[s.row(before, lo):], max(s.hidden, 1), true, s.gates[4*s.row(t, lo):], max(4*s.hidden, 1))
		}
		for i := lo; i < hi; i++ {
			s.advance(i, t, s.row(before, i), s.row(after, i), 0, s.hidden)
		}
	}
}

// lstmForwardPart takes a part of the hidden units of all rows through a step.
func lstmForwardPart[T device.Float](arg any, n, part int) {
	s := arg.(*lstmRows[T])
	lo, hi := s.share(part, s.parts, s.w.Width())
	t, before, after := s.step(n)
	for gate := range 4 {
		from := gate * s.hidden
		s.w.MulColumns(from+lo, from+hi, s.batch, s.h[s.row(before, 0):], s.hidden, true, s.gates[4*s.row(t, 0):], 4*s.hidden)
	}
	for i := range s.batch {
		s.advance(i, t, s.row(before, i), s.row(after, i), lo, hi)
	}
}

// lstmGates is units lo to hi of the four gates of a row.
func lstmGates[T device.Float](gates []T, n, lo, hi int) (in, forget, new, out []T) {
	return gates[lo:hi], gates[n+lo : n+hi], gates[2*n+lo : 2*n+hi], gates[3*n+lo : 3*n+hi]
}

// advance takes hidden units lo to hi of row i of the batch, whose gates are computed but for σ and tanh, through step t:
// from their states at one place to those at another.
func (s *lstmRows[T]) advance(i, t, from, to, lo, hi int) {
	at := s.row(t, i)
	in, forget, new, out := lstmGates(s.gates[4*at:], s.hidden, lo, hi)
	h, c, last := s.h[to+lo:to+hi], s.c[to+lo:to+hi], s.c[from+lo:from+hi]
	if !s.takes(t, i) {
		clear(in)
		clear(forget)
		clear(new)
		clear(out)
		copy(h, s.h[from+lo:])
		copy(c, last)
		clear(s.y[at+lo : at+hi])
		return
	}
	vec.Sigmoid(in, in)
	vec.Sigmoid(forget, forget)
	vec.Tanh(new, new)
	vec.Sigmoid(out, out)
	vec.LSTMState(c, last, in, forget, new)
	vec.Tanh(h, c)
	vec.Mul(h, h, out)
	if s.y != nil {
		copy(s.y[at+lo:], h)
	}
}

func lstmGrad[T device.Float](d *cpu, k *kernels.LSTMGrad) {
	steps, batch, inputs, hidden := k.Dims()
	scratch := scratchOf[T](d)
	s := &scratch.lstm
	s.course = course{steps, batch, hidden, k.Reverse, data[int32](k.Lengths.Slice)}
	s.h, s.c, s.gates = data[T](k.H.Slice), data[T](k.C.Slice), data[T](k.Gates.Slice)
	s.dz, s.dy, s.dh0, s.dc0 = data[T](k.DZ.Slice), data[T](k.DY.Slice), data[T](k.DH0.Slice), data[T](k.DC0.Slice)
	begin(s.dh0, data[T](k.DHT.Slice))
	begin(s.dc0, data[T](k.DCT.Slice))

	wh := data[T](k.Wh.Slice)
	if steps > 1 {
		s.w.Set(true, 4*hidden, hidden, wh, max(4*hidden, 1))
	}
	if s.parts = s.shares(4, s.w.Width()); s.parts > 1 {
		d.relay.Run(2*steps, s.parts, s, d.code(k.X.Type()).lstmBackwardPart)
	} else {
		d.team.Split(batch, s.worthRows(4), s, d.code(k.X.Type()).lstmBackward)
	}
	if steps == 1 {
		scratch.product(false, true, batch, hidden, 4*hidden, s.dz, wh, true, s.dh0)
	}

	// The weights' gradients are one product over all steps each.
	n := steps * batch
	if !k.DX.IsZero() {
		scratch.product(false, true, n, inputs, 4*hidden, s.dz, data[T](k.Wx.Slice), false, data[T](k.DX.Slice))
	}
	scratch.product(true, false, inputs, 4*hidden, n, data[T](k.X.Slice), s.dz, true, data[T](k.DWx.Slice))
	scratch.product(true, false, hidden, 4*hidden, n, before(&s.course, s.h), s.dz, true, data[T](k.DWh.Slice))
	sumRows(d, data[T](k.DBias.Slice), s.dz, true)
	s.release()
}

// lstmBackward takes rows lo to hi of the batch back through all steps. DH0 and DC0 hold the gradients of the states that
// it is at.
func lstmBackward[T device.Float](arg any, lo, hi int) {
	s := arg.(*lstmRows[T])
	for n := s.steps - 1; n >= 0; n-- {
		t, before, after := s.step(n)
		for i := lo; i < hi; i++ {
			s.retreat(i, t, s.row(before, i), s.row(after, i), 0, s.hidden)
		}
		if s.steps > 1 {
			s.w.MulRows(hi-lo, s.dz[4*s.row(t, lo):], max(4*s.hidden, 1), true, s.dh0[s.row(0, lo):], max(s.hidden, 1))
		}
	}
}

// lstmBackwardPart takes a part of the hidden units of all rows back through half a step: at even turns to the gates, at odd
// ones, for which all of those are needed, to the state before.
func lstmBackwardPart[T device.Float](arg any, turn, part int) {
	s := arg.(*lstmRows[T])
	lo, hi := s.share(part, s.parts, s.w.Width())
	t, before, after := s.step(s.steps - 1 - turn/2)
	if turn%2 == 1 {
		s.w.MulColumns(lo, hi, s.batch, s.dz[4*s.row(t, 0):], 4*s.hidden, true, s.dh0, s.hidden)
		return
	}
	for i := range s.batch {
		s.retreat(i, t, s.row(before, i), s.row(after, i), lo, hi)
	}
}

// retreat takes hidden units lo to hi of row i of the batch back through step t, but for the product that is to be added to
// its row of DH0.
func (s *lstmRows[T]) retreat(i, t, from, to, lo, hi int) {
	at := s.row(t, i)
	in, forget, new, out := lstmGates(s.gates[4*at:], s.hidden, lo, hi)
	dIn, dForget, dNew, dOut := lstmGates(s.dz[4*at:], s.hidden, lo, hi)
	if !s.takes(t, i) {
		clear(dIn)
		clear(dForget)
		clear(dNew)
		clear(dOut)
		return
	}
	row := i * s.hidden
	dh, dc := s.dh0[row+lo:row+hi], s.dc0[row+lo:row+hi]
	vec.Tanh(dOut, s.c[to+lo:]) // until its own gradient takes its place
	vec.Add(dh, dh, s.dy[at+lo:])
	vec.LSTMOutGrad(dOut, dc, dh, out, dOut)
	vec.LSTMGrad(dIn, dForget, dNew, dc, s.c[from+lo:], in, forget, new)
	clear(dh)
}
