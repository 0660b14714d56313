package bench

import (
	"fmt"
	"math"
	"slices"

	"golang.org/x/perf/benchmath"
)

// Stats describes the times of one case on one device.
type Stats struct {
	Median, Min, Max float64
	Low, High        float64 // the median's interval at 95 %, as far as the number of samples allows
	Spread           float64 // the distance between the quartiles as a share of the median
	Outliers         int
	Drift            float64 // how much longer the second half took than the first, as a share
}

// From these spreads on a median is said to be noisy, or of no use. They are the bounds of PyTorch's benchmark.Timer.
const (
	noisy    = 0.10
	unusable = 0.25
)

// StatsOf describes samples in the order in which they were taken.
func StatsOf(samples []float64) Stats {
	if len(samples) == 0 {
		return Stats{}
	}
	sorted := slices.Sorted(slices.Values(samples))
	summary := benchmath.AssumeNothing.Summary(benchmath.NewSample(slices.Clone(samples), &benchmath.DefaultThresholds), 0.95)
	s := Stats{
		Median: quantile(sorted, 0.5), Min: sorted[0], Max: sorted[len(sorted)-1],
		Low: max(summary.Lo, sorted[0]), High: min(summary.Hi, sorted[len(sorted)-1]), // too few samples have no bounds
	}
	if s.Median > 0 {
		s.Spread = (quantile(sorted, 0.75) - quantile(sorted, 0.25)) / s.Median
	}

	// An outlier's modified z-score is above 14.8: hyperfine's bound, far from what a skewed distribution brings.
	distances := make([]float64, len(samples))
	for i, v := range samples {
		distances[i] = math.Abs(v - s.Median)
	}
	slices.Sort(distances)
	if mad := quantile(distances, 0.5); mad > 0 {
		for _, d := range distances {
			if 0.6745*d/mad > 14.8 {
				s.Outliers++
			}
		}
	}

	if half := len(samples) / 2; half >= 4 {
		first, second := slices.Sorted(slices.Values(samples[:half])), slices.Sorted(slices.Values(samples[len(samples)-half:]))
		if m := quantile(first, 0.5); m > 0 {
			s.Drift = quantile(second, 0.5)/m - 1
		}
	}
	return s
}

// Noise is what to think of the median: "ok", "noisy" or "unusable".
func (s Stats) Noise() string {
	switch {
	case s.Spread > unusable:
		return "unusable"
	case s.Spread > noisy:
		return "noisy"
	}
	return "ok"
}

// Notes is what a reader of the median should know.
func (s Stats) Notes() []string {
	var notes []string
	if s.Spread > noisy {
		notes = append(notes, fmt.Sprintf("spread %.0f %%: the machine is busy", 100*s.Spread))
	}
	if math.Abs(s.Drift) > max(0.05, s.Spread) {
		direction := "slower"
		if s.Drift < 0 {
			direction = "faster"
		}
		notes = append(notes, fmt.Sprintf("%.0f %% %s towards the end: the clock frequency drifts", 100*math.Abs(s.Drift), direction))
	}
	if s.Outliers > 0 {
		notes = append(notes, fmt.Sprintf("%d outliers, up to %.1f times the median", s.Outliers, s.Max/s.Median))
	}
	return notes
}

// quantile interpolates between the sorted values next to it.
func quantile(sorted []float64, q float64) float64 {
	at := q * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}
