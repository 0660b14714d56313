package gemm

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// A matrix is stored with a leading dimension longer than its rows, and with NaN wherever it has no element.
type matrix[T Float] struct {
	trans      bool
	rows, cols int
	ld         int
	data       []T
}

func (x matrix[T]) index(i, j int) int {
	if x.trans {
		i, j = j, i
	}
	return i*x.ld + j
}

func (x matrix[T]) at(i, j int) T { return x.data[x.index(i, j)] }

// newMatrix returns a rows×cols matrix of elements from draw, stored as its transpose if trans is set, in rows with
// pad more elements than needed, after off elements of an allocation.
func newMatrix[T Float](trans bool, rows, cols, pad, off int, draw func() T) matrix[T] {
	r, c := stored(trans, rows, cols)
	x := matrix[T]{trans, rows, cols, max(1, c+pad), nil}
	data := make([]T, off+r*x.ld)
	for i := range data {
		data[i] = T(math.NaN())
	}
	x.data = data[off:]
	for i := range rows {
		for j := range cols {
			x.data[x.index(i, j)] = draw()
		}
	}
	return x
}

func (x matrix[T]) clone() matrix[T] {
	x.data = append([]T(nil), x.data...)
	return x
}

// product computes c = a·b, or c += a·b.
func product[T Float](g *Multiplier[T], a, b matrix[T], acc bool, c matrix[T]) {
	g.Mul(a.trans, b.trans, a.rows, b.cols, a.cols, a.data, a.ld, b.data, b.ld, acc, c.data, c.ld)
}

// verify fails unless got is c0 + a·b within the bound of a chain of a.cols additions, and NaN between its rows.
func verify[T Float](t *testing.T, a, b matrix[T], acc bool, c0, got matrix[T]) {
	t.Helper()
	eps := math.Nextafter(1, 2) - 1
	if _, ok := any(T(0)).(float32); ok {
		eps = 0x1p-23
	}
	for i := range got.rows {
		for j := range got.cols {
			// The reference is a compensated sum: as good as one in twice the precision.
			var sum, rest, abs float64
			add := func(x float64) {
				s := sum + x
				z := s - sum
				rest += sum - (s - z) + (x - z)
				sum = s
			}
			if acc {
				add(float64(c0.at(i, j)))
				abs = math.Abs(sum)
			}
			for p := range a.cols {
				x, y := float64(a.at(i, p)), float64(b.at(p, j))
				xy := x * y
				add(xy)
				add(math.FMA(x, y, -xy))
				abs += math.Abs(xy)
			}
			want, bound := sum+rest, float64(a.cols+1)*eps*abs
			if d := math.Abs(float64(got.at(i, j)) - want); !(d <= bound) {
				t.Fatalf("C[%d][%d] = %v, want %v: off by %g, more than %g", i, j, got.at(i, j), want, d, bound)
			}
		}
	}
	for i := range got.data {
		if i%got.ld >= got.cols && !math.IsNaN(float64(got.data[i])) {
			t.Fatalf("C[%d][%d], beyond the matrix, was set to %v", i/got.ld, i%got.ld, got.data[i])
		}
	}
}

func forEachType(t *testing.T, f32, f64 func(*testing.T)) {
	t.Run("dtype=f32", f32)
	t.Run("dtype=f64", f64)
}

func TestMulAgainstReference(t *testing.T) {
	forEachType(t, testMulAgainstReference[float32], testMulAgainstReference[float64])
}

func testMulAgainstReference[T Float](t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	draw := func() T { return T(rng.Float64()*2 - 1) }
	var g Multiplier[T]
	var shapes [][3]int
	for range 300 {
		shapes = append(shapes, [3]int{rng.IntN(36), rng.IntN(36), rng.IntN(36)})
	}
	for range 10 {
		shapes = append(shapes, [3]int{rng.IntN(300), rng.IntN(300), rng.IntN(300)})
	}
	for _, s := range shapes {
		m, n, k := s[0], s[1], s[2]
		for v := range 8 {
			transA, transB, acc := v&1 != 0, v&2 != 0, v&4 != 0
			a := newMatrix(transA, m, k, rng.IntN(4), rng.IntN(4), draw)
			b := newMatrix(transB, k, n, rng.IntN(4), rng.IntN(4), draw)
			c := newMatrix(false, m, n, rng.IntN(4), rng.IntN(4), draw)
			c0 := c.clone()
			product(&g, a, b, acc, c)
			ok := t.Run(fmt.Sprintf("m=%d/n=%d/k=%d/transA=%t/transB=%t/acc=%t", m, n, k, transA, transB, acc), func(t *testing.T) {
				verify(t, a, b, acc, c0, c)
			})
			if !ok {
				return
			}
			if transA {
				continue
			}
			var p Packed[T]
			p.Set(transB, k, n, b.data, b.ld)
			d := c0.clone()
			p.MulRows(m, a.data, a.ld, acc, d.data, d.ld)
			for i := range m {
				for j := range n {
					if c.at(i, j) != d.at(i, j) {
						t.Fatalf("m=%d n=%d k=%d: C[%d][%d] = %v by Mul, %v by MulRows", m, n, k, i, j, c.at(i, j), d.at(i, j))
					}
				}
			}
		}
	}
}
