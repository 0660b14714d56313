package gemm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/keisan-go/keisan/device/cpu/internal/par"
)

// kernels are those that this machine has.
func kernels() []kernel {
	var ks []kernel
	for k := generic; k <= best(); k++ {
		ks = append(ks, k)
	}
	return ks
}

// use has the rest of a test computed with k.
func use(t testing.TB, k kernel) {
	before := inUse.Swap(int32(k))
	t.Cleanup(func() { inUse.Store(before) })
}

func eachType(t *testing.T, f32, f64 func(*testing.T)) {
	t.Run("dtype=f32", f32)
	t.Run("dtype=f64", f64)
}

func eachKernel(t *testing.T, f func(*testing.T)) {
	for _, k := range kernels() {
		t.Run("kernel="+kernelNames[k], func(t *testing.T) {
			use(t, k)
			f(t)
		})
	}
}

func nan[T Float]() T { return T(math.NaN()) }

// same tells whether x and y are the same bits, or both NaN.
func same[T Float](x, y T) bool {
	return x == y && math.Signbit(float64(x)) == math.Signbit(float64(y)) || x != x && y != y
}

// A matrix is one that may be stored as its transpose, in rows longer than needed. Where it has no element its memory
// holds NaN.
type matrix[T Float] struct {
	trans      bool
	rows, cols int
	ld         int
	data       []T
}

// newMatrix returns a matrix with pad elements between rows and the first element off elements into an allocation.
func newMatrix[T Float](trans bool, rows, cols, pad, off int) matrix[T] {
	r, c := stored(trans, rows, cols)
	ld := max(1, c) + pad
	data := make([]T, off+r*ld)
	for i := range data {
		data[i] = nan[T]()
	}
	return matrix[T]{trans, rows, cols, ld, data[off:]}
}

func (x matrix[T]) at(i, j int) *T {
	if x.trans {
		i, j = j, i
	}
	return &x.data[i*x.ld+j]
}

func (x matrix[T]) fill(draw func() T) matrix[T] {
	for i := range x.rows {
		for j := range x.cols {
			*x.at(i, j) = draw()
		}
	}
	return x
}

// like returns a matrix of the same elements as x, stored in another way.
func (x matrix[T]) like(trans bool, pad, off int) matrix[T] {
	y := newMatrix[T](trans, x.rows, x.cols, pad, off)
	for i := range x.rows {
		for j := range x.cols {
			*y.at(i, j) = *x.at(i, j)
		}
	}
	return y
}

// wantSame fails unless x and y have the same bits, and NaN between rows.
func wantSame[T Float](t testing.TB, what string, want, got matrix[T]) {
	t.Helper()
	for i := range got.rows {
		for j := range got.cols {
			if w, g := *want.at(i, j), *got.at(i, j); !same(w, g) {
				t.Fatalf("%s: C[%d][%d] = %v, want %v", what, i, j, g, w)
			}
		}
	}
	for p, x := range got.data {
		if i, j := p/got.ld, p%got.ld; j >= got.cols && x == x {
			t.Fatalf("%s: C[%d][%d], which is beyond the matrix, was set to %v", what, i, j, x)
		}
	}
}

func product[T Float](g *Multiplier[T], a, b matrix[T], acc bool, c matrix[T]) {
	g.Mul(a.trans, b.trans, a.rows, b.cols, a.cols, a.data, a.ld, b.data, b.ld, acc, c.data, c.ld)
}

func productPacked[T Float](p *Packed[T], a, b matrix[T], acc bool, c matrix[T]) {
	p.Set(b.trans, b.rows, b.cols, b.data, b.ld)
	p.MulRows(a.rows, a.data, a.ld, acc, c.data, c.ld)
}

// A reference is a product in twice the precision, with the bounds for chains of additions.
type reference struct{ want, bound []float64 }

