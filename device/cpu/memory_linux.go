package cpu

import (
	"fmt"
	"math"
	"os"

	"golang.org/x/sys/unix"
)

// physicalMemory is what the machine has, or what the program may still map where ulimit -v says so.
func physicalMemory() int64 {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return math.MaxInt64
	}
	total := uint64(info.Totalram) * uint64(info.Unit)
	var space unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_AS, &space); err == nil && space.Cur < total {
		var pages uint64
		text, _ := os.ReadFile("/proc/self/statm")
		fmt.Sscan(string(text), &pages)
		total = space.Cur - min(space.Cur, pages*uint64(os.Getpagesize()))
	}
	return int64(total)
}
