package main

import (
	"bufio"
	"context"
	"fmt"
	"io"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/examples/internal/program"
)

// sample is the command that writes a text.
func sample(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	fs := program.Flags("charlm sample", "Charlm sample goes on with a text.")
	dev := program.Device(fs)
	file := modelFlag(fs, "the network is in this `file`")
	prompt := fs.String("prompt", "", "go on from this `text`, at the beginning of a line")
	temperature := temperatureFlag(fs)
	length := lengthFlag(fs)
	seed := program.Seed(fs)
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
	letters := a.alphabet()
	r := request{length: *length, temperature: *temperature, seed: *seed}
	if r.prompt, err = letters.encode(*prompt); err != nil {
		return fmt.Errorf("-prompt %q: %w", *prompt, err)
	}
	out := bufio.NewWriter(stdout)
	out.WriteString(printable(*prompt))
	err = newWriter(n, letters).write(ctx, r, func(c rune) error {
		_, err := out.WriteString(printable(string(c)))
		if c == '\n' {
			out.Flush() // it is read as it is written
		}
		return err
	})
	out.WriteByte('\n')
	if err != nil {
		return err
	}
	return out.Flush()
}
