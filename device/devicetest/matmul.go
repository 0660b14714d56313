package devicetest

import (
	"fmt"
	"math"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

// A product is the sizes of a MatMul.
type product struct {
	m, n, k     int
	large, long bool
}

// products are small ones of every kind, and larger ones of which now this and now that size is small, so that the edges
// of blocks are met from all sides.
func products() []product {
	all := []product{
		{m: 16, n: 16, k: 16}, {m: 33, n: 1, k: 257}, {m: 65, n: 129, k: 33}, {m: 1, n: 257, k: 33}, {m: 257, n: 33, k: 1}, {m: 64, n: 64, k: 64, long: true},
		{m: 5, n: 70, k: 300, long: true}, {m: 31, n: 129, k: 65, long: true}, {m: 100, n: 9, k: 1000, long: true},
		{m: 70_001, n: 1, k: 2, large: true}, {m: 2, n: 70_001, k: 1, large: true},
		{m: 129, n: 130, k: 131, large: true}, {m: 37, n: 130, k: 515, large: true},
	}
	for _, m := range []int{0, 1, 2, 3, 8, 17} {
		for _, n := range []int{0, 1, 2, 3, 8, 17} {
			for _, k := range []int{0, 1, 2, 3, 8, 17} {
				all = append(all, product{m: m, n: n, k: k, long: m%6 == 2 || n%6 == 2 || k%6 == 2})
			}
		}
	}
	return all
}

func matMul(t device.DType) []*trial {
	data := []struct {
		name string
		a, b fill
	}{
		{"normal", normal, normal},
		{"exact", exact, exact},
		{"special", sprinkled(normal, math.NaN(), math.Inf(1), 0, math.Copysign(0, -1)), sprinkled(normal, math.Inf(-1), 0, 0)},
	}
	var all []*trial
	for i, p := range products() {
		for j, k := range []kernels.MatMul{{}, {TransB: true}, {TransA: true}, {TransA: true, TransB: true}} {
			f := activations[(i+j)%len(activations)] // this and that, now with a bias and now without
			for _, plus := range []struct {
				c, bias bool
				f       kernels.Activation
			}{{}, {c: true}, {bias: true}, {bias: (i+j)%2 == 0, f: f}} {
				for _, d := range data {
					if p.large && (d.name == "special" || (d.name == "normal") == (plus.c || plus.bias)) {
						continue // the small ones show what else there is to see
					}
					if d.name == "exact" && plus.f != 0 && plus.f != kernels.ReLU {
						continue // for they round
					}
					k.Acc, k.F = plus.c, plus.f
					tr := matMulTrial(t, k, []int{p.m, p.n}, stored(k.TransA, p.m, p.k), stored(k.TransB, p.k, p.n), d.a, d.b, plus.bias)
					tr.size = dims(p.m, p.n, p.k)
					tr.variant = fmt.Sprintf("bias %v, %s", plus.bias, d.name)
					tr.exact = d.name == "exact"
					tr.zeros = p.k == 0 || d.name == "special" || plus.f == kernels.ReLU
					tr.busy, tr.long = p.large, p.long
					all = append(all, tr)
				}
			}
		}
	}
	// The leading axes of each operand fold into rows.
	for _, s := range []struct {
		c, a, b []int
		k       kernels.MatMul
	}{
		{c: []int{5}, a: []int{3}, b: []int{3, 5}},
		{c: []int{5}, a: []int{1, 1, 3}, b: []int{3, 5}},
		{c: []int{2, 4, 5}, a: []int{2, 4, 3}, b: []int{3, 5}},
		{c: []int{8, 5}, a: []int{2, 2, 2, 3}, b: []int{3, 1, 5}},
		{c: []int{3, 5}, a: []int{2, 4, 3}, b: []int{2, 4, 5}, k: kernels.MatMul{TransA: true}},
		{c: []int{2, 4, 6}, a: []int{8, 3}, b: []int{2, 3, 3}, k: kernels.MatMul{TransB: true}},
	} {
		for _, biased := range []bool{false, true} {
			tr := matMulTrial(t, s.k, s.c, s.a, s.b, exact, exact, biased)
			tr.size = dims(s.c...) + "=" + dims(s.a...) + "·" + dims(s.b...)
			tr.variant = fmt.Sprintf("bias %v", biased)
			tr.exact = true
			all = append(all, tr)
		}
	}
	return all
}

// stored is the shape in which a rows×cols matrix is stored.
func stored(trans bool, rows, cols int) []int {
	if trans {
		return []int{cols, rows}
	}
	return []int{rows, cols}
}

// matMulTrial computes C = F(op(A)·op(B) + Bias) or adds to C.
func matMulTrial(t device.DType, k kernels.MatMul, c, a, b []int, fillA, fillB fill, biased bool) *trial {
	m, n := folded(c)
	rowsA, colsA := folded(a)
	_, colsB := folded(b)
	terms := colsA
	if k.TransA {
		terms = rowsA
	}
	tr := &trial{kernel: k, dtype: t, operands: []operand{
		{name: "C", shape: c}, {name: "A", shape: a, fill: fillA}, {name: "B", shape: b, fill: fillB}}}
	if k.Acc {
		tr.operands[0].fill = fillA
	}
	if biased {
		tr.operands = append(tr.operands, operand{name: "Bias", shape: []int{n}, fill: fillB})
	}
	tr.want = func(s *sheet) {
		result, c, a, b, bias := s.result("C"), s.in("C"), s.in("A"), s.in("B"), s.in("Bias")
		for i := range m {
			for j := range n {
				var sum sum
				if k.Acc {
					sum.add(c[i*n+j])
				} else if biased {
					sum.add(bias[j])
				}
				for l := range terms {
					sum.add(a[at(k.TransA, i, l, colsA)] * b[at(k.TransB, l, j, colsB)])
				}
				if k.F != 0 {
					result.nearActivated(i*n+j, k.F, sum.total, sum.bound(s, 1))
				} else {
					result.near(i*n+j, sum.total, sum.bound(s, 1))
				}
			}
		}
	}
	return tr
}

// at is where element i, j of a matrix is, which is stored in rows of this length, itself or its transpose.
func at(trans bool, i, j, cols int) int {
	if trans {
		i, j = j, i
	}
	return i*cols + j
}

func sumRows(t device.DType) []*trial {
	var all []*trial
	for _, shape := range [][]int{
		{0}, {1}, {7}, {257}, {0, 0}, {0, 5}, {5, 0}, {1, 1}, {1, 17}, {17, 1}, {3, 5}, {16, 16}, {63, 3}, {64, 65}, {65, 64},
		{257, 129}, {1000, 3}, {3, 1000}, {70_001, 2}, {2, 70_001}, {2, 3, 5}, {3, 0, 5}, {2, 3, 4, 5},
	} {
		for _, acc := range []bool{false, true} {
			data := []data{{"exact", exact}, {"normal", normal}, {"special", sprinkled(normal, math.NaN(), math.Inf(1))}}
			for _, d := range some(data, kernels.Size(shape)) {
				all = append(all, sumRowsTrial(t, shape, acc, d))
			}
		}
	}
	return all
}

// sumRowsTrial computes Y = Σ X, or adds to Y.
func sumRowsTrial(t device.DType, shape []int, acc bool, d data) *trial {
	rows, cols := folded(shape)
	tr := &trial{
		kernel: kernels.SumRows{Acc: acc}, dtype: t, size: dims(shape...), variant: d.name,
		operands: []operand{{name: "Y", shape: []int{cols}}, {name: "X", shape: shape, fill: d.fill}},
		exact:    d.name == "exact", zeros: rows == 0,
		want: func(s *sheet) {
			result, y, x := s.result("Y"), s.in("Y"), s.in("X")
			for j := range cols {
				var sum sum
				if acc {
					sum.add(y[j])
				}
				for i := range rows {
					sum.add(x[i*cols+j])
				}
				result.near(j, sum.total, sum.bound(s, 0))
			}
		},
	}
	if acc {
		tr.operands[0].fill = d.fill
	}
	return tr
}
