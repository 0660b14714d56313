package cpu

import (
	"slices"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/cpu/gemm"
	"github.com/keisan-go/keisan/device/cpu/vec"
	"github.com/keisan-go/keisan/kernels"
)

// gruRows is what rows of a batch need to go through all steps on their own, as those of an RNN do.
type gruRows[T device.Float] struct {
	course
	resetBefore     bool
	h, y, gates, q  []T
	dz, dq, dy, dh0 []T
	wrz, wn         gemm.Packed[T] // the columns of Wh, or their transposes going backward
	packed          bool           // one step alone is not worth that, and has products of its own
	bias            []T            // of the gates
	bn              []T            // of what is reset; nil if there is none
	parts           int            // of the hidden units, if processors share the steps
}

// release forgets the kernel's memory, which may be freed.
func (s *gruRows[T]) release() { *s = gruRows[T]{wrz: s.wrz, wn: s.wn, bias: s.bias} }

func gru[T device.Float](d *cpu, k *kernels.GRU) {
	steps, batch, inputs, hidden := k.Dims()
	scratch := scratchOf[T](d)
	s := &scratch.gru
	s.course = course{steps, batch, hidden, k.Reverse, data[int32](k.Lengths.Slice)}
	s.resetBefore = k.ResetBefore
	s.h, s.y, s.gates, s.q = data[T](k.H.Slice), data[T](k.Y.Slice), data[T](k.Gates.Slice), data[T](k.Q.Slice)

	// All inputs at once: Gates = X·Wx + BX, plus what of BH is not reset.
	s.bias = append(s.bias[:0], data[T](k.BX.Slice)...)
	if bh := data[T](k.BH.Slice); bh != nil {
		if !k.ResetBefore {
			bh, s.bn = bh[:2*hidden], bh[2*hidden:]
		}
		if k.BX.IsZero() {
			s.bias = slices.Grow(s.bias, 3*hidden)[:3*hidden]
			clear(s.bias)
		}
		for j, b := range bh {
			s.bias[j] += b
		}
	}
	bias := s.bias
	if len(bias) == 0 {
		bias = nil
	}
	scratch.biased(false, false, steps*batch, 3*hidden, inputs, data[T](k.X.Slice), data[T](k.Wx.Slice), bias, s.gates)

	wh, ld := data[T](k.Wh.Slice), max(hidden, 1)
	if s.packed = steps > 1 || k.ResetBefore; s.packed {
		s.wrz.Set(false, hidden, 2*hidden, wh, 3*ld)
		s.wn.Set(false, hidden, hidden, wh[2*hidden:], 3*ld)
	} else if steps == 1 {
		h := before(&s.course, s.h)
		scratch.mul.Mul(false, false, batch, 2*hidden, hidden, h, ld, wh, 3*ld, true, s.gates, 3*ld)
		scratch.mul.MulBias(false, false, batch, hidden, hidden, h, ld, wh[2*hidden:], 3*ld, s.bn, s.q, ld)
	}
	if s.parts = s.shares(3, s.wn.Width()); s.parts > 1 && !k.ResetBefore {
		d.relay.Run(steps, s.parts, s, d.code(k.X.Type()).gruForwardPart)
	} else {
		d.team.Split(batch, s.worthRows(3), s, d.code(k.X.Type()).gruForward)
	}
	s.release()
}

// gruForward takes rows lo to hi of the batch through all steps.
func gruForward[T device.Float](arg any, lo, hi int) {
	s := arg.(*gruRows[T])
	n, ld := s.hidden, max(s.hidden, 1)
	for turn := range s.steps {
		t, before, after := s.step(turn)
		at := s.row(t, lo)
		h, gates, q := s.h[s.row(before, lo):], s.gates[3*at:], s.q[at:]
		if s.packed {
			s.wrz.MulRows(hi-lo, h, ld, true, gates, 3*ld)
		}
		for i := range hi - lo {
			rz := gates[3*i*n : (3*i+2)*n]
			vec.Sigmoid(rz, rz)
		}
		if s.resetBefore {
			for i := range hi - lo {
				vec.Mul(q[i*n:(i+1)*n], gates[3*i*n:], h[i*n:])
			}
			s.wn.MulRows(hi-lo, q, ld, true, gates[2*n:], 3*ld)
		} else if s.packed {
			for i := 0; i < (hi-lo)*n && s.bn != nil; i += n {
				copy(q[i:], s.bn)
			}
			s.wn.MulRows(hi-lo, h, ld, s.bn != nil, q, ld)
		}
		for i := lo; i < hi; i++ {
			s.advance(i, t, s.row(before, i), s.row(after, i), 0, n)
		}
	}
}

