package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/keisan-go/keisan/cmd/devbench/internal/bench"
	"github.com/keisan-go/keisan/cmd/devbench/internal/cases"
	"github.com/keisan-go/keisan/cmd/devbench/internal/peer"
	"github.com/keisan-go/keisan/device"
)

type peersCommand struct {
	Cases  []string      `arg:"" optional:"" help:"Cases of matmul, elementwise, rnn_forward or rnn_train; the usual ones by default."`
	Dir    string        `default:"bench/peers" help:"Where the peers' programs are."`
	Peer   []string      `placeholder:"NAMES" help:"Only these peers."`
	Time   time.Duration `default:"500ms" help:"How long to measure each case with each peer."`
	Device string        `default:"cpu" help:"Keisan's device."`
	MD     string        `name:"md" placeholder:"FILE" help:"Write the table to this file instead, with the machine's description."`
}

// allPeers is the libraries to hold Keisan against, the nearest rivals first, with how many threads: 0 for all that there are.
var allPeers = []struct {
	name    string
	threads int
}{
	{"openblas", 0}, {"openblas-debian", 0}, {"mkl", 0}, {"onednn", 0}, {"onednn-openmp", 0}, {"libxsmm", 0}, {"pytorch", 0}, {"pytorch", 1}, {"onnxruntime", 0},
	{"numpy", 0}, {"gonum", 0}, {"gorgonia", 0}, {"gomlx", 0},
}

var peerCases = []string{
	"matmul/m=64,256,1024", "matmul/m=32/n=512/k=512", "matmul/m=1/n=1024/k=1024", "elementwise/op=tanh/n=65536,1048576",
	"rnn_forward/t=100/b=1/h=256", "rnn_forward/t=128/b=32/h=512", "rnn_train/t=100/b=1/h=256", "rnn_train/t=128/b=32/h=512",
}

// A rival is a peer beside Keisan, with what was measured of it.
type rival struct {
	title string
	p     *peer.Peer // nil if it cannot run, or for Keisan itself
	err   error      // why it cannot
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

// Run measures Keisan and its peers by turns.
func (c *peersCommand) Run(ctx context.Context, p *program) error {
	if len(c.Cases) == 0 {
		c.Cases = peerCases
	}
	cs, err := (&runCommand{Cases: c.Cases}).cases()
	if err != nil {
		return misused("%v", err)
	}
	d, err := p.open(c.Device)
	if err != nil {
		return misused("%v", err)
	}
	defer d.Close()
	rivals := []*rival{{title: "Keisan", cells: map[string]*cell{}}}
	rivals = append(rivals, c.start(ctx, p)...)
	defer func() {
		for _, r := range rivals {
			if r.p != nil {
				r.p.Close()
			}
		}
	}()
	for i, one := range cs {
		if ctx.Err() != nil {
			break
		}
		fmt.Fprintf(p.err, "%d of %d: %v\n", i+1, len(cs), one)
		c.measure(ctx, p.clock, d, one, rivals)
	}

	w := p.out
	if c.MD != "" {
		file, err := os.Create(c.MD)
		if err != nil {
			return err
		}
		defer file.Close()
		w = file
	}
	writePeers(w, p.host(), d.Info(), cs, rivals)
	if ctx.Err() != nil {
		return &exit{interrupted, "interrupted"}
	}
	for _, x := range rivals[0].cells {
		if x.err != nil {
			return &exit{wrong, fmt.Sprintf("Keisan itself: %v", x.err)}
		}
	}
	return nil
}

// patience is how long a peer may take for an answer; to be installed it may take longer.
const patience = 2 * time.Minute

func (c *peersCommand) start(ctx context.Context, p *program) (all []*rival) {
	for _, one := range allPeers {
		if len(c.Peer) > 0 && !strings.Contains(","+strings.Join(c.Peer, ",")+",", ","+one.name+",") || ctx.Err() != nil {
			continue
		}
		r := &rival{title: one.name, cells: map[string]*cell{}}
		threads := one.threads
		if threads == 0 {
			threads = runtime.GOMAXPROCS(0)
		} else {
			r.title += fmt.Sprintf(" (%d thread)", threads)
		}
		fmt.Fprintf(p.err, "starting %s\n", r.title)
		r.p, r.err = peer.Start(r.title, 20*time.Minute, "bash", filepath.Join(c.Dir, "start"), one.name, strconv.Itoa(threads))
		all = append(all, r)
	}
	return all
}

// measure checks one case with every rival and measures it by turns, in random order.
func (c *peersCommand) measure(ctx context.Context, clock bench.Clock, d device.Device, one cases.Case, rivals []*rival) {
	problem := one.Problem()
	var able []*cell
	for _, r := range rivals {
		x := &cell{inner: 1}
		r.cells[one.String()] = x
		switch {
		case r.err != nil:
			x.err = r.err
		case r.p == nil:
			l := problem.Load(d, device.Float32)
			defer l.Free()
			x.run = func(n int) (float64, error) {
				start := clock.Now()
				for range n {
					if err := l.Run(); err != nil {
						return 0, err
					}
				}
				err := d.Sync()
				return (clock.Now() - start).Seconds(), err
			}
			_, x.err = x.run(1)
			if largest, bound, err := l.Check(); err != nil || !(largest <= bound) {
				x.err = fmt.Errorf("WRONG: error %.2g, bound %.2g %v", largest, bound, err)
			}
		default:
			x.err = r.p.Load(one, problem, patience)
			x.run = func(n int) (float64, error) { return r.p.Run(n, patience) }
		}
		if x.err == nil {
			able = append(able, x)
		}
	}
	for turn := range turns {
		rand.Shuffle(len(able), func(i, j int) { able[i], able[j] = able[j], able[i] })
		for _, x := range able {
			slow := len(x.samples) >= 5 && x.spent > 4*c.Time.Seconds()
			if x.err != nil || slow || ctx.Err() != nil {
				continue
			}
			time.Sleep(10 * time.Millisecond) // for the threads of the one before to stop spinning
			x.turn(turn == 0, c.Time.Seconds()/turns)
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
	if x.inner > 1 { // warm the caches
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
