package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keisan-go/keisan/cmd/devbench/internal/bench"
	"github.com/keisan-go/keisan/cmd/devbench/internal/cases"
	"github.com/keisan-go/keisan/cmd/devbench/internal/host"
	"github.com/keisan-go/keisan/cmd/devbench/internal/report"
	"github.com/keisan-go/keisan/device"
)

var (
	hostFree     = host.Free
	describeHost = host.Describe
)

// selection is the flags that say what to measure.
type selection struct {
	Device []string      `placeholder:"NAMES" help:"Devices by the names that 'devbench list' tells, with commas between them; all there are by default."`
	DType  []string      `name:"dtype" placeholder:"TYPES" default:"float32" help:"float32, float64 or both, with a comma between them."`
	Time   time.Duration `default:"500ms" help:"How long to measure each case on each device."`
	Match  string        `placeholder:"REGEXP" help:"Only cases whose name matches."`
	Seed   uint64        `help:"Seed of the order in which cases are measured; one of its own for each run by default."`
}

// outputs is the flags that say where results go.
type outputs struct {
	JSON  string `name:"json" placeholder:"FILE" help:"Write everything, each sample too, as JSON. A FILE of - is standard output, here and below."`
	CSV   string `name:"csv" placeholder:"FILE" help:"Write a line for each result."`
	MD    string `name:"md" placeholder:"FILE" help:"Write the table as Markdown."`
	Bench string `placeholder:"FILE" help:"Write each sample in Go's benchmark format, for benchstat."`
	HTML  string `name:"html" placeholder:"FILE" help:"Write a page with charts."`
}

type runCommand struct {
	Cases []string `arg:"" optional:"" help:"Cases such as matmul/m=256/n=256/k=256; a value may be a list (256,512) or a range (256-4096*2, 100-500+100). Those of -set by default."`

	Set       string `placeholder:"NAME" help:"A standard set, of those that -describe tells; standard by default."`
	Quick     bool   `help:"The quick set, 100ms for each case."`
	RunOnce   bool   `help:"Run each case once and check it, but measure nothing."`
	Describe  bool   `help:"Describe the families of cases, with the formulas for their operations and bytes, and stop."`
	selection `embed:""`
	Baseline  string `placeholder:"DEVICE" help:"The device to compare the others with; the first one by default."`
	outputs   `embed:""`

	Compare      string `placeholder:"FILE" help:"Compare with the results of an earlier run that -json wrote."`
	FailOnSlower string `placeholder:"SHARE" help:"With -compare: exit with 3 if a case became slower by more than this, such as 5%."`

	profiling `embed:""`
}

// Run measures and presents.
func (c *runCommand) Run(ctx context.Context, p *program) error {
	if c.Describe {
		describe(p.out)
		return nil
	}
	if c.Quick {
		if c.Set == "" {
			c.Set = "quick"
		}
		c.Time = min(c.Time, 100*time.Millisecond)
	}
	cs, err := c.cases()
	if err != nil {
		return misused("%v", err)
	}
	tolerance, err := share(c.FailOnSlower)
	if err != nil || c.FailOnSlower != "" && c.Compare == "" {
		return misused("-fail-on-slower %q: want a share such as 5%% or 0.05, together with -compare", c.FailOnSlower)
	}
	var old *bench.Report
	if c.Compare != "" {
		if old, err = bench.Read(c.Compare); err != nil {
			return misused("-compare: %v", err)
		}
	}
	plan, err := p.plan(&c.selection, cs)
	if err != nil {
		return err
	}
	defer closeAll(plan)
	plan.Once = c.RunOnce
	baseline := plan.Devices[0].Name
	if c.Baseline != "" {
		if baseline = c.Baseline; !measured(plan, baseline) {
			return misused("-baseline %q: want one of the devices measured, %s", baseline, entryNames(plan))
		}
	}
	files, err := c.outputs.create(p)
	if err != nil {
		return misused("%v", err)
	}
	stop, err := c.profiling.start()
	if err != nil {
		return misused("%v", err)
	}
	r := p.measure(ctx, plan)
	if err := stop(); err != nil {
		return err
	}
	r.Compare(baseline)

	human, s := p.out, p.outScreen
	if files.stdout {
		human, s = p.err, p.errScreen
	}
	present(human, r, s)
	if err := files.write(r); err != nil {
		return err
	}
	var changes []bench.Change
	if old != nil {
		if changes = bench.Changes(old, r); len(changes) > 0 {
			fmt.Fprintf(human, "\nagainst %s\n", c.Compare)
			report.Changes(human, changes, s)
		}
	}
	if err := ending(r); err != nil || old == nil {
		return err
	}
	if len(changes) == 0 {
		return misused("-compare: %s and this run have no case in common, on the same device in the same type", c.Compare)
	}
	if c.FailOnSlower == "" {
		return nil
	}
	return failOnSlower(changes, tolerance)
}

