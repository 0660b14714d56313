package cpu

import (
	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/cpu/gemm"
	"github.com/keisan-go/keisan/kernels"
)

// rnnRows is what rows of a batch need to go through all steps on their own: rows exchange nothing, so each goroutine
// takes some rows and never waits for another.
type rnnRows[T device.Float] struct {
	course
	f           kernels.Activation
	h, y        []T
	dz, dy, dh0 []T
	last        bool           // the gradient of the last states is given, and DH0 begins as that
	w           gemm.Packed[T] // Wh, or its transpose going backward
}

// release forgets the kernel's memory, which may be freed.
func (s *rnnRows[T]) release() { *s = rnnRows[T]{w: s.w} }

func rnn[T device.Float](d *cpu, k *kernels.RNN) {
	steps, batch, inputs, hidden := k.Dims()
	scratch := scratchOf[T](d)
	s := &scratch.rnn
	s.course = course{steps, batch, hidden, k.Reverse, data[int32](k.Lengths.Slice)}
	s.f, s.h, s.y = k.F, data[T](k.H.Slice), data[T](k.Y.Slice)

	// All inputs at once: the states begin as X·Wx + Bias.
	z := after(&s.course, s.h)
	biased := !k.Bias.IsZero()
	if biased {
		spreadRows(d, z, data[T](k.Bias.Slice))
	}
	scratch.product(false, false, steps*batch, hidden, inputs, data[T](k.X.Slice), data[T](k.Wx.Slice), biased, z)

	if wh := data[T](k.Wh.Slice); steps == 1 { // which is not worth packing
		scratch.product(false, false, batch, hidden, hidden, before(&s.course, s.h), wh, true, z)
	} else {
		s.w.Set(false, hidden, hidden, wh, max(hidden, 1))
	}
	d.team.Split(batch, s.worthRows(1), s, d.code(k.X.Type()).rnnForward)
	s.release()
}

// rnnForward takes rows lo to hi of the batch through all steps.
func rnnForward[T device.Float](arg any, lo, hi int) {
	s := arg.(*rnnRows[T])
	for turn := range s.steps {
		t, before, after := s.step(turn)
		h := s.h[s.row(after, lo):s.row(after, hi)]
		if s.steps > 1 {
			s.w.MulRows(hi-lo, s.h[s.row(before, lo):], max(s.hidden, 1), true, h, max(s.hidden, 1))
		}
		apply(s.f, h, h)
		if s.lengths != nil {
			for i := lo; i < hi; i++ {
				s.settle(i, t, s.row(before, i), s.row(after, i))
			}
		}
	}
}

// settle keeps the state of row i as it was if the row does not take step t, and says what its output is.
func (s *rnnRows[T]) settle(i, t, from, to int) {
	n := s.hidden
	h, y := s.h[to:to+n], s.y[s.row(t, i):s.row(t, i)+n]
	if !s.takes(t, i) {
		copy(h, s.h[from:])
		clear(y)
		return
	}
	copy(y, h)
}

func rnnGrad[T device.Float](d *cpu, k *kernels.RNNGrad) {
	steps, batch, inputs, hidden := k.Dims()
	scratch := scratchOf[T](d)
	s := &scratch.rnn
	s.course = course{steps, batch, hidden, k.Reverse, data[int32](k.Lengths.Slice)}
	s.f, s.h, s.dz, s.dy = k.F, data[T](k.H.Slice), data[T](k.DZ.Slice), data[T](k.DY.Slice)
	s.dh0, s.last = data[T](k.DH0.Slice), !k.DHT.IsZero()
	begin(s.dh0, data[T](k.DHT.Slice))

	s.w.Set(true, hidden, hidden, data[T](k.Wh.Slice), max(hidden, 1))
	d.team.Split(batch, s.worthRows(1), s, d.code(k.X.Type()).rnnBackward)

	// The weights' gradients are one product over all steps each.
	n := steps * batch
	if !k.DX.IsZero() {
		scratch.product(false, true, n, inputs, hidden, s.dz, data[T](k.Wx.Slice), false, data[T](k.DX.Slice))
	}
	scratch.product(true, false, inputs, hidden, n, data[T](k.X.Slice), s.dz, true, data[T](k.DWx.Slice))
	scratch.product(true, false, hidden, hidden, n, before(&s.course, s.h), s.dz, true, data[T](k.DWh.Slice))
	if !k.DBias.IsZero() {
		sumColumns(data[T](k.DBias.Slice), s.dz, 0, hidden, true)
	}
	s.release()
}

// rnnBackward takes rows lo to hi of the batch back through all steps. What a row gets of the step after, the product of
// that one's DZ, is added to its DY; at the step that it takes last, that is DHT.
func rnnBackward[T device.Float](arg any, lo, hi int) {
	s := arg.(*rnnRows[T])
	n, ld := s.hidden, max(s.hidden, 1)
	for turn := s.steps - 1; turn >= 0; turn-- {
		t, _, after := s.step(turn)
		dz := s.dz[s.row(t, lo):s.row(t, hi)]
		copy(dz, s.dy[s.row(t, lo):])
		if turn+1 < s.steps {
			next, _, _ := s.step(turn + 1)
			s.w.MulRows(hi-lo, s.dz[s.row(next, lo):], ld, true, dz, ld)
		}
		if s.lengths != nil || turn+1 == s.steps {
			for i := lo; i < hi; i++ {
				s.enter(i, t)
			}
		}
		applyGrad(s.f, dz, dz, s.h[s.row(after, lo):s.row(after, hi)])
		if s.lengths != nil {
			for i := lo; i < hi; i++ {
				if !s.takes(t, i) {
					clear(s.dz[s.row(t, i) : s.row(t, i)+n])
				}
			}
		}
	}

	if s.lengths == nil && s.steps > 0 {
		t, _, _ := s.step(0)
		s.w.MulRows(hi-lo, s.dz[s.row(t, lo):], ld, false, s.dh0[s.row(0, lo):], ld)
		return
	}
	for i := lo; i < hi; i++ {
		if first, _, ok := s.ends(i); ok {
			s.w.MulRows(1, s.dz[s.row(first, i):], ld, false, s.dh0[s.row(0, i):], ld)
		}
	}
}

// enter is where row i goes on from, if it takes step t as its last: DY and DHT, and no step after it.
func (s *rnnRows[T]) enter(i, t int) {
	if _, last, ok := s.ends(i); !ok || last != t {
		return
	}
	n, at := s.hidden, s.row(t, i)
	dz := s.dz[at : at+n]
	copy(dz, s.dy[at:])
	if s.last {
		for j, d := range s.dh0[i*n : (i+1)*n] {
			dz[j] += d
		}
	}
}
