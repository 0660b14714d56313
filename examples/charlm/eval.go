package main

import (
	"context"
	"fmt"
	"io"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/examples/internal/program"
)

// eval is the command that tells how well a network predicts a text.
func eval(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	fs := program.Flags("charlm eval", "Charlm eval tells how many bits per character a network needs to predict a text:\nof the one that it learned, the part that was held out.")
	dev := program.Device(fs)
	file := modelFlag(fs, "the network is in this `file`")
	source := fs.String("text", "", "predict this `text`: opticks, go or a file; the one learned if empty\n")
	if err := program.Parse(fs, args, stdout); err != nil {
		return err
	}
	d, err := device.Open(*dev)
	if err != nil {
		return err
	}
	defer d.Close()
	n, a, err := loadNetwork(d, *file)
	if err != nil {
		return err
	}
	if *source == "" {
		*source = a.Text
	}
	c, err := readCorpus(*source, a.alphabet())
	if err != nil {
		return err
	}
	text, rivals := c.text, []rival(nil)
	if c.sum == a.Sum {
		text, rivals = c.test, newRivals(c)
	}
	if len(text) < 2 {
		return fmt.Errorf("-text %q has %d characters, want 2 or more", *source, len(text))
	}
	bits, err := evaluatorOf(n, text).bits(text)
	if err != nil {
		return err
	}
	fmt.Fprintf(stdout, "Bits per character of %d of %s:\n", len(text), c.name)
	printBits(stdout, rivals, n, text, bits)
	return nil
}
