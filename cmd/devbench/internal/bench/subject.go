package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/keisan-go/keisan/cmd/devbench/internal/cases"
	"github.com/keisan-go/keisan/device"
)

// A subject is one case on one device in one type.
type subject struct {
	plan   *Plan
	entry  *Entry
	c      cases.Case
	dtype  device.DType
	loaded *cases.Loaded

	status         string
	reason         string
	largest, bound float64
	first          time.Duration // the first run
	inner          int           // runs in a sample, so many that the clock can tell their time
	samples, moved []float64     // seconds
	spent          time.Duration
	oneRun         time.Duration // about
}

// sampleTime is how long a sample takes at least: long beside the clock's resolution, and beside the reading of it.
func (p *Plan) sampleTime() time.Duration {
	return max(time.Millisecond, 1000*p.Clock.Resolution)
}

// maxInner is how many runs a sample may have, since there is work that takes no time at all.
const maxInner = 1 << 20

// live tells whether the subject is to be measured.
func (s *subject) live() bool { return s.status == "" }

func (s *subject) skip(format string, args ...any) {
	s.status, s.reason = Skipped, fmt.Sprintf(format, args...)
}

func (s *subject) fail(err error) {
	if errors.Is(err, device.ErrOutOfMemory) {
		s.skip("%v", err)
		return
	}
	s.status, s.reason = Failed, err.Error()
}

// attempt calls f and takes a panic, which a driver that is broken may well cause, for an error.
func attempt(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	return f()
}

// fits tells whether there is memory for the case, before any is allocated.
func (s *subject) fits() bool {
	info := s.entry.Device.Info()
	onDevice, onHost := s.c.Need(s.dtype)
	free := float64(info.Memory - info.InUse)
	hostFree := math.Inf(1)
	if s.plan.HostFree != nil {
		hostFree = s.plan.HostFree()
	}
	if info.Kind == device.CPU { // the device's memory is the host's
		onHost += onDevice
	}
	switch {
	case s.dtype == device.Float64 && !info.Float64:
		s.skip("the device has no float64")
	case info.Memory > 0 && onDevice > free:
		s.skip("needs %s, free %s", Size(onDevice), Size(free))
	case onHost > hostFree:
		s.skip("needs %s on the host, free %s", Size(onHost), Size(hostFree))
	}
	return s.live()
}

// prepare loads the problem, runs it once and checks the result. Only what is right is measured.
func (s *subject) prepare(problem *cases.Problem) {
	err := attempt(func() error {
		s.loaded = problem.Load(s.entry.Device, s.dtype)
		if err := s.entry.Device.Sync(); err != nil {
			return err
		}
		var err error
		if s.first, err = s.time(1); err != nil {
			return err
		}
		s.largest, s.bound, err = s.loaded.Check()
		return err
	})
	switch {
	case err != nil:
		s.fail(err)
	case !(s.largest <= s.bound): // which a NaN is not either
		s.status = Wrong
	}
}

// time is how long n runs take, from before the first is queued until the last is done.
func (s *subject) time(n int) (time.Duration, error) {
	start := s.plan.Clock.Now()
	for range n {
		if err := s.loaded.Run(); err != nil {
			return 0, err
		}
	}
	err := s.entry.Device.Sync()
	return s.plan.Clock.Now() - start, err
}

// warmUp is how long a case runs before it is measured.
func (p *Plan) warmUp() time.Duration { return min(p.Time/10, 200*time.Millisecond) }

// warm finds out how many runs make a sample, and goes on until the case is warm.
func (s *subject) warm(ctx context.Context) {
	s.inner = 1
	for total := time.Duration(0); ctx.Err() == nil; {
		var took time.Duration
		err := attempt(func() (err error) {
			took, err = s.time(s.inner)
			return err
		})
		if err != nil {
			s.fail(err)
			return
		}
		total += took
		s.oneRun = took / time.Duration(s.inner)
		switch {
		case took < s.plan.sampleTime() && s.inner < maxInner:
			s.inner *= 2
		case total >= s.plan.warmUp() || s.inner >= maxInner:
			return
		}
	}
}

