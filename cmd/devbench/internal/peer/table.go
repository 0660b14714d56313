package peer

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/keisan-go/keisan/cmd/devbench/internal/bench"
	"github.com/keisan-go/keisan/cmd/devbench/internal/cases"
	"github.com/keisan-go/keisan/cmd/devbench/internal/report"
)

// Write writes, as Markdown, what was measured by which version of devbench, a table of ratios for each family of cases,
// and what the peers were.
func (c *Contest) Write(w io.Writer, h bench.Host, version string, when time.Time) {
	rivals := c.rivals
	fmt.Fprintf(w, "## Beside other libraries\n\n")
	fmt.Fprintf(w, "Measured by `devbench peers` %s on %s (`make peers` does it again): Keisan on %s, %s (%s, %s, %d processors, %s), in %v.\n",
		version, when.UTC().Format("2 January 2006"), c.device.Name(), c.device.Info().Driver, h.CPU, h.Features, h.Processors, h.OS, c.dtype)
	fmt.Fprintf(w, "Keisan's column is its time; the others are theirs as multiples of it: above 1 Keisan is faster. Each library computes\nthe same operands, and its results are checked before it is measured. All take turns in random order in\none run; a figure is a ratio of medians. ~ stands before one where either spread by more than 10 %%, and ?\nafter one where that was 25 %% and medians say nothing: it is then of the fastest of %d turns, and so is a time after ≥.\n– stands where a library has no such case. `devbench -describe` tells what a case does; bench/peers has the libraries' programs.\n\n", turns)
	for cs := c.cases; len(cs) > 0; {
		n := slices.IndexFunc(cs, func(o cases.Case) bool { return o.Family != cs[0].Family })
		if n < 0 {
			n = len(cs)
		}
		writeTable(w, cs[:n], rivals)
		cs = cs[n:]
	}
	for _, r := range rivals {
		switch {
		case r.err != nil:
			fmt.Fprintf(w, "- %s could not be had here: %v\n", r.title, r.err)
		case r.p != nil:
			fmt.Fprintf(w, "- %s: %s\n", r.title, r.p.Version)
		}
	}
	for _, r := range rivals {
		failed := map[string][]string{} // cases by what went wrong
		for name, x := range r.cells {
			if r.err == nil && x.err != nil && !errors.Is(x.err, ErrNot) {
				failed[x.err.Error()] = append(failed[x.err.Error()], name)
			}
		}
		for _, message := range slices.Sorted(maps.Keys(failed)) {
			fmt.Fprintf(w, "- %s at %s: %s\n", r.title, strings.Join(slices.Sorted(slices.Values(failed[message])), ", "), message)
		}
	}
	for _, warning := range h.Warnings {
		fmt.Fprintf(w, "- %s\n", warning)
	}
}

// writeTable writes a family's cases, with the rivals that have a figure for one of them.
func writeTable(w io.Writer, cs []cases.Case, rivals []*rival) {
	head, rule := "| case |", "|---|"
	rows := make([]string, len(cs))
	for i, c := range cs {
		rows[i] = fmt.Sprintf("| %v |", c)
	}
	for _, r := range rivals {
		if !slices.ContainsFunc(cs, func(c cases.Case) bool { return r.cells[c.String()].measured() }) {
			continue
		}
		head, rule = head+" "+r.title+" |", rule+"--:|"
		for i, c := range cs {
			if x := r.cells[c.String()]; x.measured() {
				rows[i] += " " + figure(x, rivals[0].cells[c.String()]) + " |"
			} else {
				rows[i] += " – |"
			}
		}
	}
	fmt.Fprintf(w, "### %s\n\n%s\n%s\n%s\n\n", cs[0].Family.Name, head, rule, strings.Join(rows, "\n"))
}

func (x *cell) measured() bool { return x != nil && x.err == nil && len(x.samples) > 0 }

// figure is our time, or theirs as a multiple of it. Where either is so noisy that medians say nothing, it is of the
// fastest turns: on a busy machine, threads that spin for one another can be a thousand times slower than on an idle one.
func figure(x, ours *cell) string {
	theirs := bench.StatsOf(x.samples)
	if x == ours || ours == nil || len(ours.samples) == 0 {
		switch theirs.Noise() {
		case "unusable":
			return "≥ " + report.Duration(theirs.Min)
		case "noisy":
			return "~" + report.Duration(theirs.Median)
		}
		return report.Duration(theirs.Median)
	}
	us := bench.StatsOf(ours.samples)
	switch noise := theirs.Noise() + us.Noise(); {
	case strings.Contains(noise, "unusable"):
		return report.Number(theirs.Min/us.Min) + "?"
	case strings.Contains(noise, "noisy"):
		return "~" + report.Number(theirs.Median/us.Median)
	}
	return report.Number(theirs.Median / us.Median)
}
