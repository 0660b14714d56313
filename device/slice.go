package device

// Memory is one allocation of a device. A backend makes it and keeps it up to date; everyone else holds Slices of it.
type Memory struct {
	Device Device
	Type   DType
	Len    int // elements
	Handle any // the backend's own; nil after Free, and where the allocation failed
	Freed  bool
}

// A Slice is a run of elements in a device's memory, as a Go slice is one in the host's. The zero Slice is no memory at all.
type Slice struct {
	mem    *Memory
	off, n int
}

// All is the whole of m.
func (m *Memory) All() Slice { return Slice{m, 0, m.Len} }

// Memory is the allocation that s is part of; nil for the zero Slice.
func (s Slice) Memory() *Memory { return s.mem }

// Len is the number of elements.
func (s Slice) Len() int { return s.n }

// Offset is where s begins in its Memory, in elements.
func (s Slice) Offset() int { return s.off }

// IsZero tells whether s is the zero Slice.
func (s Slice) IsZero() bool { return s.mem == nil }

// OK tells whether s can be used: it was allocated, and not freed since.
func (s Slice) OK() bool { return s.mem != nil && s.mem.Handle != nil }

// Type is the type of the elements, 0 for the zero Slice.
func (s Slice) Type() DType {
	if s.mem == nil {
		return 0
	}
	return s.mem.Type
}

// Slice is the elements i to j of s, as s[i:j]. It panics if they are not within s.
func (s Slice) Slice(i, j int) Slice {
	if i < 0 || j < i || j > s.n {
		Panicf("device: Slice(%d, %d) of %d elements", i, j, s.n)
	}
	return Slice{s.mem, s.off + i, j - i}
}

// Overlaps tells whether s and t share an element.
func (s Slice) Overlaps(t Slice) bool {
	return s.mem == t.mem && s.mem != nil && max(s.off, t.off) < min(s.off+s.n, t.off+t.n)
}
