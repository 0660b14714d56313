package devicetest

import (
	"bytes"
	"errors"
	"fmt"
	"runtime"
	"slices"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

// workers are checks that no bit depends on how many processors there are, one for each kernel and type.
func workers(types []device.DType, short bool) []check {
	var all []check
	for _, f := range families {
		for _, t := range types {
			var trials []*trial // a few of them, in a short run
			for _, tr := range f.trials(t) {
				if tr.large() && !(short && len(trials) == 3) && !slices.ContainsFunc(trials, tr.alike) {
					trials = append(trials, tr)
				}
			}
			all = append(all, check{name: f.kernel + "/" + t.String(), cases: len(trials), run: func(l *lab) error {
				for _, tr := range trials {
					if err := tr.runByWorkers(l.d); err != nil {
						return fmt.Errorf("%v: %w", tr, err)
					}
				}
				return nil
			}})
		}
	}
	return all
}

// alike tells whether two trials differ in nothing but numbers.
func (tr *trial) alike(other *trial) bool {
	return tr.size == other.size && len(tr.operands) == len(other.operands) && options(tr.kernel) == options(other.kernel)
}

// runByWorkers launches the trial with one processor, and with others.
func (tr *trial) runByWorkers(d device.Device) error {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	l := tr.place(d, placement{}, newSheet(tr).before)
	defer l.free()
	k := kernels.Pointer(tr.bind(l.arrays))
	var first map[string][]byte
	for _, n := range []int{1, 2, 3, 7} {
		runtime.GOMAXPROCS(n)
		if err := l.launch(k); err != nil {
			return err
		}
		if first == nil {
			first = l.outputs()
		}
		if err := l.repeats(first); err != nil {
			return fmt.Errorf("with GOMAXPROCS=%d and 1: %w", n, err)
		}
	}
	return nil
}

// invariance are checks that the bits of a row depend on nothing beside it: neither on the other rows of its batch nor on
// how a sequence is cut.
func invariance(types []device.DType) []check {
	var all []check
	for _, t := range types {
		all = append(all,
			check{name: "MatMul/" + t.String(), cases: 1, run: func(l *lab) error { return rowsOfMatMul(l.d, t) }},
			check{name: "Activation/" + t.String(), cases: 1, run: func(l *lab) error { return activationOfMatMul(l.d, t) }},
			check{name: "LayerNorm/" + t.String(), cases: 2, run: func(l *lab) error {
				return errors.Join(
					rowsOfNorm(l.d, layerNormTrial(t, []int{17, 300}, layerNormEps, data{"normal", normal}), "Y", "Mean", "RStd"),
					rowsOfNorm(l.d, layerNormGradTrial(t, []int{17, 300}, data{"normal", normal}), "DX"))
			}},
			check{name: "RNN/" + t.String(), cases: 2, run: func(l *lab) error {
				for _, f := range []kernels.Activation{kernels.Tanh, kernels.ReLU} {
					of := func(t device.DType, r recurrence, c course, fill fill) *trial { return rnnTrial(t, f, r, c, fill) }
					if err := rowsOfRecurrent(l.d, t, of, "H"); err != nil {
						return err
					}
				}
				return nil
			}},
			check{name: "LSTM/" + t.String(), cases: 1, run: func(l *lab) error { return rowsOfRecurrent(l.d, t, lstmTrial, "H", "C") }},
			check{name: "GRU/" + t.String(), cases: 2, run: func(l *lab) error {
				for _, resetBefore := range []bool{false, true} {
					of := func(t device.DType, r recurrence, c course, fill fill) *trial {
						return gruTrial(t, r, c, resetBefore, fill)
					}
					if err := rowsOfRecurrent(l.d, t, of, "H"); err != nil {
						return err
					}
				}
				return nil
			}})
	}
	return all
}

// pick is what an array of this shape holds from lo to hi along an axis.
func pick[E any](x []E, shape []int, axis, lo, hi int) []E {
	inner := kernels.Size(shape[axis+1:])
	row := shape[axis] * inner
	var all []E
	for ; len(x) > 0; x = x[row:] {
		all = append(all, x[lo*inner:hi*inner]...)
	}
	return all
}

func rowsOfMatMul(d device.Device, t device.DType) error {
	const m = 67
	for _, size := range [][2]int{{1, 300}, {33, 65}, {130, 515}, {300, 17}} {
		n, terms := size[0], size[1]
		for _, k := range []kernels.MatMul{{}, {TransB: true}, {TransA: true}, {TransA: true, TransB: true}, {Acc: true}, {F: kernels.Tanh}} {
			shapeA, shapeB, axis := stored(k.TransA, m, terms), stored(k.TransB, terms, n), 0
			if k.TransA {
				axis = 1
			}
			r := seeded(dims(n, terms))
			a, b, c := normal(r, m*terms), normal(r, terms*n), normal(r, m*n)
			// product is the bytes of rows lo to hi, computed alone.
			product := func(lo, hi int) ([]byte, error) {
				tr := matMulTrial(t, k, []int{hi - lo, n}, stored(k.TransA, hi-lo, terms), shapeB,
					these(pick(a, shapeA, axis, lo, hi)...), these(b...), false)
				if k.Acc {
					tr.operands[0].fill = these(c[lo*n : hi*n]...)
				}
				outputs, err := tr.outputs(d)
				return outputs["C"], err
			}
			whole, err := product(0, m)
			if err != nil {
				return err
			}
			for _, rows := range [][2]int{{0, 1}, {66, 67}, {5, 7}, {8, 12}, {3, 35}} {
				part, err := product(rows[0], rows[1])
				if err != nil {
					return err
				}
				if row := n * t.Size(); !bytes.Equal(part, whole[rows[0]*row:rows[1]*row]) {
					return fmt.Errorf("MatMul %dx%dx%d%s: rows %v have other bits alone than among all", m, n, terms, options(k), rows)
				}
			}
		}
	}
	return nil
}

// activationOfMatMul finds that what a product does with its function has the bits of Activate after a product without one.
func activationOfMatMul(d device.Device, t device.DType) error {
	for i, size := range []product{{m: 1, n: 17, k: 300}, {m: 67, n: 65, k: 33}, {m: 61, n: 300, k: 300}, {m: 1000, n: 257, k: 5}, {m: 130, n: 1100, k: 70}, {m: 5, n: 3, k: 0}} {
		for j, f := range activations {
			m, n, terms := size.m, size.n, size.k
			r := seeded(dims(m, n, terms))
			a, b := these(scaled(0.3, normal)(r, m*terms)...), these(normal(r, terms*n)...)
			biased := (i+j)%2 == 0
			run := func(f kernels.Activation) (*trial, map[string][]byte, error) {
				tr := matMulTrial(t, kernels.MatMul{F: f}, []int{m, n}, []int{m, terms}, []int{terms, n}, a, b, false)
				if biased {
					tr.operands = append(tr.operands, operand{name: "Bias", shape: []int{n}, fill: these(normal(seeded("bias"), n)...)})
				}
				outputs, err := tr.outputs(d)
				return tr, outputs, err
			}
			tr, got, err := run(f)
			if err != nil {
				return err
			}
			_, sums, err := run(0)
			if err != nil {
				return err
			}
			want, err := activateTrial(t, f, m*n, data{"sums", these(decode(t, sums["C"])...)}).outputs(d)
			if err != nil {
				return err
			}
			if !bytes.Equal(got["C"], want["Y"]) {
				return fmt.Errorf("MatMul %dx%dx%d%s, bias %v: it has other bits than Activate after the product", m, n, terms, options(tr.kernel), biased)
			}
		}
	}
	return nil
}

// rowsOfNorm runs rows of a trial alone, whose operands are vectors along the first axis or the last, or both, and finds
// that these results have the same bits.
func rowsOfNorm(d device.Device, tr *trial, results ...string) error {
	whole, err := tr.outputs(d)
	if err != nil {
		return err
	}
	before, rows := newSheet(tr).before, tr.operand("X").shape[0]
	for _, lo := range []int{0, 5, rows - 1} {
		part := *tr
		part.operands = slices.Clone(tr.operands)
		for i := range part.operands {
			o := &part.operands[i]
			n := kernels.Size(o.shape) / rows
			if o.shape[0] == rows {
				o.shape = append([]int{1}, o.shape[1:]...)
			} else {
				n = 0
			}
			if o.fill != nil {
				o.fill = these(before[o.name][lo*n:]...)
			}
		}
		alone, err := part.outputs(d)
		if err != nil {
			return err
		}
		for _, name := range results {
			n := len(alone[name])
			if !bytes.Equal(alone[name], whole[name][lo*n:(lo+1)*n]) {
				return fmt.Errorf("%v: %s of row %d has other bits alone than among all", tr, name, lo)
			}
		}
	}
	return nil
}

// rowsOfRecurrent runs rows of a recurrent kernel, which have these states, alone, and all rows in chunks. Beside others a row
// may have a length: it is as long alone.
func rowsOfRecurrent(d device.Device, t device.DType, of func(t device.DType, r recurrence, c course, fill fill) *trial, states ...string) error {
	for _, r := range []recurrence{{t: 5, b: 17, i: 33, h: 67}, {t: 4, b: 65, i: 3, h: 16}} {
		weights := scaled(0.3, normal)
		given := map[string][]float64{}
		for _, o := range of(t, r, course{biased: true, last: true}, weights).operands {
			if o.fill != nil {
				given[o.name] = weights(seeded(o.name), kernels.Size(o.shape))
			}
		}
		// run is the bytes of all states, from these through inputs x for so many steps and rows.
		run := func(steps, rows int, c course, begin map[string][]float64, x []float64) (map[string][]byte, error) {
			part := recurrence{t: steps, b: rows, i: r.i, h: r.h}
			tr := of(t, part, c, weights)
			for i := range tr.operands {
				switch o := &tr.operands[i]; {
				case begin[o.name] != nil:
					o.fill = part.initial(c, these(begin[o.name]...))
				case o.name == "X":
					o.fill = these(x...)
				case o.fill != nil && o.name != "Lengths":
					o.fill = these(given[o.name]...)
				}
			}
			return tr.outputs(d)
		}
		x, begin := given["X"], map[string][]float64{}
		for _, name := range states {
			begin[name] = given[name][:r.b*r.h]
		}
		for _, c := range []course{{biased: true, last: true}, {biased: true, reverse: true}, {biased: true, lengths: true, last: true}, {biased: true, reverse: true, lengths: true}} {
			whole, err := run(r.t, r.b, c, begin, x)
			if err != nil {
				return err
			}
			for _, rows := range [][2]int{{0, 1}, {1, 2}, {2, 3}, {16, 17}, {5, 7}, {3, 17}} {
				lo, hi, steps := rows[0], rows[1], r.t
				if c.lengths {
					if hi-lo > 1 {
						continue // for they are not of one length
					}
					steps = r.lengths()[lo]
				}
				alone, first := c, map[string][]float64{}
				alone.lengths = false
				for _, name := range states {
					first[name] = begin[name][lo*r.h : hi*r.h]
				}
				part, err := run(steps, hi-lo, alone, first, pick(x, []int{r.t, r.b, r.i}, 1, lo, hi)[:steps*(hi-lo)*r.i])
				if err != nil {
					return err
				}
				for _, name := range states {
					among := pick(whole[name], []int{r.t + 1, r.b, r.h, t.Size()}, 1, lo, hi)
					if !bytes.Equal(part[name], among[:len(part[name])]) {
						return fmt.Errorf("%v, %v: %s of rows %v has other bits alone than among all", r, c, name, rows)
					}
				}
			}
		}
		whole, err := run(r.t, r.b, course{biased: true, last: true}, begin, x)
		if err != nil {
			return err
		}
		for cut := range r.t {
			state, from := r.b*r.h*t.Size(), map[string][]float64{}
			for _, name := range states {
				from[name] = decode(t, whole[name][cut*state:(cut+1)*state])
			}
			rest, err := run(r.t-cut, r.b, course{biased: true, last: true}, from, x[cut*r.b*r.i:])
			if err != nil {
				return err
			}
			for _, name := range states {
				if !bytes.Equal(rest[name], whole[name][cut*state:]) {
					return fmt.Errorf("%v: %s has other bits where the sequence is cut after %d steps", r, name, cut)
				}
			}
		}
	}
	return nil
}