// gruForwardPart takes a part of the hidden units of all rows through a step. The reset comes after the product.
func gruForwardPart[T device.Float](arg any, turn, part int) {
	s := arg.(*gruRows[T])
	n := s.hidden
	lo, hi := s.share(part, s.parts, s.wn.Width())
	t, before, after := s.step(turn)
	at := s.row(t, 0)
	h, gates, q := s.h[s.row(before, 0):], s.gates[3*at:], s.q[at:]
	s.wrz.MulColumns(lo, hi, s.batch, h, n, true, gates, 3*n)
	s.wrz.MulColumns(n+lo, n+hi, s.batch, h, n, true, gates, 3*n)
	for i := range s.batch {
		copy(q[i*n+lo:i*n+hi], s.bn[min(lo, len(s.bn)):])
	}
	s.wn.MulColumns(lo, hi, s.batch, h, n, s.bn != nil, q, n)
	for i := range s.batch {
		reset, update, _ := gruGates(gates[3*i*n:], n, lo, hi)
		vec.Sigmoid(reset, reset)
		vec.Sigmoid(update, update)
		s.advance(i, t, s.row(before, i), s.row(after, i), lo, hi)
	}
}

// gruGates is units lo to hi of the three gates of a row.
func gruGates[T device.Float](gates []T, n, lo, hi int) (reset, update, new []T) {
	return gates[lo:hi], gates[n+lo : n+hi], gates[2*n+lo : 2*n+hi]
}

// advance takes hidden units lo to hi of row i of the batch, whose gates are computed but for n, through step t: from their
// state at one place to that at another.
func (s *gruRows[T]) advance(i, t, from, to, lo, hi int) {
	at := s.row(t, i)
	reset, update, new := gruGates(s.gates[3*at:], s.hidden, lo, hi)
	q, h, last := s.q[at+lo:at+hi], s.h[to+lo:to+hi], s.h[from+lo:from+hi]
	if !s.takes(t, i) {
		clear(reset)
		clear(update)
		clear(new)
		clear(q)
		copy(h, last)
		clear(s.y[at+lo : at+hi])
		return
	}
	if !s.resetBefore {
		vec.AddMul(new, reset, q)
	}
	vec.Tanh(new, new)
	vec.GRUState(h, last, update, new)
	if s.y != nil {
		copy(s.y[at+lo:], h)
	}
}

func gruGrad[T device.Float](d *cpu, k *kernels.GRUGrad) {
	steps, batch, inputs, hidden := k.Dims()
	scratch := scratchOf[T](d)
	s := &scratch.gru
	s.course = course{steps, batch, hidden, k.Reverse, data[int32](k.Lengths.Slice)}
	s.resetBefore = k.ResetBefore
	s.h, s.gates, s.q = data[T](k.H.Slice), data[T](k.Gates.Slice), data[T](k.Q.Slice)
	s.dz, s.dq, s.dy, s.dh0 = data[T](k.DZ.Slice), data[T](k.DQ.Slice), data[T](k.DY.Slice), data[T](k.DH0.Slice)
	begin(s.dh0, data[T](k.DHT.Slice))

	wh, ld := data[T](k.Wh.Slice), max(hidden, 1)
	if s.packed = steps > 1 || k.ResetBefore; s.packed {
		s.wrz.Set(true, 2*hidden, hidden, wh, 3*ld)
		s.wn.Set(true, hidden, hidden, wh[2*hidden:], 3*ld)
	}
	if s.parts = s.shares(3, s.wn.Width()); s.parts > 1 && !k.ResetBefore {
		d.relay.Run(2*steps, s.parts, s, d.code(k.X.Type()).gruBackwardPart)
	} else {
		d.team.Split(batch, s.worthRows(3), s, d.code(k.X.Type()).gruBackward)
	}
	if steps == 1 && !s.packed {
		scratch.mul.Mul(false, true, batch, hidden, hidden, s.dq, ld, wh[2*hidden:], 3*ld, true, s.dh0, ld)
		scratch.mul.Mul(false, true, batch, hidden, 2*hidden, s.dz, 3*ld, wh, 3*ld, true, s.dh0, ld)
	}

	// The weights' gradients are one product over all steps each, but that the columns of Wh for n are used otherwise.
	n := steps * batch
	if !k.DX.IsZero() {
		scratch.product(false, true, n, inputs, 3*hidden, s.dz, data[T](k.Wx.Slice), false, data[T](k.DX.Slice))
	}
	scratch.product(true, false, inputs, 3*hidden, n, data[T](k.X.Slice), s.dz, true, data[T](k.DWx.Slice))
	h, dwh := before(&s.course, s.h), data[T](k.DWh.Slice)
	scratch.mul.Mul(true, false, hidden, 2*hidden, n, h, ld, s.dz, 3*ld, true, dwh, 3*ld)
	if hidden > 0 && n > 0 {
		if s.resetBefore {
			scratch.mul.Mul(true, false, hidden, hidden, n, s.q, ld, s.dz[2*hidden:], 3*ld, true, dwh[2*hidden:], 3*ld)
		} else {
			scratch.mul.Mul(true, false, hidden, hidden, n, h, ld, s.dq, ld, true, dwh[2*hidden:], 3*ld)
		}
	}
	sumRows(d, data[T](k.DBX.Slice), s.dz, true)
	if dbh := data[T](k.DBH.Slice); dbh != nil && s.resetBefore {
		sumRows(d, dbh, s.dz, true)
	} else if dbh != nil {
		sumColumns(dbh, s.dz, 0, 2*hidden, true)
		sumRows(d, dbh[2*hidden:], s.dq, true)
	}
	s.release()
}

