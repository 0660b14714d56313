package debug

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"fmt"
	"math"

	"github.com/keisan-go/keisan/device"
)

// margin is how many elements the guard on each side of an allocation has. It keeps what lies between them as aligned as
// an allocation is.
const margin = 64

// A block is one allocation: memory of the checked device with a guard on each side, and what it should hold.
type block struct {
	memory device.Slice // the guards included
	host   []byte       // what should be in memory
	spans  []span       // who wrote what
	after  []byte       // what is in memory, once a kernel is done
	turn   int          // the last kernel that has it as an operand
}

// blockOf is the allocation that a slice of the queue's is part of.
func blockOf(s device.Slice) *block { return s.Memory().Handle.(*block) }

// within is where the checked device has a slice of the queue's.
func within(s device.Slice) device.Slice {
	lo := margin + s.Offset()
	return blockOf(s).memory.Slice(lo, lo+s.Len())
}

// part is a slice's bytes in those of its block.
func part(s device.Slice, of []byte) []byte {
	size := s.Type().Size()
	lo := (margin + s.Offset()) * size
	return of[lo : lo+s.Len()*size]
}

// inner is a block's bytes between the guards.
func (b *block) inner(of []byte) []byte {
	guard := margin * b.memory.Type().Size()
	return of[guard : len(of)-guard]
}

// poisons is what nobody should read: NaN that no arithmetic makes, and an integer that is no index.
var poisons = map[device.DType][]byte{
	device.Float32: device.Bytes([]float32{math.Float32frombits(0x7fc0dead)}),
	device.Float64: device.Bytes([]float64{math.Float64frombits(0x7ff8dead_dead_dead)}),
	device.Int32:   device.Bytes([]int32{-0x5ead_dead}),
}

// poison fills b, elements of type t.
func poison(t device.DType, b []byte) {
	for n := copy(b, poisons[t]); n < len(b); n *= 2 {
		copy(b[n:], b[:n])
	}
}

// number is element i of b.
func number(t device.DType, b []byte, i int) float64 {
	switch t {
	case device.Float32:
		return float64(math.Float32frombits(binary.NativeEndian.Uint32(b[4*i:])))
	case device.Float64:
		return math.Float64frombits(binary.NativeEndian.Uint64(b[8*i:]))
	}
	return float64(int32(binary.NativeEndian.Uint32(b[4*i:])))
}

// shown is a number as an error shows it: with the digits that its type has.
func shown(t device.DType, v float64) any {
	if t == device.Float32 {
		return float32(v)
	}
	return v
}

// New allocates memory with its guards.
func (c *checker) New(t device.DType, n int) (any, error) {
	if n > math.MaxInt/t.Size()-2*margin {
		return nil, fmt.Errorf("more than can be addressed: %w", device.ErrOutOfMemory)
	}
	b := &block{memory: c.d.Alloc(t, n+2*margin)}
	if err := c.d.Sync(); err != nil {
		c.d.Free(b.memory)
		return nil, err
	}
	b.host = make([]byte, (n+2*margin)*t.Size())
	poison(t, b.host)
	clear(b.inner(b.host))
	if err := c.write(b.memory, b.host); err != nil {
		c.d.Free(b.memory)
		return nil, err
	}
	return b, nil
}

// Poison spoils what is freed.
func (c *checker) Poison(handle any) {
	b := handle.(*block)
	err := c.verify(b)
	if err != nil {
		err = fmt.Errorf("memory that is being freed: %w", err)
	}
	b.spans = b.spans[:0]
	poison(b.memory.Type(), b.host)
	c.late = cmp.Or(c.late, err, c.write(b.memory, b.host))
}

// Clear sets to zero what was freed, and spoilt since.
func (c *checker) Clear(handle any) error {
	b := handle.(*block)
	if err := c.verify(b); err != nil {
		return fmt.Errorf("memory that is freed: %w", err)
	}
	clear(b.inner(b.host))
	return c.write(b.memory, b.host)
}

func (c *checker) Delete(handle any) { c.d.Free(handle.(*block).memory) }

// write uploads, and waits for it.
func (c *checker) write(dst device.Slice, src []byte) error {
	c.d.Upload(dst, src)
	return c.d.Sync()
}

// verify tells whether a block holds what it should. It is over then: the block should hold what it holds.
func (c *checker) verify(b *block) error {
	now := c.room(len(b.host))
	if err := c.d.Download(now, b.memory); err != nil {
		return err
	}
	if change := b.settle(now); change != nil {
		return change
	}
	return nil
}

// settle tells whether a block holds what it should, given what it holds, and then takes it as it is.
func (b *block) settle(now []byte) *change {
	if bytes.Equal(now, b.host) {
		return nil
	}
	t := b.memory.Type()
	size, i := t.Size(), 0
	for bytes.Equal(now[i*size:(i+1)*size], b.host[i*size:(i+1)*size]) {
		i++
	}
	is, was := number(t, now, i), number(t, b.host, i)
	copy(b.host, now)
	return &change{at: i - margin, n: b.memory.Len() - 2*margin, is: shown(t, is), was: shown(t, was), by: b.origin(i - margin).by}
}

// A change is the error where memory is not what it should be: element at of n or, if it is none of them, of a guard.
type change struct {
	at, n   int
	is, was any
	by      operation // the last that wrote the element
}

func (e *change) Error() string {
	if e.at < 0 || e.at >= e.n {
		return fmt.Sprintf("out of bounds, at element %d of %d", e.at, e.n)
	}
	s := fmt.Sprintf("element %d of %d is %v and was %v", e.at, e.n, e.is, e.was)
	if e.by.number > 0 {
		s += fmt.Sprintf(" since %v", e.by)
	}
	return s
}