// cases is the cases asked for.
func (c *runCommand) cases() ([]cases.Case, error) {
	var all []cases.Case
	for _, arg := range c.Cases {
		cs, err := cases.Parse(arg)
		if err != nil {
			return nil, err
		}
		all = append(all, cs...)
	}
	if c.Set != "" || len(c.Cases) == 0 {
		name := c.Set
		if name == "" {
			name = "standard"
		}
		set, err := cases.SetNamed(name)
		if err != nil {
			return nil, fmt.Errorf("-%w", err)
		}
		all = append(all, set.Cases()...)
	}
	return matching(all, c.Match)
}

// matching is the cases whose names match, each once.
func matching(all []cases.Case, expression string) ([]cases.Case, error) {
	re, err := regexp.Compile(expression)
	if err != nil {
		return nil, fmt.Errorf("-match %q: %v", expression, err)
	}
	seen := map[string]bool{}
	some := slices.DeleteFunc(slices.Clone(all), func(c cases.Case) bool {
		name := c.String()
		if seen[name] {
			return true
		}
		seen[name] = true
		return !re.MatchString(name)
	})
	if len(some) == 0 {
		return nil, fmt.Errorf("-match %q: none of the %d cases does, such as %v", expression, len(all), all[0])
	}
	return some, nil
}

// plan opens the devices.
func (p *program) plan(s *selection, cs []cases.Case) (*bench.Plan, error) {
	plan := &bench.Plan{Cases: cs, Time: s.Time, Seed: s.Seed, Clock: p.clock, HostFree: p.hostFree}
	if s.Time <= 0 {
		return nil, misused("-time %v: want more than 0, such as 500ms", s.Time)
	}
	if plan.Seed == 0 {
		plan.Seed = uint64(rand.Uint32())
	}
	types := map[string]device.DType{"float32": device.Float32, "float64": device.Float64}
	for _, name := range s.DType {
		if t, ok := types[name]; ok && !slices.Contains(plan.DTypes, t) {
			plan.DTypes = append(plan.DTypes, t)
		}
	}
	if len(plan.DTypes) == 0 || len(plan.DTypes) < len(s.DType) {
		return nil, misused("-dtype %q: want float32, float64 or float32,float64", strings.Join(s.DType, ","))
	}
	names, err := p.devices(s.Device)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		plan.Devices = append(plan.Devices, bench.Open(name, p.clock, p.open))
	}
	plan.Moves = len(names) > 1
	return plan, nil
}

// devices is the names of the devices asked for, or of all that there are.
func (p *program) devices(asked []string) ([]string, error) {
	var there, missing []string
	reasons := map[string]string{}
	for _, i := range p.list() {
		if i.Unavailable == "" {
			there = append(there, i.Name)
		} else {
			reasons[i.Name] = i.Unavailable
			missing = append(missing, i.Name+" is not available: "+i.Unavailable)
		}
	}
	if len(asked) == 0 && len(there) == 0 {
		return nil, misused("there is no device; %s", strings.Join(missing, "; "))
	}
	if len(asked) == 0 {
		return there, nil
	}
	var names []string
	for _, name := range asked {
		if name == "" || slices.Contains(names, name) {
			return nil, misused("-device %q: want different names with commas between them, such as %s", strings.Join(asked, ","), strings.Join(there, ","))
		}
		backend, _, _ := strings.Cut(name, ":")
		full := name
		if !slices.Contains(there, name) && slices.Contains(there, name+":0") {
			full = name + ":0" // "cuda" is the first of them
		}
		switch {
		case slices.Contains(there, full):
			names = append(names, full)
		case reasons[name] != "" || reasons[backend] != "":
			return nil, misused("-device %q: not available: %s%s", name, reasons[name], onlyIf(reasons[name] == "", reasons[backend]))
		default:
			return nil, misused("-device %q: there is no such device; want some of %s", name, strings.Join(there, ","))
		}
	}
	return names, nil
}

func onlyIf(condition bool, s string) string {
	if condition {
		return s
	}
	return ""
}

// measure runs the plan and adds what the core does not know.
func (p *program) measure(ctx context.Context, plan *bench.Plan) *bench.Report {
	started, h := time.Now(), p.host()
	progress := newProgress(p.err, p.errPlain, p.errScreen.Columns)
	plan.Progress = progress.show
	r := plan.Run(ctx)
	progress.end()
	r.Version, r.Args, r.Started, r.Host = version(), p.args, started.UTC().Truncate(time.Second), h
	for _, d := range bench.Describe(p.list()) { // and the backends that are missing
		if d.Unavailable != "" && !slices.ContainsFunc(r.Devices, func(o bench.Device) bool { return o.Name == d.Name }) {
			r.Devices = append(r.Devices, d)
		}
	}
	return r
}