// refer computes c0 + a·b, or a·b, for matrices stored without gaps and not as their transposes.
func refer[T Float](a, b matrix[T], acc bool, c0 matrix[T]) reference {
	m, n, k := a.rows, b.cols, a.cols
	eps := 0x1p-52
	if sizeOf[T]() == 4 {
		eps = 0x1p-23
	}
	r := reference{make([]float64, m*n), make([]float64, m*n)}
	column := make([]T, k)
	for j := range n {
		for p := range column {
			column[p] = b.data[p*n+j]
		}
		for i := range m {
			var start T
			if acc {
				start = c0.data[i*n+j]
			}
			sum, abs := dot(a.data[i*a.ld:][:k], column, start)
			r.want[i*n+j], r.bound[i*n+j] = sum, float64(k+1)*eps*abs
		}
	}
	return r
}

// dot returns the sum of start and of the products of x and y, and the sum of what these are without sign.
func dot[T Float](x, y []T, start T) (sum, abs float64) {
	sum, abs = float64(start), math.Abs(float64(start))
	var rest float64 // what is lost in rounding: of float32, no product is, and of sums too little to matter
	for p := range x {
		u, v := float64(x[p]), float64(y[p])
		uv := u * v
		abs += math.Abs(uv)
		s := sum + uv
		if sizeOf[T]() == 8 {
			d := s - sum
			rest += sum - (s - d) + (uv - d) + math.FMA(u, v, -uv)
		}
		sum = s
	}
	return sum + rest, abs
}

// verify fails unless all elements of got are within the bounds.
func (r reference) verify(t testing.TB, what string, n int, at func(i, j int) float64) {
	t.Helper()
	for p, want := range r.want {
		if x := at(p/n, p%n); !(math.Abs(x-want) <= r.bound[p]) {
			t.Fatalf("%s: C[%d][%d] = %v, want %v within %g", what, p/n, p%n, x, want, r.bound[p])
		}
	}
}

// shapes returns sizes m, n, k about the edges of all tiles and blocks, and others at random.
func shapes(rng *rand.Rand) [][3]int {
	var s [][3]int
	small, large := 120, 6
	if testing.Short() {
		small, large = 40, 2
	}
	for range small {
		s = append(s, [3]int{rng.IntN(36), rng.IntN(36), rng.IntN(36)})
	}
	edges := []int{1, 2, 3, 4, 6, 7, 8, 12, 14, 15, 16, 17, 28, 29, 31, 32, 33, 47, 48, 49, 63, 64, 65, 95, 112, 127, 128, 129}
	pick := func() int { return edges[rng.IntN(len(edges))] }
	for range small {
		s = append(s, [3]int{pick(), pick(), pick()})
	}
	for range large {
		s = append(s, [3]int{rng.IntN(300), rng.IntN(300), rng.IntN(300)})
	}
	// Rows that share a cache set, blocks of m, n and k, flat products.
	return append(s, [3]int{97, 1024, 130}, [3]int{5, 256, 1024}, [3]int{520, 65, 140}, [3]int{1, 1100, 129}, [3]int{3, 130, 1030}, [3]int{2, 70, 4200})
}

func TestMul(t *testing.T) { eachType(t, testMul[float32], testMul[float64]) }

