package gemm

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// guarded returns n elements that end where readable memory ends, or begin where it begins.
func guarded[T Float](t *testing.T, n int, atEnd bool) []T {
	t.Helper()
	page := unix.Getpagesize()
	size := n * sizeOf[T]()
	length := roundUp(max(size, 1), page)
	mem, err := unix.Mmap(-1, 0, length+2*page, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := unix.Munmap(mem); err != nil {
			t.Error(err)
		}
	})
	for _, guard := range [][]byte{mem[:page], mem[page+length:]} {
		if err := unix.Mprotect(guard, unix.PROT_NONE); err != nil {
			t.Fatal(err)
		}
	}
	begin := page
	if atEnd {
		begin += length - size
	}
	return unsafe.Slice((*T)(unsafe.Pointer(&mem[begin])), n)
}

// TestNothingOutsideIsTouched would end with a fault.
func TestNothingOutsideIsTouched(t *testing.T) {
	eachType(t, testGuards[float32], testGuards[float64])
}

func testGuards[T Float](t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	sizes := []int{1, 2, 3, 5, 7, 8, 9, 14, 15, 17, 31, 32, 33, 65, 130}
	pick := func() int { return sizes[rng.IntN(len(sizes))] }
	count := 60
	if testing.Short() {
		count = 15
	}
	for range count {
		m, n, k := pick(), pick(), pick()
		t.Run(fmt.Sprintf("m=%d/n=%d/k=%d", m, n, k), func(t *testing.T) {
			for _, atEnd := range []bool{false, true} {
				a, b, c := guarded[T](t, m*k, atEnd), guarded[T](t, k*n, atEnd), guarded[T](t, m*n, atEnd)
				eachKernel(t, func(t *testing.T) {
					var g Multiplier[T]
					var p Packed[T]
					for v := range 8 {
						transA, transB, acc := v&1 != 0, v&2 != 0, v&4 != 0
						_, lda := stored(transA, m, k)
						_, ldb := stored(transB, k, n)
						g.Mul(transA, transB, m, n, k, a, lda, b, ldb, acc, c, n)
						p.Set(transB, k, n, b, ldb)
						p.MulRows(m, a, k, acc, c, n)
					}
				})
			}
		})
	}
}
