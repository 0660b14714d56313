package devicetest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

// A course is the options that recurrent kernels have, and what tells trials with them apart.
type course struct {
	biased, reverse, lengths bool
	last                     bool // a gradient gets those of the last states
	variant                  string
}

// courses are all options on their own and together.
var courses = []course{
	{}, {biased: true}, {biased: true, reverse: true}, {biased: true, last: true},
	{biased: true, lengths: true, last: true}, {biased: true, reverse: true, lengths: true, last: true},
	{biased: true, variant: "special"}, {reverse: true, last: true, variant: "special"},
}

func (c course) String() string {
	return fmt.Sprintf("bias %v, lengths %v, last %v, %s", c.biased, c.lengths, c.last, c.variant)
}

// fill is the data of the trials.
func (c course) fill(f fill) fill {
	if c.variant == "special" {
		return sprinkled(f, math.NaN(), math.Inf(1), 0, 0)
	}
	return f
}

// lengths is the rows' steps: all, none and some.
func (r recurrence) lengths() []int {
	all := make([]int, r.b)
	for b := range all {
		all[b] = (r.t + 3*b) % (r.t + 1)
	}
	return all
}

// initial is a fill for the states [t+1, b, h], of which the first ones are given, or the last ones if the kernel runs in
// reverse.
func (r recurrence) initial(c course, f fill) fill {
	n := r.b * r.h
	if !c.reverse {
		return begun(n, f)
	}
	return func(g *rand.Rand, all int) []float64 {
		values := begun(n, f)(g, all)
		return append(values[n:], values[:n]...)
	}
}

// A turn is a step of a row: where the step is in an array [t, b], where the states before and after it are in one
// [t+1, b], and whether the row takes it.
type turn struct {
	at, before, after int
	taken             bool
}

// turns is the steps of row b in the order in which a kernel takes them.
func (r recurrence) turns(c course, b int) []turn {
	var all []turn
	for t := range r.t {
		n := turn{at: t*r.b + b, before: t*r.b + b, after: (t+1)*r.b + b}
		if c.reverse {
			n.before, n.after = n.after, n.before
		}
		n.taken = !c.lengths || t < r.lengths()[b]
		all = append(all, n)
	}
	if c.reverse {
		slices.Reverse(all)
	}
	return all
}

// optional adds the operands that only some trials have.
func (tr *trial) optional(there bool, operands ...operand) {
	if there {
		tr.operands = append(tr.operands, operands...)
	}
}

// lengthsOf is the operand Lengths.
func (r recurrence) lengthsOf() operand {
	var values []float64
	for _, n := range r.lengths() {
		values = append(values, float64(n))
	}
	return operand{name: "Lengths", shape: []int{r.b}, fill: these(values...), dtype: device.Int32}
}

// recurrentTrials is a trial for all sizes with all options.
func recurrentTrials(make func(r recurrence, c course) *trial) []*trial {
	var all []*trial
	for _, r := range recurrences() {
		for _, c := range courses {
			tr := make(r, c)
			tr.size, tr.variant = r.String(), c.String()
			tr.follows, tr.busy, tr.long = true, r.busy, r.long
			tr.zeros = c.lengths || c.variant != "" || r.t == 0 || r.h == 0
			all = append(all, tr)
		}
	}
	return all
}

// input is row `row` of X times column j of Wx, plus the bias of that column.
func (s *sheet) input(r recurrence, row, j, cols int) (z sum) {
	x, wx, bias := s.in("X"), s.in("Wx"), s.in("Bias")
	if bias != nil {
		z.add(bias[j])
	}
	for i := range r.i {
		z.add(x[row*r.i+i] * wx[i*cols+j])
	}
	return z
}

