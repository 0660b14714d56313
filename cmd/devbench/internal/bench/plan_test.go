package bench

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/keisan-go/keisan/device"
)

func splitArgs(s string) []string { return strings.Fields(s) }

// only is the one result of a report.
func only(t *testing.T, r *Report) Result {
	t.Helper()
	if len(r.Results) != 1 {
		t.Fatalf("%d results, want 1: %+v", len(r.Results), r.Results)
	}
	return r.Results[0]
}

func TestTimesAreTheClocks(t *testing.T) {
	clock := &fakeClock{}
	r := planOf(t, clock, "matmul/m=10/n=20/k=30", plant(t, clock, "gpu")).Run(t.Context())
	res := only(t, r)
	if want := 100e-6; !near(res.Seconds.Median, want) || !near(res.Seconds.Min, want) || !near(res.Seconds.Max, want) {
		t.Errorf("seconds %+v, want all %g", res.Seconds, want)
	}
	if want := 2 * 10 * 20 * 30 / 100e-6 / 1e9; !near(res.GFLOPS, want) {
		t.Errorf("%g GFLOP/s, want %g", res.GFLOPS, want)
	}
	if want := 4 * (10*30 + 30*20 + 10*20) / 100e-6 / 1e9; !near(res.GBPS, want) {
		t.Errorf("%g GB/s, want %g", res.GBPS, want)
	}
	if !res.OK || res.Status != Measured || res.Noise != "ok" || len(res.Notes) > 0 {
		t.Errorf("%+v, want it measured, without noise", res)
	}
	if res.PeakFraction != 1 { // nothing else tells a peak
		t.Errorf("peak fraction %g, want 1", res.PeakFraction)
	}
	if res.Repro != "devbench -device gpu -dtype float32 matmul/m=10/n=20/k=30" {
		t.Errorf("repro line %q", res.Repro)
	}
	if res.Inner != 16 { // 1 ms and more
		t.Errorf("%d runs in a sample, want 16", res.Inner)
	}
	if res.Seconds.Runs != len(res.Samples)*16 || len(res.Samples) < 5 {
		t.Errorf("%d runs in %d samples", res.Seconds.Runs, len(res.Samples))
	}
}

// A coarse clock gets samples that it can tell.
func TestResolution(t *testing.T) {
	clock := &fakeClock{}
	p := planOf(t, clock, "launch", plant(t, clock, "gpu"))
	p.Clock.Resolution = 15 * time.Microsecond
	res := only(t, p.Run(t.Context()))
	if sample := res.Seconds.Median * float64(res.Inner); sample < 15e-3 {
		t.Errorf("samples of %g s by a clock that tells 15 µs, want 15 ms or more", sample)
	}
}

func TestSlowToStart(t *testing.T) {
	clock := &fakeClock{}
	d := plant(t, clock, "gpu")
	d.takes = func(launch int, k device.Kernel) time.Duration {
		if _, ok := product(k); ok && clock.now < 10*time.Second {
			return 10 * time.Second // to compile
		}
		return 2 * time.Millisecond
	}
	p := planOf(t, clock, "matmul/m=8", d)
	p.Devices[0] = Open("gpu", p.Clock, func(string) (device.Device, error) {
		clock.now += 3 * time.Second
		return d, nil
	})
	r := p.Run(t.Context())
	res := only(t, r)
	if !near(res.Seconds.Max, 2e-3) {
		t.Errorf("the slowest of the runs measured took %g s, want 2 ms: the first one must not count", res.Seconds.Max)
	}
	if !near(res.FirstSeconds, 10) || !near(res.Compile, 10-2e-3) {
		t.Errorf("first run %g s, compilation %g s; want 10 s and a little less", res.FirstSeconds, res.Compile)
	}
	if r.Devices[0].OpenSeconds != 3 {
		t.Errorf("opened in %g s, want 3", r.Devices[0].OpenSeconds)
	}
}

func TestWrongResults(t *testing.T) {
	for name, value := range map[string]float32{"off": 5, "not a number": nan, "infinite": float32(math.Inf(1))} {
		t.Run(name, func(t *testing.T) {
			clock := &fakeClock{}
			d := plant(t, clock, "gpu")
			d.spoil = func(k device.Kernel) {
				if c, ok := product(k); ok {
					d.set(c, c.Len()-2, value)
				}
			}
			r := planOf(t, clock, "matmul/m=8 launch", d).Run(t.Context())
			res := r.Results[0]
			if res.Status != Wrong || res.OK || len(res.Samples) > 0 || res.Seconds.Median != 0 || res.GFLOPS != 0 {
				t.Errorf("%+v, want it wrong and without a time", res)
			}
			if r.OK() {
				t.Error("the report is said to be right")
			}
			if !r.Results[1].OK {
				t.Errorf("%+v, want the other case measured", r.Results[1])
			}
		})
	}
}

