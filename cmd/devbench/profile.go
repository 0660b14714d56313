package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/keisan-go/keisan/cmd/devbench/internal/bench"
	"github.com/keisan-go/keisan/cmd/devbench/internal/cases"
	"github.com/keisan-go/keisan/cmd/devbench/internal/report"
	"github.com/keisan-go/keisan/cmd/devbench/internal/trace"
	"github.com/keisan-go/keisan/device"
)

type profileCommand struct {
	Example string `required:"" enum:"digits,charrnn,charlm" help:"The network that is trained: digits or charlm, in the shapes of the examples of these names, or charrnn, a recurrent layer over characters."`
	Device  string `placeholder:"NAME" help:"The device; the fastest one by default."`
	DType   string `name:"dtype" default:"float32" enum:"float32,float64" help:"float32 or float64."`
	Batch   int    `default:"16" help:"Examples in the batch."`
	Steps   int    `default:"20" help:"Training steps to trace."`
	Trace   string `placeholder:"FILE" help:"Write a trace for ui.perfetto.dev or chrome://tracing."`
}

// Run trains a network and tells what each kernel took.
func (c *profileCommand) Run(ctx context.Context, p *program) error {
	if c.Steps < 1 || c.Batch < 1 {
		return misused("-steps %d -batch %d: want 1 or more of each", c.Steps, c.Batch)
	}
	if c.Device != "" {
		names, err := p.devices([]string{c.Device})
		if err != nil {
			return err
		}
		c.Device = names[0]
	}
	d, err := p.open(c.Device)
	if err != nil {
		return misused("-device: %v", err)
	}
	defer d.Close()
	dtype := device.Float32
	if c.DType == "float64" {
		dtype = device.Float64
	}
	cs, err := cases.Parse(fmt.Sprintf("train_step/net=%s/b=%d", c.Example, c.Batch))
	if err != nil {
		return misused("%v", err)
	}
	i := d.Info()
	room := float64(i.Memory)
	if i.Kind == device.CPU {
		room = min(room, p.hostFree())
	}
	if need, _ := cs[0].Need(dtype); i.Memory > 0 && need > room {
		return misused("-batch %d: needs %s, free %s", c.Batch, bench.Size(need), bench.Size(room))
	}
	var file *os.File
	if c.Trace != "" {
		if file, err = os.Create(c.Trace); err != nil {
			return misused("-trace: %v", err)
		}
		defer file.Close()
	}
	net := cases.NewNet(c.Example, c.Batch).Fill(cs[0])

	// What a step takes when nothing waits for each of its kernels, to hold the trace against.
	free := cases.NewTrainer(d, dtype, net)
	whole, _, err := c.train(ctx, p.clock, d, free)
	if err != nil {
		return err
	}
	tracer := trace.New(d, p.clock.Now)
	traced, spans, err := c.train(ctx, p.clock, tracer, cases.NewTrainer(tracer, dtype, net))
	if err != nil {
		return err
	}
	begin := spans[0].Start
	for i, e := range tracer.Events {
		if e.Start >= begin { // what came before was warming up
			tracer.Events = tracer.Events[i:]
			break
		}
	}

	report.Lines(p.out, []string{
		fmt.Sprintf("%s, batch %d, %v, on %s (%s)", c.Example, c.Batch, dtype, i.Name, i.Model),
		fmt.Sprintf("steps traced: %d, of %s each; of %s when nothing waits for each kernel", len(spans), report.Duration(traced.Seconds()), report.Duration(whole.Seconds())),
	}, p.outScreen)
	fmt.Fprintln(p.out)
	report.Profile(p.out, trace.Summarize(tracer.Events), len(spans), p.outScreen)
	if file != nil {
		if err := chrome(file, append(spans, tracer.Events...), i.Name); err != nil {
			return err
		}
		fmt.Fprintf(p.out, "\n%s can be opened in ui.perfetto.dev\n", c.Trace)
	}
	if ctx.Err() != nil {
		return &exit{interrupted, "interrupted; what was done by then is above"}
	}
	return nil
}

// train trains for some steps after three to warm up, and returns the median time of a step, and each.
func (c *profileCommand) train(ctx context.Context, clock bench.Clock, d device.Device, tr *cases.Trainer) (time.Duration, []trace.Event, error) {
	var spans []trace.Event
	var seconds []float64
	for i := range 3 + c.Steps {
		if ctx.Err() != nil && len(spans) > 0 {
			break
		}
		start := clock.Now()
		tr.Step()
		if err := d.Sync(); err != nil {
			return 0, nil, err
		}
		if i >= 3 {
			took := clock.Now() - start
			spans = append(spans, trace.Event{Name: fmt.Sprintf("step %d", i-2), Start: start, Took: took})
			seconds = append(seconds, took.Seconds())
		}
	}
	median := bench.StatsOf(seconds).Median
	return time.Duration(median * float64(time.Second)), spans, nil
}

// chrome writes events in the Trace Event Format, steps on a track of their own.
func chrome(w io.Writer, events []trace.Event, process string) error {
	type event struct {
		Name  string         `json:"name"`
		Phase string         `json:"ph"`
		Start float64        `json:"ts"` // microseconds
		Took  float64        `json:"dur"`
		PID   int            `json:"pid"`
		TID   int            `json:"tid"`
		Args  map[string]any `json:"args,omitempty"`
	}
	all := []event{
		{Name: "process_name", Phase: "M", Args: map[string]any{"name": process}},
		{Name: "thread_name", Phase: "M", TID: 1, Args: map[string]any{"name": "training"}},
		{Name: "thread_name", Phase: "M", TID: 2, Args: map[string]any{"name": "kernels and transfers"}},
	}
	for _, e := range events {
		out := event{Name: e.Name, Phase: "X", Start: e.Start.Seconds() * 1e6, Took: e.Took.Seconds() * 1e6, TID: 1}
		if e.Operands != "" {
			out.TID = 2
			out.Args = map[string]any{"operands": e.Operands, "operations": e.Cost.Ops, "bytes": e.Cost.Bytes}
		}
		all = append(all, out)
	}
	return json.NewEncoder(w).Encode(map[string]any{"traceEvents": all, "displayTimeUnit": "ms"})
}