// testMul compares one product with the reference, and the same product in all other ways with that.
func testMul[T Float](t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	draw := func() T { return T(rng.Float64()*2 - 1) }
	var g Multiplier[T]
	var packed Packed[T]
	for _, s := range shapes(rng) {
		m, n, k := s[0], s[1], s[2]
		a := newMatrix[T](false, m, k, 0, 0).fill(draw)
		b := newMatrix[T](false, k, n, 0, 0).fill(draw)
		c0 := newMatrix[T](false, m, n, 0, 0).fill(draw)
		for _, acc := range []bool{false, true} {
			r := refer(a, b, acc, c0)
			var fused matrix[T]
			for _, kernel := range kernels() {
				use(t, kernel)
				where := fmt.Sprintf("%s, m=%d n=%d k=%d acc=%t", Kernel(), m, n, k, acc)
				want := c0.like(false, 0, 0)
				product(&g, a, b, acc, want)
				if kernel == avx512 {
					wantSame(t, where+", compared with avx2", fused, want)
				} else {
					r.verify(t, where, n, func(i, j int) float64 { return float64(*want.at(i, j)) })
				}
				fused = want
				for v := range 4 {
					at := a.like(v&1 != 0, rng.IntN(4), rng.IntN(4))
					bt := b.like(v&2 != 0, rng.IntN(4), rng.IntN(4))
					c := c0.like(false, rng.IntN(4), rng.IntN(4))
					product(&g, at, bt, acc, c)
					wantSame(t, fmt.Sprintf("%s, transA=%t transB=%t", where, at.trans, bt.trans), want, c)
					if acc {
						row := newMatrix[T](false, 1, n, 0, 0).fill(draw).data[:n]
						spread, c := c0.like(false, 0, 0), c0.like(false, rng.IntN(4), rng.IntN(4))
						for i := range m {
							copy(spread.data[i*n:], row)
						}
						product(&g, at, bt, true, spread)
						g.MulBias(at.trans, bt.trans, m, n, k, at.data, at.ld, bt.data, bt.ld, row, c.data, c.ld)
						wantSame(t, fmt.Sprintf("%s, transA=%t transB=%t, bias", where, at.trans, bt.trans), spread, c)
					}
					if at.trans {
						continue
					}
					c = c0.like(false, rng.IntN(4), rng.IntN(4))
					productPacked(&packed, at, bt, acc, c)
					wantSame(t, fmt.Sprintf("%s, packed, transB=%t", where, bt.trans), want, c)
					parts := 1 + rng.IntN(4)
					c = c0.like(false, rng.IntN(4), rng.IntN(4))
					for i := range parts {
						panels, width := ceilDiv(n, packed.Width()), packed.Width()
						from, to := min(i*panels/parts*width, n), min((i+1)*panels/parts*width, n)
						packed.MulColumns(from, to, m, at.data, at.ld, acc, c.data, c.ld)
					}
					wantSame(t, fmt.Sprintf("%s, packed, transB=%t, in %d parts", where, bt.trans, parts), want, c)
				}
			}
		}
	}
}

func TestMulFinish(t *testing.T) { eachType(t, testFinish[float32], testFinish[float64]) }

// testFinish finds each element of C finished once, or none, and both of these.
func testFinish[T Float](t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 12))
	draw := func() T { return T(rng.Float64()*2 - 1) }
	finish := func(c []T) {
		for i := range c {
			c[i] = 3 - c[i]
		}
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	for _, kernel := range kernels() {
		use(t, kernel)
		var g Multiplier[T]
		seen := map[bool]bool{}
		for _, c := range []struct{ m, n, k, pad int }{
			{m: 0, n: 3, k: 2}, {m: 3, n: 5, k: 0, pad: 1}, {m: 7, n: 9, k: 11}, {m: 7, n: 9, k: 11, pad: 3}, {m: 70_001, n: 1, k: 1},
			{m: 1000, n: 257, k: 5}, {m: 130, n: 1100, k: 70}, {m: 130, n: 1100, k: 70, pad: 2},
			{m: 1, n: 3000, k: 700}, {m: 1000, n: 1024, k: 64}, {m: 61, n: 300, k: 300},
		} {
			a, b := newMatrix[T](false, c.m, c.k, 0, 0).fill(draw), newMatrix[T](false, c.k, c.n, 0, 0).fill(draw)
			bias := newMatrix[T](false, 1, c.n, 0, 0).fill(draw).data[:c.n]
			want, got := newMatrix[T](false, c.m, c.n, c.pad, 0), newMatrix[T](false, c.m, c.n, c.pad, 0)
			g.MulBias(false, false, c.m, c.n, c.k, a.data, a.ld, b.data, b.ld, bias, want.data, want.ld)
			finished := g.MulFinish(false, false, c.m, c.n, c.k, a.data, a.ld, b.data, b.ld, bias, finish, got.data, got.ld)
			seen[finished] = true
			for i := 0; i < c.m && finished; i++ {
				finish(want.data[i*want.ld:][:c.n])
			}
			wantSame(t, fmt.Sprintf("%s, %+v, finished=%t", Kernel(), c, finished), want, got)
		}
		if len(seen) != 2 {
			t.Errorf("%s: finished is always %t", Kernel(), seen[true])
		}
	}
}

