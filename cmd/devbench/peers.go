package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/keisan-go/keisan/cmd/devbench/internal/peer"
	"github.com/keisan-go/keisan/device"
)

type peersCommand struct {
	Cases  []string      `arg:"" optional:"" help:"Cases that other libraries have too; those of -set by default."`
	Set    string        `default:"peers" help:"A standard set: peers, skinny, deepbench-inference, deepbench-training, or deepbench, which takes hours."`
	Match  string        `placeholder:"REGEXP" help:"Only cases whose name matches."`
	Dir    string        `default:"bench/peers" help:"Where the peers' programs are."`
	Peer   []string      `placeholder:"NAMES" help:"Only these peers."`
	Time   time.Duration `default:"500ms" help:"How long to measure each case with each peer."`
	Device string        `default:"cpu" help:"Keisan's device."`
	DType  string        `name:"dtype" default:"float32" enum:"float32,float64" help:"float32, or float64, which fewer of them have."`
	MD     string        `name:"md" placeholder:"FILE" help:"Write to this file instead: between the two marks there that are for it, or a new file with them."`
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

// Run measures Keisan and its peers by turns.
func (c *peersCommand) Run(ctx context.Context, p *program) error {
	run := runCommand{Cases: c.Cases, selection: selection{Match: c.Match}}
	if len(c.Cases) == 0 {
		run.Set = c.Set
	}
	cs, err := run.cases()
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
	before, after, err := around(c.MD)
	if err != nil {
		return misused("-md: %v", err)
	}
	d, err := p.open(c.Device)
	if err != nil {
		return misused("%v", err)
	}
	defer d.Close()
	dtype := device.Float32
	if c.DType == "float64" {
		dtype = device.Float64
	}
	contest := peer.NewContest(d, dtype, p.clock, c.Time)
	defer contest.Close()
	c.start(ctx, p, contest)
	for i, one := range cs {
		if ctx.Err() != nil {
			break
		}
		fmt.Fprintf(p.err, "%d of %d: %v\n", i+1, len(cs), one)
		contest.Measure(ctx, one)
	}

	var tables bytes.Buffer
	contest.Write(&tables, p.host(), version(), time.Now())
	if c.MD == "" {
		tables.WriteTo(p.out)
	} else if err := os.WriteFile(c.MD, []byte(before+tables.String()+after), 0o666); err != nil {
		return err
	}
	if ctx.Err() != nil {
		return &exit{interrupted, "interrupted; what was done by then is in the table"}
	}
	if err := contest.Err(); err != nil {
		return &exit{wrong, "Keisan itself: " + err.Error()}
	}
	return nil
}

// The marks between which a page is written anew, while what people wrote around them stays.
const (
	beginMark = "<!-- devbench peers writes what follows -->\n"
	endMark   = "<!-- devbench peers wrote what precedes -->\n"
)

// around is what stands before and after the text between the marks of a file, or the frame of a new page for one that is
// empty. The file is there afterwards, so that a mistake in its name costs no run.
func around(file string) (before, after string, err error) {
	if file == "" {
		return "", "", nil
	}
	f, err := os.OpenFile(file, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return "", "", err
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil || len(text) == 0 {
		return "# Performance\n\n" + beginMark, endMark, err
	}
	before, rest, found1 := strings.Cut(string(text), beginMark)
	_, after, found2 := strings.Cut(rest, endMark)
	if !found1 || !found2 {
		return "", "", fmt.Errorf("%s has no marks to write between, %q and %q", file, strings.TrimSpace(beginMark), strings.TrimSpace(endMark))
	}
	return before + beginMark, endMark + after, nil
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
