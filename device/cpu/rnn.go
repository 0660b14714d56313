package cpu

import (
	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/cpu/gemm"
	"github.com/keisan-go/keisan/device/cpu/internal/par"
	"github.com/keisan-go/keisan/kernels"
)

// rnnRows is what rows of a batch need to go through all steps. Rows exchange nothing, so a goroutine that takes some of
// them never waits for another.
type rnnRows[T device.Float] struct {
	course
	f           kernels.Activation
	h, y        []T
	dz, dy, dh0 []T
	last        bool           // the gradient of the last states is given, and DH0 begins as that
	w           gemm.Packed[T] // Wh, or its transpose going backward
	parts       int            // of its columns, for as many goroutines
}

// release forgets the kernel's memory, which may be freed.
func (s *rnnRows[T]) release() { *s = rnnRows[T]{w: s.w} }

// run goes through the steps: each goroutine takes some rows, or, where there are too few, some columns of all rows. Then
// a processor reads a part of the weights alone at a step, but has to wait for the others after it.
func (s *rnnRows[T]) run(d *cpu, steps int, rows par.Body, part par.StepBody) {
	weights := s.hidden * s.hidden
	s.parts = s.sharing(weights, s.w.Width(), 4)
	if s.parts > 1 && steps*weights > 1<<19 {
		d.relay.Run(steps, s.parts, s, part)
		return
	}
	d.team.Split(s.batch, s.worthRows(1), s, rows)
}

func rnn[T device.Float](d *cpu, k *kernels.RNN) {
	steps, batch, inputs, hidden := k.Dims()
	scratch := scratchOf[T](d)
	s := &scratch.rnn
	s.course = course{steps, batch, hidden, k.Reverse, data[int32](k.Lengths.Slice)}
	s.f, s.h, s.y = k.F, data[T](k.H.Slice), data[T](k.Y.Slice)

	// All inputs at once: the states begin as X·Wx + Bias.
	z := after(&s.course, s.h)
	scratch.biased(false, false, steps*batch, hidden, inputs, data[T](k.X.Slice), data[T](k.Wx.Slice), data[T](k.Bias.Slice), z)

	code := d.code(k.X.Type())
	if wh := data[T](k.Wh.Slice); steps == 1 { // which is not worth packing
		scratch.product(false, false, batch, hidden, hidden, before(&s.course, s.h), wh, true, z)
		d.team.Split(batch, s.worthRows(1), s, code.rnnForward)
	} else {
		s.w.Set(false, hidden, hidden, wh, max(hidden, 1))
		s.run(d, steps, code.rnnForward, code.rnnForwardPart)
	}
	s.release()
}

// rnnForward takes rows lo to hi of the batch through all steps.
func rnnForward[T device.Float](arg any, lo, hi int) {
	s := arg.(*rnnRows[T])
	for turn := range s.steps {
		s.advance(turn, lo, hi, 0, s.hidden)
	}
}

// rnnForwardPart takes a part of the columns of all rows through a step.
func rnnForwardPart[T device.Float](arg any, turn, part int) {
	s := arg.(*rnnRows[T])
	from, to := s.share(part, s.parts, s.w.Width())
	s.advance(turn, 0, s.batch, from, to)
}

// advance takes rows lo to hi of the batch, and columns from to to, through the step of a turn.
func (s *rnnRows[T]) advance(turn, lo, hi, from, to int) {
	t, before, after := s.step(turn)
	h := s.h[s.row(after, lo):s.row(after, hi)]
	if s.steps > 1 {
		s.w.MulColumns(from, to, hi-lo, s.h[s.row(before, lo):], max(s.hidden, 1), true, h, max(s.hidden, 1))
	}
	width := s.width(from, to, len(h))
	for i := from; i < len(h); i += max(width, s.hidden) {
		apply(s.f, h[i:i+width], h[i:i+width])
	}
	if s.lengths == nil {
		return
	}
	for i := lo; i < hi; i++ { // what a row's output is, and its state as it was if the row does not take the step
		h, y := s.h[s.row(after, i):], s.y[s.row(t, i):]
		if s.takes(t, i) {
			copy(y[from:to], h[from:])
		} else {
			copy(h[from:to], s.h[s.row(before, i)+from:])
			clear(y[from:to])
		}
	}
}

