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
	tile    int // which tile of a family, as family.tile tells
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
	// Tiles of fewer than 1<<tails vectors can end within a vector. Those are other tiles, tailsAt further on, if
	// that makes them slower.
	tails, tailsAt int
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

var (
	avx2F32   = family{size: 4, lanes: 8, rows: [4]int{6, 6, 3, 1}, tails: 2, tailsAt: 16}
	avx2F64   = family{size: 8, lanes: 4, rows: [4]int{6, 6, 3, 1}, tails: 2, tailsAt: 16}
	avx512F32 = family{size: 4, lanes: 16, rows: [4]int{14, 14, 6, 3}, tails: 4}
	avx512F64 = family{size: 8, lanes: 8, rows: [4]int{14, 14, 6, 3}, tails: 4}
)

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

// tile returns the number of the tile of that many rows and 1<<lg vectors.
func (f *family) tile(rows, lg int) int {
	n := rows - 1
	for _, r := range f.rows[:lg] {
		n += r
	}
	return n
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
			s.tile, s.panels, s.last = f.tile(rows, lg), q, f.lanes
			f.run(s)
			if n -= q * width; n == 0 {
				return
			}
			s.b = unsafe.Add(s.b, q*s.panelB)
			s.c = unsafe.Add(s.c, q*width*f.size)
		}
		if lg < f.tails && n > width-f.lanes {
			s.tile, s.panels, s.last = f.tile(rows, lg)+f.tailsAt, 1, n-(width-f.lanes)
			f.run(s)
			return
		}
		s.panelB = width / 2 * f.size
	}
}
