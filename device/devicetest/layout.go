package devicetest

import (
	"bytes"
	"fmt"
	"math"
	"slices"

	"github.com/keisan-go/keisan/device"
)

// A layout is a trial's operands in the device's memory.
type layout struct {
	d      device.Device
	blocks []*block
	of     map[string]*block // the block that an operand is in
	arrays map[string]device.Array
}

// A block is an allocation around an operand.
type block struct {
	name   string // the operand's
	dtype  device.DType
	memory device.Slice
	lo, hi int    // where the operand is, in bytes
	before []byte // what the allocation holds before a launch, and
	after  []byte // after it
	blank  bool   // nothing is in the operand before the launch
	access device.Access
}

// operand is what the operand holds after a launch.
func (b *block) operand() []byte { return b.after[b.lo:b.hi] }

// place allocates the trial's operands, which hold these values.
func (tr *trial) place(d device.Device, p placement, values map[string][]float64) *layout {
	l := &layout{d: d, of: map[string]*block{}, arrays: map[string]device.Array{}}
	for i := range tr.operands {
		if o := &tr.operands[i]; o.name != p.out {
			b := newBlock(tr.typeOf(o), values[o.name], i, p.guarded)
			b.name, b.blank = o.name, o.fill == nil
			b.memory = d.Alloc(b.dtype, len(b.before)/b.dtype.Size())
			l.blocks = append(l.blocks, b)
			l.of[o.name] = b
		}
	}
	if p.out != "" {
		l.of[p.out] = l.of[p.onto]
	}
	access := tr.access()
	for _, o := range tr.operands {
		b := l.of[o.name]
		b.access |= access[o.name]
		size := b.dtype.Size()
		l.arrays[o.name] = device.Array{Slice: b.memory.Slice(b.lo/size, b.hi/size), Shape: o.shape}
	}
	return l
}

// newBlock is the ith operand with these values. Guards are longer than any vector, and those before the operands differ
// in length, so that no two operands are aligned alike.
func newBlock(t device.DType, values []float64, i int, guarded bool) *block {
	b := &block{dtype: t, before: encode(t, values)}
	b.hi = len(b.before)
	if guarded {
		front := bytes.Repeat(guard(t), 33+i)
		b.before = slices.Concat(front, b.before, bytes.Repeat(guard(t), 32))
		b.lo += len(front)
		b.hi += len(front)
	}
	b.after = make([]byte, len(b.before))
	return b
}

// launch fills the blocks, launches the kernel and reads the blocks.
func (l *layout) launch(k device.Kernel) error {
	for _, b := range l.blocks {
		l.d.Upload(b.memory, b.before)
	}
	l.d.Launch(k)
	for _, b := range l.blocks {
		if err := l.d.Download(b.after, b.memory); err != nil {
			return err
		}
	}
	return nil
}

// untouched tells whether the guards and what the kernel only reads are as they were, and whether it wrote what it had to.
func (l *layout) untouched() error {
	for _, b := range l.blocks {
		switch written := b.access&device.Write != 0; {
		case !bytes.Equal(b.after[:b.lo], b.before[:b.lo]):
			return fmt.Errorf("the kernel wrote before the first element of %s", b.name)
		case !bytes.Equal(b.after[b.hi:], b.before[b.hi:]):
			return fmt.Errorf("the kernel wrote behind the last element of %s", b.name)
		case !written && !bytes.Equal(b.after, b.before):
			return fmt.Errorf("the kernel changed %s, which it should only read", b.name)
		case written && b.blank:
			size := b.dtype.Size()
			for i := b.lo; i < b.hi; i += size {
				if bytes.Equal(b.after[i:i+size], b.before[i:i+size]) {
					return fmt.Errorf("the kernel did not write element %d of %s", (i-b.lo)/size, b.name)
				}
			}
		}
	}
	return nil
}

// outputs is what the operands hold after a launch.
func (l *layout) outputs() map[string][]byte {
	all := map[string][]byte{}
	for _, b := range l.blocks {
		all[b.name] = slices.Clone(b.operand())
	}
	return all
}

// repeats tells whether the operands hold the same bits as after an earlier launch.
func (l *layout) repeats(outputs map[string][]byte) error {
	for _, b := range l.blocks {
		if now := b.operand(); !bytes.Equal(now, outputs[b.name]) && !bytes.Equal(oneNaN(b.dtype, now), oneNaN(b.dtype, outputs[b.name])) {
			return fmt.Errorf("the bits of %s differ", b.name)
		}
	}
	return nil
}

// oneNaN is b with the same NaN for all NaN: which of them an operation makes depends on the order of its operands, and
// IEEE 754 leaves it open.
func oneNaN(t device.DType, b []byte) []byte {
	values := decode(t, b)
	for i, v := range values {
		if math.IsNaN(v) {
			values[i] = math.NaN()
		}
	}
	return encode(t, values)
}

func (l *layout) free() {
	for _, b := range l.blocks {
		l.d.Free(b.memory)
	}
}
