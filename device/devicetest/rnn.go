package devicetest

import (
	"math"
	"slices"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

// A recurrence is the sizes of a recurrent kernel: steps, rows of the batch, inputs, hidden units.
type recurrence struct {
	t, b, i, h int
	busy, long bool
}

func recurrences() []recurrence {
	var all []recurrence
	for _, t := range []int{0, 1, 2, 5} {
		for _, b := range []int{0, 1, 3, 17} {
			for _, size := range [][2]int{{1, 1}, {3, 5}, {7, 4}, {5, 5}, {17, 33}, {0, 3}, {3, 0}} {
				all = append(all, recurrence{t: t, b: b, i: size[0], h: size[1], long: b == 17 && size[1] == 33})
			}
		}
	}
	return append(all, recurrence{t: 4, b: 65, i: 33, h: 67, busy: true}, recurrence{t: 20, b: 5, i: 2, h: 16}, recurrence{t: 3, b: 1, i: 257, h: 129})
}

func (r recurrence) String() string { return dims(r.t, r.b, r.i, r.h) }

func rnn(t device.DType) []*trial {
	var all []*trial
	for _, f := range activations {
		of := courses
		if f == kernels.Sigmoid { // the others go through all options
			of = []course{{biased: true}}
		}
		all = append(all, recurrentTrials(func(r recurrence, c course) *trial {
			return rnnTrial(t, f, r, c, scaled(0.5, normal))
		}, of...)...)
	}
	return append(all, exactTrials(func(r recurrence, c course) *trial { return rnnTrial(t, kernels.ReLU, r, c, exact) })...)
}

// exactTrials is trials with numbers that leave nothing to round as long as few are multiplied.
func exactTrials(make func(r recurrence, c course) *trial) []*trial {
	all := recurrentTrials(make, course{biased: true, variant: "exact"}, course{variant: "exact"},
		course{biased: true, reverse: true, lengths: true, last: true, variant: "exact"})
	all = slices.DeleteFunc(all, func(tr *trial) bool { return tr.operand("X").shape[0] > 2 || tr.operand("Wh").shape[0] > 10 })
	for _, tr := range all {
		tr.exact = true
	}
	return all
}

// rnnTrial runs a recurrent layer. The reference computes each state from the one before as the device has it, so that
// the bound of its error is that of one step.
func rnnTrial(t device.DType, f kernels.Activation, r recurrence, c course, fill fill) *trial {
	fill = c.fill(fill)
	tr := &trial{
		kernel: kernels.RNN{F: f, Reverse: c.reverse}, dtype: t,
		operands: []operand{
			{name: "H", shape: []int{r.t + 1, r.b, r.h}, fill: r.initial(c, fill)}, {name: "X", shape: []int{r.t, r.b, r.i}, fill: fill},
			{name: "Wx", shape: []int{r.i, r.h}, fill: fill}, {name: "Wh", shape: []int{r.h, r.h}, fill: fill}},
		zeros: f == kernels.ReLU,
	}
	tr.optional(c.biased, operand{name: "Bias", shape: []int{r.h}, fill: fill})
	tr.optional(c.lengths, operand{name: "Y", shape: []int{r.t, r.b, r.h}}, r.lengthsOf())
	tr.want = func(s *sheet) {
		h, wh := s.out("H"), s.in("Wh")
		s.keeps(r, c, "H")
		for b := range r.b {
			for _, n := range r.turns(c, b) {
				for j := range r.h {
					if !n.taken {
						continue
					}
					z := s.input(r, n.at, j, r.h, s.in("Bias"))
					for i := range r.h {
						z.add(h[n.before*r.h+i] * wh[i*r.h+j])
					}
					s.result("H").nearActivated(n.after*r.h+j, f, z.total, z.bound(s, 1))
				}
			}
		}
		s.freezes(r, c, "H", "Y")
	}
	return tr
}

// nearActivated says that element i is f(z), where z may be off by tol.
func (r *result) nearActivated(i int, f kernels.Activation, z, tol float64) {
	y := value(f, z)
	if math.IsInf(z, 0) {
		tol = 0
	}
	r.near(i, y, max(value(f, z+tol)-y, y-value(f, z-tol))+transcendental*r.sheet.ulp(y))
}

func rnnGrad(t device.DType) []*trial {
	var all []*trial
	for _, f := range activations {
		of := gradCourses
		switch f {
		case kernels.Sigmoid: // the others go through all options
			of = []course{{biased: true}}
		case kernels.ReLU: // where it is flat, what NaN·0 is is left open
			of = slices.DeleteFunc(slices.Clone(of), func(c course) bool { return c.variant == "special" })
		}
		all = append(all, recurrentTrials(func(r recurrence, c course) *trial {
			return rnnGradTrial(t, f, r, c, results[f], normal)
		}, of...)...)
	}
	return append(all, exactTrials(func(r recurrence, c course) *trial { return rnnGradTrial(t, kernels.ReLU, r, c, exact, exact) })...)
}

// rnnGradTrial runs the gradient of a recurrent layer. The reference goes on from DZ as the device has it.
func rnnGradTrial(t device.DType, f kernels.Activation, r recurrence, c course, states, fill fill) *trial {
	fill = c.fill(fill)
	steps := []int{r.t, r.b, r.h}
	tr := &trial{
		kernel: kernels.RNNGrad{F: f, Reverse: c.reverse}, dtype: t,
		operands: []operand{
			{name: "DH0", shape: []int{r.b, r.h}},
			{name: "DWx", shape: []int{r.i, r.h}, fill: fill}, {name: "DWh", shape: []int{r.h, r.h}, fill: fill},
			{name: "DZ", shape: steps}, {name: "DY", shape: steps, fill: fill},
			{name: "H", shape: []int{r.t + 1, r.b, r.h}, fill: states}, {name: "X", shape: []int{r.t, r.b, r.i}, fill: fill},
			{name: "Wx", shape: []int{r.i, r.h}, fill: fill}, {name: "Wh", shape: []int{r.h, r.h}, fill: fill}},
		zeros: f == kernels.ReLU,
	}
	tr.optional(!c.first, operand{name: "DX", shape: []int{r.t, r.b, r.i}})
	tr.optional(c.biased, operand{name: "DBias", shape: []int{r.h}, fill: fill})
	tr.optional(c.last, operand{name: "DHT", shape: []int{r.b, r.h}, fill: fill})
	tr.optional(c.lengths, r.lengthsOf())
	tr.want = func(s *sheet) {
		dy, h, wh, dz := s.in("DY"), s.in("H"), s.in("Wh"), s.out("DZ")
		for b := range r.b {
			dh := make([]sum, r.h) // of the state
			for j := range r.h {
				if c.last {
					dh[j].add(s.in("DHT")[b*r.h+j])
				}
			}
			for _, n := range slices.Backward(r.turns(c, b)) {
				for j := range r.h {
					if !n.taken {
						s.result("DZ").near(n.at*r.h+j, 0, 0)
						continue
					}
					dh[j].add(dy[n.at*r.h+j])
					slope := slope(f, h[n.after*r.h+j])
					s.result("DZ").near(n.at*r.h+j, dh[j].total*slope, dh[j].bound(s, 4)*slope)
				}
				for i := range r.h {
					if !n.taken {
						continue
					}
					dh[i] = sum{}
					for j := range r.h {
						dh[i].add(dz[n.at*r.h+j] * wh[i*r.h+j])
					}
				}
			}
			for i := range r.h {
				s.result("DH0").near(b*r.h+i, dh[i].total, dh[i].bound(s, 0))
			}
		}
		rows, dzOf := r.t*r.b, s.rows(dz, r.h)
		s.inputGrad(r, c, r.h)
		s.weightGrad("DWx", rows, r.i, r.h, s.rows(s.in("X"), r.i), dzOf)
		s.weightGrad("DWh", rows, r.h, r.h, func(n, i int) float64 { return h[c.before(r, n)*r.h+i] }, dzOf)
		if c.biased {
			s.weightGrad("DBias", rows, 1, r.h, ones, dzOf)
		}
	}
	return tr
}
