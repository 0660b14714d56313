package debug

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

// checker is the engine: it does its work on d, and checks it.
type checker struct {
	d        device.Device
	shadow   *shadow // nil for none
	allowNaN bool

	count        int          // operations so far
	reported     map[int]bool // the operations whose NaN was reported; 0 stands for one not known
	late         error        // what was found where there was no error to return
	ops          []device.Operand
	states       [3]int   // the shape of a recurrent kernel's states
	blocks       []*block // of ops, each once
	after        []byte   // what they hold after the kernel
	translations map[reflect.Type]*translation
}

func newChecker(d device.Device, allowNaN bool) *checker {
	return &checker{d: d, allowNaN: allowNaN, reported: map[int]bool{0: true}, translations: map[reflect.Type]*translation{}}
}

func (c *checker) Info() device.Info { return c.d.Info() }

// begin counts an operation, and returns what was found since the last one.
func (c *checker) begin() error {
	err := c.late
	c.late = nil
	c.count++
	return err
}

func (c *checker) Upload(dst device.Slice, src []byte) error {
	if err := c.begin(); err != nil {
		return err
	}
	b, by := blockOf(dst), operation{"Upload", c.count}
	copy(part(dst, b.host), src)
	b.record(dst.Offset(), dst.Offset()+dst.Len(), origin{by, by})
	return c.write(within(dst), src)
}

func (c *checker) Download(dst []byte, src device.Slice) error {
	if err := c.Sync(); err != nil {
		return err
	}
	if err := c.verify(blockOf(src)); err != nil {
		return err
	}
	copy(dst, part(src, blockOf(src).host))
	return nil
}

func (c *checker) Sync() error {
	err := c.late
	c.late = nil
	return errors.Join(err, c.d.Sync())
}

func (c *checker) Close() error {
	err := c.late
	if c.shadow != nil {
		err = errors.Join(err, c.shadow.d.Close())
	}
	return errors.Join(err, c.d.Close())
}

// Run does a kernel on the checked device and checks what it did.
func (c *checker) Run(k device.Kernel, _ func()) error {
	if err := c.begin(); err != nil {
		return err
	}
	c.ops = c.operands(k)
	err := c.prepare()
	if err == nil {
		c.d.Launch(c.translate(k))
		err = c.fetch()
	}
	if err == nil {
		err = c.judge(k)
		if err == nil && c.shadow != nil {
			err = c.shadow.compare(k, c.ops)
		}
		err = cmp.Or(err, c.settle())
	}
	if err != nil {
		return fmt.Errorf("operation %d: %w (%s)", c.count, err, device.Describe(c.ops))
	}
	return nil
}

// operands is the kernel's operands, one that is read and written in different parts as two.
func (c *checker) operands(k device.Kernel) []device.Operand {
	ops := k.Operands(c.ops[:0])
	switch k := k.(type) {
	case *kernels.RNN:
		ops = c.split(ops, 0, k.Reverse)
	case *kernels.LSTM:
		ops = c.split(c.split(ops, 0, k.Reverse), 1, k.Reverse)
	case *kernels.GRU:
		ops = c.split(ops, 0, k.Reverse)
	}
	return slices.DeleteFunc(ops, func(o device.Operand) bool { return o.IsZero() })
}

// split makes the operand of all states, the initial ones of which are read and the others written, two.
func (c *checker) split(ops []device.Operand, i int, reverse bool) []device.Operand {
	all := ops[i]
	steps, b, h := all.Shape[0]-1, all.Shape[1], all.Shape[2]
	c.states = [...]int{steps, b, h}
	first, rest := all.Slice.Slice(0, b*h), all.Slice.Slice(b*h, all.Len())
	if reverse {
		first, rest = all.Slice.Slice(steps*b*h, all.Len()), all.Slice.Slice(0, steps*b*h)
	}
	nameFirst, nameRest := parts(all.Name, reverse)
	ops[i] = device.Operand{Name: nameFirst, Access: device.Read, Array: device.Array{Slice: first, Shape: c.states[1:]}}
	return append(ops, device.Operand{Name: nameRest, Access: device.Write, Array: device.Array{Slice: rest, Shape: c.states[:]}})
}

