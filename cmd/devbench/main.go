// Command devbench compares devices on the work that Keisan exists for: it checks each case on each device against a
// float64 reference, measures those that are right, and tells how near each device comes to its own best.
//
//	devbench                          every device there is, the standard cases, about a minute
//	devbench list                     the devices, and why a backend is missing
//	devbench matmul/m=256-4096*2      products of growing size
//	devbench compare old.json new.json
//
// devbench --help tells the rest. It exits with 0 if all is well, 1 if a result is wrong or a device failed, 2 for a
// mistake in the arguments, 3 if something became slower than -fail-on-slower allows, 130 if it was interrupted.
package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
	"golang.org/x/term"

	"github.com/keisan-go/keisan/cmd/devbench/internal/bench"
	"github.com/keisan-go/keisan/cmd/devbench/internal/report"
	"github.com/keisan-go/keisan/device"
	_ "github.com/keisan-go/keisan/device/all"
)

// Exit codes.
const (
	fine        = 0
	wrong       = 1
	usage       = 2
	slower      = 3
	interrupted = 130
)

type grammar struct {
	Run       runCommand       `cmd:"" default:"withargs" help:"Check and measure cases on devices (the default)."`
	List      listCommand      `cmd:"" help:"List the devices, and why a backend is missing."`
	Compare   compareCommand   `cmd:"" help:"Compare the results of two runs that -json wrote."`
	Crossover crossoverCommand `cmd:"" help:"Find the size from which on a device is ahead, transfers included."`
	Profile   profileCommand   `cmd:"" help:"Time, operations and bytes of each kernel of a training run."`
	Peers     peersCommand     `cmd:"" help:"Measure other libraries beside Keisan, from a checkout of it."`

	Version kong.VersionFlag `help:"Print the version."`
}

// A program is what a command works with: the streams, the devices, the clock. Tests put others in their place.
type program struct {
	out, err  io.Writer
	outScreen report.Screen
	errScreen report.Screen
	errPlain  bool // progress is to be told in plain lines
	args      []string
	list      func() []device.Info
	open      func(string) (device.Device, error)
	clock     bench.Clock
	hostFree  func() float64
	host      func() bench.Host
}

// An exit ends the program with a code and a message, which may be empty.
type exit struct {
	code    int
	message string
}

func (e *exit) Error() string { return e.message }

// misused is the exit for a mistake in the arguments.
func misused(format string, args ...any) error { return &exit{usage, fmt.Sprintf(format, args...)} }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, func() {
		stop()
		fmt.Fprintln(os.Stderr, "\ndevbench: finishing what runs now; a second interrupt ends it there and then")
	})
	os.Exit(newProgram().run(ctx, os.Args[1:]))
}

func newProgram() *program {
	return &program{
		out: os.Stdout, err: os.Stderr, outScreen: screen(os.Stdout), errScreen: screen(os.Stderr),
		errPlain: !term.IsTerminal(int(os.Stderr.Fd())) || os.Getenv("TERM") == "dumb",
		list:     device.List, open: device.Open, clock: bench.NewClock(), hostFree: hostFree, host: describeHost,
	}
}

// screen is what is known of a stream: a terminal has a width, and colours unless NO_COLOR is set.
func screen(f *os.File) (s report.Screen) {
	if term.IsTerminal(int(f.Fd())) {
		s.Columns, _, _ = term.GetSize(int(f.Fd()))
		s.Colour = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	}
	return s
}

// A checked writer remembers its first failure, which those who print do not ask for.
type checked struct {
	io.Writer
	err error
}

func (w *checked) Write(b []byte) (int, error) {
	n, err := w.Writer.Write(b)
	w.err = cmp.Or(w.err, err)
	return n, err
}

// run does what the arguments say and returns the exit code.
func (p *program) run(ctx context.Context, args []string) int {
	out := &checked{Writer: p.out}
	p.out = out
	code := p.command(ctx, args)
	if code == fine && out.err != nil {
		fmt.Fprintln(p.err, "devbench:", out.err)
		return wrong
	}
	return code
}

// command parses the arguments, runs the command and returns its exit code.
func (p *program) command(ctx context.Context, args []string) int {
	p.args = args
	left := -1
	parser, err := kong.New(&grammar{},
		kong.Name("devbench"),
		kong.Description("Compares devices on the work that Keisan exists for. Each case is checked against a float64 reference before it is measured."),
		kong.Vars{"version": version()},
		kong.Writers(p.out, p.err),
		kong.Exit(func(code int) { left = code }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.Help(help),
		kong.BindTo(ctx, (*context.Context)(nil)),
		kong.Bind(p))
	if err != nil {
		panic(err)
	}
	args = twoHyphens(args)
	if len(args) > 0 && (args[0] == "--help" || args[0] == "-h") {
		args = []string{"run", "--help"} // what most people want to know
	}
	parsed, err := parser.Parse(args)
	if left >= 0 { // -help and -version have done what was asked for
		return left
	}
	if err != nil {
		fmt.Fprintf(p.err, "devbench: %v (devbench -help tells the flags)\n", err)
		return usage
	}
	err = parsed.Run()
	var e *exit
	switch {
	case err == nil:
		return fine
	case errors.As(err, &e):
		if e.message != "" {
			fmt.Fprintln(p.err, "devbench: "+e.message)
		}
		return e.code
	}
	fmt.Fprintln(p.err, "devbench:", err)
	return wrong
}

// help explains a command; the one that is run without being named, with the others and some examples.
func help(options kong.HelpOptions, ctx *kong.Context) error {
	if err := kong.DefaultHelpPrinter(options, ctx); err != nil || ctx.Command() != "run" && ctx.Command() != "run <cases>" {
		return err
	}
	fmt.Fprint(ctx.Stdout, `
Other commands (devbench COMMAND -help):
  list          the devices, and why a backend is missing
  compare       two runs that -json wrote: SAME, FASTER, SLOWER or UNSURE
  crossover     from which size on a device is ahead, transfers included
  profile       time, operations and bytes of each kernel of a training run
  peers         other libraries beside Keisan, from a checkout of it

Examples ("run" may be left out, and one hyphen is as good as two):
  devbench
  devbench -device cpu -time 100ms matmul/m=256-4096*2 elementwise/op=tanh,add/n=65536
  devbench -set quick -json run.json -html run.html
  devbench -compare run.json -fail-on-slower 5%
`)
	return nil
}

// twoHyphens gives flags of one hyphen, as Go programs have them, the two that the parser wants.
func twoHyphens(args []string) []string {
	var all []string
	for i, a := range args {
		if a == "--" {
			return append(all, args[i:]...)
		}
		if len(a) > 2 && a[0] == '-' && a[1] != '-' && !strings.ContainsAny(a[1:2], "0123456789.") {
			a = "-" + a
		}
		all = append(all, a)
	}
	return all
}
