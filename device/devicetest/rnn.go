package devicetest

import (
	"fmt"
	"math"

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
	for _, r := range recurrences() {
		for _, f := range activations {
			for _, biased := range []bool{true, false} {
				all = append(all,
					rnnTrial(t, f, r, biased, "normal", scaled(0.5, normal)),
					rnnTrial(t, f, r, biased, "special", sprinkled(scaled(0.5, normal), math.NaN(), math.Inf(1), 0, 0)))
				if f == kernels.ReLU && r.t <= 2 && r.h <= 10 {
					all = append(all, rnnTrial(t, f, r, biased, "exact", exact))
				}
			}
		}
	}
	return all
}

// rnnTrial runs a recurrent layer. The reference computes each state from the one before as the device has it, so that
// the bound of its error is that of one step.
func rnnTrial(t device.DType, f kernels.Activation, r recurrence, biased bool, variant string, fill fill) *trial {
	tr := &trial{
		kernel: kernels.RNN{F: f}, dtype: t, size: r.String(), variant: fmt.Sprintf("bias %v, %s", biased, variant),
		operands: []operand{
			{name: "H", shape: []int{r.t + 1, r.b, r.h}, fill: begun(r.b*r.h, fill)}, {name: "X", shape: []int{r.t, r.b, r.i}, fill: fill},
			{name: "Wx", shape: []int{r.i, r.h}, fill: fill}, {name: "Wh", shape: []int{r.h, r.h}, fill: fill}},
		exact:   variant == "exact",
		zeros:   f == kernels.ReLU || variant != "normal",
		follows: true, busy: r.busy, long: r.long,
	}
	if biased {
		tr.operands = append(tr.operands, operand{name: "Bias", shape: []int{r.h}, fill: fill})
	}
	tr.want = func(s *sheet) {
		states := s.result("H")
		for i, v := range s.in("H")[:r.b*r.h] {
			states.exactly(i, v)
		}
		x, wx, h, wh := s.in("X"), s.in("Wx"), s.out("H"), s.in("Wh")
		for t := range r.t {
			for b := range r.b {
				for j := range r.h {
					var z sum
					if biased {
						z.add(s.in("Bias")[j])
					}
					for i := range r.i {
						z.add(x[(t*r.b+b)*r.i+i] * wx[i*r.h+j])
					}
					for i := range r.h {
						z.add(h[(t*r.b+b)*r.h+i] * wh[i*r.h+j])
					}
					states.nearActivated(((t+1)*r.b+b)*r.h+j, f, z.total, z.bound(s, 1))
				}
			}
		}
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
	for _, r := range recurrences() {
		for _, f := range activations {
			for _, biased := range []bool{true, false} {
				all = append(all, rnnGradTrial(t, f, r, biased, "normal", results[f], normal))
				if f == kernels.ReLU && r.t <= 2 && r.h <= 10 {
					all = append(all, rnnGradTrial(t, f, r, biased, "exact", exact, exact))
				}
				if f != kernels.ReLU { // where ReLU is flat, what NaN·0 is is left open
					all = append(all, rnnGradTrial(t, f, r, biased, "special", results[f], sprinkled(normal, math.NaN(), math.Inf(1), 0, 0)))
				}
			}
		}
	}
	return all
}

// rnnGradTrial runs the gradient of a recurrent layer. The reference goes on from DZ as the device has it.
func rnnGradTrial(t device.DType, f kernels.Activation, r recurrence, biased bool, variant string, states, fill fill) *trial {
	tr := &trial{
		kernel: kernels.RNNGrad{F: f}, dtype: t, size: r.String(), variant: fmt.Sprintf("bias %v, %s", biased, variant),
		operands: []operand{
			{name: "DX", shape: []int{r.t, r.b, r.i}}, {name: "DH0", shape: []int{r.b, r.h}},
			{name: "DWx", shape: []int{r.i, r.h}, fill: fill}, {name: "DWh", shape: []int{r.h, r.h}, fill: fill},
			{name: "DZ", shape: []int{r.t, r.b, r.h}}, {name: "DY", shape: []int{r.t, r.b, r.h}, fill: fill},
			{name: "H", shape: []int{r.t + 1, r.b, r.h}, fill: states}, {name: "X", shape: []int{r.t, r.b, r.i}, fill: fill},
			{name: "Wx", shape: []int{r.i, r.h}, fill: fill}, {name: "Wh", shape: []int{r.h, r.h}, fill: fill}},
		exact:   variant == "exact",
		zeros:   f == kernels.ReLU || variant != "normal" || r.t == 0 || r.h == 0,
		follows: true, busy: r.busy, long: r.long,
	}
	if biased {
		tr.operands = append(tr.operands, operand{name: "DBias", shape: []int{r.h}, fill: fill})
	}
	tr.want = func(s *sheet) {
		dy, h, x, wh, dz := s.in("DY"), s.in("H"), s.in("X"), s.in("Wh"), s.out("DZ")
		rows := r.t * r.b // of all steps
		for n := range rows {
			for j := range r.h {
				var dh sum
				dh.add(dy[n*r.h+j])
				for i := range r.h {
					if n+r.b < rows {
						dh.add(dz[(n+r.b)*r.h+i] * wh[j*r.h+i])
					}
				}
				slope := slope(f, h[(n+r.b)*r.h+j])
				s.result("DZ").near(n*r.h+j, dh.total*slope, dh.bound(s, 4)*slope)
			}
		}
		for b := range r.b {
			for i := range r.h {
				var dh sum
				for j := range r.h {
					if r.t > 0 {
						dh.add(dz[b*r.h+j] * wh[i*r.h+j])
					}
				}
				s.result("DH0").near(b*r.h+i, dh.total, dh.bound(s, 0))
			}
		}
		s.inputGrad(r, r.h)
		dzOf := s.rows(dz, r.h)
		s.weightGrad("DWx", rows, r.i, r.h, s.rows(x, r.i), dzOf)
		s.weightGrad("DWh", rows, r.h, r.h, s.rows(h, r.h), dzOf)
		if biased {
			s.weightGrad("DBias", rows, 1, r.h, ones, dzOf)
		}
	}
	return tr
}
