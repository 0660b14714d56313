// Package par runs loops, and steps that follow one another, on several goroutines without allocating.
package par

import (
	"runtime"
	"sync/atomic"
	"time"
)

// A Team runs one loop at a time on the goroutine that asks for it and on as many helpers as GOMAXPROCS allows. Helpers
// are the program's and not the team's, so an idle Team costs nothing and needs no Close. A Team is not for concurrent
// use; its zero value is ready.
type Team struct {
	helpers []*helper
	arg     any
	body    Body
	n, step int
	wake    chan struct{} // for a Team that waits without polling

	_    line
	next atomic.Int64
	_    line
	left atomic.Int32 // helpers that are at work, and waiting if the Team is
}

// waiting is more than there are helpers.
const waiting = 1 << 30

// A line keeps apart what different processors write.
type line [128]byte

// A Body does the items lo to hi of a loop. It gets what the loop works on as arg, a pointer, instead of capturing it:
// a capturing function would be allocated at every loop. For the same reason a caller within a generic function is
// given its instantiated Body from outside. It must not panic, as nobody would wait for the helpers then.
type Body func(arg any, lo, hi int)

// For calls body over [0, n) in pieces, some of them at the same time. A helper is started if there are at least grain
// items for each goroutine, which should be some 10 µs of work, and one that is awake is used for a quarter of that.
// There are a few pieces for each goroutine, so that one that starts late does less, and none is more than some 16 grains:
// assembly cannot be stopped, which the garbage collector would wait for. Which goroutine does a piece, and where pieces
// begin, depends on the machine: a body's results must not.
func (t *Team) For(n, grain int, arg any, body Body) {
	t.loop(n, grain, 4, 16*max(grain, 1), arg, body)
}

// Split is For with one piece for each goroutine, for bodies that gain by doing many items at once.
func (t *Team) Split(n, grain int, arg any, body Body) { t.loop(n, grain, 1, n, arg, body) }

// Each is For with a piece for each item, for few that are much work.
func (t *Team) Each(n, grain int, arg any, body Body) { t.loop(n, grain, 1, 1, arg, body) }

func (t *Team) loop(n, grain, pieces, most int, arg any, body Body) {
	workers := workersFor(n, grain)
	if workers <= 1 {
		for lo := 0; lo < n; lo += most {
			body(arg, lo, min(lo+most, n))
		}
		return
	}
	pieces *= workers
	t.run(n, workers, min((n+pieces-1)/pieces, most), arg, body)
}

// run calls body over [0, n) in pieces of step items on so many goroutines.
func (t *Team) run(n, workers, step int, arg any, body Body) {
	t.n, t.step = n, step
	t.arg, t.body = arg, body
	t.next.Store(0)
	t.left.Store(int32(workers - 1))
	t.helpers = engage(t.helpers[:0], t, workers-1)
	t.work()
	t.join()
	t.arg, t.body = nil, nil
}

// workersFor is how many goroutines a loop over n items would run on now.
func workersFor(n, grain int) int {
	grain = max(grain, 1)
	most := n / (1 + (grain-1)/4)
	if most <= 1 {
		return 1 // without GOMAXPROCS, which takes longer than a small loop
	}
	procs := runtime.GOMAXPROCS(0)
	workers := min(procs, n/grain)
	if workers < procs {
		workers = max(workers, min(procs, most, 1+Awake()))
	}
	return workers
}

func (t *Team) work() {
	for {
		hi := int(t.next.Add(int64(t.step)))
		lo := hi - t.step
		if lo >= t.n {
			return
		}
		t.body(t.arg, lo, min(hi, t.n))
	}
}

// join waits for helpers that are at work. One that has not begun yet is not needed any more.
func (t *Team) join() {
	if t.left.Load() == 0 {
		return
	}
	for _, h := range t.helpers {
		if h.release(t) {
			t.left.Add(-1)
		}
	}
	for begin := time.Now(); time.Since(begin) < patience; {
		for range polls {
			if t.left.Load() == 0 {
				return
			}
		}
	}
	if t.wake == nil {
		t.wake = make(chan struct{}, 1)
	}
	if t.left.Add(waiting) != waiting {
		<-t.wake
	}
	t.left.Store(0)
}
