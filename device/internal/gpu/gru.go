package gpu

import (
	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

func (d *gpu) gru(k *kernels.GRU) {
	steps, batch, inputs, hidden := k.Dims()
	d.multiply(&product{c: k.Gates.Slice, a: k.X.Slice, b: k.Wx.Slice, m: steps * batch, n: 3 * hidden, k: inputs, d: k.BX.Slice})
	of := recurrence{source: "gru", function: "gru_steps", gates: 3, steps: steps, rows: batch,
		units: hidden, reverse: k.Reverse, vectors: k.H.Slice, wh: k.Wh.Slice, lengths: k.Lengths.Slice}
	if k.ResetBefore || !d.stay(&of, []device.Slice{k.Gates.Slice, k.H.Slice, k.Q.Slice, k.Y.Slice, k.BH.Slice}, bit(!k.BH.IsZero())) {
		d.gruSteps(k)
	}
}

// gruSteps queues the steps one by one. A reset before the product always goes this way: a step is then two products, one of
// what the other made, with a wait between them, too.
func (d *gpu) gruSteps(k *kernels.GRU) {
	steps, batch, _, hidden := k.Dims()
	row := batch * hidden
	h, q, bh := k.H.Slice, k.Q.Slice, k.BH.Slice
	// What the gates get of the state: all of them at once, or n alone, after a reset.
	sums, wh, bias, terms := d.workspace(h.Type(), 3*row+3*hidden*hidden), k.Wh.Slice, bh, 3*hidden
	var wrz, brz device.Slice
	if k.ResetBefore {
		wrz, wh = d.split(sums.Slice(3*row, sums.Len()), k.Wh.Slice, hidden)
		terms = hidden
		if !bh.IsZero() {
			brz, bias = bh.Slice(0, 2*hidden), bh.Slice(2*hidden, 3*hidden)
		}
	}
	for n := range steps {
		t, before, after := kernels.Step(k.Reverse, steps, n)
		gates, last := part(k.Gates.Slice, t, 3*row), part(h, before, row)
		a := last
		if k.ResetBefore {
			d.multiply(&product{c: sums.Slice(0, 2*row), a: last, b: wrz, m: batch, n: 2 * hidden, k: hidden, d: brz})
			a = part(q, t, row)
			d.start("gru", "gru_reset", h.Type()).arrays(gates, a, sums, last).ints(batch, hidden).
				launch(d.class.each(batch, hidden))
		}
		d.multiply(&product{c: sums.Slice(0, batch*terms), a: a, b: wh, m: batch, n: terms, k: hidden, d: bias, again: n > 0 && !k.ResetBefore})
		d.start("gru", "gru_step", h.Type()).
			arrays(gates, part(h, after, row), part(q, t, row), sums, last, part(k.Y.Slice, t, row), k.Lengths.Slice).
			ints(batch, hidden, t).smalls(bit(!k.Lengths.IsZero()), bit(k.ResetBefore)).launch(d.class.each(batch, hidden))
	}
}

// split copies the columns of w [hidden, 3·hidden] for r and z, and those for n, to room.
func (d *gpu) split(room, w device.Slice, hidden int) (rz, n device.Slice) {
	size := hidden * hidden
	rz, n = room.Slice(0, 2*size), room.Slice(2*size, 3*size)
	d.columns(rz, 2*hidden, 0, w, 3*hidden, 0, 2*hidden, hidden)
	d.columns(n, hidden, 0, w, 3*hidden, 2*hidden, hidden, hidden)
	return rz, n
}

func (d *gpu) gruGrad(k *kernels.GRUGrad) {
	steps, batch, inputs, hidden := k.Dims()
	row, n := batch*hidden, steps*batch
	h, dz, dh := k.H.Slice, k.DZ.Slice, k.DH0.Slice
	d.begin(dh, k.DHT.Slice)

	// The gradients of what the gates got of the state: those of all gates or, if the reset came before, first that of n
	// and then those of r and z.
	room := d.workspace(h.Type(), 3*steps*row+3*hidden*hidden)
	all, weights := room.Slice(0, 3*steps*row), room.Slice(3*steps*row, room.Len())
	ofN, ofRZ := all.Slice(0, steps*row), all.Slice(steps*row, 3*steps*row)
	of := recurrence{source: "gru", function: "gru_steps_back", back: true, gates: 3, steps: steps, rows: batch,
		units: hidden, reverse: k.Reverse, vectors: all, wh: k.Wh.Slice, lengths: k.Lengths.Slice}
	switch {
	case k.ResetBefore:
		d.gruResetStepsBack(k, ofN, ofRZ, weights)
	case !d.stay(&of, []device.Slice{dz, k.DQ.Slice, all, dh, k.DY.Slice, k.Gates.Slice, k.Q.Slice, h}):
		d.gruStepsBack(k, all)
	}

	d.inputGrad(k.DX, dz, k.Wx, n, inputs, 3*hidden)
	d.multiply(&product{c: k.DWx.Slice, a: k.X.Slice, b: dz, transA: true, m: inputs, n: 3 * hidden, k: n, d: k.DWx.Slice, dm: 3 * hidden})
	states := statesBefore(h, row, k.Reverse)
	if k.ResetBefore {
		rz, wn := d.split(weights, k.DWh.Slice, hidden)
		d.multiply(&product{c: rz, a: states, b: ofRZ, transA: true, m: hidden, n: 2 * hidden, k: n, d: rz, dm: 2 * hidden})
		d.multiply(&product{c: wn, a: k.Q.Slice, b: ofN, transA: true, m: hidden, n: hidden, k: n, d: wn, dm: hidden})
		d.columns(k.DWh.Slice, 3*hidden, 0, rz, 2*hidden, 0, 2*hidden, hidden)
		d.columns(k.DWh.Slice, 3*hidden, 2*hidden, wn, hidden, 0, hidden, hidden)
		all = dz // whose sum is that of the bias
	} else {
		d.multiply(&product{c: k.DWh.Slice, a: states, b: all, transA: true, m: hidden, n: 3 * hidden, k: n, d: k.DWh.Slice, dm: 3 * hidden})
	}
	if !k.DBX.IsZero() {
		d.sumOverRows(k.DBX.Slice, dz, 3*hidden, true)
	}
	if !k.DBH.IsZero() {
		d.sumOverRows(k.DBH.Slice, all, 3*hidden, true)
	}
}

// gruStepsBack queues the steps one by one: DH0 holds the gradient of the state after them.
func (d *gpu) gruStepsBack(k *kernels.GRUGrad, all device.Slice) {
	steps, batch, _, hidden := k.Dims()
	row, dh := batch*hidden, k.DH0.Slice
	for n := steps - 1; n >= 0; n-- {
		t, _, _ := kernels.Step(k.Reverse, steps, n)
		sums := part(all, t, 3*row)
		d.gruStepBack(k, n, sums)
		d.multiply(&product{c: dh, a: sums, b: k.Wh.Slice, transB: true, m: batch, n: hidden, k: 3 * hidden, d: dh, dm: hidden, again: n < steps-1})
	}
}

// gruResetStepsBack does so where the reset came before, with room for the weights apart.
func (d *gpu) gruResetStepsBack(k *kernels.GRUGrad, ofN, ofRZ, weights device.Slice) {
	steps, batch, _, hidden := k.Dims()
	row, dh := batch*hidden, k.DH0.Slice
	wrz, wn := d.split(weights, k.Wh.Slice, hidden)
	for n := steps - 1; n >= 0; n-- {
		t, before, _ := kernels.Step(k.Reverse, steps, n)
		dq, sums := part(k.DQ.Slice, t, row), part(ofN, t, row)
		d.gruStepBack(k, n, sums)
		d.multiply(&product{c: dq, a: sums, b: wn, transB: true, m: batch, n: hidden, k: hidden})
		sums = part(ofRZ, t, 2*row)
		d.start("gru", "gru_reset_back", dh.Type()).
			arrays(part(k.DZ.Slice, t, 3*row), sums, dh, dq, part(k.Gates.Slice, t, 3*row), part(k.H.Slice, before, row), k.Lengths.Slice).
			ints(batch, hidden, t).smalls(bit(!k.Lengths.IsZero())).launch(d.class.each(batch, hidden))
		d.multiply(&product{c: dh, a: sums, b: wrz, transB: true, m: batch, n: hidden, k: 2 * hidden, d: dh, dm: hidden})
	}
}

// gruStepBack queues what both have of the step that comes nth.
func (d *gpu) gruStepBack(k *kernels.GRUGrad, n int, sums device.Slice) {
	steps, batch, _, hidden := k.Dims()
	row := batch * hidden
	t, before, _ := kernels.Step(k.Reverse, steps, n)
	d.start("gru", "gru_step_back", k.H.Type()).
		arrays(part(k.DZ.Slice, t, 3*row), part(k.DQ.Slice, t, row), sums, k.DH0.Slice, part(k.DY.Slice, t, row),
			part(k.Gates.Slice, t, 3*row), part(k.Q.Slice, t, row), part(k.H.Slice, before, row), k.Lengths.Slice).
		ints(batch, hidden, t).smalls(bit(!k.Lengths.IsZero()), bit(k.ResetBefore)).launch(d.class.each(batch, hidden))
}
