//go:build !noasm

package gemm

import "unsafe"

// multiply computes rows i0 to i1 and columns j0 to j1 of C.
func multiply[T Float](p *plan, o *operands[T], buf *scratch[T], i0, i1, j0, j1 int) {
	f := familyOf[T](p.kernel)
	if f == nil {
		portable(o, buf, i0, i1, j0, j1)
		return
	}
	m, n := i1-i0, j1-j0
	lg := f.width(m)
	h := evenly(m, f.rows[lg])
	kc := evenly(o.k, p.kc)
	c := pointer(o.c, i0*o.ldc+j0)
	for p0 := 0; p0 < o.k; p0 += kc {
		s := strip{k: min(kc, o.k-p0), rowC: o.ldc * f.size}
		if o.acc || p0 > 0 {
			s.acc = 1
		}
		a := o.useA(&s, p, buf, i0, m, p0)
		b, panelB := o.useB(&s, p, buf, j0, n, p0, f.lanes<<lg)
		for i := 0; i < m; i += h {
			s.a, s.b, s.c = unsafe.Add(a, i*s.rowA), b, unsafe.Add(c, i*s.rowC)
			s.panelB = panelB
			f.columns(&s, min(h, m-i), lg, n)
		}
	}
}

// evenly returns the length of equal parts of n, none of them longer than limit.
func evenly(n, limit int) int {
	if n <= limit {
		return n
	}
	return ceilDiv(n, ceilDiv(n, limit))
}

func pointer[T Float](x []T, i int) unsafe.Pointer { return unsafe.Pointer(&x[i]) }

// useA sets the distances between elements of A and returns where row i0 and column p0 of op(A) are, after it has copied
// m rows from there if that is the plan.
func (o *operands[T]) useA(s *strip, p *plan, buf *scratch[T], i0, m, p0 int) unsafe.Pointer {
	size := sizeOf[T]()
	if o.transA {
		s.rowA, s.colA = size, o.lda*size
		return pointer(o.a, p0*o.lda+i0)
	}
	s.rowA, s.colA = o.lda*size, size
	if !p.packA {
		return pointer(o.a, i0*o.lda+p0)
	}
	// An odd number of cache lines from row to row lets rows fall into different sets.
	ld := (s.k*size/64 + 1 | 1) * 64 / size
	grow(&buf.a, m*ld)
	copyBlock(buf.a, ld, o.a[i0*o.lda+p0:], o.lda, m, s.k)
	s.rowA = ld * size
	return pointer(buf.a, 0)
}

// useB sets the distance between rows of B and returns where row p0 and column j0 of op(B) are and how far it is to the
// next panel, after it has copied n columns from there if that is the plan.
func (o *operands[T]) useB(s *strip, p *plan, buf *scratch[T], j0, n, p0, width int) (b unsafe.Pointer, panelB int) {
	size := sizeOf[T]()
	if !p.packB {
		s.rowB = o.ldb * size
		return pointer(o.b, p0*o.ldb+j0), width * size
	}
	grow(&buf.b, roundUp(n, width)*s.k)
	for j := 0; j < n; j += width {
		packPanel(buf.b[j*s.k:], width, o.transB, o.b, o.ldb, p0, s.k, j0+j, min(width, n-j))
	}
	s.rowB = width * size
	return pointer(buf.b, 0), s.k * width * size
}
