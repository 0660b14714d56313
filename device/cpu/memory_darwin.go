package cpu

import (
	"math"

	"golang.org/x/sys/unix"
)

func physicalMemory() int64 {
	n, err := unix.SysctlUint64("hw.memsize")
	if err != nil {
		return math.MaxInt64
	}
	return int64(n)
}
