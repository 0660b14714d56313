package cpu

import (
	"fmt"
	"math"
	"os"
	"strings"
	"sync"

	"github.com/keisan-go/keisan/device"
)

// host is the host's memory: Go slices, up to a limit, since Go ends a program that asks for more than there is.
type host struct{ limit, used int64 }

func (h *host) New(t device.DType, n int) (any, error) {
	if room := h.limit - h.used; int64(n) > room/int64(t.Size()) {
		return nil, fmt.Errorf("%s wanted, and %s of %s in use: %w",
			size(float64(n)*float64(t.Size())), size(float64(h.used)), size(float64(h.limit)), device.ErrOutOfMemory)
	}
	h.used += int64(n) * int64(t.Size())
	switch t {
	case device.Float32:
		return make([]float32, n), nil
	case device.Float64:
		return make([]float64, n), nil
	}
	return make([]int32, n), nil
}

// size is a number of bytes as people read it.
func size(bytes float64) string {
	unit := 0
	for ; bytes >= 1024 && unit < 5; unit++ {
		bytes /= 1024
	}
	return fmt.Sprintf("%.4g %s", bytes, [...]string{"B", "KiB", "MiB", "GiB", "TiB", "PiB"}[unit])
}

func (h *host) Clear(handle any) error {
	switch s := handle.(type) {
	case []float32:
		clear(s)
	case []float64:
		clear(s)
	case []int32:
		clear(s)
	}
	return nil
}

func (h *host) Delete(handle any) {
	switch s := handle.(type) {
	case []float32:
		h.used -= int64(len(s)) * 4
	case []float64:
		h.used -= int64(len(s)) * 8
	case []int32:
		h.used -= int64(len(s)) * 4
	}
}

// data is the elements of s; nil for the zero Slice.
func data[T device.Element](s device.Slice) []T {
	if s.IsZero() {
		return nil
	}
	i, j := s.Offset(), s.Offset()+s.Len()
	return s.Memory().Handle.([]T)[i:j:j]
}

func hostBytes(s device.Slice) []byte {
	switch s.Type() {
	case device.Float32:
		return device.Bytes(data[float32](s))
	case device.Float64:
		return device.Bytes(data[float64](s))
	}
	return device.Bytes(data[int32](s))
}

// memory is the bytes that the device may allocate: what the machine has or the control group grants, as far as one
// Go program can address it.
var memory = sync.OnceValue(func() int64 {
	limit := min(physicalMemory(), cgroupMemory())
	if math.MaxInt == math.MaxInt32 {
		limit = min(limit, 3<<29)
	}
	return limit
})

// cgroupMemory is the limit of the control group that the program is in, as a container sees its own.
func cgroupMemory() int64 {
	for _, file := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		var n int64
		if _, err := fmt.Sscan(string(text), &n); err == nil && n > 0 { // "max" where there is no limit
			return n
		}
	}
	return math.MaxInt64
}

// model is the processor's name where the system tells it in a file, and "" elsewhere.
var model = sync.OnceValue(func() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
})
