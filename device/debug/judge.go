package debug

import (
	"bytes"
	"fmt"
	"math"
	"strings"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

// An element is one number of an operand.
type element struct {
	o *device.Operand
	i int
}

// String is the element as "C[3,5]"; a scalar's is "Loss".
func (e element) String() string {
	shape := e.o.Shape
	if len(shape) == 0 {
		return e.o.Name
	}
	at, i := make([]string, len(shape)), e.i
	for axis := len(shape) - 1; axis >= 0; axis-- {
		at[axis] = fmt.Sprint(i % shape[axis])
		i /= shape[axis]
	}
	return e.o.Name + "[" + strings.Join(at, ",") + "]"
}

// before is an operand's bytes before the kernel.
func before(o *device.Operand) []byte { return part(o.Slice, blockOf(o.Slice).host) }

// after is an operand's bytes after the kernel.
func after(o *device.Operand) []byte { return part(o.Slice, blockOf(o.Slice).after) }

func isInf(v float64) bool { return math.IsInf(v, 0) }

// first is the first element of this kind among the operands with this access.
func (c *checker) first(access device.Access, bytes func(*device.Operand) []byte, is func(float64) bool) (element, bool) {
	for i := range c.ops {
		if o := &c.ops[i]; o.Access&access != 0 {
			b, t := bytes(o), o.Type()
			for i := range o.Len() {
				if is(number(t, b, i)) {
					return element{o, i}, true
				}
			}
		}
	}
	return element{}, false
}

// judge tells what is wrong with what the kernel wrote, and records where it comes from.
func (c *checker) judge(k device.Kernel) error {
	by := operation{k.Name(), c.count}
	err := c.unwritten()
	root := by
	if err == nil {
		root, err = c.trace(k, by)
	}
	if err != nil {
		c.reported[root.number] = true
	}
	for i := range c.ops {
		if o := &c.ops[i]; o.Access&device.Write != 0 {
			blockOf(o.Slice).record(o.Offset(), o.Offset()+o.Len(), origin{by, root})
		}
	}
	return err
}

// unwritten tells which element is still poison.
func (c *checker) unwritten() error {
	for i := range c.ops {
		o := &c.ops[i]
		if o.Access&device.Write == 0 || !c.blank(o) {
			continue
		}
		b, poison := after(o), poisons[o.Type()]
		for i := range o.Len() {
			if bytes.Equal(b[i*len(poison):(i+1)*len(poison)], poison) {
				return fmt.Errorf("%v is not written, or made of what was there before", element{o, i})
			}
		}
	}
	return nil
}

// trace finds the operation that a NaN or Inf which the kernel made, if it made one, comes from: an earlier one or the
// kernel. It is an error if it is a NaN whose origin was not reported yet.
func (c *checker) trace(k device.Kernel, by operation) (root operation, err error) {
	nan, isNaN := c.first(device.Write, after, math.IsNaN)
	if !isNaN {
		if _, ok := c.first(device.Write, after, isInf); !ok {
			return by, nil
		}
	}
	silent := !isNaN || c.allowNaN
	if was, ok := c.first(device.Read, before, math.IsNaN); ok {
		root = was.origin().root
		if silent || c.reported[root.number] {
			return root, nil
		}
		return root, fmt.Errorf("%v is NaN, as %v was since %v", nan, was, root)
	}
	was, ok := c.first(device.Read, before, isInf)
	if ok {
		root = was.origin().root
	} else {
		root = by
	}
	if fill, meant := k.(*kernels.Fill); silent || meant && math.IsNaN(fill.Value) {
		return root, nil
	}
	err = fmt.Errorf("%v is NaN, and no operand had one", nan)
	if ok {
		err = fmt.Errorf("%w; %v was %v", err, was, shown(was.o.Type(), number(was.o.Type(), before(was.o), was.i)))
		if root.number > 0 {
			err = fmt.Errorf("%w since %v", err, root)
		}
	}
	return by, err
}

func (e element) origin() origin { return blockOf(e.o.Slice).origin(e.o.Offset() + e.i) }
