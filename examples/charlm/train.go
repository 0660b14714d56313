package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/examples/internal/program"
	"github.com/keisan-go/keisan/layers"
)

// train is the command that trains a network.
func train(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	fs := program.Flags("charlm train", "Charlm learns a text with a recurrent network and then goes on with others. The\nother commands are charlm sample, eval and serve; each has a -help.")
	dev := program.Device(fs)
	file := modelFlag(fs, "keep the best network in this `file`, and what -resume needs in another\nbeside it\n")
	curve := program.Curve(fs, "out/charlm.svg")
	temperature := temperatureFlag(fs)
	length := lengthFlag(fs)
	resume := fs.Bool("resume", false, "go on with the training that was interrupted, with its settings")
	free := map[string]bool{"resume": true} // what may be set together with it
	fs.VisitAll(func(f *flag.Flag) { free[f.Name] = true })

	source := fs.String("text", "opticks", "learn this `text`: opticks, which is Newton's book, go, which is the\nstandard library's source, or a file\n")
	cell := program.Choice(fs, "cell", "`kind` of the recurrent layers", "lstm", "gru", "rnn")
	deep := program.Int(fs, "layers", 1, 1, 16, "`number` of recurrent layers")
	hidden := program.Int(fs, "hidden", 256, 1, 4096, "`units` of each")
	embed := program.Int(fs, "embed", 64, 1, 4096, "so many `numbers` stand for a character")
	drop := program.Fraction(fs, "drop", 0.2, "in training leave out this `part` of what goes from layer to layer\n")
	batch := program.Int(fs, "batch", 32, 1, 4096, "read the text in so many `places` at the same time")
	chunk := program.Int(fs, "chunk", 64, 1, 4096, "backpropagate through so many `characters`")
	rate := program.Float(fs, "lr", 0.006, "learning `rate` at its highest; in the end it is 0")
	budget := program.Duration(fs, "time", time.Minute, "train for this `time`")
	steps := program.Int(fs, "steps", 0, 1, 1e9, "train for so many `steps` instead, for the same result every time")
	patience := program.Int(fs, "patience", 6, 1, 1e6, fmt.Sprintf("stop after so many `evaluations`, of %d, without a better one", evaluations))
	seed := program.Seed(fs)
	if err := program.Parse(fs, args, stdout); err != nil {
		return err
	}
	if *resume {
		var other []string
		fs.Visit(func(f *flag.Flag) {
			if !free[f.Name] {
				other = append(other, "-"+f.Name)
			}
		})
		if other != nil {
			return program.Usagef("%s with -resume: want neither, for training goes on with the settings that it began with", strings.Join(other, " "))
		}
	}

	d, err := device.Open(*dev)
	if err != nil {
		return err
	}
	defer d.Close()
	var e *experiment
	if *resume {
		e, err = resumed(d, *file)
	} else {
		e, err = begun(d, *file, *source, &settings{
			shape: shape{Cell: *cell, Layers: *deep, Hidden: *hidden, Embed: *embed},
			Drop:  *drop, Batch: *batch, Chunk: *chunk, Rate: *rate,
			Time: *budget, Steps: *steps, Patience: *patience, Seed: *seed,
		})
	}
	if err != nil {
		return err
	}
	r := newRivals(e.corpus)
	e.describe(stdout, d.Name(), r)
	p := program.NewProgress(stderr, "chars")
	stopped := e.run(ctx, p)
	p.Clear()
	if stopped != nil && !errors.Is(stopped, context.Canceled) {
		return stopped
	}
	if e.Taken == 0 {
		return stopped // before the first step
	}
	if stopped != nil {
		if err := e.save(); err != nil {
			return err
		}
	}
	if err := e.report(stdout, r, request{length: *length, temperature: *temperature, seed: e.Seed}); err != nil {
		return err
	}
	if *curve != "" {
		if err := e.draw(*curve, r); err != nil {
			return err
		}
		fmt.Fprintln(stdout, "Loss curve:", *curve)
	}
	if stopped != nil {
		fmt.Fprintln(stdout, "charlm train -resume goes on from here.")
	}
	return stopped
}

// begun is an experiment at its beginning.
func begun(d device.Device, file, text string, s *settings) (*experiment, error) {
	c, err := readCorpus(text, nil)
	if err != nil {
		return nil, err
	}
	if need := max(s.Batch*s.Chunk+1, 100); len(c.training) < need {
		return nil, fmt.Errorf("-text %q leaves %d characters to train on, want at least %d for -batch %d and -chunk %d",
			text, len(c.training), need, s.Batch, s.Chunk)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		return nil, fmt.Errorf("-model %q: %w", file, err)
	}
	s.Size = c.letters.size()
	var e *experiment
	err = layers.Try(func() { e = newExperiment(d, file, s, c) })
	return e, err
}
