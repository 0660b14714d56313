package report

import (
	"fmt"
	"io"

	"github.com/keisan-go/keisan/cmd/devbench/internal/trace"
)

// Profile writes what each kernel took of so many steps.
func Profile(w io.Writer, totals []trace.Total, steps int, s Screen) {
	whole := 0.0
	for _, t := range totals {
		whole += t.Took.Seconds()
	}
	narrow := s.Columns > 0 && s.Columns < 88
	line := func(name, calls, time, share, ops, bytes, opsRate, bytesRate string) {
		text := fmt.Sprintf("%-24s %6s %9s %6s", name, calls, time, share)
		if !narrow {
			text += fmt.Sprintf(" %8s %8s %9s", ops, bytes, bytesRate)
		}
		fmt.Fprintf(w, "%s %9s\n", text, opsRate)
	}
	line("per step", "calls", "time", "share", "GFLOP", "MB", "GFLOP/s", "GB/s")
	for _, t := range totals {
		n, seconds := float64(steps), t.Took.Seconds()
		line(t.Name, Number(float64(t.Calls)/n), Duration(seconds/n), percent(seconds/max(whole, 1e-12)),
			blank(float64(t.Cost.Ops)/n/1e9), blank(float64(t.Cost.Bytes)/n/1e6), blank(float64(t.Cost.Ops)/seconds/1e9), blank(float64(t.Cost.Bytes)/seconds/1e9))
	}
}

// blank is Number, and nothing for nothing.
func blank(v float64) string {
	if !(v > 0) || v > 1e300 {
		return ""
	}
	return Number(v)
}
