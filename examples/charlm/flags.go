package main

import (
	"flag"

	"github.com/keisan-go/keisan/examples/internal/program"
)

// modelFlag declares the flag -model.
func modelFlag(fs *flag.FlagSet, usage string) *string {
	return fs.String("model", "out/charlm.safetensors", usage)
}

// temperatureFlag declares the flag -temperature.
func temperatureFlag(fs *flag.FlagSet) *float64 {
	return program.Float(fs, "temperature", 0.7, "how boldly to write: 1 is as learned, less is safer")
}

// lengthFlag declares the flag -length.
func lengthFlag(fs *flag.FlagSet) *int {
	return program.Int(fs, "length", 500, 1, 1e6, "write so many `characters`")
}