// present writes the table for people.
func present(w io.Writer, r *bench.Report, s report.Screen) {
	report.Lines(w, report.Header(r), s)
	fmt.Fprintln(w)
	report.Table(w, r, s)
	fmt.Fprintln(w)
	for _, d := range r.Devices {
		if against := report.Against(r, d.Name); against != "" {
			report.Lines(w, []string{d.Name + ": " + against}, s)
		}
	}
	report.Lines(w, report.Legend(r), s)
	warn(w, r, s)
	if report.Timed(r) {
		fmt.Fprintf(w, "cases took turns in an order of seed %d\n", r.Seed)
	}
}

// warn writes what has to be known of the results.
func warn(w io.Writer, r *bench.Report, s report.Screen) {
	var lines []string
	for _, line := range report.Notes(r) {
		lines = append(lines, "! "+line)
	}
	report.Lines(w, lines, s)
}

// measured tells whether a plan has a device of that name.
func measured(plan *bench.Plan, name string) bool {
	return slices.ContainsFunc(plan.Devices, func(e *bench.Entry) bool { return e.Name == name })
}

func entryNames(plan *bench.Plan) string {
	var names []string
	for _, e := range plan.Devices {
		names = append(names, e.Name)
	}
	return strings.Join(names, ", ")
}

func closeAll(plan *bench.Plan) {
	for _, e := range plan.Devices {
		if e.Device != nil {
			e.Device.Close() // what it still has to say, the rows have said
		}
	}
}

// share is "5%" or "0.05" as a number; that of "" is 0.
func share(s string) (float64, error) {
	if s == "" {
		return 0, nil
	}
	number, isPercent := strings.CutSuffix(s, "%")
	v, err := strconv.ParseFloat(number, 64)
	if isPercent {
		v /= 100
	}
	if err == nil && !(v >= 0 && v < 1e6) {
		err = strconv.ErrRange
	}
	return v, err
}

func describe(w io.Writer) {
	for _, f := range cases.Families {
		fmt.Fprintf(w, "%s\n    %s\n", f.Name, f.About)
		for _, k := range f.Keys {
			choices := ""
			if len(k.Choices) > 0 {
				choices = ": " + strings.Join(k.Choices, ", ")
			}
			fmt.Fprintf(w, "    %-11s %s%s (%s)\n", k.Name, k.About, choices, k.Default)
		}
		for _, line := range [][2]string{{"operations", f.Ops}, {"bytes", f.Bytes}, {"checked", f.Check}} {
			if line[1] != "" {
				fmt.Fprintf(w, "    %-11s %s\n", line[0], line[1])
			}
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w, "A multiply-add is two operations, a transcendental function one. Bytes are those of the operands, each counted once")
	fmt.Fprintln(w, "for each time that a kernel reads or writes it, s being the bytes of an element. In parentheses: the default.")
	fmt.Fprintln(w, "\nSets:")
	for _, s := range cases.Sets {
		fmt.Fprintf(w, "    %-20s %s (%d cases)\n", s.Name, s.About, len(s.Cases()))
	}
}

// files are the outputs, opened before anything is measured, so that a mistake in a name costs no run. What a file held
// stays in it until there is something to write.
type files struct {
	stdout bool
	all    []output
}

type output struct {
	w     io.Writer
	write func(io.Writer, *bench.Report) error
}

func (o *outputs) create(p *program) (*files, error) {
	f := &files{}
	var names []string
	for _, out := range []struct {
		flag, name string
		write      func(io.Writer, *bench.Report) error
	}{
		{"json", o.JSON, report.JSON}, {"csv", o.CSV, report.CSV}, {"md", o.MD, report.Markdown},
		{"bench", o.Bench, report.Bench}, {"html", o.HTML, report.HTML},
	} {
		switch {
		case out.name == "":
			continue
		case slices.Contains(names, out.name):
			return nil, fmt.Errorf("-%s %s: a FILE takes one of the outputs only", out.flag, out.name)
		case out.name == "-":
			f.stdout = true
			f.all = append(f.all, output{p.out, out.write})
		default:
			file, err := os.OpenFile(out.name, os.O_WRONLY|os.O_CREATE, 0o666)
			if err != nil {
				return nil, fmt.Errorf("-%s: %w", out.flag, err)
			}
			f.all = append(f.all, output{file, out.write})
		}
		names = append(names, out.name)
	}
	return f, nil
}

// write writes all of them, whichever fail.
func (f *files) write(r *bench.Report) error {
	var errs []error
	for _, o := range f.all {
		file, ok := o.w.(*os.File)
		if ok {
			file.Truncate(0) // of a pipe there is nothing to cut off
		}
		errs = append(errs, o.write(o.w, r))
		if ok {
			errs = append(errs, file.Close())
		}
	}
	return errors.Join(errs...)
}
