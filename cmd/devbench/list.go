package main

import (
	"fmt"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/keisan-go/keisan/cmd/devbench/internal/bench"
	"github.com/keisan-go/keisan/cmd/devbench/internal/report"
)

type listCommand struct{}

// Run lists the devices by the names that -device takes.
func (*listCommand) Run(p *program) error {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	style := t.Style()
	style.Options = table.OptionsNoBordersAndSeparators
	style.Format = table.FormatOptions{}
	t.AppendHeader(table.Row{"device", "what", "units", "memory", "float64", "driver"})
	var lines, missing []string
	for _, d := range bench.Describe(p.list()) {
		if d.Unavailable != "" {
			missing = append(missing, fmt.Sprintf("%s is not available: %s", d.Name, d.Unavailable))
			continue
		}
		lines = append(lines, report.DeviceLine(&d))
		float64s := "yes"
		if !d.Float64 {
			float64s = "no"
		}
		t.AppendRow(table.Row{d.Name, strings.TrimSpace(d.Vendor + " " + d.Model), d.Units, bench.Size(float64(d.Memory)), float64s, d.Driver})
	}
	if wide := t.Render(); p.outScreen.Columns == 0 || text.LongestLineLen(wide) <= p.outScreen.Columns {
		lines = nil
		for line := range strings.Lines(wide) {
			lines = append(lines, strings.TrimSpace(line))
		}
		fmt.Fprintln(p.out, strings.Join(lines, "\n"))
	} else {
		report.Lines(p.out, lines, p.outScreen)
	}
	report.Lines(p.out, missing, p.outScreen)
	return nil
}
