package cases

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

var matMul = &Family{
	Name:  "matmul",
	About: "a matrix product, C [m, n] = A [m, k]·B [k, n]; trans=tn and nt store A or B transposed",
	Ops:   "2·m·n·k",
	Bytes: "s·(m·k + k·n + m·n), s being the bytes of an element",
	Check: "each element against float64, in units of |a|·|b|, the lengths of its row of A and column of B; the bound is (k+2)·u, u being the type's rounding error",
	Rate:  GFLOPS,
	Keys: []Key{
		{Name: "m", About: "rows of A", Default: "1024", Like: []string{"n", "k"}},
		{Name: "n", About: "columns of B", Default: "1024", Like: []string{"m", "k"}},
		{Name: "k", About: "columns of A", Default: "1024", Like: []string{"m", "n"}},
		{Name: "trans", About: "operands stored transposed", Choices: []string{"nn", "tn", "nt"}, Default: "nn", Quiet: true},
	},
	elements: func(c Case) (in, out float64) {
		m, n, k := float64(c.size("m")), float64(c.size("n")), float64(c.size("k"))
		return m*k + k*n, m * n
	},
	problem: newMatMul,
}

// checkedProducts is how many multiplications the check of a product may take. Of one that takes more some rows are checked.
const checkedProducts = 1 << 30

func newMatMul(c Case) *Problem {
	m, n, k := c.size("m"), c.size("n"), c.size("k")
	transA, transB := c.text("trans") == "tn", c.text("trans") == "nt"
	random := c.random()
	a, b := uniform(random, m*k, 1), uniform(random, k*n, 1)
	shapeA, shapeB := []int{m, k}, []int{k, n}
	if transA {
		slices.Reverse(shapeA)
	}
	if transB {
		slices.Reverse(shapeB)
	}

	rows := someOf(random, m, checkedProducts/max(1, n*k))
	aAt := func(i, j int) float64 { return float64(a[i*k+j]) }
	if transA {
		aAt = func(i, j int) float64 { return float64(a[j*m+i]) }
	}
	bAt := func(i, j int) float64 { return float64(b[i*n+j]) }
	if transB {
		bAt = func(i, j int) float64 { return float64(b[j*k+i]) }
	}
	reference := sync.OnceValue(func() []float64 {
		some := make([]float64, 0, len(rows)*k)
		for _, i := range rows {
			for j := range k {
				some = append(some, aAt(i, j))
			}
		}
		want := make([]float64, len(rows)*n)
		product(false, transB, len(rows), n, k, some, widen(b), want)
		return want
	})
	lengths := sync.OnceValues(func() (ofRows, ofCols []float64) {
		ofRows, ofCols = make([]float64, len(rows)), make([]float64, n)
		for i, row := range rows {
			for j := range k {
				ofRows[i] += aAt(row, j) * aAt(row, j)
			}
			ofRows[i] = math.Sqrt(ofRows[i])
		}
		for i := range k {
			for j := range n {
				ofCols[j] += bAt(i, j) * bAt(i, j)
			}
		}
		for j := range ofCols {
			ofCols[j] = math.Sqrt(ofCols[j])
		}
		return ofRows, ofCols
	})

	p := &Problem{Inputs: map[string][]float32{"a": a, "b": b}}
	p.Agree = func(results map[string][]float64, t device.DType) (float64, float64) {
		got, want := results["c"], reference()
		mustBe(m*n, got)
		ofRows, ofCols := lengths()
		var largest errors
		for i, row := range rows {
			for j := range n {
				largest.add(got[row*n+j], want[i*n+j], ofRows[i]*ofCols[j])
			}
		}
		return float64(largest), float64(k+2) * unit(t)
	}
	p.load = func(l *Loaded) {
		c := l.out(m, n)
		l.launches(&kernels.MatMul{C: c, A: l.in(a, shapeA...), B: l.in(b, shapeB...), TransA: transA, TransB: transB})
		l.agrees(p, map[string]device.Array{"c": c})
	}
	return p
}

// someOf is up to count of n rows in ascending order, the first and the last among them, and at least two.
func someOf(random *rand.Rand, n, count int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	if n <= max(count, 2) {
		return all
	}
	middle := all[1 : n-1]
	random.Shuffle(len(middle), func(i, j int) { middle[i], middle[j] = middle[j], middle[i] })
	some := append([]int{0, n - 1}, middle[:max(count-2, 0)]...)
	slices.Sort(some)
	return some
}

// uniform is n numbers evenly distributed in ±limit.
func uniform(random *rand.Rand, n int, limit float64) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(limit * (2*random.Float64() - 1))
	}
	return v
}
