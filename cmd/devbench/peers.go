package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keisan-go/keisan/cmd/devbench/internal/peer"
)

type peersCommand struct {
	Cases  []string      `arg:"" optional:"" help:"Cases of matmul, elementwise, rnn_forward or rnn_train; the usual ones by default."`
	Dir    string        `default:"bench/peers" help:"Where the peers' programs are."`
	Peer   []string      `placeholder:"NAMES" help:"Only these peers."`
	Time   time.Duration `default:"500ms" help:"How long to measure each case with each peer."`
	Device string        `default:"cpu" help:"Keisan's device."`
	MD     string        `name:"md" placeholder:"FILE" help:"Write the table to this file instead, with the machine's description."`
}

// A library is one to hold Keisan against, on so many threads: 0 for all that there are.
type library struct {
	name    string
	threads int
}

// allPeers is all of them, the nearest rivals first.
var allPeers = []library{
	{"openblas", 0}, {"openblas-debian", 0}, {"mkl", 0}, {"onednn", 0}, {"onednn-openmp", 0}, {"libxsmm", 0},
	{"pytorch", 0}, {"pytorch", 1}, {"onnxruntime", 0}, {"numpy", 0}, {"gonum", 0}, {"gorgonia", 0}, {"gomlx", 0},
}

var peerCases = []string{
	"matmul/m=64,256,1024", "matmul/m=32/n=512/k=512", "matmul/m=1/n=1024/k=1024", "elementwise/op=tanh/n=65536,1048576",
	"rnn_forward/t=100/b=1/h=256", "rnn_forward/t=128/b=32/h=512", "rnn_train/t=100/b=1/h=256", "rnn_train/t=128/b=32/h=512",
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
	if c.Time <= 0 {
		return misused("-time %v: want more than 0, such as 500ms", c.Time)
	}
	for _, name := range c.Peer {
		if !slices.ContainsFunc(allPeers, func(p library) bool { return p.name == name }) {
			return misused("-peer %q: there is no such peer; want some of %s", name, names(allPeers))
		}
	}
	d, err := p.open(c.Device)
	if err != nil {
		return misused("%v", err)
	}
	defer d.Close()
	contest := peer.NewContest(d, p.clock, c.Time)
	defer contest.Close()
	c.start(ctx, p, contest)
	for i, one := range cs {
		if ctx.Err() != nil {
			break
		}
		fmt.Fprintf(p.err, "%d of %d: %v\n", i+1, len(cs), one)
		contest.Measure(ctx, one)
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
	contest.Write(w, p.host(), time.Now())
	if ctx.Err() != nil {
		return &exit{interrupted, "interrupted; what was done by then is in the table"}
	}
	if err := contest.Err(); err != nil {
		return &exit{wrong, "Keisan itself: " + err.Error()}
	}
	return nil
}

// start starts the peers, and installs those that are not there yet.
func (c *peersCommand) start(ctx context.Context, p *program, contest *peer.Contest) {
	for _, one := range allPeers {
		if len(c.Peer) > 0 && !slices.Contains(c.Peer, one.name) || ctx.Err() != nil {
			continue
		}
		title, threads := one.name, one.threads
		if threads == 0 {
			threads = runtime.GOMAXPROCS(0)
		} else {
			title += fmt.Sprintf(" (%d thread)", threads)
		}
		fmt.Fprintf(p.err, "starting %s\n", title)
		contest.Add(title, "bash", filepath.Join(c.Dir, "start"), one.name, strconv.Itoa(threads))
	}
}

func names(all []library) string {
	var names []string
	for _, l := range all {
		if !slices.Contains(names, l.name) {
			names = append(names, l.name)
		}
	}
	return strings.Join(names, ", ")
}
