package par

import (
	"runtime"
	"testing"
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
				for i, s := range seen {
					if s != 2 {
						t.Fatalf("GOMAXPROCS %d, n %d, grain %d: item %d done %d times in two loops", procs, n, grain, i, s)
					}
				}
			}
		}
	}
}

func TestForAllocatesNothing(t *testing.T) {
	var team Team
	x := make([]float32, 1<<12)
	n := testing.AllocsPerRun(100, func() {
		team.For(len(x), 16, &x, func(arg any, lo, hi int) {
			for i := range (*arg.(*[]float32))[lo:hi] {
				(*arg.(*[]float32))[lo+i]++
			}
		})
	})
	if n != 0 {
		t.Errorf("a loop makes %v allocations, want 0", n)
	}
}
