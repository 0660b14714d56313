package device

import (
	"fmt"
	"math/bits"
	"strings"
)

// Check is what every backend does before it runs a kernel. It panics with a Misuse that states every operand's shape,
// unless the operands fit together and are memory of d in use, of which nothing that k writes overlaps anything else
// that it names. It tells whether all operands were really allocated. ops is scratch memory of the caller's; Check
// returns it grown, with the operands.
func Check(d Device, k Kernel, ops []Operand) (_ []Operand, allocated bool) {
	ops = k.Operands(ops[:0])
	allocated, err := usable(d, ops)
	if err == nil {
		err = k.Check()
	}
	if err == nil {
		err = disjoint(ops)
	}
	if err != nil {
		Panicf("kernels.%s: %v (%s)", k.Name(), err, Describe(ops))
	}
	return ops, allocated
}

// usable tells which operand is no memory of d that its shape describes, nil if all are, and whether all were allocated.
func usable(d Device, ops []Operand) (allocated bool, err error) {
	allocated = true
	for i := range ops {
		o := &ops[i]
		m := o.mem
		switch {
		case m == nil:
		case m.Freed:
			return false, fmt.Errorf("operand %s was freed", o.Name)
		case m.Device != d:
			if m.Device.Name() == d.Name() {
				return false, fmt.Errorf("operand %s is memory of another opening of %s", o.Name, d.Name())
			}
			return false, fmt.Errorf("operand %s is memory of %s, not of %s", o.Name, m.Device.Name(), d.Name())
		case !fits(o.Shape, o.n):
			return false, fmt.Errorf("operand %s has shape %v but %d elements", o.Name, o.Shape, o.n)
		case m.Handle == nil:
			allocated = false
		}
	}
	return allocated, nil
}

// disjoint tells which operand overlaps one that is written and may not; nil if none does.
func disjoint(ops []Operand) error {
	for i := range ops {
		w := &ops[i]
		if w.Access&Write == 0 {
			continue
		}
		for j := range ops {
			o := &ops[j]
			if i == j || !w.Overlaps(o.Slice) {
				continue
			}
			if inPlace := w.Access&InPlace != 0 && o.Access&Write == 0; inPlace && w.Slice == o.Slice {
				continue
			}
			return fmt.Errorf("operand %s overlaps %s, which the kernel writes", o.Name, w.Name)
		}
	}
	return nil
}

// fits tells whether n is the number of elements of a shape, which may be more than an int can count.
func fits(shape []int, n int) bool {
	size, over := uint(1), uint(0)
	for _, d := range shape {
		var high uint
		high, size = bits.Mul(size, uint(d))
		if over |= high; d <= 0 {
			if d < 0 {
				return false
			}
			over = 0 // an axis of none empties what is too large
		}
	}
	return over == 0 && size == uint(n)
}

// Describe is operands with their types and shapes: "C float32 [2 3], A float32 [2 4], B float32 [4 3]".
func Describe(ops []Operand) string {
	var b strings.Builder
	for _, o := range ops {
		if o.IsZero() {
			continue
		}
		if b.Len() > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%s %v %v", o.Name, o.Type(), o.Shape)
	}
	return b.String()
}
