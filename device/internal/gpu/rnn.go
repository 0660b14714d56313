package gpu

import "github.com/keisan-go/keisan/kernels"

func (d *gpu) rnn(k *kernels.RNN) {
	steps, batch, inputs, hidden := k.Dims()
	row := batch * hidden
	h := k.H.Slice
	d.multiply(&product{c: h.Slice(row, (steps+1)*row), a: k.X.Slice, b: k.Wx.Slice, m: steps * batch, n: hidden, k: inputs, d: k.Bias.Slice})
	if row == 0 {
		return
	}
	for t := range steps {
		to := h.Slice((t+1)*row, (t+2)*row)
		d.multiply(&product{c: to, a: h.Slice(t*row, (t+1)*row), b: k.Wh.Slice, m: batch, n: hidden, k: hidden,
			d: to, dm: hidden, f: activated, of: k.F})
	}
}

func (d *gpu) rnnGrad(k *kernels.RNNGrad) {
	steps, batch, inputs, hidden := k.Dims()
	row := batch * hidden
	h, dz, dy := k.H.Slice, k.DZ.Slice, k.DY.Slice
	for t := steps - 1; t >= 0 && row > 0; t-- {
		p := product{c: dz.Slice(t*row, (t+1)*row), b: k.Wh.Slice, transB: true, m: batch, n: hidden,
			d: dy.Slice(t*row, (t+1)*row), dm: hidden, f: gradient, of: k.F, e: h.Slice((t+1)*row, (t+2)*row)}
		if t+1 < steps {
			p.a, p.k = dz.Slice((t+1)*row, (t+2)*row), hidden
		}
		d.multiply(&p)
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
