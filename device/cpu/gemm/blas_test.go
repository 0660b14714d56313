package gemm

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
	"gonum.org/v1/gonum/blas/testblas"
)

func TestDgemm(t *testing.T) {
	eachKernel(t, func(t *testing.T) { testblas.TestDgemm(t, Implementation{}) })
}

// TestSgemm compares with gonum on integers, where every order of additions gives the same. It has NaN where BLAS must
// not read; gonum reads A and B all the same.
func TestSgemm(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	draw := func() float32 { return float32(rng.IntN(9) - 4) }
	eachKernel(t, func(t *testing.T) {
		for range 200 {
			m, n, k := rng.IntN(20), rng.IntN(40), rng.IntN(20)
			tA, tB := blas.NoTrans, blas.NoTrans
			if rng.IntN(2) == 0 {
				tA = blas.Trans
			}
			if rng.IntN(2) == 0 {
				tB = blas.ConjTrans
			}
			alpha, beta := float32(rng.IntN(4)-1), float32(rng.IntN(4)-1)
			a := newMatrix[float32](tA != blas.NoTrans, m, k, rng.IntN(3), 0).fill(draw)
			b := newMatrix[float32](tB != blas.NoTrans, k, n, rng.IntN(3), 0).fill(draw)
			want := newMatrix[float32](false, m, n, rng.IntN(3), 0).fill(draw)
			if beta == 0 {
				want.fill(nan[float32])
			}
			got := want.like(false, want.ld-max(1, n), 0)
			gonum.Implementation{}.Sgemm(tA, tB, m, n, k, alpha, a.data, a.ld, b.data, b.ld, beta, want.data, want.ld)
			if alpha == 0 {
				a.fill(nan[float32])
				b.fill(nan[float32])
			}
			Implementation{}.Sgemm(tA, tB, m, n, k, alpha, a.data, a.ld, b.data, b.ld, beta, got.data, got.ld)
			for i := range m {
				for j := range n {
					if w, g := *want.at(i, j), *got.at(i, j); w != g {
						t.Fatalf("m=%d n=%d k=%d alpha=%v beta=%v: C[%d][%d] = %v, want %v", m, n, k, alpha, beta, i, j, g, w)
					}
				}
			}
		}
	})
}

// TestGemmPanics compares with the panics of gonum.
func TestGemmPanics(t *testing.T) {
	x := make([]float64, 12)
	call := func(impl blas.Float64Level3, tA, tB blas.Transpose, m, n, k, la, lda, lb, ldb, lc, ldc int) (message string) {
		defer func() { message = fmt.Sprint(recover()) }()
		impl.Dgemm(tA, tB, m, n, k, 1, x[:la], lda, x[:lb], ldb, 0, x[:lc], ldc)
		return
	}
	const N, T = blas.NoTrans, blas.Trans
	for _, s := range []struct {
		tA, tB                             blas.Transpose
		m, n, k, la, lda, lb, ldb, lc, ldc int
	}{
		{'x', N, 2, 4, 3, 6, 3, 12, 4, 8, 4},
		{N, 'x', 2, 4, 3, 6, 3, 12, 4, 8, 4},
		{N, N, -1, 4, 3, 6, 3, 12, 4, 8, 4},
		{N, N, 2, -1, 3, 6, 3, 12, 4, 8, 4},
		{N, N, 2, 4, -1, 6, 3, 12, 4, 8, 4},
		{N, N, 2, 4, 3, 6, 2, 12, 4, 8, 4},
		{T, N, 2, 4, 3, 6, 1, 12, 4, 8, 4},
		{N, N, 2, 4, 3, 6, 3, 12, 3, 8, 4},
		{N, T, 2, 4, 3, 6, 3, 12, 2, 8, 4},
		{N, N, 2, 4, 3, 6, 3, 12, 4, 8, 3},
		{N, N, 2, 4, 3, 5, 3, 12, 4, 8, 4},
		{T, N, 2, 4, 3, 5, 2, 12, 4, 8, 4},
		{N, N, 2, 4, 3, 6, 3, 11, 4, 8, 4},
		{N, T, 2, 4, 3, 6, 3, 11, 3, 8, 4},
		{N, N, 2, 4, 3, 6, 3, 12, 4, 7, 4},
		{N, N, 2, 4, 3, 6, 3, 12, 4, 8, 4},
		{N, N, 0, 4, 3, 0, 3, 0, 4, 0, 4},
		{N, N, 2, 4, 0, 0, 3, 0, 4, 8, 4},
	} {
		want := call(gonum.Implementation{}, s.tA, s.tB, s.m, s.n, s.k, s.la, s.lda, s.lb, s.ldb, s.lc, s.ldc)
		got := call(Implementation{}, s.tA, s.tB, s.m, s.n, s.k, s.la, s.lda, s.lb, s.ldb, s.lc, s.ldc)
		if got != want {
			t.Errorf("%+v: panic %q, gonum's is %q", s, got, want)
		}
	}
}
