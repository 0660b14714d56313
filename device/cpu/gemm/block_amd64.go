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

// multiplySmall computes C if that takes one goroutine and one pass over A and B where they are, and tells whether it has:
// to make a plan for it, and to go through all that multiply might do, would take a tenth as long as 16 by 16 by 16.
func multiplySmall[T Float](o *operands[T], m, n int) bool {
	k := current()
	f := familyOf[T](k)
	if f == nil || o.transB || o.k > 64 || o.work(m, n) > smallest[k]/2 || len(o.a)*f.size > farA {
		return false
	}
	var s strip // filled in place: a literal is copied, which waits for all of its parts
	s.k, s.rowB, s.rowC = o.k, o.ldb*f.size, o.ldc*f.size
	if s.rowA, s.colA = o.lda*f.size, f.size; o.transA {
		s.rowA, s.colA = s.colA, s.rowA
	}
	a, b, c, from := pointer(o.a, 0), pointer(o.b, 0), pointer(o.c, 0), unsafe.Pointer(nil)
	switch {
	case o.acc:
		from, s.rowFrom = c, s.rowC
	case o.bias != nil:
		from = pointer(o.bias, 0)
	}
	h, lg := f.shape(m, n, o.wide(m))
	for i := 0; i < m; i += h {
		s.a, s.b, s.c = unsafe.Add(a, i*s.rowA), b, unsafe.Add(c, i*s.rowC)
		s.panelB = f.size << (f.shift + lg)
		if s.from = from; from != nil {
			s.from = unsafe.Add(from, i*s.rowFrom)
		}
		f.columns(&s, min(h, m-i), lg, n)
	}
	return true
}

// multiplyPanels is multiply with B in panels. A and B are used where they are, or copied.
func multiplyPanels[T Float](p *plan, o *operands[T], buf *scratch[T], i0, i1, j0, j1 int) {
	f := familyOf[T](p.kernel)
	m, n := i1-i0, j1-j0
	h, lg := f.shape(m, n, p.wide)
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
		b, panelB := o.useB(&s, p.packB, buf, j0, n, p0, 1<<(f.shift+lg))
		for i := 0; i < m; i += h {
			rows := min(h, m-i)
			s.a, s.b, s.c = o.useA(&s, p.packA, buf, i0+i, rows, p0), b, unsafe.Add(c, i*s.rowC)
			s.panelB = panelB
			if s.from = from; from != nil {
				s.from = unsafe.Add(from, i*s.rowFrom)
			}
			if next := min(h, m-i-h); far && next > 0 {
				o.prefetchA(i0+i+h, next, p0, s.k)
			}
			f.columns(&s, rows, lg, n)
		}
	}
}

func pointer[T Float](x []T, i int) unsafe.Pointer { return unsafe.Pointer(&x[i]) }

// useA sets the distances between elements of A and returns where row i and column p0 of op(A) are. To pack is to copy so
// many rows from there.
func (o *operands[T]) useA(s *strip, pack bool, buf *scratch[T], i, rows, p0 int) unsafe.Pointer {
	size := sizeOf[T]()
	switch {
	case pack && o.transA:
		whole := roundUp(rows, 32/size) // as the assembly copies; it begins further left, to stay within the matrix
		from := max(0, i+rows-whole)
		grow(&buf.a, s.k*whole)
		copyBlock(buf.a, whole, o.a[p0*o.lda+from:], o.lda, s.k, i+rows-from)
		s.rowA, s.colA = size, whole*size
		return pointer(buf.a, i-from)
	case pack:
		line := 64 / size
		row := (ceilDiv(s.k, line) | 1) * line // an odd number of lines, so that rows are spread over the cache
		grow(&buf.a, rows*row)
		copyBlock(buf.a, row, o.a[i*o.lda+p0:], o.lda, rows, s.k)
		s.rowA, s.colA = row*size, size
		return pointer(buf.a, 0)
	case o.transA:
		s.rowA, s.colA = size, o.lda*size
		return pointer(o.a, p0*o.lda+i)
	}
	s.rowA, s.colA = o.lda*size, size
	return pointer(o.a, i*o.lda+p0)
}

// prefetchA has k columns of rows of op(A) come into the second cache level while the strip before them is computed: nearly
// all of the time that a strip waits for memory is for its own first use of A.
func (o *operands[T]) prefetchA(i, rows, p0, k int) {
	size := sizeOf[T]()
	if o.transA {
		prefetchRows(pointer(o.a, p0*o.lda+i), o.lda*size, k, rows*size)
		return
	}
	prefetchRows(pointer(o.a, i*o.lda+p0), o.lda*size, rows, k*size)
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