func TestNoFloat64(t *testing.T) {
	clock := &fakeClock{}
	d := plant(t, clock, "gpu")
	d.info.Float64 = false
	p := planOf(t, clock, "matmul/m=8", d)
	p.DTypes = append(p.DTypes, device.Float64)
	r := p.Run(t.Context())
	if a, b := r.Results[0], r.Results[1]; !a.OK || b.Status != Skipped || b.Skipped != "the device has no float64" || !r.OK() {
		t.Errorf("%+v and %+v, want float64 skipped, which is no failure", a, b)
	}
}

func TestMoreThanTheMemory(t *testing.T) {
	clock := &fakeClock{}
	d := plant(t, clock, "gpu")
	r := planOf(t, clock, "matmul/m=1024 matmul/m=1000000000 matmul/m=8", d).Run(t.Context())
	for _, res := range r.Results[:2] {
		if res.Status != Skipped || !strings.HasPrefix(res.Skipped, "needs ") {
			t.Errorf("%+v, want it skipped for its need of memory", res)
		}
	}
	if want := "needs 12 MiB, free 1 MiB"; r.Results[0].Skipped != want {
		t.Errorf("skipped: %q, want %q", r.Results[0].Skipped, want)
	}
	if !r.Results[2].OK || !r.OK() {
		t.Errorf("%+v, want it measured", r.Results[2])
	}

	p := planOf(t, clock, "matmul/m=64", d)
	p.HostFree = func() float64 { return 1000 }
	if res := only(t, p.Run(t.Context())); !strings.HasSuffix(res.Skipped, "on the host, free 1e+03 B") && !strings.Contains(res.Skipped, "on the host") {
		t.Errorf("%+v, want it skipped for the host's memory", res)
	}
}

// A device that has less memory than it says tells so when it is asked for it.
func TestRunsOutOfMemory(t *testing.T) {
	clock := &fakeClock{}
	d := plant(t, clock, "gpu")
	d.before = func(launch int) {
		if launch == 3 {
			d.err = fmt.Errorf("gpu: %w", device.ErrOutOfMemory)
		}
	}
	d.info.Memory = 1 << 18 // too little to look for a peak
	r := planOf(t, clock, "matmul/m=8 matmul/m=16", d).Run(t.Context())
	if a, b := r.Results[0], r.Results[1]; a.Status != Skipped || !b.OK {
		t.Errorf("%+v and %+v, want the first skipped and the second measured", a, b)
	}
}

func TestVanishesHalfWay(t *testing.T) {
	clock := &fakeClock{}
	a, b := plant(t, clock, "a"), plant(t, clock, "b")
	b.before = func(launch int) {
		if launch > 500 {
			b.lost = errors.New("b: the device is lost")
		}
	}
	r := planOf(t, clock, "matmul/m=8 matmul/m=16", a, b).Run(t.Context())
	for _, res := range r.Results {
		switch {
		case res.Device == "a" && !res.OK:
			t.Errorf("%+v, want it measured", res)
		case res.Device == "b" && (res.Status != Failed || res.Failure != "b: the device is lost"):
			t.Errorf("%+v, want it failed with the device's error", res)
		}
	}
	if len(r.Results) != 4 || r.OK() {
		t.Errorf("%d results, fine: %v; want 4 and not", len(r.Results), r.OK())
	}
}

func TestPanicsAndDevicesThatDoNotOpen(t *testing.T) {
	clock := &fakeClock{}
	d := plant(t, clock, "gpu")
	d.before = func(launch int) {
		if launch > 200 {
			panic("driver bug")
		}
	}
	p := planOf(t, clock, "matmul/m=8", d)
	p.Devices = append(p.Devices, Open("late", p.Clock, func(string) (device.Device, error) { return nil, errors.New("no licence") }))
	r := p.Run(t.Context())
	if res := r.Results[0]; res.Status != Failed || res.Failure != "panic: driver bug" {
		t.Errorf("%+v, want it failed with the panic", res)
	}
	if res := r.Results[1]; res.Status != Failed || res.Failure != "cannot be opened: no licence" {
		t.Errorf("%+v, want it failed with the reason", res)
	}
}

