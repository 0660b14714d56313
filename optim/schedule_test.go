package optim_test

import (
	"math"
	"strings"
	"testing"

	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/optim"
)

func TestSchedules(t *testing.T) {
	for _, c := range []struct {
		name     string
		schedule func(step int) float64
		step     int
		want     float64
	}{
		{"Constant", optim.Constant(0.3), 0, 0.3},
		{"Constant", optim.Constant(0.3), 1 << 30, 0.3},
		{"StepDecay", optim.StepDecay(20, 0.25, 10), 9, 20},
		{"StepDecay", optim.StepDecay(20, 0.25, 10), 10, 5},
		{"StepDecay", optim.StepDecay(20, 0.25, 10), 29, 1.25},
		{"StepDecay", optim.StepDecay(20, 1, 1), 1000, 20},
		{"WarmupCosine", optim.WarmupCosine(0.8, 4, 12), 0, 0.2},
		{"WarmupCosine", optim.WarmupCosine(0.8, 4, 12), 3, 0.8},
		{"WarmupCosine", optim.WarmupCosine(0.8, 4, 12), 4, 0.8},
		{"WarmupCosine", optim.WarmupCosine(0.8, 4, 12), 6, 0.4 * (1 + math.Sqrt2/2)},
		{"WarmupCosine", optim.WarmupCosine(0.8, 4, 12), 8, 0.4},
		{"WarmupCosine", optim.WarmupCosine(0.8, 4, 12), 10, 0.4 * (1 - math.Sqrt2/2)},
		{"WarmupCosine", optim.WarmupCosine(0.8, 4, 12), 12, 0},
		{"WarmupCosine", optim.WarmupCosine(0.8, 4, 12), 100, 0},
		{"WarmupCosine without a rise", optim.WarmupCosine(0.8, 0, 2), 0, 0.8},
		{"WarmupCosine without a fall", optim.WarmupCosine(0.8, 2, 2), 1, 0.8},
		{"WarmupCosine of nothing", optim.WarmupCosine(0.8, 0, 0), 0, 0},
	} {
		if got := c.schedule(c.step); math.Abs(got-c.want) > 1e-15*20 {
			t.Errorf("%s: step %d has %v, want %v", c.name, c.step, got, c.want)
		}
	}
	for _, c := range []struct {
		call func()
		want string
	}{
		{func() { optim.Constant(math.NaN()) }, "optim.Constant: lr is NaN"},
		{func() { optim.StepDecay(-1, 0.5, 1) }, "optim.StepDecay: lr is -1"},
		{func() { optim.StepDecay(1, 0, 1) }, "optim.StepDecay: factor is 0, want it in (0, 1]"},
		{func() { optim.StepDecay(1, math.NaN(), 1) }, "optim.StepDecay: factor is NaN"},
		{func() { optim.StepDecay(1, 0.5, 0) }, "optim.StepDecay: every is 0, want 1 or more"},
		{func() { optim.WarmupCosine(math.Inf(1), 0, 1) }, "optim.WarmupCosine: lr is +Inf"},
		{func() { optim.WarmupCosine(1, -1, 1) }, "optim.WarmupCosine: warmup is -1 and steps is 1, want 0 <= warmup <= steps"},
		{func() { optim.WarmupCosine(1, 2, 1) }, "optim.WarmupCosine: warmup is 2 and steps is 1"},
	} {
		if err := layers.Try(c.call); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("the misuse is %v, want %q in it", err, c.want)
		}
	}
}

func TestEarlyStopping(t *testing.T) {
	nan := math.NaN()
	for _, c := range []struct {
		losses       []float64
		better, stop string // a letter for each evaluation
		best         float64
		at           int
	}{
		{[]float64{3, 2, 1}, "yyy", "nnn", 1, 3},
		{[]float64{3, 4, 2, 2, 2}, "ynynn", "nnnny", 2, 3},
		{[]float64{-1, 0, 0}, "ynn", "nny", -1, 1},
		{[]float64{nan, nan}, "nn", "ny", 0, 0},
		{[]float64{nan, 5, nan, 4}, "nyny", "nnnn", 4, 4},
		{[]float64{math.Inf(1), 5}, "yy", "nn", 5, 2},
	} {
		s := optim.EarlyStopping{Patience: 2}
		better, stop := "", ""
		letter := map[bool]string{true: "y", false: "n"}
		for _, loss := range c.losses {
			better += letter[s.Better(loss)]
			stop += letter[s.Enough()]
		}
		if better != c.better || stop != c.stop || s.Best != c.best || s.BestAt != c.at {
			t.Errorf("of %v those are better: %s, and enough: %s, the best is %v of evaluation %d; want %s, %s, %v and %d",
				c.losses, better, stop, s.Best, s.BestAt, c.better, c.stop, c.best, c.at)
		}
	}
	const want = "optim.EarlyStopping: Patience is 0, want 1 or more"
	if err := layers.Try(func() { new(optim.EarlyStopping).Enough() }); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("without patience: %v, want %q in it", err, want)
	}
}
