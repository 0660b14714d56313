package kernels

import (
	"fmt"

	"github.com/keisan-go/keisan/device"
)

// sequence tells whether the operands that a recurrent kernel's sizes are read from have the axes that it takes. Wh has
// so many columns.
func sequence(x, wh *Array, cols string) error {
	err := first(float("X", x, 3), float("Wh", wh, 2))
	if err == nil && (len(x.Shape) != 3 || len(wh.Shape) != 2) {
		err = fmt.Errorf("operand X is %v and Wh %v, want [T B I] and [H %s]", x.Shape, wh.Shape, cols)
	}
	return err
}

// sizes is the number of steps, rows of the batch, inputs and hidden units of a recurrent kernel.
func sizes(x, wh *Array) (t, b, i, h int) {
	return x.Shape[0], x.Shape[1], x.Shape[2], wh.Shape[0]
}

// Step is the step that comes nth of those of a recurrent kernel, and before and after which states: t, t+1 or, in
// reverse, t+1, t.
func Step(reverse bool, steps, n int) (t, before, after int) {
	if reverse {
		t = steps - 1 - n
		return t, t + 1, t
	}
	return n, n, n + 1
}

// gradCost is what the gradient k of a recurrent kernel with so many gates costs: two products for each of the two forward,
// but for that of dx where it is left out.
func gradCost(k interface {
	device.Kernel
	Dims() (t, b, i, h int)
}, dx Array, gates int) device.Cost {
	t, b, i, h := k.Dims()
	terms := 2 * (i + h)
	if dx.IsZero() {
		terms -= i
	}
	return device.Cost{Ops: 2 * int64(gates) * int64(t) * int64(b) * int64(h) * int64(terms), Bytes: bytes(k)}
}
