package trace

import (
	"cmp"
	"slices"
	"time"

	"github.com/keisan-go/keisan/device"
)

// A Total is all events of one name.
type Total struct {
	Name  string
	Calls int
	Took  time.Duration
	Cost  device.Cost
}

// Summarize adds up events by their names, those that took longest first.
func Summarize(events []Event) []Total {
	var all []Total
	for _, e := range events {
		i := slices.IndexFunc(all, func(t Total) bool { return t.Name == e.Name })
		if i < 0 {
			i = len(all)
			all = append(all, Total{Name: e.Name})
		}
		t := &all[i]
		t.Calls++
		t.Took += e.Took
		t.Cost.Ops += e.Cost.Ops
		t.Cost.Bytes += e.Cost.Bytes
	}
	slices.SortStableFunc(all, func(a, b Total) int { return -cmp.Compare(a.Took, b.Took) })
	return all
}
