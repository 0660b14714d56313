package gpu

import (
	"fmt"

	"github.com/keisan-go/keisan/device"
)

// memory is the device's memory as a pool.Source.
type memory struct {
	driver Driver
	limits Limits
	used   int64 // bytes
}

// handle is an allocation.
type handle struct {
	Buffer
	bytes int64
}

// New asks for no more than the device says that it has: some drivers promise more, and fail at the first use.
func (m *memory) New(t device.DType, n int) (any, error) {
	limit := min(m.limits.Info.Memory-m.used, m.limits.MaxAlloc)
	if int64(n) > limit/int64(t.Size()) {
		return nil, fmt.Errorf("%.4g MiB, where %.4g MiB of %.4g MiB are in use and one allocation may be %.4g MiB: %w",
			mib(int64(n))*float64(t.Size()), mib(m.used), mib(m.limits.Info.Memory), mib(m.limits.MaxAlloc), device.ErrOutOfMemory)
	}
	h, err := m.alloc(int64(n) * int64(t.Size()))
	if err != nil {
		return nil, err
	}
	if err := m.Clear(h); err != nil {
		m.Delete(h)
		return nil, err
	}
	return h, nil
}

func mib(bytes int64) float64 { return float64(bytes) / (1 << 20) }

// alloc returns memory with any content. No driver has buffers of no bytes, so an empty array has a few.
func (m *memory) alloc(bytes int64) (*handle, error) {
	bytes = max(bytes, 16)
	b, err := m.driver.Alloc(bytes)
	if err != nil {
		return nil, err
	}
	m.used += bytes
	return &handle{b, bytes}, nil
}

func (m *memory) Clear(h any) error { return m.driver.Clear(h.(*handle).Buffer, h.(*handle).bytes) }

func (m *memory) Delete(h any) {
	m.used -= h.(*handle).bytes
	m.driver.Free(h.(*handle).Buffer)
}

func bufferOf(s device.Slice) Buffer { return s.Memory().Handle.(*handle).Buffer }

// offset is where s begins in its buffer, in bytes.
func offset(s device.Slice) int64 { return int64(s.Offset()) * int64(s.Type().Size()) }

// scratch is memory that the kernels need for themselves while they run. It grows as needed; since the queue runs in
// order, one launch may follow another that uses it.
type scratch struct{ h *handle }

// take returns so many elements of scratch memory, or nil if there is no memory, and the kernel fails.
func (s *scratch) take(d *gpu, t device.DType, n int64) Buffer {
	bytes := n * int64(t.Size())
	if s.h != nil && s.h.bytes >= bytes {
		return s.h.Buffer
	}
	s.release(d)
	h, err := d.memory.alloc(bytes)
	if err != nil {
		d.flush()
		if h, err = d.memory.alloc(bytes); err != nil {
			d.fail(fmt.Errorf("allocating %.4g MiB of scratch memory: %w", mib(bytes), err))
			return nil
		}
	}
	s.h = h
	return h.Buffer
}

// workspace returns so many elements of d.work, for kernels that compute with more than their operands. It is no memory
// where there is none, and the kernel fails.
func (d *gpu) workspace(t device.DType, n int) device.Slice {
	d.room = device.Memory{Type: t, Len: n}
	if d.work.take(d, t, int64(n)) != nil {
		d.room.Handle = d.work.h
	}
	return d.room.All()
}

func (s *scratch) release(d *gpu) {
	if s.h != nil {
		d.memory.Delete(s.h)
		s.h = nil
	}
}
