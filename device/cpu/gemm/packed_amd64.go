//go:build !noasm

package gemm

func multiplyPacked[T Float](p *Packed[T], from, to, m int, a []T, lda int, acc bool, c []T, ldc int) {
	f := familyOf[T](p.kernel)
	if f == nil {
		multiplyPackedPortable(p, from, to, m, a, lda, acc, c, ldc)
		return
	}
	h, lg := f.shape(m, to-from, collide[T](lda))
	kc := evenly(p.k, 1024) // bounds the time of a call
	if h < m {
		kc = evenly(p.k, max(256, 32<<f.shift)) // strips of A and B stay in the first cache level
	}
	if to-from < p.n { // other processors, which have the other columns, may just have written A
		prefetchRows(pointer(a, 0), lda*f.size, m, p.k*f.size)
	}
	s := strip{rowA: lda * f.size, colA: f.size, rowC: ldc * f.size, rowFrom: ldc * f.size}
	width, far := p.Width(), len(p.data)*f.size > 1<<20
	for j := from; j < to; j += width {
		stride := p.packedStride(j)
		s.rowB = stride * f.size
		for p0 := 0; p0 < p.k; p0 += kc {
			s.k = min(kc, p.k-p0)
			for i := 0; i < m; i += h {
				s.a, s.b, s.c = pointer(a, i*lda+p0), pointer(p.data, j*p.k+p0*stride), pointer(c, i*ldc+j)
				s.panelB, s.from, s.far = f.size<<(f.shift+lg), nil, 0
				if far && i > 0 && i+h >= m { // the strips before left B in the cache, so there is time for what comes after
					s.far = kc * s.rowB
				}
				if acc || p0 > 0 {
					s.from = s.c
				}
				f.columns(&s, min(h, m-i), lg, min(width, to-j))
			}
		}
	}
}