func TestInterrupt(t *testing.T) {
	clock := &fakeClock{}
	d := plant(t, clock, "gpu")
	ctx, cancel := context.WithCancel(t.Context())
	d.before = func(launch int) {
		if launch == 300 {
			cancel()
		}
	}
	r := planOf(t, clock, "matmul/m=8 matmul/m=16", d).Run(ctx)
	if !r.Interrupted || d.launches > 350 {
		t.Errorf("interrupted: %v after %d launches, want it soon after 300", r.Interrupted, d.launches)
	}
	for _, res := range r.Results {
		if !res.OK || (len(res.Samples) > 0) != (res.Status == Measured) {
			t.Errorf("%+v, want nothing but what was measured or at least checked", res)
		}
	}
}

// Cases that are to run once are checked, on all devices and in all types, and not measured.
func TestOnce(t *testing.T) {
	clock := &fakeClock{}
	a, b := plant(t, clock, "a"), plant(t, clock, "b")
	b.spoil = func(k device.Kernel) {
		if c, ok := product(k); ok {
			b.set(c, 0, 1000)
		}
	}
	p := planOf(t, clock, "matmul/m=8 launch", a, b)
	p.Once = true
	r := p.Run(t.Context())
	var got []string
	for _, res := range r.Results {
		got = append(got, res.Device+" "+res.Status)
		if len(res.Samples) > 0 || res.Seconds.Median > 0 {
			t.Errorf("%+v, want it not measured", res)
		}
	}
	if want := "a checked,b wrong,a checked,b checked"; strings.Join(got, ",") != want || r.OK() {
		t.Errorf("%v, want %s", got, want)
	}
	if a.launches != 2 || len(r.Devices[0].Peaks) > 0 {
		t.Errorf("%d launches and peaks %v, want one launch for each case and no peak", a.launches, r.Devices[0].Peaks)
	}
}

// Devices and cases take turns, in an order that the seed decides.
func TestTurns(t *testing.T) {
	order := func(seed uint64) string {
		clock := &fakeClock{}
		var log []string
		a, b := plant(t, clock, "a"), plant(t, clock, "b")
		a.log, b.log = &log, &log
		p := planOf(t, clock, "matmul/m=8 elementwise/op=add/n=8", a, b)
		p.Seed = seed
		p.Run(t.Context())
		return strings.Join(slices.Compact(log), "\n")
	}
	first := order(1)
	if n := strings.Count(first, "\n"); n < 4*rounds-10 {
		t.Errorf("only %d turns", n)
	}
	if order(1) != first {
		t.Error("the same seed gives another order")
	}
	if order(2) == first {
		t.Error("another seed gives the same order")
	}
}

// A noisy case gets more rounds, and is said to be noisy.
func TestNoise(t *testing.T) {
	clock := &fakeClock{}
	d := plant(t, clock, "gpu")
	d.takes = func(launch int, _ device.Kernel) time.Duration { return time.Duration(1+launch%3) * time.Millisecond }
	res := only(t, planOf(t, clock, "matmul/m=8", d).Run(t.Context()))
	if res.Noise != "unusable" || len(res.Notes) == 0 || !strings.HasPrefix(res.Notes[0], "spread ") {
		t.Errorf("noise %q, notes %q", res.Noise, res.Notes)
	}
	if spent := res.Seconds.Median * float64(len(res.Samples)); spent < 30e-3 {
		t.Errorf("measured for %g s, want about twice the 20 ms", spent)
	}
}

func TestMoves(t *testing.T) {
	clock := &fakeClock{}
	p := planOf(t, clock, "matmul/m=8", plant(t, clock, "gpu"))
	p.Moves = true
	res := only(t, p.Run(t.Context()))
	if want := 100e-6 + 3*10e-6; !near(res.Moved, want) {
		t.Errorf("with transfers %g s, want %g: two operands, a launch and a result", res.Moved, want)
	}
}

// No peak is below what was measured.
func TestPeakIsNeverBelowAMeasurement(t *testing.T) {
	clock := &fakeClock{}
	d := plant(t, clock, "gpu")
	r := planOf(t, clock, "matmul/m=8,16,32 elementwise/op=add/n=64,1024,65536 elementwise/op=tanh/n=1,0 matmul/m=0", d).Run(t.Context())
	for _, res := range r.Results {
		if res.PeakFraction < 0 || res.PeakFraction > 1 || math.IsNaN(res.PeakFraction) || !res.OK {
			t.Errorf("%s: peak fraction %g, %s", res.Case, res.PeakFraction, res.Status)
		}
	}
	if s := r.Devices[0].Peaks[0].Source; s != "matmul/m=32/n=32/k=32" {
		t.Errorf("the peak is that of %q, want the fastest product", s)
	}
}

type adder struct{ *planted }

