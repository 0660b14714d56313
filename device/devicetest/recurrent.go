package devicetest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/keisan-go/keisan/device"
)

// A course is the options that recurrent kernels have, and what tells trials with them apart.
type course struct {
	biased, reverse, lengths bool
	last                     bool // a gradient gets those of the last states
	first                    bool // it is that of a network's first layer, whose DX nobody wants
	variant                  string
}

// courses are all options on their own and together.
var courses = []course{
	{}, {biased: true}, {biased: true, reverse: true}, {biased: true, last: true},
	{biased: true, lengths: true, last: true}, {biased: true, reverse: true, lengths: true, last: true},
	{biased: true, variant: "special"}, {reverse: true, last: true, variant: "special"},
}

// gradCourses are those of gradients.
var gradCourses = append(slices.Clone(courses), course{biased: true, first: true}, course{reverse: true, lengths: true, first: true})

func (c course) String() string {
	first := ""
	if c.first {
		first = "first, "
	}
	return fmt.Sprintf("bias %v, lengths %v, last %v, %s%s", c.biased, c.lengths, c.last, first, c.variant)
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

// recurrentTrials is a trial for all sizes with all of these options.
func recurrentTrials(make func(r recurrence, c course) *trial, of ...course) []*trial {
	var all []*trial
	for _, r := range recurrences() {
		for _, c := range of {
			tr := make(r, c)
			tr.size, tr.variant = r.String(), c.String()
			tr.follows, tr.busy, tr.long = true, r.busy, r.long
			tr.zeros = tr.zeros || c.lengths || c.variant != "" || r.t == 0 || r.h == 0
			all = append(all, tr)
		}
	}
	return all
}

// input is a row of X times column j of Wx, plus that column's bias if there is one.
func (s *sheet) input(r recurrence, row, j, cols int, bias []float64) (z sum) {
	x, wx := s.in("X"), s.in("Wx")
	if bias != nil {
		z.add(bias[j])
	}
	for i := range r.i {
		z.add(x[row*r.i+i] * wx[i*cols+j])
	}
	return z
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

// before is where the states are that row n of all steps begins with.
func (c course) before(r recurrence, n int) int {
	if c.reverse {
		return n + r.b
	}
	return n
}

// inputGrad says that DX, if it is there, is DZ·Wxᵀ, DZ having so many columns.
func (s *sheet) inputGrad(r recurrence, c course, cols int) {
	if c.first {
		return
	}
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

// rows is element j of row n of an array with so many columns.
func (*sheet) rows(x []float64, cols int) func(n, j int) float64 {
	return func(n, j int) float64 { return x[n*cols+j] }
}

// ones is a row of one.
func ones(n, i int) float64 { return 1 }

// weightGrad says that an operand [inputs, cols] is what it was and Σ aᵀ·dz, the sum over all rows.
func (s *sheet) weightGrad(name string, rows, inputs, cols int, a, dz func(n, i int) float64) {
	for i := range inputs {
		for j := range cols {
			var dw sum
			dw.add(s.in(name)[i*cols+j])
			for n := range rows {
				dw.add(a(n, i) * dz(n, j))
			}
			s.result(name).near(i*cols+j, dw.total, dw.bound(s, 1))
		}
	}
}
