//go:build !noasm

package gemm

// multiplyFew is multiply for a few rows of A and a B that is stored as its transpose. To copy B would take longer than
// to multiply with it, so the assembly transposes it on the way. It does so with whole tiles; the columns and the last
// additions beyond those are left to multiplyPanels.
func multiplyFew[T Float](p *plan, o *operands[T], buf *scratch[T], i0, i1, j0, j1 int) {
	f := familyOf[T](p.kernel)
	m, line, lanes := i1-i0, 64/f.size, 1<<f.shift
	whole, k := j0+(j1-j0)&^(lanes-1), o.k&^(line-1)
	// What is left takes another pass, which fewer than four tiles in a row do not make up for.
	if whole < j1 && whole-j0 < 4*lanes || k < o.k && k < 4*line {
		multiplyPanels(p, o, buf, i0, i1, j0, j1)
		return
	}
	bias := o.bias
	if bias != nil {
		bias = bias[j0:]
	}
	multiplyNothing(m, whole-j0, bias, o.acc, o.c[i0*o.ldc+j0:], o.ldc)
	// Two lines of C at a time: more rows of B are too many streams for the processor to foresee, and fewer too few chains
	// of additions.
	width := 2 * line
	const kc = 4096 // bounds the time of a call
	for j := j0; j < whole; j += width {
		for p0 := 0; p0 < k; p0 += kc {
			f.runTransposed(&strip{
				tile: m - 1,
				a:    pointer(o.a, i0*o.lda+p0), b: pointer(o.b, j*o.ldb+p0), c: pointer(o.c, i0*o.ldc+j),
				rowA: o.lda * f.size, rowB: o.ldb * f.size, rowC: o.ldc * f.size,
				k: min(kc, k-p0) / line, panels: min(width, whole-j) / lanes,
			})
		}
	}
	if k < o.k {
		rest := *o
		rest.a, rest.b, rest.k, rest.acc = o.a[k:], o.b[k:], o.k-k, true
		multiplyPanels(p, &rest, buf, i0, i1, j0, whole)
	}
	if whole < j1 {
		multiplyPanels(p, o, buf, i0, i1, whole, j1)
	}
}

func (f *family) runTransposed(s *strip) {
	switch f {
	case &avx512F32:
		transposedAVX512F32(s)
	case &avx512F64:
		transposedAVX512F64(s)
	case &avx2F32:
		transposedAVX2F32(s)
	default:
		transposedAVX2F64(s)
	}
}
