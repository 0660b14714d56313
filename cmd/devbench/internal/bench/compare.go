package bench

import (
	"fmt"
	"slices"

	"golang.org/x/perf/benchmath"
)

// A Change is how a case did in two runs.
type Change struct {
	Device, Case, DType string
	Old, New            float64 // medians in seconds
	Ratio               float64 // new to old
	Low, High           float64 // its interval
	P                   float64 // of Mann and Whitney's U-test
	Word                string
	Notes               []string
}

// What a change is called.
const (
	Same   = "SAME"
	Faster = "FASTER"
	Slower = "SLOWER"
	Unsure = "UNSURE"
	Broken = "BROKEN" // it is no longer right
)

// little is a change that two runs of the same program on the same machine may well show: the samples of one run share
// its luck with memory addresses and frequencies, which no test on them can see.
const little = 0.02

// fewest is how many samples each side must have. The test can call two against eight significant.
const fewest = 4

// Changes compares the cases that two runs have in common.
func Changes(old, new *Report) []Change {
	var all []Change
	for _, n := range new.Results {
		i := slices.IndexFunc(old.Results, func(o Result) bool {
			return o.Device == n.Device && o.Case == n.Case && o.DType == n.DType
		})
		if i >= 0 && len(old.Results[i].Samples) > 0 && old.Results[i].OK {
			all = append(all, change(&old.Results[i], &n))
		}
	}
	return all
}

func change(o, n *Result) Change {
	c := Change{Device: n.Device, Case: n.Case, DType: n.DType, Old: StatsOf(o.Samples).Median, Word: Broken}
	if !n.OK || len(n.Samples) == 0 {
		c.Notes = append(c.Notes, n.Status+" "+n.Failure+n.Skipped)
		if n.Status == Skipped {
			c.Word = Unsure
		}
		return c
	}
	before, after := StatsOf(o.Samples), StatsOf(n.Samples)
	c.New, c.Word = after.Median, Unsure
	if before.Median <= 0 || before.Low <= 0 {
		return c
	}
	c.Ratio, c.Low, c.High = after.Median/before.Median, after.Low/before.High, after.High/before.Low
	sample := func(r *Result) *benchmath.Sample {
		return benchmath.NewSample(slices.Clone(r.Samples), &benchmath.DefaultThresholds)
	}
	test := benchmath.AssumeNothing.Compare(sample(o), sample(n))
	for _, w := range test.Warnings {
		c.Notes = append(c.Notes, w.Error())
	}
	if o.Noise == "unusable" || n.Noise == "unusable" {
		c.Notes = append(c.Notes, "too noisy to tell")
	}
	if n := min(len(o.Samples), len(n.Samples)); n < fewest {
		c.Notes = append(c.Notes, fmt.Sprintf("%d samples are too few to tell", n))
	}
	c.P = test.P
	significant := test.P < test.Alpha
	switch {
	case len(c.Notes) > 0:
	case significant && c.Ratio > 1+little:
		c.Word = Slower
	case significant && c.Ratio < 1-little:
		c.Word = Faster
	case c.Low > 1-3*little && c.High < 1+3*little: // it has changed by a little at most
		c.Word = Same
	}
	return c
}
