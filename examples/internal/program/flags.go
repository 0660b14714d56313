package program

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Flags returns an empty set of flags for a program, which summary describes in a sentence.
func Flags(name, summary string) *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.Usage = func() {
		fmt.Fprintf(fs.Output(), "%s\n\nUsage: %s [flags]\n\n", summary, name)
		fs.PrintDefaults()
	}
	return fs
}

// Parse parses the arguments of a program that takes flags alone. It returns flag.ErrHelp after it has printed the help
// that was asked for, and a UsageError if something is wrong.
func Parse(fs *flag.FlagSet, args []string, stdout io.Writer) error {
	fs.SetOutput(io.Discard) // or flag would print all flags after each mistake
	err := fs.Parse(args)
	switch {
	case errors.Is(err, flag.ErrHelp):
		fs.SetOutput(stdout)
		fs.Usage()
		return err
	case err != nil:
		return Usagef("%v", err)
	case fs.NArg() > 0:
		return Usagef("argument %q: want flags alone", fs.Arg(0))
	}
	return nil
}

// Device declares the flag -device, for device.Open.
func Device(fs *flag.FlagSet) *string {
	return fs.String("device", "", "compute on this `device`: cpu, cuda:0, opencl:1 ...; if empty, on\n$KEISAN_DEVICE or else the fastest one")
}

// Seed declares the flag -seed.
func Seed(fs *flag.FlagSet) *uint64 {
	return add(fs, "seed", 1, "`number` that all randomness comes from", "a whole number of 0 or more",
		func(s string) (uint64, bool) {
			n, err := strconv.ParseUint(s, 0, 64)
			return n, err == nil
		})
}

// Curve declares the flag -curve, for SaveCurve.
func Curve(fs *flag.FlagSet, file string) *string {
	return add(fs, "curve", file, "draw the loss curve to this .svg or .png `file`; to none if empty\n", "a name that ends in .svg or .png",
		func(s string) (string, bool) {
			ext := filepath.Ext(s)
			return s, s == "" || ext == ".svg" || ext == ".png"
		})
}

// Int declares a flag for a whole number from lo to hi.
func Int(fs *flag.FlagSet, name string, value, lo, hi int, usage string) *int {
	return add(fs, name, value, usage, fmt.Sprintf("a whole number from %d to %d", lo, hi),
		func(s string) (int, bool) {
			n, err := strconv.Atoi(s)
			return n, err == nil && n >= lo && n <= hi
		})
}

// Float declares a flag for a number above 0.
func Float(fs *flag.FlagSet, name string, value float64, usage string) *float64 {
	return add(fs, name, value, usage, "a number above 0",
		func(s string) (float64, bool) {
			x, err := strconv.ParseFloat(s, 64)
			return x, err == nil && x > 0 && !math.IsInf(x, 0)
		})
}

// Fraction declares a flag for a number from 0 to less than 1.
func Fraction(fs *flag.FlagSet, name string, value float64, usage string) *float64 {
	return add(fs, name, value, usage, "a number from 0 to less than 1",
		func(s string) (float64, bool) {
			x, err := strconv.ParseFloat(s, 64)
			return x, err == nil && x >= 0 && x < 1
		})
}

// Choice declares a flag for one of several words, the first of which it is by default.
func Choice(fs *flag.FlagSet, name, usage string, choices ...string) *string {
	return add(fs, name, choices[0], usage, strings.Join(choices, " or "),
		func(s string) (string, bool) { return s, slices.Contains(choices, s) })
}

// Duration declares a flag for a time above 0.
func Duration(fs *flag.FlagSet, name string, value time.Duration, usage string) *time.Duration {
	return add(fs, name, value, usage, "a time above 0 such as 90s or 2m",
		func(s string) (time.Duration, bool) {
			d, err := time.ParseDuration(s)
			return d, err == nil && d > 0
		})
}

// setting is a flag.Value that says what it wants.
type setting[T any] struct {
	value T
	want  string
	parse func(string) (T, bool)
}

func add[T any](fs *flag.FlagSet, name string, value T, usage, want string, parse func(string) (T, bool)) *T {
	s := &setting[T]{value, want, parse}
	fs.Var(s, name, usage)
	return &s.value
}

func (s *setting[T]) String() string { return fmt.Sprint(s.value) }

func (s *setting[T]) Set(text string) error {
	value, ok := s.parse(text)
	if !ok {
		return errors.New("want " + s.want)
	}
	s.value = value
	return nil
}