// TestMulOfLargeMatrices is of shapes that are divided into blocks in every way.
func TestMulOfLargeMatrices(t *testing.T) { eachType(t, testLarge[float32], testLarge[float64]) }

func testLarge[T Float](t *testing.T) {
	if testing.Short() {
		t.Skip("hundreds of millions of operations")
	}
	rng := rand.New(rand.NewPCG(9, 10))
	draw := func() T { return T(rng.Float64()*2 - 1) }
	const m, n, k = 515, 1100, 530
	a := newMatrix[T](false, m, k, 0, 0).fill(draw)
	b := newMatrix[T](false, k, n, 0, 0).fill(draw)
	for _, kernel := range kernels()[1:] { // that in Go would take long and has no such blocks
		use(t, kernel)
		var g Multiplier[T]
		var p Packed[T]
		want := newMatrix[T](false, m, n, 0, 0)
		productPacked(&p, a, b, false, want)
		for v := range 4 {
			c := newMatrix[T](false, m, n, 1, 0)
			product(&g, a.like(v&1 != 0, 0, 0), b.like(v&2 != 0, 0, 0), false, c)
			wantSame(t, fmt.Sprintf("%s, transA=%t transB=%t", Kernel(), v&1 != 0, v&2 != 0), want, c)
		}
	}
}

func TestMulOfIntegersIsExact(t *testing.T) {
	eachType(t, testIntegers[float32], testIntegers[float64])
}

func testIntegers[T Float](t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	draw := func() T { return T(rng.IntN(17) - 8) }
	a := newMatrix[T](false, 131, 217, 0, 0).fill(draw)
	b := newMatrix[T](false, 217, 155, 0, 0).fill(draw)
	want := newMatrix[T](false, 131, 155, 0, 0)
	for i := range want.rows {
		for j := range want.cols {
			sum := 0
			for p := range a.cols {
				sum += int(*a.at(i, p)) * int(*b.at(p, j))
			}
			*want.at(i, j) = T(sum)
		}
	}
	eachKernel(t, func(t *testing.T) {
		var g Multiplier[T]
		c := newMatrix[T](false, want.rows, want.cols, 1, 0)
		product(&g, a, b, false, c)
		wantSame(t, "product", want, c)
	})
}

func TestRowsDoNotDependOnOthers(t *testing.T) {
	eachType(t, testRows[float32], testRows[float64])
}

func testRows[T Float](t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	draw := func() T { return T(rng.NormFloat64()) }
	a := newMatrix[T](false, 70, 290, 0, 0).fill(draw)
	b := newMatrix[T](false, 290, 200, 0, 0).fill(draw)
	eachKernel(t, func(t *testing.T) {
		var g Multiplier[T]
		want := newMatrix[T](false, a.rows, b.cols, 0, 0)
		product(&g, a, b, false, want)
		var p Packed[T]
		p.Set(false, b.rows, b.cols, b.data, b.ld)
		for m := 1; m <= a.rows; m += 1 + m/16 {
			i := rng.IntN(a.rows - m + 1)
			n := 1 + rng.IntN(b.cols)
			rows := matrix[T]{false, m, a.cols, a.ld, a.data[i*a.ld:]}
			cols := matrix[T]{false, b.rows, n, b.ld, b.data}
			part := matrix[T]{false, m, n, want.ld, want.data[i*want.ld:]}
			c := newMatrix[T](false, m, n, 0, 0)
			product(&g, rows, cols, false, c)
			wantSame(t, fmt.Sprintf("%d rows and %d columns", m, n), part, c)
			c = newMatrix[T](false, m, b.cols, 0, 0)
			p.MulRows(m, rows.data, rows.ld, false, c.data, c.ld)
			part.cols = b.cols
			wantSame(t, fmt.Sprintf("%d rows, packed", m), part, c)
		}
	})
}

