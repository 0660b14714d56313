package gpu

import (
	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

func (d *gpu) lstm(k *kernels.LSTM) {
	steps, batch, inputs, hidden := k.Dims()
	d.multiply(&product{c: k.Gates.Slice, a: k.X.Slice, b: k.Wx.Slice, m: steps * batch, n: 4 * hidden, k: inputs, d: k.Bias.Slice})
	of := recurrence{source: "lstm", function: "lstm_steps", gates: 4, steps: steps, rows: batch,
		units: hidden, reverse: k.Reverse, vectors: k.H.Slice, wh: k.Wh.Slice, lengths: k.Lengths.Slice}
	if !d.stay(&of, []device.Slice{k.Gates.Slice, k.H.Slice, k.C.Slice, k.Y.Slice}) {
		d.lstmSteps(k)
	}
}

// lstmSteps queues the steps one by one: what the gates get of the state is added to what they got of the inputs.
func (d *gpu) lstmSteps(k *kernels.LSTM) {
	steps, batch, _, hidden := k.Dims()
	row := batch * hidden
	h, c := k.H.Slice, k.C.Slice
	for n := range steps {
		t, before, after := kernels.Step(k.Reverse, steps, n)
		gates := part(k.Gates.Slice, t, 4*row)
		d.multiply(&product{c: gates, a: part(h, before, row), b: k.Wh.Slice, m: batch, n: 4 * hidden, k: hidden, d: gates, dm: 4 * hidden, again: n > 0})
		d.start("lstm", "lstm_step", h.Type()).
			arrays(gates, part(h, after, row), part(c, after, row), part(h, before, row), part(c, before, row),
				part(k.Y.Slice, t, row), k.Lengths.Slice).
			ints(batch, hidden, t).smalls(bit(!k.Lengths.IsZero())).launch(d.class.each(batch, hidden))
	}
}

// part is the nth part of so many elements; nothing of an array left out.
func part(s device.Slice, n, elements int) device.Slice {
	if s.IsZero() {
		return s
	}
	return s.Slice(n*elements, (n+1)*elements)
}

func (d *gpu) lstmGrad(k *kernels.LSTMGrad) {
	steps, batch, inputs, hidden := k.Dims()
	dz, dh, dc := k.DZ.Slice, k.DH0.Slice, k.DC0.Slice
	d.begin(dh, k.DHT.Slice)
	d.begin(dc, k.DCT.Slice)
	of := recurrence{source: "lstm", function: "lstm_steps_back", back: true, gates: 4, steps: steps, rows: batch,
		units: hidden, reverse: k.Reverse, vectors: dz, wh: k.Wh.Slice, lengths: k.Lengths.Slice}
	if !d.stay(&of, []device.Slice{dz, dh, dc, k.DY.Slice, k.Gates.Slice, k.C.Slice}) {
		d.lstmStepsBack(k)
	}
	n, h := steps*batch, statesBefore(k.H.Slice, batch*hidden, k.Reverse)
	d.inputGrad(k.DX, dz, k.Wx, n, inputs, 4*hidden)
	d.multiply(&product{c: k.DWx.Slice, a: k.X.Slice, b: dz, transA: true, m: inputs, n: 4 * hidden, k: n, d: k.DWx.Slice, dm: 4 * hidden})
	d.multiply(&product{c: k.DWh.Slice, a: h, b: dz, transA: true, m: hidden, n: 4 * hidden, k: n, d: k.DWh.Slice, dm: 4 * hidden})
	if !k.DBias.IsZero() {
		d.sumOverRows(k.DBias.Slice, dz, 4*hidden, true)
	}
}

// lstmStepsBack queues the steps one by one: DH0 and DC0 hold the gradients of the states after them.
func (d *gpu) lstmStepsBack(k *kernels.LSTMGrad) {
	steps, batch, _, hidden := k.Dims()
	row := batch * hidden
	c, dh, dc := k.C.Slice, k.DH0.Slice, k.DC0.Slice
	for n := steps - 1; n >= 0; n-- {
		t, before, after := kernels.Step(k.Reverse, steps, n)
		dz := part(k.DZ.Slice, t, 4*row)
		d.start("lstm", "lstm_step_back", c.Type()).
			arrays(dz, dh, dc, part(k.DY.Slice, t, row), part(k.Gates.Slice, t, 4*row), part(c, after, row), part(c, before, row),
				k.Lengths.Slice).
			ints(batch, hidden, t).smalls(bit(!k.Lengths.IsZero())).launch(d.class.each(batch, hidden))
		d.multiply(&product{c: dh, a: dz, b: k.Wh.Slice, transB: true, m: batch, n: hidden, k: 4 * hidden, d: dh, dm: hidden, again: n < steps-1})
	}
}

// begin makes x what it begins with, zero if that is left out.
func (d *gpu) begin(x, with device.Slice) {
	if with.IsZero() {
		d.fill(x, 0)
		return
	}
	d.copy(x, with)
}

// statesBefore is the states that steps begin with, of all that there are.
func statesBefore(h device.Slice, row int, reverse bool) device.Slice {
	if reverse {
		return h.Slice(row, h.Len())
	}
	return h.Slice(0, h.Len()-row)
}
