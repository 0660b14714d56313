package bench

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"time"

	"github.com/keisan-go/keisan/cmd/devbench/internal/cases"
	"github.com/keisan-go/keisan/device"
)

// A MultiplyAdder is a device that can do nothing but multiply-adds, on all its units and from registers alone. Package
// queue, which all devices of Keisan have in common, makes one of every device.
type MultiplyAdder interface {
	// MultiplyAdds queues so many rounds of them and returns how many operations that is: 0 if it cannot do them alone.
	MultiplyAdds(t device.DType, rounds int) (operations int64)
}

// peaks measures what the device can do at best in each type: copies of several sizes, each fitting another level of
// the memory, and multiply-adds. Where the device cannot do these alone, its fastest product stands for them.
func (p *Plan) peaks(ctx context.Context, e *Entry) []Peak {
	var all []Peak
	for _, t := range p.DTypes {
		if t == device.Float64 && !e.Device.Info().Float64 {
			continue
		}
		peak := Peak{DType: t.String()}
		for _, bytes := range []int{1 << 16, 1 << 20, 1 << 24, 1 << 28} {
			n := bytes / 2 / t.Size() // half of it read and half written
			if best := p.best(ctx, e, t, fmt.Sprintf("elementwise/op=copy/n=%d", n)); best > 0 {
				peak.Copies = append(peak.Copies, Stream{int64(bytes), float64(bytes) / best / 1e9})
			}
		}
		if peak.GFLOPS = p.multiplyAdds(ctx, e.Device, t) / 1e9; peak.GFLOPS > 0 {
			peak.Source = "multiply-adds alone"
		} else {
			p.bestProduct(ctx, e, t, &peak)
		}
		all = append(all, peak)
	}
	return all
}

// peakTime is for how long a peak is looked for.
func (p *Plan) peakTime() time.Duration { return min(p.Time/2, 100*time.Millisecond) }

// best is the seconds of the fastest run of a case; 0 if it cannot be run, which its own row will tell of.
func (p *Plan) best(ctx context.Context, e *Entry, t device.DType, arg string) float64 {
	cs, err := cases.Parse(arg)
	if err != nil {
		panic(err)
	}
	s := &subject{plan: p, entry: e, c: cs[0], dtype: t}
	// No more than an eighth of the memory for something that nobody asked for.
	if onDevice, _ := s.c.Need(t); e.Device.Info().Memory > 0 && onDevice > float64(e.Device.Info().Memory)/8 || ctx.Err() != nil || !s.fits() {
		return 0
	}
	defer s.free()
	err = attempt(func() error {
		s.loaded = s.c.Problem().Load(e.Device, t)
		return e.Device.Sync()
	})
	if err != nil {
		return 0
	}
	s.warm(ctx)
	best := 0.0
	if s.live() && ctx.Err() == nil {
		s.turn(ctx, p.peakTime())
		best = StatsOf(s.samples).Min
	}
	return best
}

// multiplyAdds is the most operations that the device did in a second; 0 if it cannot do them alone, or fails to, which
// its rows will tell of.
func (p *Plan) multiplyAdds(ctx context.Context, d device.Device, t device.DType) (best float64) {
	m, ok := d.(MultiplyAdder)
	if !ok {
		return 0
	}
	rounds := 1
	measure := func() (ops int64, took time.Duration, err error) {
		start := p.Clock.Now()
		err = attempt(func() error {
			ops = m.MultiplyAdds(t, rounds)
			return d.Sync()
		})
		return ops, p.Clock.Now() - start, err
	}
	if ops, _, err := measure(); err != nil || ops == 0 { // it may have had to be compiled
		return 0
	}
	// All units must be free for a moment, which on a busy machine they are now and then.
	enough := max(50*time.Millisecond, min(p.Time, 500*time.Millisecond))
	for begin := p.Clock.Now(); ctx.Err() == nil && p.Clock.Now()-begin < enough; {
		ops, took, err := measure()
		switch {
		case err != nil:
			return best
		case took < p.sampleTime() && rounds < math.MaxInt32/2:
			rounds *= 2
		default:
			best = max(best, float64(ops)/took.Seconds())
		}
	}
	return best
}

// bestProduct takes the fastest product for the peak.
func (p *Plan) bestProduct(ctx context.Context, e *Entry, t device.DType, peak *Peak) {
	for _, n := range []int{256, 512, 1024} {
		best := p.best(ctx, e, t, fmt.Sprintf("matmul/m=%d", n))
		if best == 0 {
			continue
		}
		if rate := 2 * math.Pow(float64(n), 3) / best / 1e9; rate > peak.GFLOPS {
			peak.GFLOPS, peak.Source = rate, fmt.Sprintf("its best product, %d×%d×%d", n, n, n)
		}
	}
}

// share sets each result's share of what its device was seen to do at best. No peak is below a rate that was measured:
// where a case was faster than what had been taken for the peak, that case is the peak.
func (r *Report) share() {
	for i := range r.Results {
		res := &r.Results[i]
		peak := r.peak(res.Device, res.DType)
		if res.Status != Measured || peak == nil {
			continue
		}
		switch best := res.best(); {
		case res.Rate == "gflops" && best > peak.GFLOPS:
			peak.GFLOPS, peak.Source = best, res.Case
		case res.Rate == "gbps" && res.Family != "transfer":
			if s := peak.stream(res.Bytes); s != nil {
				s.GBPS = max(s.GBPS, best)
			}
		}
	}
	for i := range r.Results {
		res := &r.Results[i]
		peak := r.peak(res.Device, res.DType)
		if res.Status != Measured || peak == nil {
			continue
		}
		switch {
		case res.Rate == "gflops" && peak.GFLOPS > 0:
			res.PeakFraction = res.GFLOPS / peak.GFLOPS
		case res.Rate == "gbps" && res.Family != "transfer": // a link has no peak of its own
			if s := peak.stream(res.Bytes); s != nil && s.GBPS > 0 {
				res.PeakFraction = res.GBPS / s.GBPS
			}
		}
	}
}

// best is the rate of the fastest sample.
func (r *Result) best() float64 {
	if r.Seconds.Min <= 0 {
		return 0
	}
	if r.Rate == "gflops" {
		return float64(r.Ops) / r.Seconds.Min / 1e9
	}
	return float64(r.Bytes) / r.Seconds.Min / 1e9
}

func (r *Report) peak(name, dtype string) *Peak {
	for i := range r.Devices {
		for j := range r.Devices[i].Peaks {
			if p := &r.Devices[i].Peaks[j]; r.Devices[i].Name == name && p.DType == dtype {
				return p
			}
		}
	}
	return nil
}

// stream is the copy whose bytes are nearest to so many, as a factor: what stays in a cache is held against a copy that
// stays there too.
func (p *Peak) stream(bytes int64) *Stream {
	var nearest *Stream
	for i := range p.Copies {
		s := &p.Copies[i]
		distance := func(s *Stream) float64 { return math.Abs(math.Log(float64(s.Bytes) / float64(max(bytes, 1)))) }
		if nearest == nil || cmp.Less(distance(s), distance(nearest)) {
			nearest = s
		}
	}
	return nearest
}
