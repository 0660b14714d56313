//go:build !noasm

package gemm

import "unsafe"

// farA is how many bytes of A may stand in the second cache level beside B and C without leaving it.
const farA = 1 << 20

// multiply computes rows i0 to i1 and columns j0 to j1 of C.
func multiply[T Float](p *plan, o *operands[T], buf *scratch[T], i0, i1, j0, j1 int) {
	switch f := familyOf[T](p.kernel); {
	case f == nil:
		portable(o, buf, i0, i1, j0, j1)
	case o.transB && !o.transA && i1-i0 <= f.few:
		multiplyFew(p, o, buf, i0, i1, j0, j1)
	default:
		multiplyPanels(p, o, buf, i0, i1, j0, j1)
	}
}

// multiplyPanels is multiply with B in panels, where it is or copied.
func multiplyPanels[T Float](p *plan, o *operands[T], buf *scratch[T], i0, i1, j0, j1 int) {
	f := familyOf[T](p.kernel)
	m, n := i1-i0, j1-j0
	h, lg := f.shape(m, n)
	kc := evenly(o.k, p.kc)
	far := len(o.a)*f.size > farA
	c := pointer(o.c, i0*o.ldc+j0)
	for p0 := 0; p0 < o.k; p0 += kc {
		s := strip{k: min(kc, o.k-p0), rowC: o.ldc * f.size}
		from := c
		switch {
		case o.acc || p0 > 0:
			s.rowFrom = s.rowC
		case o.bias != nil:
			from = pointer(o.bias, j0)
		default:
			from = nil
		}
		a := o.useA(&s, i0, p0)
		b, panelB := o.useB(&s, p.packB, buf, j0, n, p0, 1<<(f.shift+lg))
		for i := 0; i < m; i += h {
			s.a, s.b, s.c = unsafe.Add(a, i*s.rowA), b, unsafe.Add(c, i*s.rowC)
			s.panelB = panelB
			if s.from = from; from != nil {
				s.from = unsafe.Add(from, i*s.rowFrom)
			}
			if next := min(h, m-i-h); far && next > 0 {
				o.prefetchA(&s, unsafe.Add(s.a, h*s.rowA), next)
			}
			f.columns(&s, min(h, m-i), lg, n)
		}
	}
}

func pointer[T Float](x []T, i int) unsafe.Pointer { return unsafe.Pointer(&x[i]) }

// useA sets the distances between elements of A and returns where row i0 and column p0 of op(A) are.
func (o *operands[T]) useA(s *strip, i0, p0 int) unsafe.Pointer {
	size := sizeOf[T]()
	if o.transA {
		s.rowA, s.colA = size, o.lda*size
		return pointer(o.a, p0*o.lda+i0)
	}
	s.rowA, s.colA = o.lda*size, size
	return pointer(o.a, i0*o.lda+p0)
}

// prefetchA has rows of op(A) come into the second cache level while the strip before them is computed: nearly all of
// the time that a strip waits for memory is for its own first use of A.
func (o *operands[T]) prefetchA(s *strip, a unsafe.Pointer, rows int) {
	if o.transA {
		prefetchRows(a, s.colA, s.k, rows*sizeOf[T]())
		return
	}
	prefetchRows(a, s.rowA, rows, s.k*sizeOf[T]())
}

// useB sets the distance between rows of op(B) and returns where row p0 and column j0 of that are, and how far it is
// from a panel of the given width to the next. To pack is to copy n columns from there, and their panels' rows are
// contiguous then.
func (o *operands[T]) useB(s *strip, pack bool, buf *scratch[T], j0, n, p0, width int) (b unsafe.Pointer, panelB int) {
	size := sizeOf[T]()
	if !pack {
		s.rowB = o.ldb * size
		return pointer(o.b, p0*o.ldb+j0), width * size
	}
	grow(&buf.b, roundUp(n, width)*s.k)
	whole := 0
	if !o.transB { // row by row, as they are in memory, with a row of each panel as the assembly's rows
		whole = n - n%width
		for p := 0; p < s.k && whole > 0; p++ {
			copyRows(pointer(buf.b, p*width), s.k*width*size, pointer(o.b, (p0+p)*o.ldb+j0), width*size, whole/width, width*size)
		}
	}
	for j := whole; j < n; j += width {
		packPanel(buf.b[j*s.k:], width, o.transB, o.b, o.ldb, p0, s.k, j0+j, min(width, n-j))
	}
	s.rowB = width * size
	return pointer(buf.b, 0), s.k * width * size
}
