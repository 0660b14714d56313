//go:build !noasm

package gemm

import (
	"unsafe"

	"golang.org/x/sys/cpu"
)

// best returns the best kernel that the processor has.
func best() kernel {
	x := &cpu.X86
	switch {
	case x.HasAVX512F && x.HasAVX512VL && x.HasAVX512DQ && x.HasAVX512BW && x.HasBMI2:
		return avx512
	case x.HasAVX2 && x.HasFMA:
		return avx2
	}
	return generic
}

// A strip is what one call of the assembly works on: some rows of A and of C, and panels of B that follow each other
// at equal distances. Distances are in bytes. The assembly counts panels down to zero.
type strip struct {
	kernel       int // which of the tiles of a family
	a, b, c      unsafe.Pointer
	rowA, colA   int
	rowB, panelB int
	rowC         int
	k            int
	panels       int
	last         int // elements in the last vector of the last panel
	acc          int // 1 if C is added to, else 0
}

// A family is the tiles that there are for a kernel and an element type.
type family struct {
	kernel kernel
	size   int    // bytes of an element
	lanes  int    // elements of a vector
	rows   [4]int // the most rows of a tile of 1, 2, 4 and 8 vectors
	tails  int    // that many first entries of rows have tiles that can end within a vector
}

var (
	avx2F32   = family{avx2, 4, 8, [4]int{6, 6, 3, 1}, 2}
	avx2F64   = family{avx2, 8, 4, [4]int{6, 6, 3, 1}, 2}
	avx512F32 = family{avx512, 4, 16, [4]int{14, 14, 6, 3}, 4}
	avx512F64 = family{avx512, 8, 8, [4]int{14, 14, 6, 3}, 4}
)

func familyOf[T Float](k kernel) *family {
	f32 := unsafe.Sizeof(T(0)) == 4
	switch {
	case k == avx512 && f32:
		return &avx512F32
	case k == avx512:
		return &avx512F64
	case k == avx2 && f32:
		return &avx2F32
	case k == avx2:
		return &avx2F64
	}
	return nil
}

func (f *family) run(s *strip) {
	switch {
	case f.kernel == avx512 && f.size == 4:
		multiplyAVX512F32(s)
	case f.kernel == avx512:
		multiplyAVX512F64(s)
	case f.size == 4:
		multiplyAVX2F32(s)
	default:
		multiplyAVX2F64(s)
	}
}

// tile returns the number of the tile of that many rows and 1<<lg vectors.
func (f *family) tile(rows, lg int) int {
	n := rows - 1
	for _, r := range f.rows[:lg] {
		n += r
	}
	return n
}

// tail is tile for tiles that can end within a vector.
func (f *family) tail(rows, lg int) int {
	if f.kernel == avx512 {
		return f.tile(rows, lg) // all of them can
	}
	return f.tile(rows, lg) + f.rows[0] + f.rows[1] + f.rows[2] + f.rows[3]
}

// columns runs a strip over n columns in panels of at most 1<<lg vectors.
func (f *family) columns(s *strip, rows, lg, n int) {
	for ; ; lg-- {
		width := f.lanes << lg
		if q := n / width; q > 0 {
			s.kernel, s.panels, s.last = f.tile(rows, lg), q, f.lanes
			f.run(s)
			if n -= q * width; n == 0 {
				return
			}
			s.b = unsafe.Add(s.b, q*s.panelB)
			s.c = unsafe.Add(s.c, q*width*f.size)
		}
		if lg < f.tails && n > width-f.lanes {
			s.kernel, s.panels, s.last = f.tail(rows, lg), 1, n-(width-f.lanes)
			f.run(s)
			return
		}
		s.panelB = width / 2 * f.size
	}
}

// widest returns the logarithm of the number of vectors of the widest tile of that many rows, at most all of them.
func (f *family) widest(m int) int {
	for lg := 3; lg > 1; lg-- {
		if m <= f.rows[lg] {
			return lg
		}
	}
	return 1
}

