package main

import (
	"github.com/keisan-go/keisan/cmd/devbench/internal/bench"
	"github.com/keisan-go/keisan/cmd/devbench/internal/report"
)

type compareCommand struct {
	Old          string `arg:"" help:"The earlier run's JSON."`
	New          string `arg:"" help:"The later run's JSON."`
	FailOnSlower string `placeholder:"SHARE" help:"Exit with 3 if a case became slower by more than this, such as 5%."`
}

// Run compares two runs case by case.
func (c *compareCommand) Run(p *program) error {
	tolerance, err := share(c.FailOnSlower)
	if err != nil {
		return misused("-fail-on-slower %q: want a share such as 5%% or 0.05", c.FailOnSlower)
	}
	old, err := bench.Read(c.Old)
	if err != nil {
		return misused("%v", err)
	}
	new, err := bench.Read(c.New)
	if err != nil {
		return misused("%v", err)
	}
	changes := bench.Changes(old, new)
	if len(changes) == 0 {
		return misused("%s and %s have no case in common, on the same device in the same type", c.Old, c.New)
	}
	report.Changes(p.out, changes, p.outScreen)
	if c.FailOnSlower != "" {
		return failOnSlower(changes, tolerance)
	}
	return nil
}

// failOnSlower is the exit where a case became slower by more than is tolerated, or is no longer right.
func failOnSlower(changes []bench.Change, tolerance float64) error {
	for _, c := range changes {
		if c.Word == bench.Slower && c.Ratio > 1+tolerance || c.Word == bench.Broken {
			return &exit{slower, ""}
		}
	}
	return nil
}
