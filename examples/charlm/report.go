package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/keisan-go/keisan/examples/internal/program"
)

// A rival is a model that the network has to beat, which was trained on the same part of the text.
type rival struct {
	name  string
	model *ngram
}

func newRivals(c *corpus) []rival {
	return []rival{
		{"bigram", newNgram(c.letters.size(), 2, c.training)},
		{"5-gram", newNgram(c.letters.size(), 5, c.training)},
	}
}

// describe tells what is about to be trained.
func (e *experiment) describe(w io.Writer, device string, rivals []rival) {
	c := e.corpus
	fmt.Fprintf(w, "%s: %d characters, %d different ones; %d for validation, %d held out\n",
		c.name, len(c.text), e.Size, len(c.validation), len(c.test))
	fmt.Fprintf(w, "%v on %s\nbits/char in validation:", e.net, device)
	for _, r := range rivals {
		fmt.Fprintf(w, "  %s %.3f", r.name, r.model.bits(c.validation))
	}
	fmt.Fprint(w, "\n\n")
}

// report tells how well the best network predicts what nothing has seen, and has it write.
func (e *experiment) report(w io.Writer, rivals []rival, r request) error {
	if err := e.recall(); err != nil {
		return err
	}
	bits, err := e.evaluator.bits(e.corpus.test)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "\nBits per character held out, after %d of %d steps:\n", e.BestAt, e.Taken)
	printBits(w, rivals, e.net, e.corpus.test, bits)
	text, err := e.sample(r)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "\nA sample at temperature %v:\n\n%s\n\n", r.temperature, wrap(text, 76))
	return nil
}

// printBits compares the rivals with a network, which needs so many bits per character of a text.
func printBits(w io.Writer, rivals []rival, n *network, text []byte, bits float64) {
	for _, r := range rivals {
		fmt.Fprintf(w, "  %-8s%.3f\n", r.name, r.model.bits(text))
	}
	fmt.Fprintf(w, "  %-8s%.3f\n", strings.ToUpper(n.Cell), bits)
}

// draw draws how the bits per character fell.
func (e *experiment) draw(file string, rivals []rival) error {
	lines := []program.Line{e.Training, e.Validation}
	for _, r := range rivals {
		level := program.Line{Name: r.name + ", validation", Dashed: true}
		bits := r.model.bits(e.corpus.validation)
		for _, end := range []float64{0, float64(e.characters()) / 1e6} {
			level.Add(end, bits)
		}
		lines = append(lines, level)
	}
	return program.SaveCurve(file, "charlm: "+filepath.Base(e.corpus.name), "million characters read", "bits per character", lines...)
}
