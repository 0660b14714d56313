package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/keisan-go/keisan/cmd/devbench/internal/bench"
)

// Crossover writes how a device did beside the baseline, size by size, and what that says.
func Crossover(w io.Writer, c *bench.Crossover) {
	width := 0
	for _, p := range c.Points {
		width = max(width, len(p.Case))
	}
	fmt.Fprintf(w, "\n%-*s  %9s  %9s         with transfers\n", width, c.Work+" "+c.DType, c.Baseline, c.Device)
	for _, p := range c.Points {
		fmt.Fprintf(w, "%-*s  %9s  %9s %6s  %9s %6s\n", width, p.Case, Duration(p.Baseline),
			Duration(p.Resident), ahead(p.Baseline, p.Resident), Duration(p.Moved), ahead(p.Baseline, p.Moved))
	}
	fmt.Fprintln(w, Verdict(c))
}

func ahead(baseline, seconds float64) string {
	if seconds <= 0 {
		return ""
	}
	return times(baseline / seconds)
}

// Verdict says from where on a device is ahead.
func Verdict(c *bench.Crossover) string {
	say := func(from, how string) string {
		switch from {
		case "":
			return "is behind " + c.Baseline + " at the largest size measured, " + how
		case c.Points[0].Case:
			return "is ahead of " + c.Baseline + " at every size measured, " + how
		}
		return "is ahead of " + c.Baseline + " from " + strings.TrimPrefix(from, c.Work+"/") + " on, " + how
	}
	return fmt.Sprintf("%s %s; it %s.", c.Device, say(c.Moved, "transfers included"), say(c.Resident, "with all operands there already"))
}
