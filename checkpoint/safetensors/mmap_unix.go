//go:build unix

package safetensors

import (
	"math"
	"os"

	"golang.org/x/sys/unix"
)

// mapFile maps a file into memory, if that can be.
func mapFile(file *os.File, size int64) ([]byte, bool) {
	if size == 0 || size > math.MaxInt {
		return nil, false
	}
	mapped, err := unix.Mmap(int(file.Fd()), 0, int(size), unix.PROT_READ, unix.MAP_SHARED)
	return mapped, err == nil
}

func unmap(mapped []byte) error { return unix.Munmap(mapped) }
