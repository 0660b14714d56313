package cpu

import (
	"runtime"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

// A course is how the rows of a batch go through the steps of a sequence: onwards or in reverse, and each as far as its
// length.
type course struct {
	steps, batch, hidden int
	reverse              bool
	lengths              []int32 // nil if all rows take all steps
}

// step is the one that comes nth, and before and after which states.
func (c *course) step(n int) (t, before, after int) { return kernels.Step(c.reverse, c.steps, n) }

// takes tells whether row i takes step t.
func (c *course) takes(t, i int) bool { return c.lengths == nil || t < int(c.lengths[i]) }

// ends is the first and the last of the steps that row i takes, one after the other; false if it takes none.
func (c *course) ends(i int) (first, last int, ok bool) {
	n := c.steps
	if c.lengths != nil {
		n = max(0, min(n, int(c.lengths[i])))
	}
	if c.reverse {
		return n - 1, 0, n > 0
	}
	return 0, n - 1, n > 0
}

// row is row i of the batch at step t.
func (c *course) row(t, i int) int { return (t*c.batch + i) * c.hidden }

// worthRows is how many rows of a batch are worth a goroutine of their own, for a layer with so many gates.
func (c *course) worthRows(gates int) int {
	return 1 + int(1<<18/(1+float64(gates)*float64(c.steps)*float64(c.hidden)*float64(c.hidden)))
}

// sharing is how many processors share each step by parts of the hidden units, at least width each, of which the weights
// have so many elements; 1 if they take rows instead, of which each has to read all weights. few is how many rows are too few
// for a processor to read weights for that may stay in its second cache level.
func (c *course) sharing(weights, width, few int) int {
	const worthPart = 1 << 15 // elements of a weight that are worth a wait for another processor, some 0.5 µs
	if weights > 1<<18 {
		few = 16 // to read weights for that are further away
	}
	procs := runtime.GOMAXPROCS(0)
	if c.batch >= few*procs {
		return 1
	}
	return max(1, min(procs, c.panels(width), weights/worthPart))
}

// shares is sharing by hidden units, for a layer with so many gates whose weights can be divided after so many columns.
func (c *course) shares(gates, width int) int {
	if c.hidden%width != 0 || c.steps < 2 {
		return 1
	}
	return c.sharing(gates*c.hidden*c.hidden, width, 2)
}

// panels is how many times width the hidden units are, the last of which may be less.
func (c *course) panels(width int) int { return (c.hidden + width - 1) / width }

// share is the hidden units of one of such parts, each but the last a multiple of width.
func (c *course) share(part, parts, width int) (from, to int) {
	n := c.panels(width)
	return part * n / parts * width, min((part+1)*n/parts*width, c.hidden)
}

// before is the states that steps begin with, of all that there are.
func before[T device.Float](c *course, states []T) []T {
	if c.reverse {
		return states[c.row(1, 0):]
	}
	return states[:c.row(c.steps, 0)]
}

// after is the states that steps end with.
func after[T device.Float](c *course, states []T) []T {
	if c.reverse {
		return states[:c.row(c.steps, 0)]
	}
	return states[c.row(1, 0):]
}

// begin makes x what it begins with, zero if that is left out.
func begin[T device.Float](x, with []T) {
	clear(x)
	copy(x, with)
}
