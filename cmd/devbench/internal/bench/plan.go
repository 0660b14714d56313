package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/keisan-go/keisan/cmd/devbench/internal/cases"
	"github.com/keisan-go/keisan/device"
)

// A Plan is what is to be measured, and how.
type Plan struct {
	Devices []*Entry
	Cases   []cases.Case
	DTypes  []device.DType
	Time    time.Duration // for each case on each device
	Seed    uint64        // of the order of turns
	Moves   bool          // measure each case with its operands and results moved as well
	Once    bool          // run each case once and check it, and measure nothing
	Clock   Clock

	HostFree func() float64                 // the host's free bytes; nil if nobody knows
	Progress func(share float64, at string) // may be nil
}

// An Entry is a device that takes part.
type Entry struct {
	Name   string
	Device device.Device
	Opened time.Duration // how long that took
	Err    error         // why there is no Device
}

// Open opens a device by its name and notes how long that takes.
func Open(name string, clock Clock, open func(string) (device.Device, error)) *Entry {
	e := &Entry{Name: name}
	start := clock.Now()
	e.Err = attempt(func() (err error) {
		e.Device, err = open(name)
		return err
	})
	e.Opened = clock.Now() - start
	return e
}

// Run measures. It returns early when ctx is done, with what is known by then.
func (p *Plan) Run(ctx context.Context) *Report {
	r := &Report{Schema: Schema, Seed: p.Seed, Results: []Result{}}
	done := 0
	for i, e := range p.Devices {
		d := Device{Name: e.Name, OpenSeconds: e.Opened.Seconds()}
		if e.Err != nil {
			d.Unavailable = e.Err.Error()
		} else {
			d = describe(e.Device.Info())
			d.Name, d.OpenSeconds = e.Name, e.Opened.Seconds()
			if !p.Once {
				p.tell(0.1*float64(i)/float64(len(p.Devices)), "the peak of "+e.Name)
				d.Peaks = p.peaks(ctx, e)
			}
		}
		r.Devices = append(r.Devices, d)
	}
	for _, block := range p.blocks() {
		p.block(ctx, r, block, done)
		done += len(block)
	}
	r.share()
	r.Interrupted = ctx.Err() != nil
	return r
}

func (p *Plan) tell(share float64, at string) {
	if p.Progress != nil {
		p.Progress(share, at)
	}
}

// describe is a device's Info as a report has it.
func describe(i device.Info) Device {
	return Device{
		Name: i.Name, Kind: string(i.Kind), Vendor: strings.TrimSpace(i.Vendor), Model: i.Model, Driver: i.Driver,
		Units: i.Units, Memory: i.Memory, Float64: i.Float64, Unavailable: i.Unavailable,
	}
}

// Describe is the devices that there are, and the backends that have none.
func Describe(infos []device.Info) []Device {
	var all []Device
	for _, i := range infos {
		all = append(all, describe(i))
	}
	return all
}

// blocks cuts the cases into runs whose operands can all be in memory at the same time, for their turns to be mixed.
func (p *Plan) blocks() [][]cases.Case {
	var all [][]cases.Case
	used, room := 0.0, p.room()
	for i, c := range p.Cases {
		need := 0.0
		for _, t := range p.DTypes {
			onDevice, onHost := c.Need(t)
			need += onDevice*float64(len(p.Devices)) + onHost
		}
		if i == 0 || used+need > room {
			all, used = append(all, nil), 0
		}
		used += need
		all[len(all)-1] = append(all[len(all)-1], c)
	}
	return all
}

// room is a quarter of the memory of whoever has least.
func (p *Plan) room() float64 {
	room := float64(1 << 40)
	if p.HostFree != nil {
		room = p.HostFree()
	}
	for _, e := range p.Devices {
		if e.Err == nil {
			if i := e.Device.Info(); i.Memory > 0 {
				room = min(room, float64(i.Memory-i.InUse))
			}
		}
	}
	return room / 4
}

// block checks the cases of a block on every device and measures those that are right by turns.
func (p *Plan) block(ctx context.Context, r *Report, block []cases.Case, done int) {
	begin := 0.1 + 0.9*float64(done)/float64(len(p.Cases))
	width := 0.9 * float64(len(block)) / float64(len(p.Cases))
	var all []*subject
	for i, c := range block {
		if ctx.Err() != nil {
			break
		}
		p.tell(begin+width*0.4*float64(i)/float64(len(block)), "checking "+c.String())
		all = append(all, p.check(ctx, c)...)
	}

	random := rand.New(rand.NewPCG(p.Seed, uint64(done)))
	for round := range 2 * rounds {
		turns := make([]*subject, 0, len(all))
		for _, s := range all {
			if s.live() && !s.done(round >= rounds) {
				turns = append(turns, s)
			}
		}
		if len(turns) == 0 && round >= rounds {
			break
		}
		random.Shuffle(len(turns), func(i, j int) { turns[i], turns[j] = turns[j], turns[i] })
		for i, s := range turns {
			if ctx.Err() != nil {
				break
			}
			if round < rounds {
				share := (float64(round) + float64(i)/float64(len(turns))) / rounds
				p.tell(begin+width*(0.4+0.6*share), fmt.Sprintf("round %d of %d: %v on %s", round+1, rounds, s.c, s.entry.Name))
			} else {
				p.tell(begin+width, fmt.Sprintf("once more, as it is noisy: %v on %s", s.c, s.entry.Name))
			}
			s.turn(ctx, p.Time/rounds)
		}
	}
	for _, s := range all {
		switch {
		case s.live() && s.loaded == nil: // an interrupt came before it was checked
			continue
		case s.live() && len(s.samples) == 0:
			s.status = Checked
		}
		r.Results = append(r.Results, s.result())
		s.free()
	}
}

// check makes a case's operands and checks it on every device in every type.
func (p *Plan) check(ctx context.Context, c cases.Case) []*subject {
	var all []*subject
	var problem *cases.Problem
	for _, t := range p.DTypes {
		for _, e := range p.Devices {
			s := &subject{plan: p, entry: e, c: c, dtype: t}
			all = append(all, s)
			if e.Err != nil {
				s.status, s.reason = Failed, "cannot be opened: "+e.Err.Error()
				continue
			}
			if ctx.Err() != nil || !s.fits() {
				continue
			}
			if problem == nil {
				problem = c.Problem()
			}
			s.prepare(problem)
			switch {
			case s.live() && p.Once:
				s.status = Checked
			case s.live():
				s.warm(ctx)
			}
			if !p.Moves && s.loaded != nil {
				s.loaded.Forget()
			}
		}
	}
	return all
}