func TestBitsDoNotDependOnGOMAXPROCS(t *testing.T) {
	eachType(t, testThreads[float32], testThreads[float64])
}

func testThreads[T Float](t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	rng := rand.New(rand.NewPCG(7, 8))
	draw := func() T { return T(rng.NormFloat64()) }
	for _, s := range [][3]int{{150, 150, 200}, {1, 1500, 1000}, {700, 20, 300}} {
		for v := range 4 {
			a := newMatrix[T](v&1 != 0, s[0], s[2], 0, 0).fill(draw)
			b := newMatrix[T](v&2 != 0, s[2], s[1], 0, 0).fill(draw)
			eachKernel(t, func(t *testing.T) {
				var g Multiplier[T]
				var want matrix[T]
				for _, procs := range []int{1, 2, 3, 7} {
					runtime.GOMAXPROCS(procs)
					c := newMatrix[T](false, s[0], s[1], 0, 0)
					product(&g, a, b, false, c)
					if procs == 1 {
						want = c
					}
					wantSame(t, fmt.Sprintf("GOMAXPROCS %d", procs), want, c)
				}
			})
		}
	}
}

// TestFewGoroutinesForLittleWork has many processors, and a product that is worth a few of them.
func TestFewGoroutinesForLittleWork(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(64))
	eachKernel(t, func(t *testing.T) {
		const m, k, times = 8, 8, 4
		n := times * int(smallest[current()]) / (m * k)
		a, b, c := make([]float32, m*k), make([]float32, k*n), make([]float32, m*n)
		for par.Awake() > 0 {
			time.Sleep(time.Millisecond)
		}
		var g Multiplier[float32]
		g.Mul(false, false, m, n, k, a, k, b, n, false, c, n)
		if helpers := par.Awake(); helpers >= 2*times {
			t.Errorf("%d helpers for %d times what is worth two goroutines", helpers, times)
		}
	})
}

func TestNaNAndInfPropagate(t *testing.T) { eachType(t, testNaN[float32], testNaN[float64]) }

func testNaN[T Float](t *testing.T) {
	zero := func() T { return 0 }
	inf := T(math.Inf(1))
	eachKernel(t, func(t *testing.T) {
		var g Multiplier[T]
		for _, s := range [][3]int{{1, 1, 1}, {5, 7, 9}, {17, 40, 33}, {120, 130, 140}} {
			m, n, k := s[0], s[1], s[2]
			a := newMatrix[T](false, m, k, 0, 0).fill(zero)
			b := newMatrix[T](false, k, n, 0, 0).fill(zero)
			*b.at(k-1, n-1) = inf    // zero times Inf in the last column
			*a.at(m-1, 0) = nan[T]() // NaN in the last row
			c := newMatrix[T](false, m, n, 0, 0)
			product(&g, a, b, false, c)
			for i := range m {
				for j := range n {
					if x := *c.at(i, j); (i == m-1 || j == n-1) != (x != x) {
						t.Fatalf("m=%d n=%d k=%d: C[%d][%d] = %v", m, n, k, i, j, x)
					}
				}
			}
		}
	})
}

