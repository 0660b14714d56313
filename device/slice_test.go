package device_test

import (
	"testing"

	"github.com/keisan-go/keisan/device"
)

func memory(name string, t device.DType, n int) *device.Memory {
	return &device.Memory{Device: named{name}, Type: t, Len: n, Handle: "there"}
}

func TestSlice(t *testing.T) {
	m := memory("cpu", device.Float64, 10)
	all := m.All()
	part := all.Slice(2, 9).Slice(1, 4) // elements 3 to 5
	for _, c := range []struct {
		name     string
		s        device.Slice
		off, n   int
		memory   *device.Memory
		dtype    device.DType
		zero, ok bool
	}{
		{"all", all, 0, 10, m, device.Float64, false, true},
		{"a part", part, 3, 3, m, device.Float64, false, true},
		{"an empty part", all.Slice(10, 10), 10, 0, m, device.Float64, false, true},
		{"the zero Slice", device.Slice{}, 0, 0, nil, 0, true, false},
		{"what was never allocated", (&device.Memory{Type: device.Int32, Len: 5}).All(), 0, 5, nil, device.Int32, false, false},
	} {
		if c.s.Offset() != c.off || c.s.Len() != c.n || c.s.Type() != c.dtype || c.s.IsZero() != c.zero || c.s.OK() != c.ok {
			t.Errorf("%s: offset %d, %d elements of %v, zero %v, OK %v; want %+v", c.name,
				c.s.Offset(), c.s.Len(), c.s.Type(), c.s.IsZero(), c.s.OK(), c)
		}
		if c.memory != nil && c.s.Memory() != c.memory {
			t.Errorf("%s: it is in other memory", c.name)
		}
	}
	wantMisuse(t, "device: Slice(-1, 2) of 10 elements", func() { all.Slice(-1, 2) })
	wantMisuse(t, "device: Slice(3, 2) of 10 elements", func() { all.Slice(3, 2) })
	wantMisuse(t, "device: Slice(1, 4) of 3 elements", func() { part.Slice(1, 4) })
	wantMisuse(t, "device: Slice(0, 1) of 0 elements", func() { device.Slice{}.Slice(0, 1) })
}

// TestOverlaps compares all pairs of parts, element by element.
func TestOverlaps(t *testing.T) {
	const n = 5
	m, other := memory("cpu", device.Float32, n).All(), memory("cpu", device.Float32, n).All()
	var parts []device.Slice
	for i := range n + 1 {
		for j := i; j <= n; j++ {
			parts = append(parts, m.Slice(i, j))
		}
	}
	for _, s := range parts {
		for _, u := range parts {
			want := false
			for i := range n {
				in := func(s device.Slice) bool { return i >= s.Offset() && i < s.Offset()+s.Len() }
				want = want || in(s) && in(u)
			}
			if s.Overlaps(u) != want {
				t.Errorf("elements %d+%d overlap %d+%d: %v, want %v", s.Offset(), s.Len(), u.Offset(), u.Len(), !want, want)
			}
		}
		if s.Overlaps(other) || s.Overlaps(device.Slice{}) || (device.Slice{}).Overlaps(device.Slice{}) {
			t.Error("different memory overlaps")
		}
	}
}

func TestDType(t *testing.T) {
	for _, c := range []struct {
		t    device.DType
		size int
		name string
	}{
		{device.Float32, 4, "float32"}, {device.Float64, 8, "float64"}, {device.Int32, 4, "int32"}, {device.DType(9), 4, "DType(9)"},
	} {
		if c.t.Size() != c.size || c.t.String() != c.name {
			t.Errorf("%v has %d bytes, want %s and %d", c.t, c.t.Size(), c.name, c.size)
		}
	}
	if device.TypeOf[float32]() != device.Float32 || device.TypeOf[float64]() != device.Float64 || device.TypeOf[int32]() != device.Int32 {
		t.Error("TypeOf is wrong")
	}
}

func TestBytes(t *testing.T) {
	s := []float64{1, 2, 3}
	b := device.Bytes(s[:2])
	if len(b) != 16 {
		t.Fatalf("2 float64 are %d bytes", len(b))
	}
	clear(b)
	if s[0] != 0 || s[1] != 0 || s[2] != 3 {
		t.Errorf("Bytes is no view of the elements: %v", s)
	}
	if len(device.Bytes([]int32(nil))) != 0 || len(device.Bytes([]float32{})) != 0 {
		t.Error("no elements have bytes")
	}
}