func (d adder) MultiplyAdds(_ device.DType, rounds int) int64 {
	d.clock.now += time.Duration(rounds) * time.Microsecond
	return int64(rounds) * 1e6
}

func TestMultiplyAdder(t *testing.T) {
	clock := &fakeClock{}
	d := adder{plant(t, clock, "gpu")}
	r := planOf(t, clock, "matmul/m=8", d).Run(t.Context())
	if p := r.Devices[0].Peaks[0]; !near(p.GFLOPS, 1000) || p.Source != "multiply-adds alone" {
		t.Errorf("peak %+v, want 1000 GFLOP/s of multiply-adds", p)
	}
	if want := 2 * 512 / 100e-6 / 1e12; !near(only(t, r).PeakFraction, want) {
		t.Errorf("peak fraction %g, want %g", only(t, r).PeakFraction, want)
	}
}

type unable struct{ *planted }

func (unable) MultiplyAdds(device.DType, int) int64 { return 0 }

// Where a device cannot do multiply-adds alone its best product stands for them.
func TestPeakOfProducts(t *testing.T) {
	clock := &fakeClock{}
	d := unable{plant(t, clock, "gpu")}
	d.info.Memory = 7 << 20 // for no larger product than the first
	r := planOf(t, clock, "matmul/m=8", d).Run(t.Context())
	if p := r.Devices[0].Peaks[0]; !near(p.GFLOPS, 2*256*256*256/100e-6/1e9) || p.Source != "its best product, 256×256×256" {
		t.Errorf("peak %+v, want that of the product", p)
	}
}

// Every device of Keisan's own is asked for multiply-adds.
func TestDevicesAreMultiplyAdders(t *testing.T) {
	d, err := device.Open("cpu")
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if _, ok := d.(MultiplyAdder); !ok {
		t.Errorf("%T has no method MultiplyAdds", d)
	}
}

func TestSpeedups(t *testing.T) {
	clock := &fakeClock{}
	a, b := plant(t, clock, "a"), plant(t, clock, "b")
	b.takes = func(int, device.Kernel) time.Duration { return 25 * time.Microsecond }
	r := planOf(t, clock, "matmul/m=8", a, b).Run(t.Context())
	r.Compare("a")
	if s := r.Results[1].Speedup; r.Results[0].Speedup != nil || s == nil || !near(s.Median, 4) || !near(s.Low, 4) || !near(s.High, 4) {
		t.Errorf("speed-up %+v, want 4 of b against a", s)
	}
}

func TestStats(t *testing.T) {
	s := StatsOf([]float64{1, 1.01, 1, 1.02, 1, 1.01, 30, 1, 1.01, 1})
	if s.Outliers != 1 || s.Median > 1.01 || s.Noise() != "ok" || len(s.Notes()) != 1 {
		t.Errorf("%+v %q, want one outlier", s, s.Notes())
	}
	s = StatsOf([]float64{1, 1, 1, 1, 1, 1.2, 1.2, 1.2, 1.2, 1.2})
	if !near(s.Drift, 0.2) {
		t.Errorf("drift %g, want 0.2", s.Drift)
	}
	if s := StatsOf(nil); s != (Stats{}) {
		t.Errorf("of nothing: %+v", s)
	}
	if s := StatsOf([]float64{2}); s.Median != 2 || s.Low != 2 || s.High != 2 {
		t.Errorf("of one: %+v", s)
	}
}

func TestChanges(t *testing.T) {
	result := func(samples ...float64) Result { return Result{Device: "cpu", Case: "c", OK: true, Samples: samples} }
	of := func(r Result) *Report { return &Report{Results: []Result{r}} }
	base := result(1, 1.01, 1.02, 1, 1.01, 1.02, 1.01, 1)
	for _, c := range []struct {
		new  Result
		want string
	}{
		{base, Same},
		{result(1.1, 1.11, 1.12, 1.1, 1.11, 1.12, 1.11, 1.1), Slower},
		{result(0.9, 0.91, 0.92, 0.9, 0.91, 0.92, 0.91, 0.9), Faster},
		{result(0.9, 1.4, 0.7, 1.1, 1, 0.8, 1.5, 1.2), Unsure},
		{result(2, 2), Unsure},
		{Result{Device: "cpu", Case: "c", Status: Wrong}, Broken},
	} {
		got := Changes(of(base), of(c.new))
		if len(got) != 1 || got[0].Word != c.want {
			t.Errorf("%v: %+v, want %s", c.new.Samples, got, c.want)
		}
	}
	if got := Changes(of(base), of(Result{Device: "gpu", Case: "c"})); got != nil {
		t.Errorf("of different devices: %+v", got)
	}
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*math.Abs(b) }
