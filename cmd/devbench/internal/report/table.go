// Package report presents what a run found out: as a table, as Markdown, CSV, JSON and Go's benchmark format, and as a page.
package report

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/keisan-go/keisan/cmd/devbench/internal/bench"
)

// A Screen is what a table is written to.
type Screen struct {
	Columns int // 0: a file or a pipe, where tables may be as wide as they are, and text has 100 columns
	Colour  bool
}

func (s Screen) columns() int {
	if s.Columns <= 0 {
		return 100
	}
	return s.Columns
}

// A column is a heading and what stands below it for a result.
type column struct {
	head  string
	right bool
	cell  func(r *bench.Result) string
}

// columns is the columns that say something: no device where there is one alone, no type where all have the same.
func columns(r *bench.Report) []column {
	all := []column{{"case", false, func(r *bench.Result) string { return r.Case }}}
	if len(distinct(r, func(r *bench.Result) string { return r.Device })) > 1 {
		all = append(all, column{"device", false, func(r *bench.Result) string { return r.Device }})
	}
	if len(distinct(r, func(r *bench.Result) string { return r.DType })) > 1 {
		all = append(all, column{"dtype", false, func(r *bench.Result) string { return r.DType }})
	}
	if Timed(r) {
		all = append(all,
			column{"median", true, median},
			column{"spread", true, spread},
			column{"rate", true, rate},
			column{"peak", true, peak})
	} else {
		all = append(all, column{"result", false, median})
	}
	for i := range r.Results {
		if s := r.Results[i].Speedup; s != nil {
			all = append(all, column{"vs " + s.Baseline, true, speedup})
			break
		}
	}
	return append(all, column{"error", true, largest})
}

// Timed tells whether there is any time to show.
func Timed(r *bench.Report) bool {
	return slices.ContainsFunc(r.Results, func(r bench.Result) bool { return r.Status == bench.Measured })
}

func distinct(r *bench.Report, of func(*bench.Result) string) []string {
	var all []string
	for i := range r.Results {
		if v := of(&r.Results[i]); !slices.Contains(all, v) {
			all = append(all, v)
		}
	}
	return all
}

func median(r *bench.Result) string {
	switch r.Status {
	case bench.Measured:
		return Duration(r.Seconds.Median)
	case bench.Checked, bench.Skipped:
		return r.Status
	}
	return strings.ToUpper(r.Status)
}

func spread(r *bench.Result) string {
	if r.Status != bench.Measured {
		return ""
	}
	mark := map[string]string{"noisy": " !", "unusable": " ?"}[r.Noise]
	return percent(r.Seconds.Spread) + mark
}

func rate(r *bench.Result) string {
	switch {
	case r.Status != bench.Measured:
	case r.Rate == "gflops" && r.GFLOPS > 0:
		return giga(r.GFLOPS, "FLOP/s")
	case r.Rate == "gbps" && r.GBPS > 0:
		return giga(r.GBPS, "B/s")
	}
	return ""
}

// giga is a rate given in thousands of millions.
func giga(v float64, unit string) string {
	if v >= 999.5 {
		return Number(v/1000) + " T" + unit
	}
	return Number(v) + " G" + unit
}

func peak(r *bench.Result) string {
	if r.PeakFraction == 0 || r.Status != bench.Measured {
		return ""
	}
	return percent(r.PeakFraction)
}

func speedup(r *bench.Result) string {
	if r.Speedup == nil {
		return ""
	}
	if r.Speedup.Low <= 1 && r.Speedup.High >= 1 {
		return "~" + times(r.Speedup.Median)
	}
	return times(r.Speedup.Median)
}

func largest(r *bench.Result) string {
	switch {
	case r.Status == bench.Skipped || r.Status == bench.Failed:
		return ""
	case math.IsInf(float64(r.MaxError), 0):
		return "inf"
	case r.MaxError == 0:
		return "0"
	}
	return fmt.Sprintf("%.1e", float64(r.MaxError))
}

