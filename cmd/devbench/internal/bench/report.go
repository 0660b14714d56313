package bench

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"time"
)

// Schema is the version of the form of a Report as JSON. Keys may be added to it; readers ignore those unknown to them.
const Schema = 1

// A Report is all that a run found out. Its JSON is what -json writes.
type Report struct {
	Schema      int       `json:"schema"`
	Version     string    `json:"version"`
	Args        []string  `json:"args"`
	Started     time.Time `json:"started"`
	Interrupted bool      `json:"interrupted"`
	Seed        uint64    `json:"seed"` // of the order in which cases were measured
	Host        Host      `json:"host"`
	Devices     []Device  `json:"devices"`
	Results     []Result  `json:"results"`
}

// Host describes the machine, and what about it may disturb measurements.
type Host struct {
	OS         string   `json:"os"`
	Arch       string   `json:"arch"`
	Go         string   `json:"go"`
	CPU        string   `json:"cpu"`
	Features   string   `json:"features"` // the level of the instruction set, such as "AVX-512"
	Processors int      `json:"processors"`
	GOMAXPROCS int      `json:"gomaxprocs"`
	Memory     int64    `json:"memory"` // bytes
	Free       int64    `json:"free"`
	Governor   string   `json:"governor,omitempty"`
	Load       float64  `json:"load,omitempty"`  // average over a minute
	Quota      float64  `json:"quota,omitempty"` // processors that the control group grants
	Warnings   []string `json:"warnings"`
}

// Device describes a device, or a backend that has none.
type Device struct {
	Name        string  `json:"name"`
	Kind        string  `json:"kind"`
	Vendor      string  `json:"vendor"`
	Model       string  `json:"model"`
	Driver      string  `json:"driver"`
	Units       int     `json:"units"`
	Memory      int64   `json:"memory"`
	Float64     bool    `json:"float64"`
	Unavailable string  `json:"unavailable,omitempty"`
	OpenSeconds float64 `json:"open_seconds"`
	Peaks       []Peak  `json:"peaks"`
}

// A Peak is the most that a device was seen to do in a type.
type Peak struct {
	DType  string   `json:"dtype"`
	GFLOPS float64  `json:"gflops"`
	Source string   `json:"source"` // how that was found out
	Copies []Stream `json:"copies"` // from small to large
}

// A Stream is the rate of copies of some size.
type Stream struct {
	Bytes int64   `json:"bytes"` // read and written
	GBPS  float64 `json:"gbps"`
}

// A Result is one case on one device in one type. Rates are 0 where a case has none, times where it was not measured.
type Result struct {
	Device       string         `json:"device"`
	Case         string         `json:"case"`
	DType        string         `json:"dtype"`
	Dims         map[string]any `json:"dims"`
	Seconds      Seconds        `json:"seconds"`
	GFLOPS       float64        `json:"gflops"`
	GBPS         float64        `json:"gbps"`
	PeakFraction float64        `json:"peak_fraction"`
	MaxError     Finite         `json:"max_error"`
	OK           bool           `json:"ok"`

	Family  string   `json:"family"`
	Rate    string   `json:"rate"`   // what PeakFraction is the share of: "gflops", "gbps", or ""
	Status  string   `json:"status"` // Measured, Checked, Wrong, Failed or Skipped
	Skipped string   `json:"skipped,omitempty"`
	Failure string   `json:"failure,omitempty"`
	Bound   float64  `json:"bound"` // what MaxError must not exceed
	Ops     int64    `json:"ops"`
	Bytes   int64    `json:"bytes"`
	Noise   string   `json:"noise,omitempty"` // "ok", "noisy" or "unusable"
	Notes   []string `json:"notes,omitempty"`

	Speedup      *Ratio    `json:"speedup,omitempty"`       // against the baseline
	FirstSeconds float64   `json:"first_seconds"`           // the first run, what was compiled for it included
	Compile      float64   `json:"compile_seconds"`         // by how much it was longer than the others
	Moved        float64   `json:"moved_seconds,omitempty"` // with operands and results moved, the median
	Samples      []float64 `json:"samples"`                 // seconds of a run, in the order measured
	Inner        int       `json:"inner"`                   // runs that each sample is the mean of
	Repro        string    `json:"repro"`
}

// What became of a case.
const (
	Measured = "ok"
	Checked  = "checked" // it is right, and was not to be measured, or not yet when the run was interrupted
	Wrong    = "wrong"
	Failed   = "failed"
	Skipped  = "skipped"
)

// Seconds is the times of a run.
type Seconds struct {
	Median float64 `json:"median"`
	Min    float64 `json:"min"`
	Max    float64 `json:"max"`
	Runs   int     `json:"runs"`
	Low    float64 `json:"low"` // the median's interval at 95 %
	High   float64 `json:"high"`
	Spread float64 `json:"spread"` // the distance between the quartiles as a share of the median
}

// A Ratio is how many times as fast something is, and its interval.
type Ratio struct {
	Baseline string  `json:"baseline"`
	Median   float64 `json:"median"`
	Low      float64 `json:"low"`
	High     float64 `json:"high"`
}

// Finite is a number; one that JSON has no word for is written as null.
type Finite float64

// MarshalJSON writes the number.
func (f Finite) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(f)) || math.IsInf(float64(f), 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(f))
}

// UnmarshalJSON reads the number, null as infinity.
func (f *Finite) UnmarshalJSON(text []byte) error {
	if string(text) == "null" {
		*f = Finite(math.Inf(1))
		return nil
	}
	return json.Unmarshal(text, (*float64)(f))
}

// Compare compares the results with those of the baseline device.
func (r *Report) Compare(baseline string) {
	for i := range r.Results {
		a := &r.Results[i]
		a.Speedup = nil
		for j := range r.Results {
			b := &r.Results[j]
			if b.Device == baseline && a.Device != baseline && b.Case == a.Case && b.DType == a.DType && a.Status == Measured && b.Status == Measured && a.Seconds.Low > 0 {
				a.Speedup = &Ratio{baseline, b.Seconds.Median / a.Seconds.Median, b.Seconds.Low / a.Seconds.High, b.Seconds.High / a.Seconds.Low}
			}
		}
	}
}

// OK tells whether every result is right and no device failed.
func (r *Report) OK() bool {
	for _, d := range r.Results {
		if d.Status == Wrong || d.Status == Failed {
			return false
		}
	}
	return true
}

// Read reads a report that -json wrote.
func Read(file string) (*Report, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	r := &Report{}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%s is not what devbench -json writes: %w", file, err)
	}
	if r.Schema > Schema {
		return nil, fmt.Errorf("%s is of schema %d, which a newer devbench wrote; this one knows %d", file, r.Schema, Schema)
	}
	return r, nil
}
