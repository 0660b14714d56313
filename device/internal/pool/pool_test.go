package pool_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/internal/pool"
)

// dev is a device that has nothing but a name.
type dev struct {
	device.Device
	name string
}

func (d *dev) Name() string { return d.name }

// source has room for so many elements, and remembers what is asked of it.
type source struct {
	room    int
	made    int // handles so far
	held    map[int]int
	cleared []int
	spoilt  []int
	fail    int // the call of New that fails, counting from 1
	calls   int
	broken  error // of Clear
}

func (s *source) New(_ device.DType, n int) (any, error) {
	s.calls++
	if n > s.room || s.calls == s.fail {
		return nil, fmt.Errorf("room for %d: %w", s.room, device.ErrOutOfMemory)
	}
	s.room -= n
	s.made++
	s.held[s.made] = n
	return s.made, nil
}

func (s *source) Clear(handle any) error {
	s.cleared = append(s.cleared, handle.(int))
	return s.broken
}

func (s *source) Poison(handle any) { s.spoilt = append(s.spoilt, handle.(int)) }

func (s *source) Delete(handle any) {
	n, ok := s.held[handle.(int)]
	if !ok {
		panic(fmt.Sprint("not held, or given back twice: ", handle))
	}
	s.room += n
	delete(s.held, handle.(int))
}

func newPool(room int) (*pool.Pool, *source) {
	s := &source{room: room, held: map[int]int{}}
	return pool.New(&dev{name: "test:0"}, s), s
}

func alloc(t *testing.T, p *pool.Pool, dtype device.DType, n int) device.Slice {
	t.Helper()
	s, err := p.Alloc(dtype, n)
	if err != nil || !s.OK() || s.Len() != n || s.Type() != dtype || s.Memory().Device.Name() != "test:0" {
		t.Fatalf("Alloc(%v, %d) returns %d elements of %v, OK %v: %v", dtype, n, s.Len(), s.Type(), s.OK(), err)
	}
	return s
}

// TestPoison spoils what is freed, once.
func TestPoison(t *testing.T) {
	p, s := newPool(1000)
	first, second := alloc(t, p, device.Float32, 10), alloc(t, p, device.Float32, 10)
	handle := first.Memory().Handle
	p.Free(first)
	p.Free(device.Slice{})
	p.Free(p.Dead(device.Float32, 10))
	if len(s.spoilt) != 1 || s.spoilt[0] != handle {
		t.Errorf("memory %v was freed, and %v is spoilt", handle, s.spoilt)
	}
	p.Free(second)
	p.Flush()
	if len(s.spoilt) != 2 || len(s.held) != 0 {
		t.Errorf("after two Free and Flush, %v are spoilt and %d allocations held", s.spoilt, len(s.held))
	}
}

// TestReuse takes freed memory again where type and size are the same, and clears it.
func TestReuse(t *testing.T) {
	p, s := newPool(1000)
	first := alloc(t, p, device.Float32, 10)
	handle := first.Memory().Handle
	p.Free(first)
	if first.OK() || !first.Memory().Freed {
		t.Error("freed memory can be used")
	}
	for _, other := range []device.Slice{
		alloc(t, p, device.Float32, 9), alloc(t, p, device.Float32, 11), alloc(t, p, device.Float64, 10), alloc(t, p, device.Int32, 10),
	} {
		if other.Memory().Handle == handle {
			t.Errorf("10 freed float32 come back as %d %v", other.Len(), other.Type())
		}
	}
	if len(s.cleared) > 0 {
		t.Errorf("new memory is cleared: %v", s.cleared)
	}
	again := alloc(t, p, device.Float32, 10)
	if again.Memory().Handle != handle || len(s.cleared) != 1 || s.cleared[0] != handle {
		t.Errorf("memory %v was freed; %v comes back, and cleared is %v", handle, again.Memory().Handle, s.cleared)
	}
	if again.Memory() == first.Memory() {
		t.Error("the old slice is valid again")
	}
	if next := alloc(t, p, device.Float32, 10); next.Memory().Handle == handle {
		t.Error("the same memory is given away twice")
	}
}

// TestBroken gives back what cannot be cleared, and fails.
func TestBroken(t *testing.T) {
	p, s := newPool(1000)
	s.broken = errors.New("broken")
	p.Free(alloc(t, p, device.Float32, 10))
	if again, err := p.Alloc(device.Float32, 10); !errors.Is(err, s.broken) || again.OK() || again.Len() != 10 || p.InUse() != 0 || len(s.held) != 0 {
		t.Errorf("Alloc: OK %v, %d elements, %v; %d bytes in use, %d allocations held", again.OK(), again.Len(), err, p.InUse(), len(s.held))
	}
	alloc(t, p, device.Float32, 10)
}