// Table writes the results as a table that is Markdown too, or in two lines each where that is too wide for the screen.
func Table(w io.Writer, r *bench.Report, s Screen) {
	if len(r.Results) == 0 {
		fmt.Fprintln(w, "nothing was measured")
		return
	}
	for _, padding := range []string{" ", ""} {
		if lines := grid(r, padding, s); s.Columns == 0 || text.StringWidthWithoutEscSequences(lines[0]) <= s.Columns {
			fmt.Fprintln(w, strings.Join(lines, "\n"))
			return
		}
	}
	stack(w, r, s)
}

// Markdown writes the results as a Markdown table.
func Markdown(w io.Writer, r *bench.Report) error {
	_, err := fmt.Fprintf(w, "%s\n\n%s\n", strings.Join(Header(r), "  \n"), strings.Join(grid(r, " ", Screen{}), "\n"))
	for i, n := range Notes(r) {
		if i == 0 {
			fmt.Fprintln(w)
		}
		_, err = fmt.Fprintf(w, "- %s\n", n)
	}
	return err
}

// grid is the lines of the table.
func grid(r *bench.Report, padding string, s Screen) []string {
	cols := columns(r)
	t := table.NewWriter()
	style := table.StyleDefault
	style.Box = table.BoxStyle{
		Left: "|", LeftSeparator: "|", Right: "|", RightSeparator: "|", MiddleVertical: "|", MiddleSeparator: "|",
		TopLeft: "|", TopSeparator: "|", TopRight: "|", BottomLeft: "|", BottomSeparator: "|", BottomRight: "|",
		MiddleHorizontal: "-", PaddingLeft: padding, PaddingRight: " ",
	}
	style.Format = table.FormatOptions{}
	t.SetStyle(style)
	head := table.Row{}
	var configs []table.ColumnConfig
	for i, c := range cols {
		head = append(head, c.head)
		if c.right {
			configs = append(configs, table.ColumnConfig{Number: i + 1, Align: text.AlignRight, AlignHeader: text.AlignRight})
		}
	}
	t.AppendHeader(head)
	t.SetColumnConfigs(configs)
	for i := range r.Results {
		row := table.Row{}
		for _, c := range cols {
			row = append(row, s.paint(&r.Results[i], c.head, c.cell(&r.Results[i])))
		}
		t.AppendRow(row)
	}
	lines := strings.Split(t.Render(), "\n")
	return lines[1 : len(lines)-1] // Markdown has no rule above and below
}

// paint colours what should catch the eye.
func (s Screen) paint(r *bench.Result, head, cell string) string {
	if !s.Colour {
		return cell
	}
	switch {
	case (head == "median" || head == "result") && (r.Status == bench.Wrong || r.Status == bench.Failed):
		return text.FgHiRed.EscapeSeq() + cell + text.Reset.EscapeSeq()
	case head == "spread" && r.Status == bench.Measured && r.Noise != "ok", head == "median" && r.Status == bench.Skipped:
		return text.FgYellow.EscapeSeq() + cell + text.Reset.EscapeSeq()
	}
	return cell
}

// stack writes each case, and below it a line for each device and type.
func stack(w io.Writer, r *bench.Report, s Screen) {
	cols := columns(r)[1:]
	widths := make([]int, len(cols))
	for i, c := range cols {
		widths[i] = text.StringWidth(c.head)
		for j := range r.Results {
			widths[i] = max(widths[i], text.StringWidth(c.cell(&r.Results[j])))
		}
	}
	write := func(cells func(column) string, paint func(head, cell string) string) {
		line, width := "", 1
		for j, c := range cols {
			cell := cells(c)
			gap := strings.Repeat(" ", widths[j]-text.StringWidth(cell))
			if width += 1 + widths[j]; width > s.columns() && j > 0 {
				break
			}
			if cell = paint(c.head, cell); c.right {
				line += " " + gap + cell
			} else {
				line += " " + cell + gap
			}
		}
		fmt.Fprintln(w, " "+strings.TrimRight(line, " "))
	}
	write(func(c column) string { return c.head }, func(_, cell string) string { return cell })
	last := ""
	for i := range r.Results {
		res := &r.Results[i]
		if res.Case != last {
			fmt.Fprintln(w, res.Case)
			last = res.Case
		}
		write(func(c column) string { return c.cell(res) }, func(head, cell string) string { return s.paint(res, head, cell) })
	}
}

