package layers

import (
	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
	"github.com/keisan-go/keisan/tensor"
)

// A carry is the states of a recurrent layer over a sequence, and the one that it carries to the next.
type carry struct {
	all                 *tensor.Tensor // [T+1, B, H]
	first, states, last *tensor.Tensor // views of it: the initial state [B, H], the others [T, B, H], the last one [B, H]
	reverse             bool           // the initial state is at the end
	given               *tensor.Tensor // the state that set was given
	next                *tensor.Tensor // the state to begin with: last, given, or nil for zero
	copy                kernels.Copy
}

// check panics unless the state, if there is one, is of a batch of so many rows. name is the layer's.
func (c *carry) check(name string, x *tensor.Tensor, batch int) {
	if c.next != nil && !c.next.OK() { // its memory could not be had, which the device reported
		c.next = nil
	}
	if c.next != nil && c.next.Shape()[0] != batch {
		device.Panicf("layers.%s: x is %v, a batch of %d, and the state is carried from a batch of %d; want the same, or ResetState before",
			name, x, batch, c.next.Shape()[0])
	}
}

// begin makes room for the states of a sequence and puts the first one in its place.
func (c *carry) begin(o *owned, like *tensor.Tensor, reverse bool, steps, batch, hidden int) {
	all := c.all
	if all == nil || !all.OK() || all.Shape()[0] != steps+1 || all.Shape()[1] != batch || c.reverse != reverse {
		if c.next != nil {
			c.set(o, c.next) // a copy, before the states go that it may be one of
		}
		c.states = nil
		all = o.room(&c.all, like, steps+1, batch, hidden)
		first, last := all.Slice(0, 1), all.Slice(steps, steps+1)
		c.states = all.Slice(1, steps+1)
		if reverse {
			first, last, c.states = last, first, all.Slice(0, steps)
		}
		c.first, c.last, c.reverse = first.Reshape(batch, hidden), last.Reshape(batch, hidden), reverse
	}
	if c.next != nil {
		c.copy = kernels.Copy{Dst: c.first.Array(), Src: c.next.Array()}
		like.Device().Launch(&c.copy)
	} else {
		c.first.Fill(0)
	}
}

// set makes a copy of h [B, H] the state to begin with.
func (c *carry) set(o *owned, h *tensor.Tensor) {
	if h == c.given {
		c.next = h
		return
	}
	if c.given != nil && h.Array().Overlaps(c.given.Array().Slice) { // a part of what room may give back
		part := tensor.New(h.Device(), h.DType(), h.Shape()...)
		defer part.Free()
		part.Copy(h)
		h = part
	}
	c.next = o.room(&c.given, h, h.Shape()...)
	c.copy = kernels.Copy{Dst: c.next.Array(), Src: h.Array()}
	h.Device().Launch(&c.copy)
}
