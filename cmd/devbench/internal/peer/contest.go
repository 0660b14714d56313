package peer

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/keisan-go/keisan/cmd/devbench/internal/bench"
	"github.com/keisan-go/keisan/cmd/devbench/internal/cases"
	"github.com/keisan-go/keisan/device"
)

// A Contest is Keisan and its peers, measured by turns.
type Contest struct {
	device device.Device
	dtype  device.DType
	clock  bench.Clock
	time   time.Duration // for each case with each rival
	rivals []*rival      // Keisan first
	cases  []cases.Case  // measured so far
}

// A rival is a peer, or Keisan itself, with what was measured of it.
type rival struct {
	title string
	p     *Peer // nil if it cannot run, or for Keisan
	err   error // why it cannot
	cells map[string]*cell
}

// A cell is one case by one rival.
type cell struct {
	run     func(n int) (seconds float64, err error)
	err     error
	inner   int
	samples []float64
	spent   float64 // seconds
}

// NewContest returns one, in a type, with Keisan on a device alone.
func NewContest(d device.Device, t device.DType, clock bench.Clock, time time.Duration) *Contest {
	return &Contest{device: d, dtype: t, clock: clock, time: time, rivals: []*rival{{title: "Keisan", cells: map[string]*cell{}}}}
}

// How long a peer may take for an answer, and until it is installed and ready.
const (
	patience   = 2 * time.Minute
	installing = 20 * time.Minute
)

// Add starts a peer. One that cannot be had takes part as a line that says so.
func (c *Contest) Add(title, command string, args ...string) {
	r := &rival{title: title, cells: map[string]*cell{}}
	r.p, r.err = Start(title, installing, command, args...)
	c.rivals = append(c.rivals, r)
}

// Close ends the peers.
func (c *Contest) Close() {
	for _, r := range c.rivals {
		if r.p != nil {
			r.p.Close()
		}
	}
}

// Err tells what went wrong with Keisan itself.
func (c *Contest) Err() error {
	for _, x := range c.rivals[0].cells {
		if x.err != nil {
			return x.err
		}
	}
	return nil
}

// Measure checks one case with every rival and measures it by turns, in random order.
func (c *Contest) Measure(ctx context.Context, one cases.Case) {
	c.cases = append(c.cases, one)
	problem := one.Problem()
	var able []*cell
	for _, r := range c.rivals {
		x := &cell{inner: 1}
		r.cells[one.String()] = x
		switch {
		case r.err != nil:
			x.err = r.err
		case r.p == nil:
			l := problem.Load(c.device, c.dtype)
			defer l.Free()
			x.run = func(n int) (float64, error) {
				start := c.clock.Now()
				for range n {
					if err := l.Run(); err != nil {
						return 0, err
					}
				}
				err := c.device.Sync()
				return (c.clock.Now() - start).Seconds(), err
			}
			_, x.err = x.run(1)
			if largest, bound, err := l.Check(); err != nil || !(largest <= bound) {
				x.err = fmt.Errorf("WRONG: error %.2g, bound %.2g %v", largest, bound, err)
			}
		default:
			x.err = r.p.Load(one, problem, c.dtype, patience)
			x.run = func(n int) (float64, error) { return r.p.Run(n, patience) }
		}
		if x.err == nil {
			able = append(able, x)
		}
	}
	for turn := range turns {
		rand.Shuffle(len(able), func(i, j int) { able[i], able[j] = able[j], able[i] })
		for _, x := range able {
			slow := len(x.samples) >= 3 && x.spent > 4*c.time.Seconds()
			if x.err != nil || slow || ctx.Err() != nil {
				continue
			}
			x.turn(turn == 0, c.time.Seconds()/turns)
		}
	}
}

// turns is how often each rival is measured.
const turns = 15

// turn measures for a slice of the time; the first turn finds out how many runs fill it.
func (x *cell) turn(first bool, slice float64) {
	for first {
		took, err := x.run(x.inner)
		if err != nil {
			x.err = err
			return
		}
		if took > slice/4 || x.inner >= 1<<20 {
			x.inner = max(1, int(float64(x.inner)*slice/2/max(took, 1e-9)))
			break
		}
		x.inner *= 2
	}
	if !first && x.samples[0] < 1 { // others' data is in the caches, and helpers sleep, which runs of a second do not notice
		if _, err := x.run(max(1, x.inner/4)); err != nil {
			x.err = err
			return
		}
	}
	took, err := x.run(x.inner)
	if err != nil {
		x.err = err
		return
	}
	x.samples = append(x.samples, took/float64(x.inner))
	x.spent += took
}