// Header is the lines above a table: what was measured where.
func Header(r *bench.Report) []string {
	h := r.Host
	lines := []string{strings.Join(nonempty(
		"devbench "+r.Version, h.Go+" "+h.OS+"/"+h.Arch, h.CPU, h.Features, count(h.Processors, "processor")), ", ")}
	for _, d := range r.Devices {
		lines = append(lines, DeviceLine(&d))
		for _, p := range d.Peaks {
			if p.GFLOPS > 0 {
				line := fmt.Sprintf("  peak %s: %s (%s)", p.DType, giga(p.GFLOPS, "FLOP/s"), p.Source)
				var copies []string
				for _, c := range p.Copies {
					copies = append(copies, fmt.Sprintf("%s of %s", giga(c.GBPS, "B/s"), bench.Size(float64(c.Bytes))))
				}
				if len(copies) > 0 {
					line += "\n  copies: " + strings.Join(copies, ", ")
				}
				lines = append(lines, strings.Split(line, "\n")...)
			}
		}
	}
	if types := distinct(r, func(r *bench.Result) string { return r.DType }); len(types) == 1 {
		lines = append(lines, "all in "+types[0])
	}
	return lines
}

// DeviceLine describes a device in a line.
func DeviceLine(d *bench.Device) string {
	if d.Unavailable != "" {
		return fmt.Sprintf("%s: not available: %s", d.Name, d.Unavailable)
	}
	line := d.Name + ": " + strings.Join(nonempty(
		strings.TrimSpace(d.Vendor+" "+d.Model), count(d.Units, "unit"), bench.Size(float64(d.Memory)), d.Driver), ", ")
	if !d.Float64 {
		line += ", no float64"
	}
	if d.OpenSeconds > 1 {
		line += fmt.Sprintf(", took %s to open", Duration(d.OpenSeconds))
	}
	return line
}

// noBreak stands for a space at which lines are not broken. go-pretty breaks them at Unicode's own.
const noBreak = "\ue000"

// Lines writes lines, those that are too long in several, of which all but the first stand two columns further in.
func Lines(w io.Writer, lines []string, s Screen) {
	for _, line := range lines {
		first := line[:len(line)-len(strings.TrimLeft(line, " !"))]
		rest := strings.Repeat(" ", 2+len(strings.TrimSuffix(first, "! ")))
		whole := strings.ReplaceAll(strings.TrimPrefix(line, first), " %", noBreak+"%")
		wrapped := strings.ReplaceAll(text.WrapSoft(whole, max(s.columns()-len(rest), 20)), noBreak, " ")
		for i, part := range strings.Split(wrapped, "\n") {
			if i == 1 {
				first = rest
			}
			fmt.Fprintln(w, first+strings.TrimRight(part, " "))
		}
	}
}

