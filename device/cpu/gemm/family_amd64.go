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
	last    int // elements in the last vector of the last panel
	acc     int // 1 if C is added to, else 0
}

// A family is the tiles that there are for a kernel and an element type.
type family struct {
	size  int    // bytes of an element
	lanes int    // elements of a vector
	rows  [4]int // how many rows the tiles of 1, 2, 4 and 8 vectors have at most
	first [4]int // the numbers of those of one row
	// Tiles of fewer than 1<<tails vectors can end within a vector. If that makes them slower they are not the same
	// ones, but follow tailsAt further on.
	tails, tailsAt int
}

var (
	tiles16   = family{rows: [4]int{6, 6, 3, 1}, first: [4]int{0, 6, 12, 15}, tails: 2, tailsAt: 16}
	tiles32   = family{rows: [4]int{14, 14, 6, 3}, first: [4]int{0, 14, 28, 34}, tails: 4}
	avx2F32   = tiles16.of(4, 8)
	avx2F64   = tiles16.of(8, 4)
	avx512F32 = tiles32.of(4, 16)
	avx512F64 = tiles32.of(8, 8)
)

func (f family) of(size, lanes int) family {
	f.size, f.lanes = size, lanes
	return f
}

func (f *family) run(s *strip) {
	switch {
	case f.lanes*f.size == 64 && f.size == 4:
		multiplyAVX512F32(s)
	case f.lanes*f.size == 64:
		multiplyAVX512F64(s)
	case f.size == 4:
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

// width returns the logarithm of the number of vectors that is best for m rows: more than two if that few rows would
// not keep the processor busy.
func (f *family) width(m int) int {
	switch {
	case m <= f.rows[3]:
		return 3
	case m <= f.rows[2]:
		return 2
	}
	return 1
}

// columns multiplies the rows of a strip with n columns of B, in panels of 1<<lg vectors and then in narrower ones.
func (f *family) columns(s *strip, rows, lg, n int) {
	for ; ; lg-- {
		width := f.lanes << lg
		if q := n / width; q > 0 {
			s.tile, s.panels, s.last = f.first[lg]+rows-1, q, f.lanes
			f.run(s)
			if n -= q * width; n == 0 {
				return
			}
			s.b = unsafe.Add(s.b, q*s.panelB)
			s.c = unsafe.Add(s.c, q*width*f.size)
		}
		if lg < f.tails && n > width-f.lanes {
			s.tile, s.panels, s.last = f.first[lg]+rows-1+f.tailsAt, 1, n-(width-f.lanes)
			f.run(s)
			return
		}
		s.panelB = width / 2 * f.size
	}
}