// gruBackward takes rows lo to hi of the batch back through all steps. DH0 holds the gradient of the state that it is at.
func gruBackward[T device.Float](arg any, lo, hi int) {
	s := arg.(*gruRows[T])
	n, ld := s.hidden, max(s.hidden, 1)
	for turn := s.steps - 1; turn >= 0; turn-- {
		t, before, _ := s.step(turn)
		for i := lo; i < hi; i++ {
			s.retreat(i, t, s.row(before, i), 0, n)
		}
		at := s.row(t, lo)
		dz, dq, dh := s.dz[3*at:], s.dq[at:], s.dh0[s.row(0, lo):]
		if s.resetBefore {
			s.wn.MulRows(hi-lo, dz[2*n:], 3*ld, false, dq, ld)
			for i := lo; i < hi; i++ {
				s.retreatReset(i, t, s.row(before, i))
			}
		} else if s.packed {
			s.wn.MulRows(hi-lo, dq, ld, true, dh, ld)
		}
		if s.packed {
			s.wrz.MulRows(hi-lo, dz, 3*ld, true, dh, ld)
		}
	}
}

// gruBackwardPart takes a part of the hidden units of all rows back through half a step: at even turns to the gates, at odd
// ones, for which all of those are needed, to the state before. The reset comes after the product.
func gruBackwardPart[T device.Float](arg any, turn, part int) {
	s := arg.(*gruRows[T])
	n := s.hidden
	lo, hi := s.share(part, s.parts, s.wn.Width())
	t, before, _ := s.step(s.steps - 1 - turn/2)
	at := s.row(t, 0)
	if turn%2 == 1 {
		s.wn.MulColumns(lo, hi, s.batch, s.dq[at:], n, true, s.dh0, n)
		s.wrz.MulColumns(lo, hi, s.batch, s.dz[3*at:], 3*n, true, s.dh0, n)
		return
	}
	for i := range s.batch {
		s.retreat(i, t, s.row(before, i), lo, hi)
	}
}

// retreat takes hidden units lo to hi of row i of the batch back through step t, but for products that are to be added to
// its row of DH0 and, where the reset comes before one of them, for the reset.
func (s *gruRows[T]) retreat(i, t, from, lo, hi int) {
	at, row := s.row(t, i), i*s.hidden
	dReset, dUpdate, dNew := gruGates(s.dz[3*at:], s.hidden, lo, hi)
	dq, q := s.dq[at+lo:at+hi], s.q[at+lo:]
	if !s.takes(t, i) {
		clear(dReset)
		clear(dUpdate)
		clear(dNew)
		clear(dq)
		return
	}
	reset, update, new := gruGates(s.gates[3*at:], s.hidden, lo, hi)
	dh := s.dh0[row+lo : row+hi]
	vec.Add(dh, dh, s.dy[at+lo:])
	vec.GRUGrad(dUpdate, dNew, dh, s.h[from+lo:], update, new)
	vec.Mul(dq, dNew, reset)
	vec.Mul(dReset, dNew, q)
	vec.SigmoidGrad(dReset, dReset, reset)
}

// retreatReset is the rest of retreat where the reset comes before the product.
func (s *gruRows[T]) retreatReset(i, t, from int) {
	if !s.takes(t, i) {
		return
	}
	n := s.hidden
	at := s.row(t, i)
	dReset, dq, reset := s.dz[3*at:3*at+n], s.dq[at:at+n], s.gates[3*at:3*at+n]
	dh, last := s.dh0[i*n:(i+1)*n], s.h[from:from+n]
	vec.AddMul(dh, dq, reset)
	vec.Mul(dReset, dq, last)
	vec.SigmoidGrad(dReset, dReset, reset)
}
