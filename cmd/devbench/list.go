package main

import (
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"fmt"

	"github.com/keisan-go/keisan/cmd/devbench/internal/bench"
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
	var missing []string
	for _, d := range bench.Describe(p.list()) {
		if d.Unavailable != "" {
			missing = append(missing, fmt.Sprintf("%s is not available: %s", d.Name, d.Unavailable))
			continue
		}
		float64s := "yes"
		if !d.Float64 {
			float64s = "no"
		}
		t.AppendRow(table.Row{d.Name, strings.TrimSpace(d.Vendor + " " + d.Model), d.Units, bench.Size(float64(d.Memory)), float64s, d.Driver})
	}
	for line := range strings.Lines(t.Render() + "\n") {
		fmt.Fprintln(p.out, strings.TrimSpace(line))
	}
	for _, m := range missing {
		fmt.Fprintln(p.out, m)
	}
	return nil
}
