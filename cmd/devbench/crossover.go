package main

import (
	"context"
	"fmt"

	"github.com/keisan-go/keisan/cmd/devbench/internal/bench"
	"github.com/keisan-go/keisan/cmd/devbench/internal/report"
)

type crossoverCommand struct {
	Cases     []string `arg:"" optional:"" help:"Cases of growing size, such as matmul/m=16-2048*2; those of the set crossover by default."`
	selection `embed:""`
	Baseline  string `placeholder:"DEVICE" help:"The device that the others have to be ahead of; cpu, or the first one, by default."`
	outputs   `embed:""`
}

// Run measures growing sizes on each device and says from which on it is ahead of the baseline.
func (c *crossoverCommand) Run(ctx context.Context, p *program) error {
	run := runCommand{Cases: c.Cases, selection: c.selection}
	if len(c.Cases) == 0 {
		run.Set = "crossover"
	}
	cs, err := run.cases()
	if err != nil {
		return misused("%v", err)
	}
	plan, err := p.plan(&c.selection, cs)
	if err != nil {
		return err
	}
	defer closeAll(plan)
	if len(plan.Devices) < 2 {
		missing := ""
		for _, i := range p.list() {
			if i.Unavailable != "" {
				missing += "; " + i.Name + " is not available: " + i.Unavailable
			}
		}
		return misused("a crossover is between two devices, and there is %s alone%s", entryNames(plan), missing)
	}
	baseline := c.Baseline
	for _, e := range plan.Devices {
		if e.Name == c.Baseline || c.Baseline == "" && (baseline == "" || e.Name == "cpu") {
			baseline = e.Name
		}
	}
	if !measured(plan, baseline) {
		return misused("-baseline %q: want one of the devices measured, %s", c.Baseline, entryNames(plan))
	}
	files, err := c.outputs.create(p)
	if err != nil {
		return misused("%v", err)
	}
	r := p.measure(ctx, plan)
	r.Compare(baseline)
	human, s := p.out, p.outScreen
	if files.stdout {
		human, s = p.err, p.errScreen
	}
	report.Lines(human, report.Header(r), s)
	found := r.Crossovers(baseline)
	for _, x := range found {
		report.Crossover(human, &x, s)
	}
	if len(found) == 0 {
		fmt.Fprintln(human, "\nno kind of work was measured in two sizes on two devices")
	}
	warn(human, r, s)
	if err := files.write(r); err != nil {
		return err
	}
	return ending(r)
}

// ending is the exit of a run.
func ending(r *bench.Report) error {
	switch {
	case r.Interrupted:
		return &exit{interrupted, "interrupted; what was done by then is above"}
	case !r.OK():
		return &exit{wrong, "a result is wrong or a device failed; see above"}
	}
	return nil
}
