package gpu

import (
	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

func (d *gpu) rnn(k *kernels.RNN) {
	steps, batch, inputs, hidden := k.Dims()
	z := statesBefore(k.H.Slice, batch*hidden, !k.Reverse) // where the states after each step will be
	d.multiply(&product{c: z, a: k.X.Slice, b: k.Wx.Slice, m: steps * batch, n: hidden, k: inputs, d: k.Bias.Slice})
	of := recurrence{source: "rnn", function: "rnn_steps", gates: 1, f: k.F, steps: steps, rows: batch,
		units: hidden, reverse: k.Reverse, vectors: k.H.Slice, wh: k.Wh.Slice, lengths: k.Lengths.Slice}
	if !d.stay(&of, []device.Slice{k.H.Slice, k.Y.Slice}) {
		d.rnnSteps(k)
	}
}

// rnnSteps queues the steps one by one, or as one product that repeats.
func (d *gpu) rnnSteps(k *kernels.RNN) {
	steps, batch, _, hidden := k.Dims()
	h, row := k.H.Slice, batch*hidden
	p := product{b: k.Wh.Slice, m: batch, n: hidden, k: hidden, dm: hidden, f: activated, of: k.F}
	if k.Lengths.IsZero() && steps > 0 {
		_, before, after := kernels.Step(k.Reverse, steps, 0)
		p.c, p.a, p.d = part(h, after, row), part(h, before, row), part(h, after, row)
		d.repeat(&p, steps, (after-before)*row)
		return
	}
	for n := range steps {
		t, before, after := kernels.Step(k.Reverse, steps, n)
		p.c, p.a, p.d, p.again = part(h, after, row), part(h, before, row), part(h, after, row), n > 0
		d.multiply(&p)
		d.start("rnn", "rnn_step", h.Type()).arrays(p.c, p.a, part(k.Y.Slice, t, row), k.Lengths.Slice).ints(batch, hidden, t).
			launch(d.class.each(batch, hidden))
	}
}

// rnnStepsBack queues the steps one by one, or but for the last as one product that repeats.
func (d *gpu) rnnStepsBack(k *kernels.RNNGrad) {
	steps, batch, _, hidden := k.Dims()
	row := batch * hidden
	h, dz, dy := k.H.Slice, k.DZ.Slice, k.DY.Slice
	// back is DZ[t], for the step that comes nth, of what is there or, at a row's last step, of DY and DHT.
	back := func(n int) {
		t, _, after := kernels.Step(k.Reverse, steps, n)
		d.start("rnn", "rnn_step_back", h.Type()).
			arrays(part(dz, t, row), part(dy, t, row), k.DHT.Slice, part(h, after, row), k.Lengths.Slice).
			ints(batch, hidden, t, steps).smalls(int(k.F), bit(k.Reverse), bit(!k.Lengths.IsZero()), bit(!k.DHT.IsZero())).
			launch(d.class.each(batch, hidden))
	}
	if steps > 0 {
		back(steps - 1)
	}
	p := product{b: k.Wh.Slice, transB: true, m: batch, n: hidden, k: hidden, dm: hidden}
	if k.Lengths.IsZero() && steps > 1 {
		t, before, after := kernels.Step(k.Reverse, steps, steps-2)
		next, _, _ := kernels.Step(k.Reverse, steps, steps-1)
		p.c, p.a, p.d, p.e = part(dz, t, row), part(dz, next, row), part(dy, t, row), part(h, after, row)
		p.f, p.of = gradient, k.F
		d.repeat(&p, steps-1, (before-after)*row)
		return
	}
	for n := steps - 2; n >= 0; n-- {
		t, _, _ := kernels.Step(k.Reverse, steps, n)
		next, _, _ := kernels.Step(k.Reverse, steps, n+1)
		p.c, p.a, p.d, p.again = part(dz, t, row), part(dz, next, row), part(dy, t, row), n < steps-2
		d.multiply(&p)
		back(n)
	}
}

func (d *gpu) rnnGrad(k *kernels.RNNGrad) {
	steps, batch, inputs, hidden := k.Dims()
	row := batch * hidden
	h, dz, wh := k.H.Slice, k.DZ.Slice, k.Wh.Slice
	bounded := !k.Lengths.IsZero()
	of := recurrence{source: "rnn", function: "rnn_steps_back", back: true, gates: 1, f: k.F, steps: steps, rows: batch,
		units: hidden, reverse: k.Reverse, vectors: dz, wh: wh, lengths: k.Lengths.Slice}
	if !d.stay(&of, []device.Slice{dz, k.DY.Slice, k.DHT.Slice, h}, bit(!k.DHT.IsZero())) {
		d.rnnStepsBack(k)
	}

	if steps == 0 || bounded { // DHT is what rows without steps have
		d.begin(k.DH0.Slice, k.DHT.Slice)
	}
	p := product{c: k.DH0.Slice, b: wh, transB: true, m: batch, n: hidden, k: hidden}
	switch {
	case steps == 0:
	case bounded:
		p.a, p.d, p.dm = d.workspace(h.Type(), row), p.c, hidden
		d.start("rnn", "rnn_first", h.Type()).arrays(p.a, p.c, dz, k.Lengths.Slice).ints(batch, hidden, steps).
			smalls(bit(k.Reverse)).launch(d.class.each(batch, hidden))
		d.multiply(&p)
	default:
		t, _, _ := kernels.Step(k.Reverse, steps, 0)
		p.a = part(dz, t, row)
		d.multiply(&p)
	}
	n := steps * batch
	d.inputGrad(k.DX, dz, k.Wx, n, inputs, hidden)
	d.multiply(&product{c: k.DWx.Slice, a: k.X.Slice, b: dz, transA: true, m: inputs, n: hidden, k: n, d: k.DWx.Slice, dm: hidden})
	d.multiply(&product{c: k.DWh.Slice, a: statesBefore(h, row, k.Reverse), b: dz, transA: true, m: hidden, n: hidden, k: n,
		d: k.DWh.Slice, dm: hidden})
	if !k.DBias.IsZero() {
		d.sumOverRows(k.DBias.Slice, dz, hidden, true)
	}
}

// inputGrad is DX = DZ·Wxᵀ, for so many columns of DZ; nothing if nobody wants it.
func (d *gpu) inputGrad(dx kernels.Array, dz device.Slice, wx kernels.Array, rows, inputs, cols int) {
	if !dx.IsZero() {
		d.multiply(&product{c: dx.Slice, a: dz, b: wx.Slice, transB: true, m: rows, n: inputs, k: cols})
	}
}