// Against says how a device did beside the baseline, over all cases; "" if it was measured beside none.
func Against(r *bench.Report, device string) string {
	low, high, product, n, baseline := math.Inf(1), 0.0, 0.0, 0, ""
	for i := range r.Results {
		if s := r.Results[i].Speedup; s != nil && r.Results[i].Device == device && s.Median > 0 {
			low, high = min(low, s.Median), max(high, s.Median)
			product += math.Log(s.Median)
			n++
			baseline = s.Baseline
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("%s as fast as %s over %s (geometric mean; from %s to %s)",
		times(math.Exp(product/float64(n))), baseline, count(n, "case"), times(low), times(high))
}

// Legend says what the columns mean.
func Legend(r *bench.Report) []string {
	if !Timed(r) {
		return []string{"error: the largest against a float64 reference; devbench -describe has the bounds"}
	}
	all := []string{
		"median: of one run, waiting for the device included; spread: the middle half of the runs, as a share of it",
		"peak: share of the device's own best, in multiply-adds for GFLOP/s and in copies as large for GB/s, where both what is read and what is written counts",
		"error: the largest against a float64 reference, checked before anything is measured; devbench -describe has the bounds",
	}
	for i := range r.Results {
		if s := r.Results[i].Speedup; s != nil {
			return slices.Insert(all, 2, fmt.Sprintf("vs %s: how many times as fast as %s; ~ where it may be no difference at all, at 95 %%", s.Baseline, s.Baseline))
		}
	}
	return all
}

// Notes is what a reader of the table has to know of its rows and of the machine.
func Notes(r *bench.Report) []string {
	var all []string
	for i := range r.Results {
		res := &r.Results[i]
		name := res.Case + " " + res.DType + " on " + res.Device + ": "
		switch res.Status {
		case bench.Wrong:
			all = append(all, fmt.Sprintf("%sWRONG: its error is %.3g and must not exceed %.3g; again: %s", name, float64(res.MaxError), res.Bound, res.Repro))
		case bench.Failed:
			all = append(all, fmt.Sprintf("%sFAILED: %s; again: %s", name, res.Failure, res.Repro))
		case bench.Skipped:
			all = append(all, name+"skipped: "+res.Skipped)
		}
	}
	all = append(all, busy(r)...)
	return append(all, r.Host.Warnings...)
}

// busy is the notes on noise, those that many rows share in one line.
func busy(r *bench.Report) []string {
	var all []string
	noisy, useless, worst, drifting, slowest := 0, 0, 0.0, 0, &bench.Result{}
	for i := range r.Results {
		res := &r.Results[i]
		if res.Status == bench.Measured && res.Noise != "ok" {
			noisy++
			worst = max(worst, res.Seconds.Spread)
			if res.Noise == "unusable" {
				useless++
			}
		}
		if res.Status == bench.Measured && res.Compile > slowest.Compile {
			slowest = res
		}
		for _, n := range res.Notes {
			if strings.Contains(n, "drifts") {
				drifting++
			}
		}
	}
	if noisy > 0 {
		line := fmt.Sprintf("%d of %s spread by more than 10 %% (marked !), up to %.0f %%: the machine is busy", noisy, count(len(r.Results), "row"), 100*worst)
		if useless > 0 {
			line += fmt.Sprintf("; %d by more than 25 %% (?), whose medians say nothing", useless)
		}
		all = append(all, line)
	}
	if slowest.Compile > 0.5 {
		all = append(all, fmt.Sprintf("first runs took up to %s longer than later ones (%s on %s): kernels are compiled when they are first needed",
			Duration(slowest.Compile), slowest.Case, slowest.Device))
	}
	if drifting > 0 {
		all = append(all, fmt.Sprintf("%s became slower or faster during the run: the clock frequency drifts", count(drifting, "row")))
	}
	return all
}

func nonempty(all ...string) []string {
	return slices.DeleteFunc(all, func(s string) bool { return s == "" })
}

func count(n int, what string) string {
	switch n {
	case 0:
		return ""
	case 1:
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Duration is seconds with three digits and a unit.
func Duration(seconds float64) string {
	for _, u := range []struct {
		name string
		size float64
	}{{"s", 1}, {"ms", 1e-3}, {"µs", 1e-6}} {
		if seconds >= 0.9995*u.size {
			return Number(seconds/u.size) + " " + u.name
		}
	}
	return Number(seconds*1e9) + " ns"
}

// Number is v with three digits, or all of those before the point.
func Number(v float64) string {
	digits := 2
	for limit := 9.995; v >= limit && digits > 0; limit *= 10 {
		digits--
	}
	if v > 0 && v < 0.01 {
		return fmt.Sprintf("%.1e", v)
	}
	return fmt.Sprintf("%.*f", digits, v)
}

// times is a ratio of speeds.
func times(v float64) string {
	if v < 0.0995 {
		return fmt.Sprintf("%.2g×", v)
	}
	return Number(v) + "×"
}

func percent(share float64) string {
	if share > 0 && share < 0.0005 {
		return "0 %"
	}
	if share > 0 && share < 0.01 {
		return fmt.Sprintf("%.1f %%", 100*share)
	}
	return fmt.Sprintf("%.0f %%", 100*share)
}
