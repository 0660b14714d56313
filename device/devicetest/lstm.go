package devicetest

import (
	"math"
	"slices"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

func lstm(t device.DType) []*trial {
	return recurrentTrials(func(r recurrence, c course) *trial { return lstmTrial(t, r, c, scaled(0.5, normal)) }, courses...)
}

// lstmTrial runs an LSTM. The reference computes each number from those before it as the device has them, so that the
// bound of its error is that of one formula.
func lstmTrial(t device.DType, r recurrence, c course, fill fill) *trial {
	fill = c.fill(fill)
	states := []int{r.t + 1, r.b, r.h}
	tr := &trial{
		kernel: kernels.LSTM{Reverse: c.reverse}, dtype: t,
		operands: []operand{
			{name: "H", shape: states, fill: r.initial(c, fill)}, {name: "C", shape: states, fill: r.initial(c, fill)},
			{name: "Gates", shape: []int{r.t, r.b, 4 * r.h}}, {name: "X", shape: []int{r.t, r.b, r.i}, fill: fill},
			{name: "Wx", shape: []int{r.i, 4 * r.h}, fill: fill}, {name: "Wh", shape: []int{r.h, 4 * r.h}, fill: fill}},
	}
	tr.optional(c.biased, operand{name: "Bias", shape: []int{4 * r.h}, fill: fill})
	tr.optional(c.lengths, operand{name: "Y", shape: []int{r.t, r.b, r.h}}, r.lengthsOf())
	tr.want = func(s *sheet) {
		h, c0, gates, wh := s.out("H"), s.out("C"), s.out("Gates"), s.in("Wh")
		wantH, wantC, wantGates := s.result("H"), s.result("C"), s.result("Gates")
		s.keeps(r, c, "H")
		s.keeps(r, c, "C")
		functions := []kernels.Activation{kernels.Sigmoid, kernels.Sigmoid, kernels.Tanh, kernels.Sigmoid}
		for b := range r.b {
			for _, n := range r.turns(c, b) {
				for j := range r.h {
					before, after := n.before*r.h+j, n.after*r.h+j
					var gate [4]float64
					for q, f := range functions {
						at := n.at*4*r.h + q*r.h + j
						gate[q] = gates[at]
						if !n.taken {
							wantGates.near(at, 0, 0)
							continue
						}
						z := s.input(r, n.at, q*r.h+j, 4*r.h, s.in("Bias"))
						for i := range r.h {
							z.add(h[n.before*r.h+i] * wh[i*4*r.h+q*r.h+j])
						}
						wantGates.nearActivated(at, f, z.total, z.bound(s, 1))
					}
					if n.taken {
						var cell sum
						cell.add(gate[1] * c0[before])
						cell.add(gate[0] * gate[2])
						wantC.near(after, cell.total, cell.bound(s, 1)+s.least)
						y := math.Tanh(c0[after])
						wantH.near(after, gate[3]*y, math.Abs(gate[3])*(transcendental*s.ulp(y)+s.eps*math.Abs(y))+s.least)
					}
				}
			}
		}
		s.freezes(r, c, "H", "Y")
		s.freezes(r, c, "C", "")
	}
	return tr
}

func lstmGrad(t device.DType) []*trial {
	return recurrentTrials(func(r recurrence, c course) *trial { return lstmGradTrial(t, r, c) }, gradCourses...)
}

// lstmGradTrial runs the gradient of an LSTM. The reference goes on from DZ as the device has it. The gradient of C, which
// the device does not tell at each step, it follows itself, and with it the bound of its error.
func lstmGradTrial(t device.DType, r recurrence, c course) *trial {
	fill := c.fill(normal)
	states, row := []int{r.t + 1, r.b, r.h}, []int{r.b, r.h}
	tr := &trial{
		kernel: kernels.LSTMGrad{Reverse: c.reverse}, dtype: t,
		operands: []operand{
			{name: "DH0", shape: row}, {name: "DC0", shape: row},
			{name: "DWx", shape: []int{r.i, 4 * r.h}, fill: fill}, {name: "DWh", shape: []int{r.h, 4 * r.h}, fill: fill},
			{name: "DZ", shape: []int{r.t, r.b, 4 * r.h}}, {name: "DY", shape: []int{r.t, r.b, r.h}, fill: fill},
			{name: "H", shape: states, fill: normal}, {name: "C", shape: states, fill: normal},
			{name: "Gates", shape: []int{r.t, r.b, 4 * r.h}, fill: between(-0.9, 0.9)}, {name: "X", shape: []int{r.t, r.b, r.i}, fill: fill},
			{name: "Wx", shape: []int{r.i, 4 * r.h}, fill: fill}, {name: "Wh", shape: []int{r.h, 4 * r.h}, fill: fill}},
	}
	tr.optional(!c.first, operand{name: "DX", shape: []int{r.t, r.b, r.i}})
	tr.optional(c.biased, operand{name: "DBias", shape: []int{4 * r.h}, fill: fill})
	tr.optional(c.last, operand{name: "DHT", shape: row, fill: fill}, operand{name: "DCT", shape: row, fill: fill})
	tr.optional(c.lengths, r.lengthsOf())
	tr.want = func(s *sheet) {
		dy, cells, gates, wh, dz := s.in("DY"), s.in("C"), s.in("Gates"), s.in("Wh"), s.out("DZ")
		want := s.result("DZ")
		for b := range r.b {
			dh, dc, tol := make([]sum, r.h), make([]float64, r.h), make([]float64, r.h) // of the states, and of dc the bound
			for j := range r.h {
				if c.last {
					dh[j].add(s.in("DHT")[b*r.h+j])
					dc[j] = s.in("DCT")[b*r.h+j]
				}
			}
			for _, n := range slices.Backward(r.turns(c, b)) {
				at := n.at * 4 * r.h
				if !n.taken {
					for j := range 4 * r.h {
						want.near(at+j, 0, 0)
					}
					continue
				}
				for j := range r.h {
					in, forget, new, out := gates[at+j], gates[at+r.h+j], gates[at+2*r.h+j], gates[at+3*r.h+j]
					y := math.Tanh(cells[n.after*r.h+j])
					errY := transcendental * s.ulp(y)
					dh[j].add(dy[n.at*r.h+j])
					h, errH := dh[j].total, dh[j].bound(s, 1)

					// dc += dh·o·(1-y²)
					slope := (1 - y) * (1 + y)
					term := h * out * slope
					errTerm := math.Abs(out) * (errH*slope + math.Abs(h)*2*errY)
					tol[j] += errTerm + s.eps*(4*math.Abs(term)+math.Abs(dc[j]))
					dc[j] += term

					// near says that the gradient of a gate is v·factor, where v may be off by err.
					near := func(gate int, v, err, factor float64) {
						want.near(at+gate*r.h+j, v*factor, err*math.Abs(factor)+6*s.eps*math.Abs(v*factor)+s.least)
					}
					near(0, dc[j], tol[j], new*in*(1-in))
					near(1, dc[j], tol[j], cells[n.before*r.h+j]*forget*(1-forget))
					near(2, dc[j], tol[j], in*(1-new)*(1+new))
					near(3, h*y, errH*math.Abs(y)+math.Abs(h)*errY, out*(1-out))
					dc[j] *= forget
					tol[j] = tol[j]*math.Abs(forget) + s.eps*math.Abs(dc[j])
				}
				for i := range r.h {
					dh[i] = sum{}
					for j := range 4 * r.h {
						dh[i].add(dz[at+j] * wh[i*4*r.h+j])
					}
				}
			}
			for j := range r.h {
				s.result("DH0").near(b*r.h+j, dh[j].total, dh[j].bound(s, 1))
				s.result("DC0").near(b*r.h+j, dc[j], tol[j]+s.least)
			}
		}
		s.inputGrad(r, c, 4*r.h)
		dzOf := s.rows(dz, 4*r.h)
		s.weightGrad("DWx", r.t*r.b, r.i, 4*r.h, s.rows(s.in("X"), r.i), dzOf)
		s.weightGrad("DWh", r.t*r.b, r.h, 4*r.h, func(n, i int) float64 { return s.in("H")[c.before(r, n)*r.h+i] }, dzOf)
		if c.biased {
			s.weightGrad("DBias", r.t*r.b, 1, 4*r.h, ones, dzOf)
		}
	}
	return tr
}