func TestCounts(t *testing.T) {
	p, _ := newPool(1000)
	x, y := alloc(t, p, device.Float64, 10), alloc(t, p, device.Int32, 3)
	alloc(t, p, device.Float32, 0)
	if p.InUse() != 92 || p.Allocs() != 3 {
		t.Errorf("%d bytes in use after %d calls, want 92 after 3", p.InUse(), p.Allocs())
	}
	p.Free(x)
	if p.InUse() != 12 {
		t.Errorf("%d bytes in use, want 12", p.InUse())
	}
	if _, err := p.Alloc(device.Float64, 5000); err == nil || p.InUse() != 12 || p.Allocs() != 4 {
		t.Errorf("after an allocation that failed (%v), %d bytes in use and %d calls, want 12 and 4", err, p.InUse(), p.Allocs())
	}
	p.Free(y)
	p.Free(p.Dead(device.Float64, 10))
	p.Free(device.Slice{})
	if p.InUse() != 0 {
		t.Errorf("%d bytes in use, want none", p.InUse())
	}
}

// TestFlush asks for more than there is beside what was freed: that must be given back before it fails.
func TestFlush(t *testing.T) {
	p, s := newPool(100)
	x, y := alloc(t, p, device.Float32, 60), alloc(t, p, device.Float32, 40)
	p.Free(x)
	alloc(t, p, device.Float32, 50)
	p.Free(y)
	if got, err := p.Alloc(device.Float32, 70); !errors.Is(err, device.ErrOutOfMemory) || got.OK() || got.Len() != 70 || got.Memory().Freed {
		t.Errorf("70 of 50 elements: OK %v, %v", got.OK(), err)
	}
	if s.room != 50 {
		t.Errorf("room for %d, want 50: what was freed is kept where memory runs out", s.room)
	}
	alloc(t, p, device.Float32, 50)
}

// TestEachFailure has each call of New fail in turn. What the pool says that it holds must be what the source holds.
func TestEachFailure(t *testing.T) {
	for n := 1; ; n++ {
		p, s := newPool(1000)
		s.fail = n
		var live []device.Slice
		for _, size := range []int{10, 20, 10, 30} {
			x, err := p.Alloc(device.Float32, size)
			if err != nil || !x.OK() {
				t.Fatalf("call %d of New fails once, and Alloc with it: %v", n, err) // though a second call would do
			}
			live = append(live, x)
			if len(live) == 2 {
				p.Free(live[0])
				live = live[1:]
			}
		}
		for _, x := range live {
			p.Free(x)
		}
		p.Close()
		if len(s.held) != 0 || s.room != 1000 || p.InUse() != 0 {
			t.Fatalf("call %d of New fails: %d handles are left", n, len(s.held))
		}
		if s.calls < n {
			return
		}
	}
}

func TestClose(t *testing.T) {
	p, s := newPool(1000)
	x, y := alloc(t, p, device.Float32, 10), alloc(t, p, device.Float32, 20)
	p.Free(y)
	p.Close()
	if len(s.held) != 0 || p.InUse() != 0 || x.OK() || !x.Memory().Freed {
		t.Errorf("after Close, %d handles are held, %d bytes in use, and memory is OK: %v", len(s.held), p.InUse(), x.OK())
	}
	p.Close()
}

func TestMisuse(t *testing.T) {
	p, _ := newPool(1000)
	other := pool.New(&dev{name: "test:1"}, &source{room: 10, held: map[int]int{}})
	foreign, err := other.Alloc(device.Float32, 3)
	if err != nil {
		t.Fatal(err)
	}
	freed := alloc(t, p, device.Float64, 7)
	p.Free(freed)
	x := alloc(t, p, device.Float32, 10)
	for message, s := range map[string]device.Slice{
		"test:0: Free of memory of another device, test:1":                         foreign,
		"test:0: Free of 7 elements of float64 that are freed already":             freed,
		"test:0: Free of elements 2 to 10 of an allocation of 10, want the whole":  x.Slice(2, 10),
		"test:0: Free of elements 0 to 9 of an allocation of 10, want the whole":   x.Slice(0, 9),
		"test:0: Free of elements 10 to 10 of an allocation of 10, want the whole": x.Slice(10, 10),
	} {
		func() {
			defer func() {
				if m, ok := recover().(*device.Misuse); !ok || m.Error() != message {
					t.Errorf("got %v, want the Misuse %q", m, message)
				}
			}()
			p.Free(s)
		}()
	}
	if p.InUse() != 40 || !x.OK() {
		t.Errorf("%d bytes in use after misuse, want 40", p.InUse())
	}
}

// TestSizesThatNeverComeBack keeps no more of them than was ever in use at a time.
func TestSizesThatNeverComeBack(t *testing.T) {
	p, s := newPool(1_000_000)
	for n := 1; n <= 1000; n++ {
		p.Free(alloc(t, p, device.Float32, n))
	}
	held := 0
	for _, n := range s.held {
		held += n
	}
	if held > 1000 {
		t.Errorf("%d elements are held after 1000 sizes of at most 1000 came and went", held)
	}
}