// turn measures for a slice of the time, one sample at least.
func (s *subject) turn(ctx context.Context, slice time.Duration) {
	err := attempt(func() error {
		sample := s.oneRun * time.Duration(s.inner)
		if sample < slice/4 { // another case was here before, and left its own data in the caches
			if _, err := s.time(s.inner); err != nil {
				return err
			}
		}
		for spent := time.Duration(0); ctx.Err() == nil; {
			took, err := s.time(s.inner)
			if err != nil {
				return err
			}
			s.samples = append(s.samples, took.Seconds()/float64(s.inner))
			s.spent += took
			if spent += took; spent+sample/2 >= slice || len(s.samples) >= maxSamples {
				break
			}
		}
		if s.plan.Moves && s.loaded.Moves && ctx.Err() == nil {
			start := s.plan.Clock.Now()
			if err := s.loaded.Move(); err != nil {
				return err
			}
			if err := s.entry.Device.Sync(); err != nil {
				return err
			}
			s.moved = append(s.moved, (s.plan.Clock.Now() - start).Seconds())
		}
		return nil
	})
	if err != nil {
		s.fail(err)
	}
}

// Rounds of turns; a case that is noisy gets as many again.
const (
	rounds     = 10
	maxSamples = 10000
)

// done tells whether the subject has been measured for long enough: for its time, but five times at least, or three if
// that takes very long.
func (s *subject) done(extra bool) bool {
	limit := s.plan.Time
	if extra {
		if StatsOf(s.samples).Spread <= noisy {
			return true
		}
		limit *= 2
	}
	n := len(s.samples)
	return n >= maxSamples || s.spent >= limit && n >= 5 || s.spent >= 10*limit && n >= 3
}

func (s *subject) free() {
	if s.loaded != nil {
		if err := attempt(func() error {
			s.loaded.Free()
			return nil
		}); err != nil && s.status == "" {
			s.fail(err)
		}
		s.loaded = nil
	}
}

// result is what was found out.
func (s *subject) result() Result {
	r := Result{
		Device: s.entry.Name, Case: s.c.String(), DType: s.dtype.String(), Dims: s.c.Dims(), Family: s.c.Family.Name,
		MaxError: Finite(s.largest), Bound: s.bound, Status: s.status, Inner: s.inner,
		FirstSeconds: s.first.Seconds(), Samples: s.samples,
		Repro: fmt.Sprintf("devbench -device %s -dtype %v %s", s.entry.Name, s.dtype, s.c),
	}
	switch s.status {
	case Skipped:
		r.Skipped = s.reason
	case Failed:
		r.Failure = s.reason
	case Checked:
		r.OK = true
	case "":
		r.Status, r.OK = Measured, true
		s.measured(&r)
	}
	return r
}

func (s *subject) measured(r *Result) {
	stats := StatsOf(s.samples)
	r.Seconds = Seconds{
		Median: stats.Median, Min: stats.Min, Max: stats.Max, Runs: len(s.samples) * s.inner,
		Low: stats.Low, High: stats.High, Spread: stats.Spread,
	}
	r.Noise, r.Notes = stats.Noise(), stats.Notes()
	r.Ops, r.Bytes = s.loaded.Cost.Ops, s.loaded.Cost.Bytes
	r.Compile = max(0, r.FirstSeconds-stats.Median)
	if len(s.moved) > 0 {
		slices.Sort(s.moved)
		r.Moved = quantile(s.moved, 0.5)
	}
	if stats.Median > 0 {
		r.GFLOPS, r.GBPS = float64(r.Ops)/stats.Median/1e9, float64(r.Bytes)/stats.Median/1e9
	}
	switch s.c.Family.Rate {
	case cases.GFLOPS:
		r.Rate = "gflops"
	case cases.GBPS, cases.Link:
		r.Rate = "gbps"
	}
}

// Size is a number of bytes in words, "3.1 GiB".
func Size(bytes float64) string {
	units := []string{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}
	for bytes >= 1000 && len(units) > 1 {
		bytes, units = bytes/1024, units[1:]
	}
	return fmt.Sprintf("%.3g %s", bytes, units[0])
}