func planFor[T Float](k kernel, transA, transB bool, m, n, kk, lda, ldb int) plan {
	f := familyOf[T](k)
	if f == nil {
		return portablePlan(m, n, kk)
	}
	p := plan{family: f, mb: min(m, 256), nb: min(n, 256), kc: 256, serial: 1 << 20}
	p.packB = transB || m > 100
	return tune(p)
}

var tune = func(p plan) plan { return p }

// multiply computes rows i0 to i1 and columns j0 to j1 of C.
func multiply[T Float](pl plan, o *operands[T], buf *scratch[T], i0, i1, j0, j1 int) {
	f := pl.family
	if f == nil {
		portable(o, buf, i0, i1, j0, j1)
		return
	}
	size := f.size
	m, n := i1-i0, j1-j0
	lg := f.widest(m)
	width := f.lanes << lg
	strips := ceilDiv(m, f.rows[lg])
	steps := ceilDiv(o.k, pl.kc)
	rowA, colA := o.lda*size, size
	if o.transA {
		rowA, colA = size, o.lda*size
	}
	pa := unsafe.Add(unsafe.Pointer(unsafe.SliceData(o.a)), i0*rowA)
	pb := unsafe.Pointer(unsafe.SliceData(o.b))
	pc := unsafe.Add(unsafe.Pointer(unsafe.SliceData(o.c)), (i0*o.ldc+j0)*size)
	s := strip{rowC: o.ldc * size}
	p0 := 0
	for t := range steps {
		p1 := (t + 1) * o.k / steps
		kc := p1 - p0
		s.k, s.acc = kc, 0
		if o.acc || t > 0 {
			s.acc = 1
		}
		ka, rowA, colA := unsafe.Add(pa, p0*colA), rowA, colA
		if pl.packA {
			if o.transA {
				stride := (m*size/64 + 1) | 1*64/size
				grow(&buf.a, stride*kc)
				copyBlock(buf.a, stride, ka, o.lda*size, kc, m)
				ka, colA = unsafe.Pointer(unsafe.SliceData(buf.a)), stride*size
			} else {
				stride := ((kc*size/64 + 1) | 1) * 64 / size
				grow(&buf.a, stride*m)
				copyBlock(buf.a, stride, ka, o.lda*size, m, kc)
				ka, rowA = unsafe.Pointer(unsafe.SliceData(buf.a)), stride*size
			}
		}
		s.rowA, s.colA = rowA, colA
		var kb unsafe.Pointer
		var panelB int
		if pl.packB {
			grow(&buf.b, ceilDiv(n, width)*width*kc)
			packPanels(buf.b, o.transB, kc, n, width, pb, o.ldb, p0, j0)
			kb = unsafe.Pointer(unsafe.SliceData(buf.b))
			s.rowB, panelB = width*size, kc*width*size
		} else {
			kb = unsafe.Add(pb, (p0*o.ldb+j0)*size)
			s.rowB, panelB = o.ldb*size, width*size
		}
		r0 := 0
		for i := range strips {
			r1 := (i + 1) * m / strips
			s.a, s.b, s.c = unsafe.Add(ka, r0*rowA), kb, unsafe.Add(pc, r0*s.rowC)
			s.panelB = panelB
			f.columns(&s, r1-r0, lg, n)
			r0 = r1
		}
		p0 = p1
	}
}

// copyBlock copies a rows×cols block.
func copyBlock[T Float](dst []T, ld int, src unsafe.Pointer, rowSrc, rows, cols int) {
	size := int(unsafe.Sizeof(T(0)))
	whole := cols * size &^ 31
	if whole > 0 {
		copyRows(unsafe.Pointer(unsafe.SliceData(dst)), ld*size, src, rowSrc, rows, whole)
	}
	if whole == cols*size {
		return
	}
	for i := range rows {
		tail := unsafe.Slice((*T)(unsafe.Add(src, i*rowSrc+whole)), cols-whole/size)
		copy(dst[i*ld+whole/size:], tail)
	}
}