func TestEmpty(t *testing.T) {
	eachKernel(t, func(t *testing.T) {
		var g Multiplier[float32]
		var p Packed[float32]
		g.Mul(false, false, 0, 3, 2, nil, 2, make([]float32, 6), 3, false, nil, 3)
		g.Mul(true, true, 3, 0, 2, make([]float32, 6), 3, nil, 2, false, nil, 1)
		for _, acc := range []bool{false, true} {
			want := []float32{0, 0, 7, 0, 0, 7}
			if acc {
				want = []float32{7, 7, 7, 7, 7, 7}
			}
			c := []float32{7, 7, 7, 7, 7, 7}
			g.Mul(false, false, 2, 2, 0, nil, 1, nil, 2, acc, c, 3)
			d := []float32{7, 7, 7, 7, 7, 7}
			p.Set(false, 0, 2, nil, 2)
			p.MulRows(2, nil, 1, acc, d, 3)
			if fmt.Sprint(c) != fmt.Sprint(want) || fmt.Sprint(d) != fmt.Sprint(want) {
				t.Errorf("acc=%t: k=0 made C %v, packed %v, want %v", acc, c, d, want)
			}
		}
		row := []float32{7, 7, 7, 7, 7, 7}
		g.MulBias(false, false, 2, 2, 0, nil, 1, nil, 2, []float32{1, 2, 3}, row, 3)
		if want := []float32{1, 2, 7, 1, 2, 7}; !slices.Equal(row, want) {
			t.Errorf("k=0 and a bias made C %v, want %v", row, want)
		}
		wide := p.Width() + 1
		last := make([]float32, wide+1)
		last[0], last[wide-1], last[wide] = 7, 7, 7
		p.Set(false, 0, wide, nil, wide)
		p.MulColumns(wide-1, wide, 1, nil, 1, false, last, wide)
		if last[0] != 7 || last[wide-1] != 0 || last[wide] != 7 {
			t.Errorf("k=0 made the last of %d columns %v, want 0 and nothing else", wide, last)
		}
		p.MulRows(0, nil, 1, false, nil, wide)
		p.Set(true, 3, 0, nil, 3)
		p.MulRows(2, make([]float32, 6), 3, false, nil, 1)
	})
}

func TestMulDoesNotAllocate(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	eachKernel(t, func(t *testing.T) {
		a, b, c := make([]float32, 256*256), make([]float32, 256*256), make([]float32, 256*256)
		var g Multiplier[float32]
		var p Packed[float32]
		for _, test := range []struct {
			name string
			f    func()
		}{
			{"small", func() { g.Mul(false, true, 16, 16, 16, a, 16, b, 16, false, c, 16) }},
			{"shared", func() { g.Mul(true, true, 150, 150, 150, a, 256, b, 256, false, c, 256) }},
			{"packed", func() { p.Set(true, 64, 64, b, 64); p.MulRows(33, a, 64, true, c, 64) }},
		} {
			// At first scratch memory grows, and the runtime makes goroutines until every processor has some to reuse.
			var before, after runtime.MemStats
			const runs = 20
			allocs := uint64(1)
			for try := 0; try < 50 && allocs > 0; try++ {
				runtime.ReadMemStats(&before)
				for range runs {
					test.f()
				}
				runtime.ReadMemStats(&after)
				allocs = after.Mallocs - before.Mallocs
			}
			if allocs > 0 {
				t.Errorf("%s: still %d allocations in %d products", test.name, allocs, runs)
			}
		}
	})
}

