// Package program is what the example programs have in common: flags that say what they want, Ctrl-C and exit codes, a
// line of progress, and a curve of what was learned.
package program

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// The exit codes of a program.
const (
	Fine        = 0
	Failed      = 1
	Misused     = 2   // a flag is wrong
	Interrupted = 130 // by Ctrl-C, as shells count it, or by SIGTERM
)

// A UsageError is a mistake in how the program was called. It names the thing, its value and what was wanted.
type UsageError struct{ message string }

func (e *UsageError) Error() string { return e.message }

// Usagef makes a UsageError.
func Usagef(format string, args ...any) error { return &UsageError{fmt.Sprintf(format, args...)} }

// Run is a program: its flags in, what it found out to stdout, what happens meanwhile to stderr. When ctx ends, it
// stops soon, still tells what it has found out, and returns the error of ctx.
type Run func(ctx context.Context, args []string, stdout, stderr io.Writer) error

// Main runs a program and exits. The first Ctrl-C, or SIGTERM as containers are stopped with, ends its context, the second
// kills it.
func Main(name string, run Run) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // from here on signals do what they do to any program
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	os.Exit(report(os.Stderr, name, err))
}

// report tells a program's error, and returns the exit code that goes with it.
func report(stderr io.Writer, name string, err error) int {
	var usage *UsageError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return Fine
	case errors.Is(err, context.Canceled):
		fmt.Fprintf(stderr, "%s: interrupted\n", name)
		return Interrupted
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "%s: %v\n%s -help tells all flags\n", name, err, name)
		return Misused
	}
	fmt.Fprintf(stderr, "%s: %v\n", name, err)
	return Failed
}
