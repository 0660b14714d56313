package gemm

// portableKC is how many additions the portable path does before it goes on to the next tile of C: the rows that a
// tile needs stay in the first-level cache.
const portableKC = 256

// portable computes rows i0 to i1 and columns j0 to j1 of C. It multiplies rows of A with rows of the transpose of B,
// so it copies A if that is stored as its transpose, and B if that is not.
func portable[T Float](o *operands[T], s *scratch[T], i0, i1, j0, j1 int) {
	acc := o.acc
	for i := i0; i < i1 && o.bias != nil; i++ {
		copy(o.c[i*o.ldc+j0:i*o.ldc+j1], o.bias[j0:])
		acc = true
	}
	for p0 := 0; p0 < o.k; p0 += portableKC {
		kc := min(portableKC, o.k-p0)
		a, lda := rows(&s.a, !o.transA, o.a, o.lda, i0, i1, p0, kc)
		b, ldb := rows(&s.b, o.transB, o.b, o.ldb, j0, j1, p0, kc)
		dots(i1-i0, j1-j0, kc, a, lda, b, ldb, acc || p0 > 0, o.c[i0*o.ldc+j0:], o.ldc)
	}
}

// rows returns elements p0 to p0+kc of the rows r0 to r1 of a matrix that is stored by rows or else by columns.
func rows[T Float](buf *[]T, byRows bool, x []T, ld, r0, r1, p0, kc int) ([]T, int) {
	if byRows {
		return x[r0*ld+p0:], ld
	}
	grow(buf, (r1-r0)*kc)
	transpose(*buf, kc, x[p0*ld+r0:], ld, kc, r1-r0)
	return *buf, kc
}

// transpose sets row i of dst to column i of the m×n matrix src.
func transpose[T Float](dst []T, ldd int, src []T, lds, m, n int) {
	for i0 := 0; i0 < m; i0 += 16 { // in blocks, so that lines of dst are written whole before they leave the cache
		for j := range n {
			d := dst[j*ldd+i0:][:min(16, m-i0)]
			for i := range d {
				d[i] = src[(i0+i)*lds+j]
			}
		}
	}
}

// dots sets C[i][j], or adds to it, the product of row i of a and row j of b.
func dots[T Float](m, n, k int, a []T, lda int, b []T, ldb int, acc bool, c []T, ldc int) {
	for j := 0; j < n; j += 3 {
		w := min(3, n-j)
		for i := 0; i < m; i += 2 {
			h := min(2, m-i) // if it is 1 both rows of the tile are the same
			var t [2][3]T
			if acc {
				for r := range h {
					copy(t[r][:w], c[(i+r)*ldc+j:])
				}
			}
			a0, a1, b0 := a[i*lda:][:k], a[(i+h-1)*lda:][:k], b[j*ldb:][:k]
			if w == 3 {
				dot2x3(&t, a0, a1, b0, b[(j+1)*ldb:][:k], b[(j+2)*ldb:][:k])
			} else {
				dot2x1(&t, 0, a0, a1, b0)
				if w == 2 {
					dot2x1(&t, 1, a0, a1, b[(j+1)*ldb:][:k])
				}
			}
			for r := range h {
				copy(c[(i+r)*ldc+j:], t[r][:w])
			}
		}
	}
}

// dot2x3 adds to t the products of two rows and three rows; with four rows an amd64 would be short of registers. The
// conversions keep the compiler from fusing a multiplication and an addition, as it may on some architectures and not on
// others.
func dot2x3[T Float](t *[2][3]T, a0, a1, b0, b1, b2 []T) {
	a1, b0, b1, b2 = a1[:len(a0)], b0[:len(a0)], b1[:len(a0)], b2[:len(a0)]
	c00, c01, c02 := t[0][0], t[0][1], t[0][2]
	c10, c11, c12 := t[1][0], t[1][1], t[1][2]
	for p, x := range a0 {
		y := a1[p]
		c00 += T(x * b0[p])
		c10 += T(y * b0[p])
		c01 += T(x * b1[p])
		c11 += T(y * b1[p])
		c02 += T(x * b2[p])
		c12 += T(y * b2[p])
	}
	*t = [2][3]T{{c00, c01, c02}, {c10, c11, c12}}
}

// dot2x1 adds to column c of t the products of two rows and one.
func dot2x1[T Float](t *[2][3]T, c int, a0, a1, b []T) {
	a1, b = a1[:len(a0)], b[:len(a0)]
	x, y := t[0][c], t[1][c]
	for p, z := range b {
		x += T(a0[p] * z)
		y += T(a1[p] * z)
	}
	t[0][c], t[1][c] = x, y
}

// packPortable keeps the transpose of op(B).
func packPortable[T Float](p *Packed[T], trans bool, b []T, ldb int) {
	grow(&p.data, p.k*p.n)
	if !trans {
		transpose(p.data, p.k, b, ldb, p.k, p.n)
		return
	}
	for j := range p.n {
		copy(p.data[j*p.k:][:p.k], b[j*ldb:])
	}
}

func multiplyPackedPortable[T Float](p *Packed[T], from, to, m int, a []T, lda int, acc bool, c []T, ldc int) {
	dots(m, to-from, p.k, a, lda, p.data[from*p.k:], p.k, acc, c[from:], ldc)
}
