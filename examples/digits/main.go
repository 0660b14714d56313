// Digits learns to read handwritten digits with a network of two layers, and shows how well it reads those that it
// has never seen.
//
//	go run ./examples/digits
//	go run ./examples/digits -hidden 64 -epochs 100 -seed 7 -curve digits.png
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/keisan-go/keisan/device"
	_ "github.com/keisan-go/keisan/device/all"
	"github.com/keisan-go/keisan/examples/internal/program"
	"github.com/keisan-go/keisan/layers"
)

func main() { program.Main("digits", run) }

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	fs := program.Flags("digits", "Digits learns to read handwritten digits with a network of two layers.")
	dev := program.Device(fs)
	seed := program.Seed(fs)
	epochs := program.Int(fs, "epochs", 60, 1, 1e6, "go through the digits so many `times`")
	hidden := program.Int(fs, "hidden", 256, 1, 1<<16, "`units` of the hidden layer")
	batch := program.Int(fs, "batch", 32, 1, 1<<16, "train on so many `digits` at once")
	rate := program.Float(fs, "lr", 0.002, "learning `rate`")
	curve := program.Curve(fs, "out/digits.svg")
	if err := program.Parse(fs, args, stdout); err != nil {
		return err
	}

	all, err := load()
	if err != nil {
		return fmt.Errorf("the digits of this program: %w", err)
	}
	d, err := device.Open(*dev)
	if err != nil {
		return err
	}
	defer d.Close()
	var t *training
	if err := layers.Try(func() { t = newTraining(newNetwork(d, *seed, *hidden, *batch, *rate), all, *epochs, *seed) }); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "%d digits to train on, %d held out; %d hidden units on %s\n", len(t.train), len(t.heldOut), *hidden, d.Name())

	start := time.Now()
	p := program.NewProgress(stderr, "digits")
	err = t.run(ctx, p)
	p.Clear()
	if err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	if t.result == nil {
		return err // interrupted before the first step
	}
	fmt.Fprintf(stdout, "%d of %d held-out digits read right: %.2f%%, after %d epochs in %.1fs\n\n",
		t.result.right, len(t.heldOut), 100*t.result.accuracy(), t.epoch, time.Since(start).Seconds())
	confusion(t.heldOut, t.result.read).Print(stdout, "read as", "a %d was", 0)
	if t.result.right < len(t.heldOut) {
		fmt.Fprint(stdout, "\nSome that were not:\n\n")
		printMistakes(stdout, t.heldOut, t.result.read, 4)
	}
	if *curve != "" {
		if err := program.SaveCurve(*curve, "digits", "epoch", "mean loss in nats", t.trainLoss, t.testLoss); err != nil {
			return err
		}
		fmt.Fprintf(stdout, "\nLoss curve: %s\n", *curve)
	}
	return err
}
