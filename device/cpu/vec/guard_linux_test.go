package vec

import (
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// TestNothingOutsideIsTouched would end with a fault.
func TestNothingOutsideIsTouched(t *testing.T) {
	eachTable(t, testGuards[float32], testGuards[float64])
}

func testGuards[T Float](t *testing.T, f *table[T]) {
	const most = 70
	for _, op := range operations[T]() {
		ending, beginning := make([][]T, op.slices), make([][]T, op.slices)
		for i := range op.slices {
			ending[i], beginning[i] = guarded[T](t, most, true), guarded[T](t, most, false)
		}
		for n := most; n >= 0; n-- {
			for i := range ending {
				ending[i] = ending[i][len(ending[i])-n:]
			}
			op.do(f, ending)
			op.do(f, cut(beginning, n))
		}
	}
}

// guarded returns n elements that end where readable memory ends, or begin where it begins.
func guarded[T Float](t *testing.T, n int, atEnd bool) []T {
	t.Helper()
	page := unix.Getpagesize()
	mem, err := unix.Mmap(-1, 0, 3*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Munmap(mem); err != nil {
			t.Error(err)
		}
	})
	for _, guard := range [][]byte{mem[:page], mem[2*page:]} {
		if err := unix.Mprotect(guard, unix.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	begin := page
	if atEnd {
		begin = 2*page - n*int(unsafe.Sizeof(T(0)))
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&mem[begin])), n)
}
