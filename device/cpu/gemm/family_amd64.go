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

// A strip is what one call of the assembly works on: rows of A and C, and panels of B that follow each other at equal
// distances. Distances are in bytes. The assembly counts panels down to zero.
type strip struct {
	tile    int // which tile of a family, counted from the first
	a, b, c unsafe.Pointer
	rowA    int // distance between rows of A
	colA    int // and between its columns
	rowB    int
	panelB  int
	rowC    int
	k       int
	panels  int
	last    int            // elements in the last vector of the last panel
	from    unsafe.Pointer // what the sums begin with; nil for zero
	toFrom  int            // how far that is from C
	rowFrom int            // the distance between its rows; 0 if there is one for all
	ahead   int            // how far from B is what is to come into the cache meanwhile:
	far     int            // this, or the next panel if it is 0
}

// A family is the tiles that there are for a kernel and an element type.
type family struct {
	size  int    // bytes of an element
	shift int    // binary logarithm of the number of elements of a vector
	rows  [4]int // how many rows the tiles of 1, 2, 4 and 8 vectors have at most
	first [4]int // the numbers of those of one row
	// Tiles of fewer than 1<<tails vectors can end within a vector. If that makes them slower they are not the same
	// ones, but follow tailsAt further on.
	tails, tailsAt int
	few            int // how many rows the tiles have at most that transpose B
}

var (
	tiles16   = family{rows: [4]int{6, 6, 3, 1}, first: [4]int{0, 6, 12, 15}, tails: 2, tailsAt: 16, few: 2}
	tiles32   = family{rows: [4]int{16, 14, 6, 3}, first: [4]int{0, 16, 30, 36}, tails: 4, few: 8}
	avx2F32   = tiles16.of(4, 3)
	avx2F64   = tiles16.of(8, 2)
	avx512F32 = tiles32.of(4, 4)
	avx512F64 = tiles32.of(8, 3)
)

func (f family) of(size, shift int) family {
	f.size, f.shift = size, shift
	return f
}

func (f *family) run(s *strip) {
	if s.ahead = s.far; s.ahead == 0 {
		s.ahead = s.panelB
	}
	s.toFrom = int(uintptr(s.from) - uintptr(s.c)) // nothing moves from here on
	switch f {
	case &avx512F32:
		multiplyAVX512F32(s)
	case &avx512F64:
		multiplyAVX512F64(s)
	case &avx2F32:
		multiplyAVX2F32(s)
	default:
		multiplyAVX2F64(s)
	}
}

// familyOf returns nil for the kernel in Go.
func familyOf[T Float](k kernel) *family {
	f32 := sizeOf[T]() == 4
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

// shape returns the height of tiles for a product of m rows and n columns and the logarithm of their number of vectors.
// Where rows are too few to keep the processor busy, or wide tells so, tiles are wide and flat.
func (f *family) shape(m, n int, wide bool) (h, lg int) {
	switch {
	case n <= 1<<f.shift:
		lg = 0
	case m <= f.rows[3]:
		lg = 3
	case m <= f.rows[2] || wide && f.rows[1] > 8:
		lg = 2
	default:
		lg = 1
	}
	return evenly(m, f.rows[lg]), lg
}

// columns multiplies the rows of a strip with n columns of B, in panels of 1<<lg vectors and then in narrower ones.
func (f *family) columns(s *strip, rows, lg, n int) {
	for lanes := 1 << f.shift; ; lg-- {
		width := lanes << lg
		tile := f.first[lg] + rows - 1
		if q := n >> (f.shift + lg); q > 0 {
			s.tile, s.panels, s.last = tile, q, lanes
			f.run(s)
			if n -= q * width; n == 0 {
				return
			}
			s.b = unsafe.Add(s.b, q*s.panelB)
			s.c = unsafe.Add(s.c, q*width*f.size)
			if s.from != nil {
				s.from = unsafe.Add(s.from, q*width*f.size)
			}
		}
		if lg < f.tails && n > width-lanes {
			s.tile, s.panels, s.last = tile+f.tailsAt, 1, n-(width-lanes)
			f.run(s)
			return
		}
		s.panelB = width / 2 * f.size
	}
}
