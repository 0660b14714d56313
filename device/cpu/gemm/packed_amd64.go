//go:build !noasm

package gemm

// packedStride returns the distance, in elements, between rows of the panel that begins at column j.
func (p *Packed[T]) packedStride(j int) int {
	return min(p.width(), roundUp(p.n-j, 64/sizeOf[T]()))
}

func pack[T Float](p *Packed[T], trans bool, b []T, ldb int) {
	if p.kernel == generic {
		packPortable(p, trans, b, ldb)
		return
	}
	grow(&p.data, p.k*roundUp(p.n, 64/sizeOf[T]()))
	width := p.width()
	for j := 0; j < p.n; j += width {
		packPanel(p.data[j*p.k:], p.packedStride(j), trans, b, ldb, 0, p.k, j, min(width, p.n-j))
	}
}

func multiplyPacked[T Float](p *Packed[T], from, to, m int, a []T, lda int, acc bool, c []T, ldc int) {
	f := familyOf[T](p.kernel)
	if f == nil {
		multiplyPackedPortable(p, from, to, m, a, lda, acc, c, ldc)
		return
	}
	h, lg := f.shape(m, to-from)
	kc := evenly(p.k, 1024) // bounds the time of a call; one strip needs no blocks for the cache
	if h < m {
		kc = evenly(p.k, 256)
	}
	if to-from < p.n { // other processors, which have the other columns, may just have written A
		prefetchRows(pointer(a, 0), lda*f.size, m, p.k*f.size)
	}
	s := strip{rowA: lda * f.size, colA: f.size, rowC: ldc * f.size, rowFrom: ldc * f.size}
	width := p.width()
	for j := from; j < to; j += width {
		stride := p.packedStride(j)
		s.rowB = stride * f.size
		for p0 := 0; p0 < p.k; p0 += kc {
			s.k = min(kc, p.k-p0)
			for i := 0; i < m; i += h {
				s.a, s.b, s.c = pointer(a, i*lda+p0), pointer(p.data, j*p.k+p0*stride), pointer(c, i*ldc+j)
				s.panelB, s.from = f.size<<(f.shift+lg), nil
				if acc || p0 > 0 {
					s.from = s.c
				}
				f.columns(&s, min(h, m-i), lg, min(width, to-j))
			}
		}
	}
}