func rnnGrad[T device.Float](d *cpu, k *kernels.RNNGrad) {
	steps, batch, inputs, hidden := k.Dims()
	scratch := scratchOf[T](d)
	s := &scratch.rnn
	s.course = course{steps, batch, hidden, k.Reverse, data[int32](k.Lengths.Slice)}
	s.f, s.h, s.dz, s.dy = k.F, data[T](k.H.Slice), data[T](k.DZ.Slice), data[T](k.DY.Slice)
	s.dh0, s.last = data[T](k.DH0.Slice), !k.DHT.IsZero()
	begin(s.dh0, data[T](k.DHT.Slice))

	code := d.code(k.X.Type())
	if wh := data[T](k.Wh.Slice); steps == 1 && s.lengths == nil { // which is not worth packing
		d.team.Split(batch, s.worthRows(1), s, code.rnnBackward)
		scratch.product(false, true, batch, hidden, hidden, s.dz, wh, false, s.dh0)
	} else {
		s.w.Set(true, hidden, hidden, wh, max(hidden, 1))
		s.run(d, steps+1, code.rnnBackward, code.rnnBackwardPart)
	}

	// The weights' gradients are one product over all steps each.
	n := steps * batch
	if !k.DX.IsZero() {
		scratch.product(false, true, n, inputs, hidden, s.dz, data[T](k.Wx.Slice), false, data[T](k.DX.Slice))
	}
	scratch.product(true, false, inputs, hidden, n, data[T](k.X.Slice), s.dz, true, data[T](k.DWx.Slice))
	scratch.product(true, false, hidden, hidden, n, before(&s.course, s.h), s.dz, true, data[T](k.DWh.Slice))
	sumRows(d, data[T](k.DBias.Slice), s.dz, true)
	s.release()
}

// rnnBackward takes rows lo to hi of the batch back through all steps, and to what is before them.
func rnnBackward[T device.Float](arg any, lo, hi int) {
	s := arg.(*rnnRows[T])
	for turn := s.steps - 1; turn >= 0; turn-- {
		s.retreat(turn, lo, hi, 0, s.hidden)
	}
	s.arrive(lo, hi, 0, s.hidden)
}

// rnnBackwardPart takes a part of the columns of all rows through a step, counted from the last.
func rnnBackwardPart[T device.Float](arg any, n, part int) {
	s := arg.(*rnnRows[T])
	from, to := s.share(part, s.parts, s.w.Width())
	if n == s.steps {
		s.arrive(0, s.batch, from, to)
		return
	}
	s.retreat(s.steps-1-n, 0, s.batch, from, to)
}

// retreat takes rows lo to hi of the batch, and columns from to to, back through the step of a turn. What a row gets of the
// step after, the product of that one's DZ, is added to its DY; at the step that it takes last, that is DHT.
func (s *rnnRows[T]) retreat(turn, lo, hi, from, to int) {
	t, _, after := s.step(turn)
	dz, dy, h := s.dz[s.row(t, lo):s.row(t, hi)], s.dy[s.row(t, lo):], s.h[s.row(after, lo):]
	width := s.width(from, to, len(dz))
	for i := from; i < len(dz); i += max(width, s.hidden) {
		copy(dz[i:i+width], dy[i:])
	}
	if turn+1 < s.steps {
		next, _, _ := s.step(turn + 1)
		s.w.MulColumns(from, to, hi-lo, s.dz[s.row(next, lo):], max(s.hidden, 1), true, dz, max(s.hidden, 1))
	}
	if s.lengths != nil || turn+1 == s.steps {
		for i := lo; i < hi; i++ {
			s.enter(i, t, from, to)
		}
	}
	for i := from; i < len(dz); i += max(width, s.hidden) {
		applyGrad(s.f, dz[i:i+width], dz[i:i+width], h[i:i+width])
	}
	for i := lo; s.lengths != nil && i < hi; i++ {
		if !s.takes(t, i) {
			clear(s.dz[s.row(t, i)+from : s.row(t, i)+to])
		}
	}
}

// enter is where row i goes on from, if it takes step t as its last: DY and DHT, and no step after it.
func (s *rnnRows[T]) enter(i, t, from, to int) {
	if _, last, ok := s.ends(i); !ok || last != t {
		return
	}
	dz := s.dz[s.row(t, i)+from : s.row(t, i)+to]
	copy(dz, s.dy[s.row(t, i)+from:])
	if s.last {
		for j, d := range s.dh0[s.row(0, i)+from : s.row(0, i)+to] {
			dz[j] += d
		}
	}
}

// arrive is DH0, the product of what the first step of each row has for DZ, unless that is the only step of all rows. A row
// that takes none keeps DHT.
func (s *rnnRows[T]) arrive(lo, hi, from, to int) {
	ld := max(s.hidden, 1)
	if s.lengths == nil && s.steps > 1 {
		t, _, _ := s.step(0)
		s.w.MulColumns(from, to, hi-lo, s.dz[s.row(t, lo):], ld, false, s.dh0[s.row(0, lo):], ld)
	}
	for i := lo; i < hi && s.lengths != nil; i++ {
		if first, _, ok := s.ends(i); ok {
			s.w.MulColumns(from, to, 1, s.dz[s.row(first, i):], ld, false, s.dh0[s.row(0, i):], ld)
		}
	}
}

// width is how many elements follow one another of columns from to to: all n of rows that are taken whole.
func (s *rnnRows[T]) width(from, to, n int) int {
	if to-from == s.hidden {
		return n
	}
	return to - from
}
