package bench

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/keisan-go/keisan/cmd/devbench/internal/cases"
)

// A Crossover is how a device does beside the baseline as one kind of work grows.
type Crossover struct {
	Device, Baseline string
	Work, DType      string // the family and its choices, such as "elementwise/op=tanh"
	Points           []Point
	Moved, Resident  string // the case from which on the device is ahead, with and without transfers; "" if it never is
}

// A Point is one size. What counts for the baseline is its own memory: the host has the operands and wants the results.
type Point struct {
	Case                      string
	Work                      float64 // operations, or bytes where there are none
	Baseline, Resident, Moved float64 // seconds
}

// Crossovers is those of every kind of work that was measured in two sizes or more on the baseline and another device.
func (r *Report) Crossovers(baseline string) []Crossover {
	var all []Crossover
	for i := range r.Results {
		res := &r.Results[i]
		base := r.find(baseline, res.Case, res.DType)
		if res.Device == baseline || res.Status != Measured || base == nil || res.Moved == 0 {
			continue
		}
		work := kindOf(res)
		at := slices.IndexFunc(all, func(c Crossover) bool {
			return c.Device == res.Device && c.Work == work && c.DType == res.DType
		})
		if at < 0 {
			at = len(all)
			all = append(all, Crossover{Device: res.Device, Baseline: baseline, Work: work, DType: res.DType})
		}
		p := Point{Case: res.Case, Work: float64(max(res.Ops, res.Bytes)), Baseline: base.Seconds.Median, Resident: res.Seconds.Median, Moved: res.Moved}
		if r.kind(baseline) != "cpu" {
			p.Baseline = base.Moved
		}
		all[at].Points = append(all[at].Points, p)
	}
	all = slices.DeleteFunc(all, func(c Crossover) bool { return len(c.Points) < 2 })
	for i := range all {
		c := &all[i]
		slices.SortStableFunc(c.Points, func(a, b Point) int { return cmp.Compare(a.Work, b.Work) })
		c.Moved = c.from(func(p Point) float64 { return p.Moved })
		c.Resident = c.from(func(p Point) float64 { return p.Resident })
	}
	return all
}

// from is the smallest case from which on the device is ahead in all.
func (c *Crossover) from(seconds func(Point) float64) (first string) {
	for _, p := range slices.Backward(c.Points) {
		if seconds(p) >= p.Baseline {
			break
		}
		first = p.Case
	}
	return first
}

func (r *Report) find(name, c, dtype string) *Result {
	for i := range r.Results {
		if res := &r.Results[i]; res.Device == name && res.Case == c && res.DType == dtype && res.Status == Measured {
			return res
		}
	}
	return nil
}

func (r *Report) kind(name string) string {
	for _, d := range r.Devices {
		if d.Name == name {
			return d.Kind
		}
	}
	return ""
}

// kindOf is a result's case without its sizes.
func kindOf(r *Result) string {
	parts := []string{r.Family}
	for _, f := range cases.Families {
		if f.Name != r.Family {
			continue
		}
		for _, k := range f.Keys {
			if len(k.Choices) > 0 && strings.Contains(r.Case, "/"+k.Name+"=") {
				parts = append(parts, fmt.Sprintf("%s=%v", k.Name, r.Dims[k.Name]))
			}
		}
	}
	return strings.Join(parts, "/")
}