func lstm(t device.DType) []*trial {
	return recurrentTrials(func(r recurrence, c course) *trial { return lstmTrial(t, r, c, scaled(0.5, normal)) })
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
						z := s.input(r, n.at, q*r.h+j, 4*r.h)
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

// keeps says that the states that a kernel begins with stay as they are.
func (s *sheet) keeps(r recurrence, c course, name string) {
	first := 0
	if c.reverse {
		first = r.t * r.b * r.h
	}
	for i, v := range s.in(name)[first : first+r.b*r.h] {
		s.result(name).exactly(first+i, v)
	}
}

// freezes says that states stay what they are at steps that a row does not take, and that the output, if the kernel has
// one, is the state after each step that it takes, and zero elsewhere.
func (s *sheet) freezes(r recurrence, c course, states, output string) {
	h := s.out(states)
	for b := range r.b {
		for _, n := range r.turns(c, b) {
			for j := range r.h {
				y := 0.0
				if n.taken {
					y = h[n.after*r.h+j]
				} else {
					s.result(states).exactly(n.after*r.h+j, h[n.before*r.h+j])
				}
				if c.lengths && output != "" {
					s.result(output).exactly(n.at*r.h+j, y)
				}
			}
		}
	}
}

func lstmGrad(t device.DType) []*trial {
	return recurrentTrials(func(r recurrence, c course) *trial { return lstmGradTrial(t, r, c) })
}

// lstmGradTrial runs the gradient of an LSTM. The reference goes on from DZ as the device has it. The gradient of C, which
// the device does not tell at each step, it follows itself, and with it the bound of its error.
func lstmGradTrial(t device.DType, r recurrence, c course) *trial {
	fill := c.fill(normal)
	states, row := []int{r.t + 1, r.b, r.h}, []int{r.b, r.h}
	tr := &trial{
		kernel: kernels.LSTMGrad{Reverse: c.reverse}, dtype: t,
		operands: []operand{
			{name: "DX", shape: []int{r.t, r.b, r.i}}, {name: "DH0", shape: row}, {name: "DC0", shape: row},
			{name: "DWx", shape: []int{r.i, 4 * r.h}, fill: fill}, {name: "DWh", shape: []int{r.h, 4 * r.h}, fill: fill},
			{name: "DZ", shape: []int{r.t, r.b, 4 * r.h}}, {name: "DY", shape: []int{r.t, r.b, r.h}, fill: fill},
			{name: "H", shape: states, fill: normal}, {name: "C", shape: states, fill: normal},
			{name: "Gates", shape: []int{r.t, r.b, 4 * r.h}, fill: between(-0.9, 0.9)}, {name: "X", shape: []int{r.t, r.b, r.i}, fill: fill},
			{name: "Wx", shape: []int{r.i, 4 * r.h}, fill: fill}, {name: "Wh", shape: []int{r.h, 4 * r.h}, fill: fill}},
	}
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
		s.inputGrad(r, 4*r.h)
		s.weightGrad("DWx", r.t*r.b, r.i, 4*r.h, func(n, i int) float64 { return s.in("X")[n*r.i+i] })
		s.weightGrad("DWh", r.t*r.b, r.h, 4*r.h, func(n, i int) float64 { return s.in("H")[c.before(r, n)*r.h+i] })
		if c.biased {
			s.weightGrad("DBias", r.t*r.b, 1, 4*r.h, func(n, i int) float64 { return 1 })
		}
	}
	return tr
}

// before is where the states are that row n of all steps begins with.
func (c course) before(r recurrence, n int) int {
	if c.reverse {
		return n + r.b
	}
	return n
}

// inputGrad says that DX is DZ·Wxᵀ, DZ having so many columns.
func (s *sheet) inputGrad(r recurrence, cols int) {
	dz, wx := s.out("DZ"), s.in("Wx")
	for n := range r.t * r.b {
		for i := range r.i {
			var dx sum
			for j := range cols {
				dx.add(dz[n*cols+j] * wx[i*cols+j])
			}
			s.result("DX").near(n*r.i+i, dx.total, dx.bound(s, 0))
		}
	}
}

// weightGrad says that an operand [inputs, cols] is what it was and Σ aᵀ·dz, the sum over all rows.
func (s *sheet) weightGrad(name string, rows, inputs, cols int, a func(n, i int) float64) {
	dz := s.out("DZ")
	for i := range inputs {
		for j := range cols {
			var dw sum
			dw.add(s.in(name)[i*cols+j])
			for n := range rows {
				dw.add(a(n, i) * dz[n*cols+j])
			}
			s.result(name).near(i*cols+j, dw.total, dw.bound(s, 1))
		}
	}
}
