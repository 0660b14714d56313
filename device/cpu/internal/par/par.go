// Package par runs a loop on several goroutines without allocating.
package par

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// A Team runs one loop at a time on the goroutine that asks for it and on as many more as GOMAXPROCS allows. It keeps
// no goroutine between loops, so an idle Team costs nothing and needs no Close. A Team is not for concurrent use; its
// zero value is ready.
type Team struct {
	run  func() // what every helper goroutine runs, made once so that starting one allocates nothing
	wg   sync.WaitGroup
	next atomic.Int64
	n    int
	step int
	arg  any
	body Body
}

// A Body does the items lo to hi of a loop. It gets what the loop works on as arg, a pointer, instead of capturing it:
// a capturing function would be allocated at every loop. For the same reason a caller within a generic function is
// given its instantiated Body from outside.
type Body func(arg any, lo, hi int)

// For calls body over [0, n) in pieces of at least grain items, some of them at the same time. There are a few pieces
// for each goroutine, so that one that starts late does less. Which goroutine does a piece, and where pieces begin,
// depends on the machine: a body's results must not.
func (t *Team) For(n, grain int, arg any, body Body) { t.loop(n, grain, 4, arg, body) }

// Split is For with one piece for each goroutine, for bodies that gain by doing many items at once.
func (t *Team) Split(n, grain int, arg any, body Body) { t.loop(n, grain, 1, arg, body) }

func (t *Team) loop(n, grain, pieces int, arg any, body Body) {
	grain = max(grain, 1)
	workers := min(runtime.GOMAXPROCS(0), n/grain)
	if workers <= 1 {
		if n > 0 {
			body(arg, 0, n)
		}
		return
	}
	if t.run == nil {
		t.run = func() {
			t.work()
			t.wg.Done()
		}
	}
	pieces *= workers
	t.n, t.step = n, max(grain, (n+pieces-1)/pieces)
	t.arg, t.body = arg, body
	t.next.Store(0)
	t.wg.Add(workers - 1)
	for range workers - 1 {
		go t.run()
	}
	t.work()
	t.wg.Wait()
	t.arg, t.body = nil, nil
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
