package cpu

import (
	"math"
	"unsafe"

	"golang.org/x/sys/windows"
)

func physicalMemory() int64 {
	// MEMORYSTATUSEX, which x/sys does not have.
	var status struct {
		length, load         uint32
		total, available     uint64
		pageFile, pageFree   uint64
		virtual, virtualFree uint64
		extended             uint64
	}
	status.length = uint32(unsafe.Sizeof(status))
	proc := windows.NewLazySystemDLL("kernel32.dll").NewProc("GlobalMemoryStatusEx")
	if ok, _, _ := proc.Call(uintptr(unsafe.Pointer(&status))); ok == 0 {
		return math.MaxInt64
	}
	return int64(status.total)
}
