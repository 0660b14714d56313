package gemm

import (
	"sync"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// Implementation is gonum's BLAS with this package's product in the place of Sgemm and Dgemm:
//
//	blas32.Use(gemm.Implementation{})
//	blas64.Use(gemm.Implementation{})
type Implementation struct{ gonum.Implementation }

var (
	_ blas.Float32 = Implementation{}
	_ blas.Float64 = Implementation{}
)

// Sgemm computes C = alpha·op(A)·op(B) + beta·C. As BLAS has it, A and B are not read if alpha is zero, and C is
// not read if beta is. Otherwise NaN and Inf propagate. It is for concurrent use.
func (Implementation) Sgemm(tA, tB blas.Transpose, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	gemm(&pool32, tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
}

// Dgemm is Sgemm for float64.
func (Implementation) Dgemm(tA, tB blas.Transpose, m, n, k int, alpha float64, a []float64, lda int, b []float64, ldb int, beta float64, c []float64, ldc int) {
	gemm(&pool64, tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
}

var (
	pool32 = sync.Pool{New: func() any { return new(scaler[float32]) }}
	pool64 = sync.Pool{New: func() any { return new(scaler[float64]) }}
)

// A scaler is a Multiplier with room for alpha·A.
type scaler[T Float] struct {
	Multiplier[T]
	scaled []T
}

func gemm[T Float](pool *sync.Pool, tA, tB blas.Transpose, m, n, k int, alpha T, a []T, lda int, b []T, ldb int, beta T, c []T, ldc int) {
	transA, transB := transposed(tA), transposed(tB)
	rowsA, colsA := stored(transA, m, k)
	rowsB, colsB := stored(transB, k, n)
	switch {
	case m < 0:
		panic("blas: m < 0")
	case n < 0:
		panic("blas: n < 0")
	case k < 0:
		panic("blas: k < 0")
	case lda < max(1, colsA):
		panic("blas: bad leading dimension of A")
	case ldb < max(1, colsB):
		panic("blas: bad leading dimension of B")
	case ldc < max(1, n):
		panic("blas: bad leading dimension of C")
	case m == 0 || n == 0:
		return
	case len(a) < (rowsA-1)*lda+colsA:
		panic("blas: insufficient length of a")
	case len(b) < (rowsB-1)*ldb+colsB:
		panic("blas: insufficient length of b")
	case len(c) < (m-1)*ldc+n:
		panic("blas: insufficient length of c")
	}
	nothing := alpha == 0 || k == 0
	for i := 0; i < m && (beta == 0 && nothing || beta != 0 && beta != 1); i++ {
		row := c[i*ldc:][:n]
		if beta == 0 {
			clear(row)
			continue
		}
		for j := range row {
			row[j] *= beta
		}
	}
	if nothing {
		return
	}
	s := pool.Get().(*scaler[T])
	if alpha != 1 {
		if len(s.scaled) < rowsA*colsA {
			s.scaled = make([]T, rowsA*colsA)
		}
		for i := range rowsA {
			dst := s.scaled[i*colsA:][:colsA]
			for j, x := range a[i*lda:][:colsA] {
				dst[j] = alpha * x
			}
		}
		a, lda = s.scaled, colsA
	}
	s.Mul(transA, transB, m, n, k, a, lda, b, ldb, beta != 0, c, ldc)
	pool.Put(s)
}

func transposed(t blas.Transpose) bool {
	switch t {
	case blas.NoTrans:
		return false
	case blas.Trans, blas.ConjTrans: // the same for real numbers
		return true
	}
	panic("blas: illegal transpose")
}
