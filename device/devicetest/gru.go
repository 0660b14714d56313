package devicetest

import (
	"math"
	"slices"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

func gru(t device.DType) []*trial {
	var all []*trial
	for _, resetBefore := range []bool{false, true} {
		all = append(all, recurrentTrials(func(r recurrence, c course) *trial {
			return gruTrial(t, r, c, resetBefore, scaled(0.5, normal))
		}, courses...)...)
	}
	return all
}

// gruTrial runs a GRU. The reference computes each number from those before it as the device has them, so that the bound
// of its error is that of one formula.
func gruTrial(t device.DType, r recurrence, c course, resetBefore bool, fill fill) *trial {
	fill = c.fill(fill)
	tr := &trial{
		kernel: kernels.GRU{ResetBefore: resetBefore, Reverse: c.reverse}, dtype: t,
		operands: []operand{
			{name: "H", shape: []int{r.t + 1, r.b, r.h}, fill: r.initial(c, fill)}, {name: "Gates", shape: []int{r.t, r.b, 3 * r.h}},
			{name: "Q", shape: []int{r.t, r.b, r.h}}, {name: "X", shape: []int{r.t, r.b, r.i}, fill: fill},
			{name: "Wx", shape: []int{r.i, 3 * r.h}, fill: fill}, {name: "Wh", shape: []int{r.h, 3 * r.h}, fill: fill}},
	}
	tr.optional(c.biased, operand{name: "BX", shape: []int{3 * r.h}, fill: fill})
	tr.optional(c.reverse || c.last, operand{name: "BH", shape: []int{3 * r.h}, fill: fill}) // so that each is there alone as well
	tr.optional(c.lengths, operand{name: "Y", shape: []int{r.t, r.b, r.h}}, r.lengthsOf())
	tr.want = func(s *sheet) {
		h, gates, q, wh, bh := s.out("H"), s.out("Gates"), s.out("Q"), s.in("Wh"), s.in("BH")
		wantH, wantGates, wantQ := s.result("H"), s.result("Gates"), s.result("Q")
		s.keeps(r, c, "H")
		for b := range r.b {
			for _, n := range r.turns(c, b) {
				// product adds a row of states times column j of Wh, and that column's bias if there is one.
				product := func(z *sum, row []float64, j int) {
					if bh != nil {
						z.add(bh[j])
					}
					for i, v := range row {
						z.add(v * wh[i*3*r.h+j])
					}
				}
				last := h[n.before*r.h : (n.before+1)*r.h]
				for j := range r.h {
					at, qAt := n.at*3*r.h+j, n.at*r.h+j
					if !n.taken {
						wantGates.near(at, 0, 0)
						wantGates.near(at+r.h, 0, 0)
						wantGates.near(at+2*r.h, 0, 0)
						wantQ.near(qAt, 0, 0)
						continue
					}
					for gate := range 2 {
						z := s.input(r, n.at, gate*r.h+j, 3*r.h, s.in("BX"))
						product(&z, last, gate*r.h+j)
						wantGates.nearActivated(at+gate*r.h, kernels.Sigmoid, z.total, z.bound(s, 1))
					}
					reset, update, new := gates[at], gates[at+r.h], gates[at+2*r.h]
					z := s.input(r, n.at, 2*r.h+j, 3*r.h, s.in("BX"))
					if resetBefore {
						wantQ.near(qAt, reset*last[j], s.eps*math.Abs(reset*last[j])+s.least)
						product(&z, q[n.at*r.h:(n.at+1)*r.h], 2*r.h+j)
					} else {
						var product2 sum
						product(&product2, last, 2*r.h+j)
						wantQ.near(qAt, product2.total, product2.bound(s, 1))
						z.add(reset * q[qAt])
					}
					wantGates.nearActivated(at+2*r.h, kernels.Tanh, z.total, z.bound(s, 1))
					var next sum
					next.add((1 - update) * new)
					next.add(update * last[j])
					wantH.near(n.after*r.h+j, next.total, next.bound(s, 2)+s.eps*math.Abs(new)+s.least)
				}
			}
		}
		s.freezes(r, c, "H", "Y")
	}
	return tr
}

func gruGrad(t device.DType) []*trial {
	var all []*trial
	for _, resetBefore := range []bool{false, true} {
		all = append(all, recurrentTrials(func(r recurrence, c course) *trial { return gruGradTrial(t, r, c, resetBefore) }, gradCourses...)...)
	}
	return all
}

// gruGradTrial runs the gradient of a GRU. The reference goes on from DZ and DQ as the device has them. The gradient of H,
// which the device does not tell at each step, it follows itself, and with it the bound of its error.
func gruGradTrial(t device.DType, r recurrence, c course, resetBefore bool) *trial {
	fill := c.fill(normal)
	steps, row := []int{r.t, r.b, r.h}, []int{r.b, r.h}
	tr := &trial{
		kernel: kernels.GRUGrad{ResetBefore: resetBefore, Reverse: c.reverse}, dtype: t,
		operands: []operand{
			{name: "DH0", shape: row},
			{name: "DWx", shape: []int{r.i, 3 * r.h}, fill: fill}, {name: "DWh", shape: []int{r.h, 3 * r.h}, fill: fill},
			{name: "DZ", shape: []int{r.t, r.b, 3 * r.h}}, {name: "DQ", shape: steps}, {name: "DY", shape: steps, fill: fill},
			{name: "H", shape: []int{r.t + 1, r.b, r.h}, fill: normal},
			{name: "Gates", shape: []int{r.t, r.b, 3 * r.h}, fill: between(-0.9, 0.9)}, {name: "Q", shape: steps, fill: normal},
			{name: "X", shape: []int{r.t, r.b, r.i}, fill: fill},
			{name: "Wx", shape: []int{r.i, 3 * r.h}, fill: fill}, {name: "Wh", shape: []int{r.h, 3 * r.h}, fill: fill}},
	}
	tr.optional(!c.first, operand{name: "DX", shape: []int{r.t, r.b, r.i}})
	tr.optional(c.biased, operand{name: "DBX", shape: []int{3 * r.h}, fill: fill})
	tr.optional(c.biased, operand{name: "DBH", shape: []int{3 * r.h}, fill: fill})
	tr.optional(c.last, operand{name: "DHT", shape: row, fill: fill})
	tr.optional(c.lengths, r.lengthsOf())
	tr.want = func(s *sheet) {
		dy, h, gates, q, wh, dz, dq := s.in("DY"), s.in("H"), s.in("Gates"), s.in("Q"), s.in("Wh"), s.out("DZ"), s.out("DQ")
		wantDZ, wantDQ := s.result("DZ"), s.result("DQ")
		for b := range r.b {
			dh, tol := make([]float64, r.h), make([]float64, r.h) // of the state, and the bound of its error
			if c.last {
				copy(dh, s.in("DHT")[b*r.h:])
			}
			for _, n := range slices.Backward(r.turns(c, b)) {
				at := n.at * 3 * r.h
				dz, dq := dz[at:at+3*r.h], dq[n.at*r.h:(n.at+1)*r.h]
				if !n.taken {
					for j := range 3 * r.h {
						wantDZ.near(at+j, 0, 0)
					}
					for j := range r.h {
						wantDQ.near(n.at*r.h+j, 0, 0)
					}
					continue
				}
				for j := range r.h {
					reset, update, new, last := gates[at+j], gates[at+r.h+j], gates[at+2*r.h+j], h[n.before*r.h+j]
					dh[j] += dy[n.at*r.h+j]
					tol[j] += s.eps * math.Abs(dh[j])
					// near says that the gradient of a gate is v·factor, where v may be off by err.
					near := func(gate int, v, err, factor float64) {
						wantDZ.near(at+gate*r.h+j, v*factor, err*math.Abs(factor)+6*s.eps*math.Abs(v*factor)+s.least)
					}
					near(2, dh[j], tol[j], (1-update)*(1-new)*(1+new))
					near(1, dh[j]*(last-new), tol[j]*math.Abs(last-new), update*(1-update))
					if resetBefore {
						var d sum
						for i := range r.h {
							d.add(dz[2*r.h+i] * wh[j*3*r.h+2*r.h+i])
						}
						wantDQ.near(n.at*r.h+j, d.total, d.bound(s, 1))
						near(0, dq[j]*last, 0, reset*(1-reset))
					} else {
						d := dz[2*r.h+j] * reset
						wantDQ.near(n.at*r.h+j, d, 8*s.eps*math.Abs(d)+s.least) // DZ[t] is rounded, and need not be before
						near(0, dz[2*r.h+j]*q[n.at*r.h+j], 0, reset*(1-reset))
					}
				}
				// dh = dh·z + [dr dz]·[Wh_r Wh_z]ᵀ and dq·Wh_nᵀ or dq·r
				for j := range r.h {
					reset, update := gates[at+j], gates[at+r.h+j]
					var next sum
					next.add(dh[j] * update)
					for i := range 2 * r.h {
						next.add(dz[i] * wh[j*3*r.h+i])
					}
					if resetBefore {
						next.add(dq[j] * reset)
					} else {
						for i := range r.h {
							next.add(dq[i] * wh[j*3*r.h+2*r.h+i])
						}
					}
					dh[j], tol[j] = next.total, tol[j]*math.Abs(update)+next.bound(s, 1)
				}
			}
			for j := range r.h {
				s.result("DH0").near(b*r.h+j, dh[j], tol[j]+s.least)
			}
		}

		rows := r.t * r.b
		s.inputGrad(r, c, 3*r.h)
		dzOf := s.rows(dz, 3*r.h)
		s.weightGrad("DWx", rows, r.i, 3*r.h, s.rows(s.in("X"), r.i), dzOf)
		hOf := func(n, i int) float64 { return h[c.before(r, n)*r.h+i] }
		// The columns of Wh for n have another factor: DQ in the place of DZ or, if the reset comes before, Q in that of H.
		other := func(n, j int) float64 {
			if j >= 2*r.h {
				return dq[n*r.h+j-2*r.h]
			}
			return dzOf(n, j)
		}
		if resetBefore {
			other = dzOf
		}
		dwh := s.in("DWh")
		for i := range r.h {
			for j := range 3 * r.h {
				var dw sum
				dw.add(dwh[i*3*r.h+j])
				for n := range rows {
					state := hOf(n, i)
					if resetBefore && j >= 2*r.h {
						state = q[n*r.h+i]
					}
					dw.add(state * other(n, j))
				}
				s.result("DWh").near(i*3*r.h+j, dw.total, dw.bound(s, 1))
			}
		}
		if c.biased {
			s.weightGrad("DBX", rows, 1, 3*r.h, ones, dzOf)
			s.weightGrad("DBH", rows, 1, 3*r.h, ones, other)
		}
	}
	return tr
}
