package report

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"strconv"
	"strings"

	"golang.org/x/perf/benchfmt"

	"github.com/keisan-go/keisan/cmd/devbench/internal/bench"
)

// JSON writes the whole report.
func JSON(w io.Writer, r *bench.Report) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "\t")
	return e.Encode(r)
}

// CSV writes a line for each result, seconds and rates in full.
func CSV(w io.Writer, r *bench.Report) error {
	c := csv.NewWriter(w)
	c.Write([]string{
		"case", "device", "dtype", "status", "median_s", "min_s", "max_s", "low_s", "high_s", "spread", "runs",
		"gflops", "gbps", "peak_fraction", "speedup", "speedup_low", "speedup_high", "max_error", "bound", "noise", "reason",
	})
	f := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	for _, res := range r.Results {
		ratio, low, high := "", "", ""
		if s := res.Speedup; s != nil {
			ratio, low, high = f(s.Median), f(s.Low), f(s.High)
		}
		s := res.Seconds
		c.Write([]string{
			res.Case, res.Device, res.DType, res.Status, f(s.Median), f(s.Min), f(s.Max), f(s.Low), f(s.High), f(s.Spread),
			strconv.Itoa(s.Runs), f(res.GFLOPS), f(res.GBPS), f(res.PeakFraction), ratio, low, high, f(float64(res.MaxError)), f(res.Bound),
			res.Noise, res.Skipped + res.Failure,
		})
	}
	c.Flush()
	return c.Error()
}

// Bench writes every sample in Go's benchmark format, for benchstat.
func Bench(w io.Writer, r *bench.Report) error {
	config := func(key, value string) benchfmt.Config {
		return benchfmt.Config{Key: key, Value: []byte(value), File: true}
	}
	out := benchfmt.NewWriter(w)
	for _, res := range r.Results {
		for _, sample := range res.Samples {
			if res.Status != bench.Measured || sample <= 0 {
				continue
			}
			values := []benchfmt.Value{{Value: sample * 1e9, Unit: "ns/op"}}
			switch res.Rate {
			case "gflops":
				values = append(values, benchfmt.Value{Value: float64(res.Ops) / sample / 1e9, Unit: "GFLOP/s"})
			case "gbps":
				values = append(values, benchfmt.Value{Value: float64(res.Bytes) / sample / 1e6, Unit: "MB/s"})
			}
			err := out.Write(&benchfmt.Result{
				Config: []benchfmt.Config{
					config("goos", r.Host.OS), config("goarch", r.Host.Arch),
					config("pkg", "github.com/keisan-go/keisan/cmd/devbench"), config("cpu", r.Host.CPU),
				},
				Name:   benchfmt.Name(strings.ToUpper(res.Case[:1]) + res.Case[1:] + "/dtype=" + res.DType + "/device=" + res.Device),
				Iters:  res.Inner,
				Values: values,
			})
			if err != nil {
				return err
			}
		}
	}
	return nil
}
