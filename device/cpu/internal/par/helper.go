package par

import (
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A helper is a goroutine that works for one Team after the other. To wake a processor that sleeps takes some 100 µs on a
// virtual machine, and 10 µs of the time of whoever wakes it. So a helper without work polls for more, but not for longer
// than that; then it ends, and nothing runs while nothing is to be done.
type helper struct {
	team atomic.Pointer[Team] // that wants help, until the helper begins
	help func()               // what its goroutine runs, made once so that starting it allocates nothing
	_    line
}

const (
	patience = 100 * time.Microsecond // how long to poll
	yielding = 20 * time.Microsecond  // how often to let other goroutines run meanwhile
	polls    = 64                     // between looks at the clock
)

// idle is the helpers that no Team has engaged.
var idle struct {
	sync.Mutex
	awake, asleep []*helper
	n             atomic.Int32 // of those awake
}

// Awake is how many helpers poll for work.
func Awake() int { return int(idle.n.Load()) }

// engage has n helpers begin to work for t and appends them to list: those that are awake first.
func engage(list []*helper, t *Team, n int) []*helper {
	idle.Lock()
	defer idle.Unlock()
	for range n {
		if last := len(idle.awake) - 1; last >= 0 {
			h := idle.awake[last]
			idle.awake = idle.awake[:last]
			idle.n.Add(-1)
			h.team.Store(t)
			list = append(list, h)
			continue
		}
		var h *helper
		if last := len(idle.asleep) - 1; last >= 0 {
			h = idle.asleep[last]
			idle.asleep = idle.asleep[:last]
		} else {
			h = new(helper)
			h.help = h.serve
		}
		h.team.Store(t)
		list = append(list, h)
		go h.help()
	}
	return list
}

// release takes h back from t, if it has not begun to work for it.
func (h *helper) release(t *Team) bool {
	if h.team.Load() != t || !h.team.CompareAndSwap(t, nil) {
		return false
	}
	h.wait()
	return true
}

// wait adds h to those that are awake.
func (h *helper) wait() {
	idle.Lock()
	idle.awake = append(idle.awake, h)
	idle.n.Add(1)
	idle.Unlock()
}

func (h *helper) serve() {
	for {
		t := h.next()
		if t == nil {
			return
		}
		t.work()
		h.wait()
		if t.left.Add(-1) == waiting {
			t.wake <- struct{}{}
			runtime.Gosched() // to whom that woke, rather than that a processor wakes for it
		}
	}
}

// next is the next Team that wants help, or nil if the helper is to end.
func (h *helper) next() *Team {
	begin := time.Now()
	for yield := yielding; ; {
		for range polls {
			if t := h.team.Load(); t != nil && h.team.CompareAndSwap(t, nil) {
				return t
			}
		}
		switch waited := time.Since(begin); {
		case waited > patience && h.retire():
			return nil
		case waited > yield:
			runtime.Gosched()
			yield += yielding
		}
	}
}

// retire has h asleep, unless a Team has just engaged it.
func (h *helper) retire() bool {
	idle.Lock()
	defer idle.Unlock()
	i := slices.Index(idle.awake, h)
	if i < 0 {
		return false
	}
	idle.awake = slices.Delete(idle.awake, i, i+1)
	idle.n.Add(-1)
	idle.asleep = append(idle.asleep, h)
	return true
}
