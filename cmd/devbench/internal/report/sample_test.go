package report

import (
	"math"
	"time"

	"github.com/keisan-go/keisan/cmd/devbench/internal/bench"
	"github.com/keisan-go/keisan/cmd/devbench/internal/cases"
)

// sample is a report as two devices make it, by a simple model of them: a time to start and two rates.
func sample() *bench.Report {
	r := &bench.Report{
		Schema: bench.Schema, Version: "v0.1.0", Args: []string{"-set", "standard"}, Seed: 7,
		Started: time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC),
		Host: bench.Host{OS: "linux", Arch: "amd64", Go: "go1.26.8", CPU: "Example 9000", Features: "AVX-512", Processors: 16,
			Warnings: []string{`the processor's governor is "powersave": its clock frequency varies`}},
		Devices: []bench.Device{
			{Name: "cpu", Kind: "cpu", Model: "Example 9000", Driver: "go1.26.8 amd64 avx512", Units: 16, Memory: 64 << 30, Float64: true,
				Peaks: []bench.Peak{{DType: "float32", GFLOPS: 1500, Source: "multiply-adds alone", Copies: streams(900, 600, 200, 60)}}},
			{Name: "cuda:0", Kind: "gpu", Vendor: "NVIDIA", Model: "Example GPU", Driver: "CUDA 12.8", Units: 132, Memory: 140 << 30, Float64: true, OpenSeconds: 2.3,
				Peaks: []bench.Peak{{DType: "float32", GFLOPS: 52000, Source: "multiply-adds alone", Copies: streams(20, 300, 4000, 3900)}}},
			{Name: "opencl", Unavailable: "not built in: build with -tags opencl"},
		},
	}
	models := []struct {
		name                      string
		start, flops, bytes, link float64
	}{{"cpu", 1e-6, 1.2e12, 50e9, 0}, {"cuda:0", 9e-6, 45e12, 3.3e12, 20e9}}
	for _, arg := range []string{"launch", "transfer/bytes=65536", "elementwise/op=tanh/n=1024-16777216*16", "matmul/m=16-2048*2",
		"rnn_forward/t=128/b=32/h=512", "rnn_train/t=128/b=32/h=512", "train_step/net=charrnn"} {
		cs, err := cases.Parse(arg)
		if err != nil {
			panic(err)
		}
		for _, c := range cs {
			for _, m := range models {
				ops, bytes := cost(c)
				seconds := m.start + math.Max(ops/m.flops, bytes/m.bytes)
				res := bench.Result{
					Device: m.name, Case: c.String(), DType: "float32", Dims: c.Dims(), Family: c.Family.Name, Status: bench.Measured, OK: true,
					Ops: int64(ops), Bytes: int64(bytes), GFLOPS: ops / seconds / 1e9, GBPS: bytes / seconds / 1e9,
					MaxError: 1.2e-7, Bound: 6e-5, Noise: "ok", Inner: 1,
					Samples: []float64{seconds, 1.01 * seconds, 0.99 * seconds, seconds, seconds},
					Seconds: bench.Seconds{Median: seconds, Min: 0.99 * seconds, Max: 1.01 * seconds, Low: 0.995 * seconds, High: 1.005 * seconds, Spread: 0.01, Runs: 5},
					Repro:   "devbench -device " + m.name + " " + c.String(),
				}
				switch {
				case ops > 0 && c.Family.Rate == cases.GFLOPS:
					res.Rate, res.PeakFraction = "gflops", ops/seconds/m.flops*0.8
				case c.Family.Rate == cases.GBPS:
					res.Rate, res.PeakFraction = "gbps", bytes/seconds/m.bytes*0.9
				case c.Family.Rate == cases.Link:
					res.Rate = "gbps"
				}
				if m.link > 0 {
					res.Moved = seconds + bytes/m.link
				}
				r.Results = append(r.Results, res)
			}
		}
	}
	n := len(r.Results)
	r.Results[n-1].Status, r.Results[n-1].OK, r.Results[n-1].MaxError = bench.Wrong, false, bench.Finite(math.Inf(1))
	r.Results[n-3].Status, r.Results[n-3].OK, r.Results[n-3].Skipped = bench.Skipped, false, "needs 3.1 GiB, free 2 GiB"
	r.Results[2].Noise, r.Results[2].Seconds.Spread = "noisy", 0.18
	r.Compare("cpu")
	return r
}

// cost is what a case costs, about.
func cost(c cases.Case) (ops, bytes float64) {
	size := func(key string) float64 {
		n, _ := c.Dims()[key].(int)
		return float64(n)
	}
	onDevice, _ := c.Need(4)
	switch c.Family.Name {
	case "matmul":
		return 2 * size("m") * size("n") * size("k"), onDevice
	case "rnn_forward":
		return 2 * size("t") * size("b") * size("h") * (size("i") + size("h")), onDevice
	case "rnn_train":
		return 6 * size("t") * size("b") * size("h") * (size("i") + size("h")), onDevice
	case "elementwise":
		return size("n"), onDevice
	case "train_step":
		return 1e9, 2e7
	case "transfer":
		return 0, size("bytes")
	}
	return 0, 0
}

// streams is copies of 64 KiB and 16, 256, ... times as much, at these rates.
func streams(rates ...float64) (all []bench.Stream) {
	for i, rate := range rates {
		all = append(all, bench.Stream{Bytes: 1 << (16 + 4*i), GBPS: rate})
	}
	return all
}