func TestBadArgumentsPanic(t *testing.T) {
	x := make([]float64, 12)
	mul := func(transA, transB bool, m, n, k, la, lda, lb, ldb, lc, ldc int) func() {
		return func() {
			new(Multiplier[float64]).Mul(transA, transB, m, n, k, x[:la], lda, x[:lb], ldb, false, x[:lc], ldc)
		}
	}
	p := new(Packed[float64])
	p.Set(false, 3, 4, x, 4)
	for _, test := range []struct {
		want string
		f    func()
	}{
		{mLT0, mul(false, false, -1, 4, 3, 6, 3, 12, 4, 8, 4)},
		{nLT0, mul(false, false, 2, -1, 3, 6, 3, 12, 4, 8, 4)},
		{kLT0, mul(false, false, 2, 4, -1, 6, 3, 12, 4, 8, 4)},
		{badLdA, mul(false, false, 2, 4, 3, 6, 2, 12, 4, 8, 4)},
		{badLdA, mul(true, false, 2, 4, 3, 6, 1, 12, 4, 8, 4)},
		{badLdB, mul(false, false, 2, 4, 3, 6, 3, 12, 3, 8, 4)},
		{badLdB, mul(false, true, 2, 4, 3, 6, 3, 12, 2, 8, 4)},
		{badLdC, mul(false, false, 2, 4, 3, 6, 3, 12, 4, 8, 3)},
		{shortA, mul(false, false, 2, 4, 3, 5, 3, 12, 4, 8, 4)},
		{shortA, mul(true, false, 2, 4, 3, 5, 2, 12, 4, 8, 4)},
		{shortB, mul(false, false, 2, 4, 3, 6, 3, 11, 4, 8, 4)},
		{shortB, mul(false, true, 2, 4, 3, 6, 3, 11, 3, 8, 4)},
		{shortC, mul(false, false, 2, 4, 3, 6, 3, 12, 4, 7, 4)},
		{kLT0, func() { p.Set(false, -1, 4, x, 4) }},
		{nLT0, func() { p.Set(false, 3, -1, x, 4) }},
		{badLdB, func() { p.Set(false, 3, 4, x, 3) }},
		{shortB, func() { p.Set(true, 3, 4, x[:11], 3) }},
		{mLT0, func() { p.MulRows(-1, x, 3, false, x, 4) }},
		{badLdA, func() { p.MulRows(2, x, 2, false, x, 4) }},
		{shortA, func() { p.MulRows(2, x[:5], 3, false, x, 4) }},
		{badLdC, func() { p.MulRows(2, x, 3, false, x, 3) }},
		{shortC, func() { p.MulRows(2, x, 3, false, x[:7], 4) }},
		{badColumns, func() { p.MulColumns(1, 4, 2, x, 3, false, x, 4) }},
		{shortBias, func() { new(Multiplier[float64]).MulBias(false, false, 2, 4, 3, x, 3, x, 4, x[:3], x, 4) }},
		{badColumns, func() { p.MulColumns(0, 5, 2, x, 3, false, x, 4) }},
	} {
		wantPanic(t, test.want, test.f)
	}
}

func wantPanic(t *testing.T, want string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		if got := recover(); got != want {
			t.Errorf("panic %v, want %q", got, want)
		}
	}()
	f()
}

func FuzzMul(f *testing.F) {
	f.Add(uint8(3), uint8(40), uint8(17), uint8(0), uint64(1))
	f.Add(uint8(15), uint8(33), uint8(130), uint8(7), uint64(2))
	f.Fuzz(func(t *testing.T, m, n, k, flags uint8, seed uint64) {
		fuzz[float32](t, int(m), int(n), int(k), flags, seed)
		fuzz[float64](t, int(m), int(n), int(k), flags, seed)
	})
}

func fuzz[T Float](t *testing.T, m, n, k int, flags uint8, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 0))
	draw := func() T { return T(rng.NormFloat64()) }
	acc := flags&4 != 0
	a := newMatrix[T](false, m, k, 0, 0).fill(draw)
	b := newMatrix[T](false, k, n, 0, 0).fill(draw)
	c0 := newMatrix[T](false, m, n, 0, 0).fill(draw)
	r := refer(a, b, acc, c0)
	at, bt := a.like(flags&1 != 0, int(flags>>3&3), 1), b.like(flags&2 != 0, int(flags>>5&3), 2)
	var g Multiplier[T]
	for _, kernel := range kernels() {
		use(t, kernel)
		c := c0.like(false, 1, 3)
		product(&g, at, bt, acc, c)
		r.verify(t, Kernel(), n, func(i, j int) float64 { return float64(*c.at(i, j)) })
		wantSame(t, Kernel(), c, c) // beyond the matrix
	}
}
