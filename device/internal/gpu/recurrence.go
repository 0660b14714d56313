package gpu

import (
	"fmt"
	"math"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

// A recurrence is what the steps of a recurrent layer have in common: each multiplies a vector for each row by the weights
// [units, gates·units]: forward the states by wh, for one sum of each gate of a unit; back what the gates' gradients are by
// its transpose, for one sum of each unit.
type recurrence struct {
	source, function          string // which takes all steps in one launch
	back                      bool
	gates, steps, rows, units int
	f                         kernels.Activation // of an RNN
	reverse                   bool
	vectors                   device.Slice // [.., rows, terms]
	wh, lengths               device.Slice
}

// sums is how many sums a unit has, and terms how many terms each.
func (r *recurrence) sums() int {
	if r.back {
		return 1
	}
	return r.gates
}

func (r *recurrence) terms() int { return r.gates * r.units / r.sums() }

// A residence is how a GPU's groups share a recurrence that they stay in for all steps: each keeps the weights of slice units
// in local memory and computes batch rows of them, tile rows of across units a work-item. It brings in slab vectors of four
// terms of each row at a time.
type residence struct{ batch, slice, tile, slab int }

// across is tile where a unit has one sum; otherwise the sums of one unit are as good.
func (r residence) across(of *recurrence) int {
	if of.sums() > 1 {
		return 1
	}
	return r.tile
}

// items is how many work-items compute.
func (r residence) items(of *recurrence) int { return r.batch / r.tile * (r.slice / r.across(of)) }

// groups is how many groups there are along units and rows.
func (r residence) groups(of *recurrence) [2]int {
	return [2]int{(of.units + r.slice - 1) / r.slice, (of.rows + r.batch - 1) / r.batch}
}

// local is the bytes of local memory that a group needs, as the sources lay them out.
func (r residence) local(t device.DType, of *recurrence) int64 {
	return int64(r.slice*of.sums()*pitch(quads(of.terms()))+r.batch*pitch(r.slab)) * 4 * int64(t.Size())
}

func quads(terms int) int { return (terms + 3) / 4 }

func pitch(quads int) int { return quads | 1 }

// residenceFor is how groups, at most one to a compute unit, share a recurrence; false if launches of one step each are
// faster, or the weights do not fit. The figures are reasoned, not measured.
//
// In one launch a step costs a barrier, perhaps half a launch, instead of one launch or, with gates, of two, and its weights
// are there already. What comes first, bringing them in and clearing the barrier, costs about two steps' launches. The price
// is small tiles, since local memory is full of weights: from some thousand sums a group on, a step is bound by reading
// operands from local memory, and product's larger tiles, with up to four times the arithmetic to a read, make up for their
// launches. Back, a unit with gates has one sum of as many more terms, and each is counted.
//
// The widest slices that fit are best: there are fewer groups for one to wait for, and more to share the rows, so that each
// brings in fewer of them. Narrower ones than the last are for weights that fill more compute units than there are.
func (c class) residenceFor(t device.DType, of *recurrence) (residence, bool) {
	const (
		worth = 3    // steps
		most  = 1024 // sums of a group, of as many terms each as there are units
		slab  = 8 << 10
	)
	if c.cpu || of.steps < worth || of.rows == 0 || of.units == 0 {
		return residence{}, false
	}
	for _, slice := range []int{64, 32, 16, 8, 4} {
		r := residence{batch: 1, slice: slice, tile: 1}
		slices := r.groups(of)[0]
		if slices > c.units || int64(of.steps)*int64(slices) > math.MaxInt32 { // arrivals at the barrier
			break
		}
		for r.batch*(c.units/slices) < of.rows {
			r.batch *= 2
		}
		switch sums := r.batch * slice * of.sums(); {
		case r.batch*slice*of.gates > most:
			continue
		case sums > most/2:
			r.tile = 4
		case sums > most/8:
			r.tile = 2
		}
		r.tile = min(r.tile, r.batch)
		r.slab = min(quads(of.terms()), slab/(4*t.Size())/r.batch)
		if r.local(t, of) <= c.local && r.items(of) <= c.lanes {
			return r, true
		}
	}
	return residence{}, false
}

// stay queues all steps of a recurrence as one launch of its function, whose first parameters are the arrays and whose last
// the smalls. It returns false, and leaves the steps to do, if the groups would not all run at once, or for other reasons
// should not.
func (d *gpu) stay(of *recurrence, arrays []device.Slice, smalls ...int) bool {
	driver, ok := d.driver.(Resident)
	if !ok {
		return false
	}
	t := of.wh.Type()
	r, ok := d.class.residenceFor(t, of)
	if !ok {
		return false
	}
	c := d.start(of.source, of.function, t, define{"BATCH", r.batch}, define{"SLICE", r.slice}, define{"TILE", r.tile},
		define{"SLAB", r.slab}, define{"UNITS", of.units}, define{"GATES", of.gates}, define{"BACK", bit(of.back)}, define{"F", int(of.f)})
	if d.err != nil {
		return true
	}
	g := geometry{r.groups(of), [2]int{d.class.lanes, 1}}
	resident, err := driver.Residency(c.f, g.items[0])
	if err != nil {
		d.fail(fmt.Errorf("how many groups of %s run at once: %w", of.function, err))
		return true
	}
	if resident < g.groups[0]*g.groups[1] {
		return false
	}
	const apart = 32 // arrivals in recurrence.cl
	arrivals := g.groups[1] * apart
	room := d.scratch.take(d, device.Int32, int64(arrivals))
	if d.err == nil {
		d.fail(d.driver.Clear(room, int64(arrivals*device.Int32.Size())))
	}
	c.arrays(arrays...).arrays(of.lengths, of.wh).buffer(room, 0).ints(of.rows, of.steps).
		smalls(bit(of.reverse), bit(!of.lengths.IsZero()), aligned(of.vectors, 0, of.terms(), 1)).smalls(smalls...).launch(g)
	return true
}
