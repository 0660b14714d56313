// Charrnn learns a text, character after character, with a recurrent network, and then writes one.
//
//	go run ./examples/charrnn                        the English book that comes with Go, for a minute
//	go run ./examples/charrnn -text go -time 5m      the standard library's source
//	go run ./examples/charrnn -text notes.txt -hidden 384
//
// It prints how many bits per character the network needs to predict a part of the text that it was not trained on,
// beside what a bigram model needs.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/keisan-go/keisan/device"
	_ "github.com/keisan-go/keisan/device/all"
	"github.com/keisan-go/keisan/examples/internal/program"
	"github.com/keisan-go/keisan/layers"
)

func main() { program.Main("charrnn", run) }

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	fs := program.Flags("charrnn", "Charrnn learns a text with a recurrent network and then writes one.")
	source := fs.String("text", "opticks", "train on this `text`: opticks, which is Newton's book, go, which is the\nstandard library's source, or a file\n")
	dev := program.Device(fs)
	seed := program.Seed(fs)
	hidden := program.Int(fs, "hidden", 256, 1, 4096, "`units` of the network")
	batch := program.Int(fs, "batch", 16, 1, 4096, "read the text in so many `places` at the same time")
	chunk := program.Int(fs, "chunk", 16, 1, 4096, "backpropagate through so many `characters`")
	rate := program.Float(fs, "lr", 0.005, "learning `rate` at its highest; in the end it is 0")
	budget := program.Duration(fs, "time", time.Minute, "train for this `time`")
	steps := program.Int(fs, "steps", 0, 1, 1e9, "train for so many `steps` instead, for the same result every time")
	temperature := program.Float(fs, "temperature", 0.7, "how boldly to write: 1 is as learned, less is safer")
	length := program.Int(fs, "length", 500, 1, 1e6, "write so many `characters` in the end")
	curve := program.Curve(fs, "out/charrnn.svg")
	if err := program.Parse(fs, args, stdout); err != nil {
		return err
	}
	s := &settings{hidden: *hidden, batch: *batch, chunk: *chunk, rate: *rate, steps: *steps, time: *budget, seed: *seed}

	text, err := readText(*source)
	if err != nil {
		return err
	}
	letters := newAlphabet(text)
	numbers := letters.encode(text)
	training := s.batch*s.chunk + 1 // at least; the held-out tenth comes on top
	if need := max(100, training+(training-1)/9); len(numbers) < need {
		return fmt.Errorf("-text %q has %d characters, want at least %d for -batch %d and -chunk %d",
			*source, len(numbers), need, s.batch, s.chunk)
	}
	d, err := device.Open(*dev)
	if err != nil {
		return err
	}
	defer d.Close()
	var e *experiment
	if err := layers.Try(func() { e = newExperiment(d, s, letters, numbers) }); err != nil {
		return err
	}
	bigram := newBigram(letters.size(), e.trainer.text).bits(e.heldOut)
	fmt.Fprintf(stdout, "%s: %d characters, %d different ones; %d held out\n", *source, len(numbers), letters.size(), len(e.heldOut))
	fmt.Fprintf(stdout, "%d units on %s; the bigram model needs %.3f bits/char\n\n", s.hidden, d.Name(), bigram)

	p := program.NewProgress(stderr, "chars")
	err = e.run(ctx, p)
	p.Clear()
	if err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	if e.taken == 0 {
		return err // interrupted before the first step
	}
	fmt.Fprintf(stdout, "\nBits per character held out, after %d steps:\n", e.taken)
	fmt.Fprintf(stdout, "  bigram  %.3f\n  RNN     %.3f\n", bigram, e.test.Last())
	sample, sampleErr := e.sample(*length, *temperature)
	if sampleErr != nil {
		return sampleErr
	}
	fmt.Fprintf(stdout, "\nA sample at temperature %v:\n\n%s\n\n", *temperature, wrap(sample, 76))
	if *curve != "" {
		rule := program.Line{Name: "bigram, held out", Dashed: true}
		for _, end := range []float64{0, float64(e.characters()) / 1e6} {
			rule.Add(end, bigram)
		}
		if err := program.SaveCurve(*curve, "charrnn: "+filepath.Base(*source), "million characters read", "bits per character", e.training, e.test, rule); err != nil {
			return err
		}
		fmt.Fprintln(stdout, "Loss curve:", *curve)
	}
	return err
}

// wrap makes a text fit for a terminal: indented, its lines broken where they are too long, and whatever a terminal
// might take for a command replaced.
func wrap(text string, width int) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		line = printable(strings.ReplaceAll(strings.TrimSuffix(line, "\n"), "\t", "    "))
		for utf8.RuneCountInString(line) > width {
			runes := []rune(line)
			b.WriteString("  " + string(runes[:width]) + "\n")
			line = string(runes[width:])
		}
		b.WriteString("  " + line + "\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// oneLine is a text without line breaks.
func oneLine(text string) string { return printable(strings.Join(strings.Fields(text), " ")) }

func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '·'
	}, text)
}
