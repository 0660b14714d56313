package cpu

import (
	"runtime"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/cpu/gemm"
	"github.com/keisan-go/keisan/device/cpu/internal/par"
	"github.com/keisan-go/keisan/kernels"
)

// sequence is what rows of a batch need to go through all steps. Rows exchange nothing, so a goroutine that takes some of
// them never waits for another.
type sequence[T device.Float] struct {
	f                    kernels.Activation
	steps, batch, hidden int
	h, dz, dy, dh0       []T
	w                    gemm.Packed[T] // Wh, or its transpose going backward
	parts                int            // of its columns, for as many goroutines
	relay                par.Relay
}

// release forgets the kernel's memory, which may be freed.
func (s *sequence[T]) release() { s.h, s.dz, s.dy, s.dh0 = nil, nil, nil, nil }

// row is row i of the batch at step t.
func (s *sequence[T]) row(t, i int) int { return (t*s.batch + i) * s.hidden }

// worthRows is how many rows of a batch are worth a goroutine of their own.
func (s *sequence[T]) worthRows() int {
	return 1 + int(1<<18/(1+float64(s.steps)*float64(s.hidden)*float64(s.hidden)))
}

// run goes through the steps: each goroutine takes some rows, or, where there are too few, some columns of all rows. Then
// a processor reads a part of the weights alone at a step, but has to wait for the others after it.
func (s *sequence[T]) run(d *cpu, steps int, rows par.Body, part par.StepBody) {
	const worthPart = 1 << 15 // elements of a weight that are worth such a wait, some 0.5 µs
	procs, weights := runtime.GOMAXPROCS(0), s.hidden*s.hidden
	few := 4 // rows for a processor to read weights for that may stay in its second cache level,
	if weights > 1<<18 {
		few = 17 // or further away
	}
	s.parts = min(procs, s.w.Parts(), weights/worthPart)
	if s.parts > 1 && s.batch < few*procs && steps*weights > 1<<19 {
		s.relay.Run(steps, s.parts, s, part)
		return
	}
	d.team.Split(s.batch, s.worthRows(), s, rows)
}

func rnn[T device.Float](d *cpu, k *kernels.RNN) {
	steps, batch, inputs, hidden := k.Dims()
	scratch := scratchOf[T](d)
	s := &scratch.sequence
	s.f, s.steps, s.batch, s.hidden, s.h = k.F, steps, batch, hidden, data[T](k.H.Slice)

	// All inputs at once: H[1:] = X·Wx + Bias.
	z := s.h[s.row(1, 0):]
	scratch.biased(false, false, steps*batch, hidden, inputs, data[T](k.X.Slice), data[T](k.Wx.Slice), data[T](k.Bias.Slice), z)

	s.w.Set(false, hidden, hidden, data[T](k.Wh.Slice), max(hidden, 1))
	s.run(d, steps, d.code(k.X.Type()).forward, d.code(k.X.Type()).forwardPart)
	s.release()
}

// forward takes rows lo to hi of the batch through all steps.
func forward[T device.Float](arg any, lo, hi int) {
	s := arg.(*sequence[T])
	for t := range s.steps {
		s.advance(t, lo, hi, 0, s.hidden)
	}
}

// forwardPart takes a part of the columns of all rows through a step.
func forwardPart[T device.Float](arg any, t, part int) {
	s := arg.(*sequence[T])
	from, to := s.w.Part(part, s.parts)
	s.advance(t, 0, s.batch, from, to)
}

// advance is H[t+1] = F(H[t+1] + H[t]·Wh) for rows lo to hi of the batch, and columns from to to.
func (s *sequence[T]) advance(t, lo, hi, from, to int) {
	h := s.h[s.row(t+1, lo):s.row(t+1, hi)]
	s.w.MulColumns(from, to, hi-lo, s.h[s.row(t, lo):], max(s.hidden, 1), true, h, max(s.hidden, 1))
	width := s.width(from, to, len(h))
	for i := from; i < len(h); i += max(width, s.hidden) {
		apply(s.f, h[i:i+width], h[i:i+width])
	}
}

func rnnGrad[T device.Float](d *cpu, k *kernels.RNNGrad) {
	steps, batch, inputs, hidden := k.Dims()
	scratch := scratchOf[T](d)
	s := &scratch.sequence
	s.f, s.steps, s.batch, s.hidden, s.h = k.F, steps, batch, hidden, data[T](k.H.Slice)
	s.dz, s.dy, s.dh0 = data[T](k.DZ.Slice), data[T](k.DY.Slice), data[T](k.DH0.Slice)

	s.w.Set(true, hidden, hidden, data[T](k.Wh.Slice), max(hidden, 1))
	s.run(d, steps+1, d.code(k.X.Type()).backward, d.code(k.X.Type()).backwardPart)

	// The weights' gradients are one product over all steps each.
	x, n := data[T](k.X.Slice), steps*batch
	scratch.product(false, true, n, inputs, hidden, s.dz, data[T](k.Wx.Slice), false, data[T](k.DX.Slice))
	scratch.product(true, false, inputs, hidden, n, x, s.dz, true, data[T](k.DWx.Slice))
	scratch.product(true, false, hidden, hidden, n, s.h, s.dz, true, data[T](k.DWh.Slice))
	sumRows(d, data[T](k.DBias.Slice), s.dz, true)
	s.release()
}

// backward takes rows lo to hi of the batch back through all steps.
func backward[T device.Float](arg any, lo, hi int) {
	s := arg.(*sequence[T])
	for t := s.steps - 1; t >= -1; t-- {
		s.retreat(t, lo, hi, 0, s.hidden)
	}
}

// backwardPart takes a part of the columns of all rows through a step, counted from the last.
func backwardPart[T device.Float](arg any, n, part int) {
	s := arg.(*sequence[T])
	from, to := s.w.Part(part, s.parts)
	s.retreat(s.steps-1-n, 0, s.batch, from, to)
}

// retreat is DZ[t] = (DY[t] + DZ[t+1]·Whᵀ)·F'(H[t+1]) for rows lo to hi of the batch, and columns from to to. What comes
// after the first step, the last of all, is DH0 = DZ[0]·Whᵀ.
func (s *sequence[T]) retreat(t, lo, hi, from, to int) {
	ld := max(s.hidden, 1)
	if t < 0 {
		dh0 := s.dh0[s.row(0, lo):s.row(0, hi)]
		if s.steps == 0 {
			clear(dh0)
			return
		}
		s.w.MulColumns(from, to, hi-lo, s.dz[s.row(0, lo):], ld, false, dh0, ld)
		return
	}
	dz, dy, h := s.dz[s.row(t, lo):s.row(t, hi)], s.dy[s.row(t, lo):], s.h[s.row(t+1, lo):]
	width := s.width(from, to, len(dz))
	for i := from; i < len(dz); i += max(width, s.hidden) {
		copy(dz[i:i+width], dy[i:])
	}
	if t+1 < s.steps {
		s.w.MulColumns(from, to, hi-lo, s.dz[s.row(t+1, lo):], ld, true, dz, ld)
	}
	for i := from; i < len(dz); i += max(width, s.hidden) {
		applyGrad(s.f, dz[i:i+width], dz[i:i+width], h[i:i+width])
	}
}

// width is how many elements follow one another of columns from to to: all n of rows that are taken whole.
func (s *sequence[T]) width(from, to, n int) int {
	if to-from == s.hidden {
		return n
	}
	return to - from
}
