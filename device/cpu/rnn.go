package cpu

import (
	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/cpu/gemm"
	"github.com/keisan-go/keisan/kernels"
)

// sequence is what rows of a batch need to go through all steps on their own: rows exchange nothing, so each goroutine
// takes some rows and never waits for another.
type sequence[T device.Float] struct {
	f                    kernels.Activation
	steps, batch, hidden int
	h, dz, dy, dh0       []T
	w                    gemm.Packed[T] // Wh, or its transpose going backward
}

// release forgets the kernel's memory, which may be freed.
func (s *sequence[T]) release() { s.h, s.dz, s.dy, s.dh0 = nil, nil, nil, nil }

// row is row i of the batch at step t.
func (s *sequence[T]) row(t, i int) int { return (t*s.batch + i) * s.hidden }

// worthRows is how many rows of a batch are worth a goroutine of their own.
func (s *sequence[T]) worthRows() int {
	return 1 + int(1<<18/(1+float64(s.steps)*float64(s.hidden)*float64(s.hidden)))
}

func rnn[T device.Float](d *cpu, k *kernels.RNN) {
	steps, batch, inputs, hidden := k.Dims()
	scratch := scratchOf[T](d)
	s := &scratch.sequence
	s.f, s.steps, s.batch, s.hidden, s.h = k.F, steps, batch, hidden, data[T](k.H.Slice)

	// All inputs at once: H[1:] = X·Wx + Bias.
	z := s.h[s.row(1, 0):]
	biased := !k.Bias.IsZero()
	if biased {
		spreadRows(d, z, data[T](k.Bias.Slice))
	}
	scratch.product(false, false, steps*batch, hidden, inputs, data[T](k.X.Slice), data[T](k.Wx.Slice), biased, z)

	s.w.Set(false, hidden, hidden, data[T](k.Wh.Slice), max(hidden, 1))
	d.team.Split(batch, s.worthRows(), s, d.code(k.X.Type()).forward)
	s.release()
}

// forward takes rows lo to hi of the batch through all steps: H[t+1] = F(H[t+1] + H[t]·Wh).
func forward[T device.Float](arg any, lo, hi int) {
	s := arg.(*sequence[T])
	for t := range s.steps {
		h := s.h[s.row(t+1, lo):s.row(t+1, hi)]
		s.w.MulRows(hi-lo, s.h[s.row(t, lo):], max(s.hidden, 1), true, h, max(s.hidden, 1))
		apply(s.f, h, h)
	}
}

func rnnGrad[T device.Float](d *cpu, k *kernels.RNNGrad) {
	steps, batch, inputs, hidden := k.Dims()
	scratch := scratchOf[T](d)
	s := &scratch.sequence
	s.f, s.steps, s.batch, s.hidden, s.h = k.F, steps, batch, hidden, data[T](k.H.Slice)
	s.dz, s.dy, s.dh0 = data[T](k.DZ.Slice), data[T](k.DY.Slice), data[T](k.DH0.Slice)

	s.w.Set(true, hidden, hidden, data[T](k.Wh.Slice), max(hidden, 1))
	d.team.Split(batch, s.worthRows(), s, d.code(k.X.Type()).backward)

	// The weights' gradients are one product over all steps each.
	x, n := data[T](k.X.Slice), steps*batch
	scratch.product(false, true, n, inputs, hidden, s.dz, data[T](k.Wx.Slice), false, data[T](k.DX.Slice))
	scratch.product(true, false, inputs, hidden, n, x, s.dz, true, data[T](k.DWx.Slice))
	scratch.product(true, false, hidden, hidden, n, s.h, s.dz, true, data[T](k.DWh.Slice))
	if !k.DBias.IsZero() {
		sumColumns(data[T](k.DBias.Slice), s.dz, 0, hidden, true)
	}
	s.release()
}

// backward takes rows lo to hi of the batch back through all steps: DZ[t] = (DY[t] + DZ[t+1]·Whᵀ)·F'(H[t+1]).
func backward[T device.Float](arg any, lo, hi int) {
	s := arg.(*sequence[T])
	for t := s.steps - 1; t >= 0; t-- {
		dz := s.dz[s.row(t, lo):s.row(t, hi)]
		copy(dz, s.dy[s.row(t, lo):])
		if t+1 < s.steps {
			s.w.MulRows(hi-lo, s.dz[s.row(t+1, lo):], max(s.hidden, 1), true, dz, max(s.hidden, 1))
		}
		applyGrad(s.f, dz, dz, s.h[s.row(t+1, lo):s.row(t+1, hi)])
	}
	dh0 := s.dh0[s.row(0, lo):s.row(0, hi)]
	if s.steps == 0 {
		clear(dh0)
		return
	}
	s.w.MulRows(hi-lo, s.dz[s.row(0, lo):], max(s.hidden, 1), false, dh0, max(s.hidden, 1))
}
