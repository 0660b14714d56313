package par

import (
	"runtime"
	"sync/atomic"
)

// A StepBody does one piece of one step, and must not panic either: the others wait for it, busily.
type StepBody func(arg any, step, piece int)

// A Relay goes through steps that consist of pieces which can be done at the same time, each step after the one before
// it. A goroutine does the same piece at every step, which finds in its processor's cache what it read before, but does
// those of a goroutine that is late as well: none is needed. Its zero value is ready.
type Relay struct {
	team   Team
	steps  int
	pieces []piece
	arg    any
	body   StepBody
}

// A piece is how many steps of it are begun and ended.
type piece struct {
	begun atomic.Int64
	_     line
	ended atomic.Int64
	_     line
}

// Run calls body for every step, and for every piece of it.
func (r *Relay) Run(steps, pieces int, arg any, body StepBody) {
	for len(r.pieces) < pieces {
		r.pieces = append(r.pieces, piece{})
	}
	r.pieces = r.pieces[:pieces]
	for i := range r.pieces {
		r.pieces[i].begun.Store(0)
		r.pieces[i].ended.Store(0)
	}
	r.steps, r.arg, r.body = steps, arg, body
	r.team.run(pieces, pieces, 1, r, follow)
	r.arg, r.body = nil, nil
}

// follow does piece lo at every step.
func follow(arg any, lo, _ int) {
	r := arg.(*Relay)
	late := uint64(0) // bits of pieces that this goroutine did, too, at the last step
	for step := r.pieces[lo].begun.Load(); ; step++ {
		for i := range r.pieces {
			bit := uint64(1) << (i % 64)
			for poll := 1; r.pieces[i].ended.Load() < step; poll++ {
				if late&bit != 0 || poll%(16*polls) == 0 {
					if r.try(i, step-1) {
						late |= bit
						break
					}
					late &^= bit
				}
				if poll%(256*polls) == 0 {
					runtime.Gosched()
				}
			}
		}
		if step == int64(r.steps) {
			return
		}
		r.try(lo, step)
	}
}

// try does a piece of a step unless it has been begun.
func (r *Relay) try(i int, step int64) bool {
	p := &r.pieces[i]
	if !p.begun.CompareAndSwap(step, step+1) {
		return false
	}
	r.body(r.arg, int(step), i)
	p.ended.Store(step + 1)
	return true
}
