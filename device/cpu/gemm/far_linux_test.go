package gemm

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
)

// TestRowsFarApart is of matrices whose rows are a multiple of 4 KiB apart, with memory that cannot be touched behind the last
// or before the first: strips of A are copied, or tiles are wide. The bits are those of rows side by side.
func TestRowsFarApart(t *testing.T) { eachType(t, testFar[float32], testFar[float64]) }

func testFar[T Float](t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	rng := rand.New(rand.NewPCG(13, 14))
	draw := func() T { return T(rng.NormFloat64()) }
	// far returns a matrix of the same elements as x.
	far := func(t *testing.T, x matrix[T], trans, atEnd bool) matrix[T] {
		r, c := stored(trans, x.rows, x.cols)
		y := matrix[T]{trans, x.rows, x.cols, roundUp(c, 4096/sizeOf[T]()), nil}
		y.data = guarded[T](t, (r-1)*y.ld+c, atEnd)
		for p := range y.data {
			y.data[p] = nan[T]()
		}
		for i := range x.rows {
			for j := range x.cols {
				*y.at(i, j) = *x.at(i, j)
			}
		}
		return y
	}
	for _, s := range []struct{ m, n, k int }{
		{m: 2, n: 127, k: 40}, {m: 16, n: 70, k: 4}, {m: 33, n: 80, k: 65}, {m: 64, n: 300, k: 130},
		{m: 65, n: 300, k: 130}, {m: 67, n: 66, k: 350}, {m: 75, n: 127, k: 2100}, {m: 270, n: 65, k: 331}, {m: 129, n: 1030, k: 37},
	} {
		a, b := newMatrix[T](false, s.m, s.k, 0, 0).fill(draw), newMatrix[T](false, s.k, s.n, 0, 0).fill(draw)
		c0 := newMatrix[T](false, s.m, s.n, 0, 0).fill(draw)
		for v := range 16 {
			transA, transB, acc, atEnd := v&1 != 0, v&2 != 0, v&4 != 0, v&8 != 0
			t.Run(fmt.Sprintf("%+v/transA=%t/transB=%t/acc=%t/guard=%t", s, transA, transB, acc, atEnd), func(t *testing.T) {
				at, bt := far(t, a, transA, atEnd), far(t, b, transB, atEnd)
				runtime.GOMAXPROCS(1 + v%4)
				eachKernel(t, func(t *testing.T) {
					var g Multiplier[T]
					var p Packed[T]
					want, got := c0.like(false, 0, 0), far(t, c0, false, atEnd)
					productPacked(&p, a, b, acc, want)
					product(&g, at, bt, acc, got)
					wantSame(t, "product", want, got)
					if !transA {
						got = far(t, c0, false, atEnd)
						productPacked(&p, at, bt, acc, got)
						wantSame(t, "packed", want, got)
					}
				})
			})
		}
	}
}
