package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/keisan-go/keisan/cmd/devbench/internal/bench"
)

// Crossover writes how a device did beside the baseline, size by size, and what that says.
func Crossover(w io.Writer, c *bench.Crossover, s Screen) {
	width := 0
	for _, p := range c.Points {
		width = max(width, len(p.Case))
	}
	// Where that is too wide the sizes stand alone, and then without the times of operands that are there already.
	prefix, resident := "", true
	if s.Columns > 0 && width+49 > s.Columns {
		prefix = c.Work + "/"
		width -= len(prefix)
		resident = width+49 <= s.Columns
	}
	head := fmt.Sprintf("\n%s %s\n%*s  %9s", c.Work, c.DType, width, "", c.Baseline)
	if resident {
		head += fmt.Sprintf("  %9s %7s", c.Device, "")
	}
	fmt.Fprintln(w, head+"  with transfers")
	for _, p := range c.Points {
		line := fmt.Sprintf("%-*s  %9s", width, strings.TrimPrefix(p.Case, prefix), Duration(p.Baseline))
		if resident {
			line += fmt.Sprintf("  %9s %7s", Duration(p.Resident), ahead(p.Baseline, p.Resident))
		}
		fmt.Fprintf(w, "%s  %9s %7s\n", line, Duration(p.Moved), ahead(p.Baseline, p.Moved))
	}
	Lines(w, []string{Verdict(c)}, s)
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
