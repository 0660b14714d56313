// Package pool keeps a device's memory: what is in use, and what was freed and waits to be used again.
package pool

import (
	"fmt"

	"github.com/keisan-go/keisan/device"
)

// A Source is where a device's memory comes from. A handle stands for one allocation.
type Source interface {
	// New returns n zero elements, or an error that wraps device.ErrOutOfMemory.
	New(t device.DType, n int) (handle any, err error)
	// Clear sets an allocation's elements to zero.
	Clear(handle any) error
	// Delete gives an allocation back.
	Delete(handle any)
}

// A Poisoner is a Source that spoils what is freed, so that whoever still reads it is found.
type Poisoner interface {
	Poison(handle any)
}

// A Pool allocates from a Source and keeps what is freed for the next allocation of exactly that size: a network asks
// for the same few sizes for ever. It gives all that it keeps back when that is more than was ever in use at a time,
// as where the lengths of sequences change all the time, and before it lets an allocation fail. A Pool is not for
// concurrent use.
type Pool struct {
	dev    device.Device
	source Source
	free   map[size][]any
	live   map[*device.Memory]struct{}
	inUse  int64
	peak   int64 // the most that was ever in use
	kept   int64 // bytes of free
	allocs int64
}

type size struct {
	t device.DType
	n int
}

// New returns the pool of dev.
func New(dev device.Device, source Source) *Pool {
	return &Pool{dev: dev, source: source, free: map[size][]any{}, live: map[*device.Memory]struct{}{}}
}

// InUse is the bytes allocated and not freed.
func (p *Pool) InUse() int64 { return p.inUse }

// Allocs is how often Alloc was called.
func (p *Pool) Allocs() int64 { return p.allocs }

// Alloc returns n zero elements. Where there is an error, they are memory that was never allocated.
func (p *Pool) Alloc(t device.DType, n int) (device.Slice, error) {
	p.allocs++
	m := &device.Memory{Device: p.dev, Type: t, Len: n}
	key := size{t, n}
	if kept := p.free[key]; len(kept) > 0 {
		m.Handle = kept[len(kept)-1]
		p.free[key] = kept[:len(kept)-1]
		p.kept -= bytes(m)
		if err := p.source.Clear(m.Handle); err != nil {
			p.source.Delete(m.Handle)
			m.Handle = nil
			return m.All(), err
		}
	} else {
		var err error
		if m.Handle, err = p.source.New(t, n); err != nil {
			p.Flush()
			if m.Handle, err = p.source.New(t, n); err != nil {
				return m.All(), fmt.Errorf("%d elements of %v: %w", n, t, err)
			}
		}
	}
	p.live[m] = struct{}{}
	p.inUse += bytes(m)
	p.peak = max(p.peak, p.inUse)
	return m.All(), nil
}

// Dead is n elements that were never allocated, for a queue that is stopped.
func (p *Pool) Dead(t device.DType, n int) device.Slice {
	return (&device.Memory{Device: p.dev, Type: t, Len: n}).All()
}

// Free takes back what Alloc returned. It panics with a Misuse if s is anything else.
func (p *Pool) Free(s device.Slice) {
	m := s.Memory()
	switch {
	case m == nil:
		return
	case m.Device != p.dev:
		device.Panicf("%s: Free of memory of another device, %s", p.dev.Name(), m.Device.Name())
	case m.Freed:
		device.Panicf("%s: Free of %d elements of %v that are freed already", p.dev.Name(), m.Len, m.Type)
	case s != m.All():
		device.Panicf("%s: Free of elements %d to %d of an allocation of %d, want the whole", p.dev.Name(), s.Offset(), s.Offset()+s.Len(), m.Len)
	}
	m.Freed = true
	if m.Handle == nil {
		return
	}
	if source, ok := p.source.(Poisoner); ok {
		source.Poison(m.Handle)
	}
	key := size{m.Type, m.Len}
	p.free[key] = append(p.free[key], m.Handle)
	m.Handle = nil
	delete(p.live, m)
	p.inUse -= bytes(m)
	if p.kept += bytes(m); p.kept > p.peak {
		p.Flush()
	}
}

// Close gives everything back; what was in use counts as freed.
func (p *Pool) Close() {
	for m := range p.live {
		p.source.Delete(m.Handle)
		m.Handle, m.Freed = nil, true
	}
	clear(p.live)
	p.inUse = 0
	p.Flush()
}

// Flush gives back what was freed and is kept.
func (p *Pool) Flush() {
	for _, kept := range p.free {
		for _, handle := range kept {
			p.source.Delete(handle)
		}
	}
	clear(p.free)
	p.kept = 0
}

func bytes(m *device.Memory) int64 { return int64(m.Len) * int64(m.Type.Size()) }
