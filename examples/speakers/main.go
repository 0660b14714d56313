// Speakers learns to tell nine men apart by how they say two vowels: sequences of different lengths, which a bidirectional
// GRU reads.
//
//	go run ./examples/speakers
//	go run ./examples/speakers -hidden 32 -epochs 20 -seed 7 -curve speakers.png
//
// It prints how many utterances of another occasion it assigns to the right man, beside what their means alone tell.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/keisan-go/keisan/device"
	_ "github.com/keisan-go/keisan/device/all"
	"github.com/keisan-go/keisan/examples/internal/program"
	"github.com/keisan-go/keisan/layers"
)

func main() { program.Main("speakers", run) }

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	fs := program.Flags("speakers", "Speakers learns to tell nine men apart by how they say two vowels.")
	dev := program.Device(fs)
	seed := program.Seed(fs)
	epochs := program.Int(fs, "epochs", 40, 1, 1e6, "go through the utterances so many `times`")
	hidden := program.Int(fs, "hidden", 64, 1, 4096, "`units` in each direction")
	drop := program.Fraction(fs, "drop", 0.3, "in training leave out this `part` of what is read and known")
	batch := program.Int(fs, "batch", 30, 1, 270, "train on so many `utterances` at once")
	rate := program.Float(fs, "lr", 0.005, "learning `rate` at its highest; in the end it is 0")
	curve := program.Curve(fs, "out/speakers.svg")
	if err := program.Parse(fs, args, stdout); err != nil {
		return err
	}

	train, heldOut, err := load()
	if err != nil {
		return fmt.Errorf("the utterances of this program: %w", err)
	}
	standardize(train, heldOut)
	steps := longest(slices.Concat(train, heldOut))
	d, err := device.Open(*dev)
	if err != nil {
		return err
	}
	defer d.Close()
	var t *training
	if err := layers.Try(func() {
		t = newTraining(newNetwork(d, *seed, *hidden, steps, *batch, *drop), train, heldOut, *epochs, *rate, *seed)
	}); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%d utterances to train on, %d held out, up to %d frames; 2 x %d units on %s\n\n",
		len(train), len(heldOut), steps, *hidden, d.Name())

	begin := time.Now()
	p := program.NewProgress(stderr, "utterances")
	err = t.run(ctx, p)
	p.Clear()
	if err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	if t.tested == nil {
		return err // interrupted before the first step
	}
	fmt.Fprintf(stdout, "Held-out utterances assigned to the right speaker, after %d steps in %.1fs:\n", t.order.Position(), time.Since(begin).Seconds())
	report := func(name string, right int) {
		fmt.Fprintf(stdout, "  %-14s%d of %d  %.1f%%\n", name, right, len(heldOut), 100*float64(right)/float64(len(heldOut)))
	}
	report("nearest mean", newMeans(train).right(heldOut))
	report("GRU", t.tested.right)
	fmt.Fprintln(stdout)
	c := program.NewConfusion(speakers)
	for i, u := range heldOut {
		c[u.speaker][t.tested.heard[i]]++
	}
	c.Print(stdout, "taken for", "speaker %d", 1)
	if *curve != "" {
		if err := program.SaveCurve(*curve, "speakers", "epoch", "mean loss of a frame in nats", t.trainLoss, t.testLoss); err != nil {
			return err
		}
		fmt.Fprintf(stdout, "\nLoss curve: %s\n", *curve)
	}
	return err
}
