//go:build !noasm

package gemm

// packPanel sets dst to rows p0 to p0+k and columns j0 to j0+n of op(B).
func packPanel[T Float](dst []T, ld int, trans bool, b []T, ldb, p0, k, j0, n int) {
	if trans {
		transposeBlock(dst, ld, b[j0*ldb+p0:], ldb, n, k)
		return
	}
	copyBlock(dst, ld, b[p0*ldb+j0:], ldb, k, n)
}

// copyBlock copies m rows of n elements.
func copyBlock[T Float](dst []T, ldd int, src []T, lds, m, n int) {
	size := sizeOf[T]()
	whole := n &^ (32/size - 1) // what the assembly can copy of a row
	if whole > 0 {
		copyRows(pointer(dst, 0), ldd*size, pointer(src, 0), lds*size, m, whole*size)
	}
	if whole == n {
		return
	}
	for i := range m {
		copy(dst[i*ldd+whole:], src[i*lds:][whole:n])
	}
}

// transposeBlock sets column i of dst to row i of src, for m rows of n elements.
func transposeBlock[T Float](dst []T, ldd int, src []T, lds, m, n int) {
	size := sizeOf[T]()
	side := 32 / size // of the tiles that the assembly transposes
	wholeM, wholeN := m&^(side-1), n&^(side-1)
	const chunk = 64 // rows of dst, whose lines are written in pieces, stay in the first cache level
	for j := 0; j < wholeN; j += chunk {
		tiles := min(chunk, wholeN-j) / side
		for i := 0; i < wholeM; i += side {
			if d, s := pointer(dst, j*ldd+i), pointer(src, i*lds+j); size == 4 {
				transposeF32(d, ldd*size, s, lds*size, tiles)
			} else {
				transposeF64(d, ldd*size, s, lds*size, tiles)
			}
		}
	}
	if wholeN < n {
		transpose(dst[wholeN*ldd:], ldd, src[wholeN:], lds, wholeM, n-wholeN)
	}
	if wholeM < m {
		transpose(dst[wholeM:], ldd, src[wholeM*lds:], lds, m-wholeM, n)
	}
}
