package gpu

import "github.com/keisan-go/keisan/kernels"

func (d *gpu) rnn(k *kernels.RNN) {
	steps, batch, inputs, hidden := k.Dims()
	row := batch * hidden
	h := k.H.Slice
	d.multiply(&product{c: h.Slice(row, (steps+1)*row), a: k.X.Slice, b: k.Wx.Slice, m: steps * batch, n: hidden, k: inputs, d: k.Bias.Slice})
	if row == 0 || steps == 0 {
		return
	}
	first := h.Slice(row, 2*row)
	d.recur(&product{c: first, a: h.Slice(0, row), b: k.Wh.Slice, m: batch, n: hidden, k: hidden, d: first, dm: hidden,
		f: activated, of: k.F}, steps, row)
}

func (d *gpu) rnnGrad(k *kernels.RNNGrad) {
	steps, batch, inputs, hidden := k.Dims()
	row := batch * hidden
	h, dz, dy := k.H.Slice, k.DZ.Slice, k.DY.Slice
	if row > 0 && steps > 0 {
		last := product{c: dz.Slice((steps-1)*row, steps*row), b: k.Wh.Slice, transB: true, m: batch, n: hidden,
			d: dy.Slice((steps-1)*row, steps*row), dm: hidden, f: gradient, of: k.F, e: h.Slice(steps*row, (steps+1)*row)}
		d.multiply(&last) // there is no DZ[steps], so it has no terms
	}
	if row > 0 && steps > 1 {
		d.recur(&product{c: dz.Slice((steps-2)*row, (steps-1)*row), a: dz.Slice((steps-1)*row, steps*row), k: hidden,
			b: k.Wh.Slice, transB: true, m: batch, n: hidden, d: dy.Slice((steps-2)*row, (steps-1)*row), dm: hidden,
			f: gradient, of: k.F, e: h.Slice((steps-1)*row, steps*row)}, steps-1, -row)
	}
	first := product{c: k.DH0.Slice, b: k.Wh.Slice, transB: true, m: batch, n: hidden}
	if steps > 0 {
		first.a, first.k = dz.Slice(0, row), hidden
	}
	d.multiply(&first)
	n := steps * batch
	d.multiply(&product{c: k.DX.Slice, a: dz, b: k.Wx.Slice, transB: true, m: n, n: inputs, k: hidden})
	d.multiply(&product{c: k.DWx.Slice, a: k.X.Slice, b: dz, transA: true, m: inputs, n: hidden, k: n, d: k.DWx.Slice, dm: hidden})
	d.multiply(&product{c: k.DWh.Slice, a: h.Slice(0, n*hidden), b: dz, transA: true, m: hidden, n: hidden, k: n, d: k.DWh.Slice, dm: hidden})
	if !k.DBias.IsZero() {
		d.sumOverRows(k.DBias.Slice, dz, hidden, true)
	}
}
