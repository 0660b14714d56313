package gpu

import (
	"fmt"
	"math"

	"github.com/keisan-go/keisan/device"
)

// A residence is how a GPU's groups share a recurrence that they stay in for all steps: each keeps slice columns of the
// weights in local memory and computes batch rows of them, tile×tile results a work-item. It brings in slab vectors of four
// terms of each row at a time.
type residence struct{ batch, slice, tile, slab int }

func (r residence) items() int { return r.batch / r.tile * (r.slice / r.tile) }

// groups is how many groups there are along n and m.
func (r residence) groups(m, n int) [2]int {
	return [2]int{(n + r.slice - 1) / r.slice, (m + r.batch - 1) / r.batch}
}

// local is the bytes of local memory that a group needs for n terms, as rnn.cl lays them out.
func (r residence) local(t device.DType, n int) int64 {
	return int64(r.slice*pitch(quads(n))+r.batch*pitch(r.slab)) * 4 * int64(t.Size())
}

func quads(n int) int { return (n + 3) / 4 }

func pitch(quads int) int { return quads | 1 }

// residenceFor is how groups, at most one to a compute unit, share a recurrence of m rows and n columns; false if launches
// of one step each are faster, or the weights do not fit.
//
// In one launch a step costs a barrier instead of a launch, perhaps half of that, and its weights are there already. What
// comes first, bringing them in and clearing the barrier, costs about two steps' launches. The price is small tiles, since
// local memory is full of weights: from some thousand results a group on, a step is bound by reading operands from local
// memory, and product's larger tiles, with up to four times the arithmetic to a read, make up for their launches.
//
// The widest slices that fit are best: there are fewer groups for one to wait for, and more to share the rows, so that each
// brings in fewer of them.
func (c class) residenceFor(t device.DType, steps, m, n int) (residence, bool) {
	const (
		worth = 3    // steps
		most  = 1024 // results of a group
		slab  = 8 << 10
	)
	if c.cpu || steps < worth {
		return residence{}, false
	}
	for _, slice := range []int{64, 32, 16, 8} {
		r := residence{batch: 1, slice: slice, tile: 1}
		slices := r.groups(m, n)[0]
		if slices > c.units || int64(steps)*int64(slices) > math.MaxInt32 { // arrivals at the barrier
			break
		}
		for r.batch*(c.units/slices) < m {
			r.batch *= 2
		}
		switch results := r.batch * slice; {
		case results > most:
			continue
		case results > most/2:
			r.tile = 4
		case results > most/8:
			r.tile = 2
		}
		r.slab = min(quads(n), slab/(4*t.Size())/r.batch)
		if r.local(t, n) <= c.local && r.items() <= c.lanes {
			return r, true
		}
	}
	return residence{}, false
}

// recur queues a product that repeats, as repeat does: all steps in one launch, or one launch a step. A is what C was the
// step before, and the rows of D are as far apart as those of C.
func (d *gpu) recur(p *product, steps, stride int) {
	if !d.stay(p, steps, stride) {
		d.repeat(p, steps, stride)
	}
}

// stay queues it as one launch. It returns false if the groups would not all run at once, or for other reasons should not.
func (d *gpu) stay(p *product, steps, stride int) bool {
	driver, ok := d.driver.(Resident)
	if !ok {
		return false
	}
	t := p.c.Type()
	r, ok := d.class.residenceFor(t, steps, p.m, p.n)
	if !ok {
		return false
	}
	c := d.start("rnn", "recurrence", t, define{"BATCH", r.batch}, define{"SLICE", r.slice}, define{"TILE", r.tile},
		define{"TERMS", p.n}, define{"SLAB", r.slab}, define{"FINISH", int(p.f)}, define{"F", int(p.of)})
	if d.err != nil {
		return true
	}
	g := geometry{r.groups(p.m, p.n), [2]int{d.class.lanes, 1}}
	resident, err := driver.Residency(c.f, g.items[0])
	if err != nil {
		d.fail(fmt.Errorf("how many groups of recurrence run at once: %w", err))
		return true
	}
	if resident < g.groups[0]*g.groups[1] {
		return false
	}
	const apart = 32 // arrivals in rnn.cl
	arrivals := g.groups[1] * apart
	room := d.scratch.take(d, device.Int32, int64(arrivals))
	if d.err == nil {
		d.fail(d.driver.Clear(room, int64(arrivals*device.Int32.Size())))
	}
	p.layOut()
	c.arrays(p.c, p.d, p.e, p.b).buffer(room, 0).ints(p.m, p.bk, p.bn, steps, stride).
		smalls(aligned(p.c, 0, p.n, 1)).launch(g)
	return true
}
