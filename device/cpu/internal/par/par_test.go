package par

import (
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"
)

func TestForCoversEachItemOnce(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var team Team
	for _, procs := range []int{1, 2, 3, 7} {
		runtime.GOMAXPROCS(procs)
		for _, n := range []int{0, 1, 2, 3, 15, 16, 17, 1000} {
			for _, grain := range []int{0, 1, 4, 100} {
				seen := make([]int32, n)
				count := func(arg any, lo, hi int) {
					for i := lo; i < hi; i++ {
						(*arg.(*[]int32))[i]++ // a race if two pieces overlap
					}
				}
				team.For(n, grain, &seen, count)
				team.Split(n, grain, &seen, count)
				team.Each(n, grain, &seen, count)
				for i, s := range seen {
					if s != 3 {
						t.Fatalf("GOMAXPROCS %d, n %d, grain %d: item %d done %d times in three loops", procs, n, grain, i, s)
					}
				}
			}
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	var team Team
	var relay Relay
	x := make([]float32, 1<<12)
	n := testing.AllocsPerRun(100, func() {
		team.run(len(x), 3, 16, &x, func(arg any, lo, hi int) { // For has no helper here, as AllocsPerRun sets GOMAXPROCS to 1
			for i := range (*arg.(*[]float32))[lo:hi] {
				(*arg.(*[]float32))[lo+i]++
			}
		})
		relay.Run(10, 2, &x, func(arg any, step, piece int) { (*arg.(*[]float32))[piece]++ })
	})
	if n != 0 {
		t.Errorf("a loop and a relay make %v allocations, want 0", n)
	}
}

func TestNothingRunsWhenIdle(t *testing.T) {
	if runtime.GOMAXPROCS(0) == 1 {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2))
	}
	before := runtime.NumGoroutine()
	var team Team
	helped := 0
	for i := 0; i < 1000 && helped == 0; i++ {
		team.For(100, 1, &helped, func(arg any, lo, hi int) { time.Sleep(10 * time.Microsecond) })
		helped = Awake()
	}
	if helped == 0 {
		t.Error("no helper is awake after a loop")
	}
	for range 1000 {
		if Awake() == 0 && runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d helpers are awake and there are %d goroutines, %d before", Awake(), runtime.NumGoroutine(), before)
}

// TestTeamsShareHelpers has more teams than processors run loops at the same time, whose helpers are often late.
func TestTeamsShareHelpers(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(3))
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() {
			var team Team
			seen := make([]int, 100)
			const loops = 1000
			for range loops {
				team.For(len(seen), 1, &seen, func(arg any, lo, hi int) {
					for i := lo; i < hi; i++ {
						(*arg.(*[]int))[i]++
					}
				})
			}
			for i, n := range seen {
				if n != loops {
					t.Errorf("item %d done %d times in %d loops", i, n, loops)
					return
				}
			}
		})
	}
	wg.Wait()
}

// sums are of steps and pieces. Each piece adds up what all of them were at the step before, which nothing but the right
// order gives.
type sums [][]int

func newSums(steps, pieces int) sums {
	s := make(sums, steps+1)
	for i := range s {
		s[i] = make([]int, pieces)
	}
	s[0][0] = 1
	return s
}

func add(arg any, step, piece int) {
	s := *arg.(*sums)
	for i, x := range s[step] {
		s[step+1][piece] += x*(i+1) + piece
	}
	s[step+1][piece] %= 1000003
}

// wantSums fails unless a relay gives what one goroutine does.
func wantSums(t *testing.T, relay *Relay, steps, pieces int) {
	t.Helper()
	got, want := newSums(steps, pieces), newSums(steps, pieces)
	for step := range steps {
		for i := range pieces {
			add(&want, step, i)
		}
	}
	relay.Run(steps, pieces, &got, add)
	if !slices.Equal(got[steps], want[steps]) {
		t.Errorf("GOMAXPROCS %d, %d pieces, %d steps: %v, want %v", runtime.GOMAXPROCS(0), pieces, steps, got[steps], want[steps])
	}
}

func TestRelay(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var relay Relay
	for _, procs := range []int{1, 2, 3, 7} {
		runtime.GOMAXPROCS(procs)
		for _, pieces := range []int{1, 2, 5} {
			for _, steps := range []int{0, 1, 2, 5000} {
				wantSums(t, &relay, steps, pieces)
			}
		}
	}
}

// TestRelaysShareHelpers has more relays than processors, whose number changes meanwhile.
func TestRelaysShareHelpers(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			var relay Relay
			for i := range 200 {
				wantSums(t, &relay, i, 1+i%4)
			}
		})
	}
	done := make(chan struct{})
	go func() { wg.Wait(); close(done) }()
	for procs := 1; ; procs = procs%3 + 1 {
		select {
		case <-done:
			return
		case <-time.After(time.Millisecond):
			runtime.GOMAXPROCS(procs)
		}
	}
}