// packPanels lays out columns j0 to j0+n and rows p0 to p0+k of op(B) in panels of the given width.
func packPanels[T Float](dst []T, trans bool, k, n, width int, b unsafe.Pointer, ldb, p0, j0 int) {
	size := int(unsafe.Sizeof(T(0)))
	for j := 0; j < n; j += width {
		w := min(width, n-j)
		if trans {
			transposeBlock(dst, width, unsafe.Add(b, ((j0+j)*ldb+p0)*size), ldb*size, w, k)
		} else {
			copyBlock(dst, width, unsafe.Add(b, (p0*ldb+j0+j)*size), ldb*size, k, w)
		}
		dst = dst[k*width:]
	}
}

// transposeBlock transposes a rows×cols block.
func transposeBlock[T Float](dst []T, ld int, src unsafe.Pointer, rowSrc, rows, cols int) {
	size := int(unsafe.Sizeof(T(0)))
	step := 32 / size
	tiles := cols / step
	i := 0
	for ; tiles > 0 && i+step <= rows; i += step {
		d, s := unsafe.Pointer(&dst[i]), unsafe.Add(src, i*rowSrc)
		if size == 4 {
			transposeF32(d, ld*size, s, rowSrc, tiles)
		} else {
			transposeF64(d, ld*size, s, rowSrc, tiles)
		}
		for p := tiles * step; p < cols; p++ {
			for r := i; r < i+step; r++ {
				dst[p*ld+r] = *(*T)(unsafe.Add(src, r*rowSrc+p*size))
			}
		}
	}
	for ; i < rows; i++ {
		row := unsafe.Slice((*T)(unsafe.Add(src, i*rowSrc)), cols)
		for p, x := range row {
			dst[p*ld+i] = x
		}
	}
}

// packedRow is the length in bytes of the rows of a Packed's panels: as wide as the widest tile.
const packedRow = 512

// packedStride returns the length in elements of the rows of the panel of a Packed that begins at column j.
func (f *family) packedStride(n, j int) int {
	return min(packedRow, ((n-j)*f.size+63)&^63) / f.size
}

func pack[T Float](p *Packed[T], trans bool, b []T, ldb int) {
	f := familyOf[T](p.kernel)
	if f == nil {
		packPortable(p, trans, b, ldb)
		return
	}
	width := packedRow / f.size
	last := (p.n - 1) / width * width
	grow(&p.data, p.k*(last+f.packedStride(p.n, last)))
	for j := 0; j < p.n; j += width {
		dst, stride, w := p.data[j*p.k:], f.packedStride(p.n, j), min(width, p.n-j)
		if trans {
			transposeBlock(dst, stride, unsafe.Pointer(&b[j*ldb]), ldb*f.size, w, p.k)
		} else {
			copyBlock(dst, stride, unsafe.Pointer(&b[j]), ldb*f.size, p.k, w)
		}
	}
}

func multiplyPacked[T Float](p *Packed[T], m int, a []T, lda int, acc bool, c []T, ldc int) {
	f := familyOf[T](p.kernel)
	if f == nil {
		multiplyPackedPortable(p, m, a, lda, acc, c, ldc)
		return
	}
	lg := f.widest(m)
	strips := ceilDiv(m, f.rows[lg])
	kc := 256
	if strips == 1 {
		kc = 1024
	}
	s := strip{rowA: lda * f.size, colA: f.size, rowC: ldc * f.size}
	width := packedRow / f.size
	for j := 0; j < p.n; j += width {
		stride := f.packedStride(p.n, j)
		s.rowB = stride * f.size
		for p0 := 0; p0 < p.k; p0 += kc {
			s.k, s.acc = min(kc, p.k-p0), 0
			if acc || p0 > 0 {
				s.acc = 1
			}
			r0 := 0
			for i := range strips {
				r1 := (i + 1) * m / strips
				s.a, s.b, s.c = unsafe.Pointer(&a[r0*lda+p0]), unsafe.Pointer(&p.data[j*p.k+p0*stride]), unsafe.Pointer(&c[r0*ldc+j])
				s.panelB = f.lanes << lg * f.size
				f.columns(&s, r1-r0, lg, min(width, p.n-j))
				r0 = r1
			}
		}
	}
}