// prepare finds the operands' blocks, checks that they hold what they should, and poisons what the kernel must not read.
func (c *checker) prepare() error {
	c.blocks = c.blocks[:0]
	for i := range c.ops {
		o := &c.ops[i]
		b := blockOf(o.Slice)
		if b.turn == c.count {
			continue
		}
		b.turn = c.count
		c.blocks = append(c.blocks, b)
		if err := c.verify(b); err != nil {
			return fmt.Errorf("before the kernel began, in the memory of %s: %w", o.Name, err)
		}
	}
	for i := range c.ops {
		if o := &c.ops[i]; c.blank(o) {
			elements := part(o.Slice, blockOf(o.Slice).host)
			poison(o.Type(), elements)
			if err := c.write(within(o.Slice), elements); err != nil {
				return err
			}
		}
	}
	return nil
}

// blank tells whether what an operand holds must not matter to the kernel: it writes it, and not in place.
func (c *checker) blank(o *device.Operand) bool {
	if o.Access&device.Read != 0 || o.Len() == 0 {
		return false
	}
	for i := range c.ops {
		if r := &c.ops[i]; r.Access&device.Read != 0 && r.Slice == o.Slice {
			return false
		}
	}
	return true
}

// fetch waits for the kernel, and downloads all that the operands' blocks hold.
func (c *checker) fetch() error {
	n := 0
	for _, b := range c.blocks {
		n += len(b.host)
	}
	left := c.room(n)
	for _, b := range c.blocks {
		b.after, left = left[:len(b.host)], left[len(b.host):]
		if err := c.d.Download(b.after, b.memory); err != nil {
			c.forget()
			return err
		}
	}
	return nil
}

// forget takes what is there after a kernel that failed.
func (c *checker) forget() {
	for _, b := range c.blocks {
		if c.d.Download(b.host, b.memory) != nil {
			return // it is the device that fails
		}
		b.record(0, b.memory.Len(), origin{})
	}
}

// settle tells whether the kernel wrote nothing but what it should. Whatever was found, it is over then.
func (c *checker) settle() error {
	for i := range c.ops {
		if o := &c.ops[i]; o.Access&device.Write != 0 {
			copy(part(o.Slice, blockOf(o.Slice).host), after(o))
		}
	}
	var found error
	for _, b := range c.blocks {
		if err := b.settle(b.after); err != nil && found == nil {
			found = c.trespass(b, err)
		}
	}
	return found
}

// trespass is the error where a kernel changed what it should not in a block.
func (c *checker) trespass(b *block, change *change) error {
	name := ""
	for i := range c.ops {
		o := &c.ops[i]
		if blockOf(o.Slice) != b {
			continue
		}
		if at := change.at - o.Offset(); at >= 0 && at < o.Len() {
			return fmt.Errorf("%v is %v and was %v, but the kernel should only read it", element{o, at}, change.is, change.was)
		}
		if name == "" || o.Access&device.Write != 0 {
			name = o.Name
		}
	}
	return fmt.Errorf("the kernel wrote what is none of its operands, in the memory of %s: %w", name, change)
}

// room is memory for n bytes, until the next call.
func (c *checker) room(n int) []byte {
	if cap(c.after) < n {
		c.after = make([]byte, n)
	}
	return c.after[:n]
}

// A translation is a kernel whose operands lie in the checked device's memory.
type translation struct {
	kernel reflect.Value
	arrays []*device.Array
}

// translate is k for the checked device. It is good until the next kernel of that type, and allocates only for the first.
func (c *checker) translate(k device.Kernel) device.Kernel {
	v := reflect.ValueOf(k).Elem()
	t := c.translations[v.Type()]
	if t == nil {
		t = &translation{kernel: reflect.New(v.Type())}
		for i := range v.NumField() {
			if a, ok := t.kernel.Elem().Field(i).Addr().Interface().(*device.Array); ok {
				t.arrays = append(t.arrays, a)
			}
		}
		c.translations[v.Type()] = t
	}
	t.kernel.Elem().Set(v)
	for _, a := range t.arrays {
		if !a.IsZero() {
			a.Slice = within(a.Slice)
		}
	}
	return t.kernel.Interface().(device.Kernel)
}
