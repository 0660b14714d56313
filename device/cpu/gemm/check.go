package gemm

import "unsafe"

// Messages of panics, in the manner of gonum's BLAS.
const (
	mLT0   = "gemm: m < 0"
	nLT0   = "gemm: n < 0"
	kLT0   = "gemm: k < 0"
	badLdA = "gemm: bad leading dimension of A"
	badLdB = "gemm: bad leading dimension of B"
	badLdC = "gemm: bad leading dimension of C"
	shortA = "gemm: insufficient length of a"
	shortB = "gemm: insufficient length of b"
	shortC = "gemm: insufficient length of c"

	shortBias  = "gemm: insufficient length of bias"
	badColumns = "gemm: columns that are not whole panels"
)

// check panics with one of the given messages unless x holds, in its stored form, a matrix whose op is rows×cols.
func check[T Float](trans bool, rows, cols int, x []T, ld int, rowsLT0, colsLT0, badLd, short string) {
	switch r, c := stored(trans, rows, cols); {
	case rows < 0:
		panic(rowsLT0)
	case cols < 0:
		panic(colsLT0)
	case ld < max(1, c):
		panic(badLd)
	case r > 0 && c > 0 && len(x) < (r-1)*ld+c:
		panic(short)
	}
}

// stored returns the size, as stored, of a matrix whose op is rows×cols.
func stored(trans bool, rows, cols int) (int, int) {
	if trans {
		return cols, rows
	}
	return rows, cols
}

// grow makes buf at least n elements long; their values do not matter.
func grow[T Float](buf *[]T, n int) {
	if len(*buf) < n {
		*buf = make([]T, n)
	}
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }

// sizeOf returns the size of an element in bytes.
func sizeOf[T Float]() int { return int(unsafe.Sizeof(T(0))) }
