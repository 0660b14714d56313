// Notebook goes through the notebook that Keisan began with, cell by cell: the layers that a two-layer network and a
// recurrent one are made of, forward and backward, with the numbers that NumPy printed there.
//
//	go run ./examples/notebook
//
// The cells are in lesson.go.
package main

import (
	"context"
	"io"

	"github.com/keisan-go/keisan/device"
	_ "github.com/keisan-go/keisan/device/all"
	"github.com/keisan-go/keisan/examples/internal/program"
)

func main() { program.Main("notebook", run) }

func run(ctx context.Context, args []string, stdout, _ io.Writer) error {
	fs := program.Flags("notebook", "Notebook shows the layers one after another, with small numbers.")
	dev := program.Device(fs)
	if err := program.Parse(fs, args, stdout); err != nil {
		return err
	}
	d, err := device.Open(*dev)
	if err != nil {
		return err
	}
	defer d.Close()
	return lesson(ctx, d, stdout)
}
