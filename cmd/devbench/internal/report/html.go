package report

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"
	"strings"

	"github.com/keisan-go/keisan/cmd/devbench/internal/bench"
)

//go:embed page.html
var pageText string

var pageTemplate = template.Must(template.New("page").Parse(pageText))

// HTML writes one page with charts that needs nothing beside itself.
func HTML(w io.Writer, r *bench.Report) error {
	p := page{Report: r, Header: Header(r), Notes: Notes(r), Legend: Legend(r), Wrong: !r.OK(), When: r.Started.Format("2 January 2006, 15:04 MST")}
	families := distinct(r, func(r *bench.Result) string { return r.Family })
	colour := func(family string) string { return fmt.Sprintf("c%d", slices.Index(families, family)%8) }
	for _, d := range r.Devices {
		if d.Unavailable != "" {
			p.Missing = append(p.Missing, DeviceLine(&d))
			continue
		}
		p.Cards = append(p.Cards, cardOf(&d, Against(r, d.Name)))
		for _, peak := range d.Peaks {
			if c, ok := roofline(r, &d, &peak, colour); ok {
				p.Roofs = append(p.Roofs, roof{d.Name, peak.DType, c})
			}
		}
	}
	names := distinct(r, func(r *bench.Result) string { return r.Device })
	p.Several = len(names) > 1
	for _, f := range families {
		if slices.ContainsFunc(r.Results, func(r bench.Result) bool { return r.Family == f && r.Ops > 0 && r.Bytes > 0 }) {
			p.Key = append(p.Key, legendEntry{f, colour(f)})
		}
		p.Groups = append(p.Groups, groupOf(r, f, names, p.Several))
	}
	for _, c := range r.Crossovers(baselineOf(r)) {
		p.Crossovers = append(p.Crossovers, crossing{&c, Verdict(&c), crossingChart(&c)})
	}
	for _, c := range columns(r) {
		p.Columns = append(p.Columns, c.head)
	}
	for i := range r.Results {
		var row []string
		for _, c := range columns(r) {
			row = append(row, c.cell(&r.Results[i]))
		}
		p.Rows = append(p.Rows, row)
	}
	return pageTemplate.Execute(w, p)
}

// A page is what the template shows.
type page struct {
	Report     *bench.Report
	When       string
	Header     []string
	Wrong      bool
	Several    bool // devices
	Cards      []card
	Missing    []string
	Roofs      []roof
	Key        []legendEntry
	Groups     []group
	Crossovers []crossing
	Columns    []string
	Rows       [][]string
	Legend     []string
	Notes      []string
}

type card struct {
	Name, Model string
	Facts       [][2]string
}

type legendEntry struct{ Name, Colour string }

type roof struct {
	Device, DType string
	Chart         *chart
}

type group struct {
	Family string
	Cases  []bars
}

type bars struct {
	Case string
	Bars []bar
}

type bar struct {
	Label  string // the device and type, where there are several
	Width  float64
	Colour string
	Figure string
	Detail string
	Bad    bool
}

type crossing struct {
	*bench.Crossover
	Verdict string
	Chart   *chart
}

func cardOf(d *bench.Device, against string) card {
	c := card{Name: d.Name, Model: strings.TrimSpace(d.Vendor + " " + d.Model)}
	fact := func(name, value string) {
		if value != "" {
			c.Facts = append(c.Facts, [2]string{name, value})
		}
	}
	fact("compute units", fmt.Sprint(d.Units))
	fact("memory", bench.Size(float64(d.Memory)))
	fact("driver", d.Driver)
	for _, p := range d.Peaks {
		if p.GFLOPS > 0 {
			fact(p.DType, giga(p.GFLOPS, "FLOP/s")+", "+p.Source)
		}
		if n := len(p.Copies); n > 0 && p.DType == d.Peaks[0].DType {
			fact("copies", fmt.Sprintf("%s at best, %s of %s", giga(most(p.Copies), "B/s"), giga(p.Copies[n-1].GBPS, "B/s"), bench.Size(float64(p.Copies[n-1].Bytes))))
		}
	}
	if !d.Float64 {
		fact("float64", "no")
	}
	fact("in all", against)
	return c
}

func most(copies []bench.Stream) (best float64) {
	for _, c := range copies {
		best = max(best, c.GBPS)
	}
	return best
}

// roofline is what a device attains against how many operations a case has for each byte that it must move: S. Williams,
// A. Waterman, D. Patterson, "Roofline: an insightful visual performance model", 2009.
func roofline(r *bench.Report, d *bench.Device, p *bench.Peak, colour func(string) string) (*chart, bool) {
	c := &chart{XName: "operations per byte", YName: "GFLOP/s", Alt: "Roofline of " + d.Name + " in " + p.DType}
	var xs, ys []float64
	for _, res := range r.Results {
		if res.Device != d.Name || res.DType != p.DType || res.Status != bench.Measured || res.Ops == 0 || res.Bytes == 0 {
			continue
		}
		x := float64(res.Ops) / float64(res.Bytes)
		c.Points = append(c.Points, point{x, res.GFLOPS, colour(res.Family),
			fmt.Sprintf("%s: %s, %s, %s", res.Case, giga(res.GFLOPS, "FLOP/s"), giga(res.GBPS, "B/s"), Duration(res.Seconds.Median))})
		xs, ys = append(xs, x), append(ys, res.GFLOPS)
	}
	if len(c.Points) == 0 || p.GFLOPS == 0 || len(p.Copies) == 0 {
		return nil, false
	}
	cache, memory := most(p.Copies), p.Copies[len(p.Copies)-1].GBPS
	c.X = axisFor(append(xs, 0.25, 4*p.GFLOPS/memory))
	c.Y = axisFor(append(ys, p.GFLOPS*1.3, c.X.low*memory*2))
	for _, copies := range []struct {
		rate         float64
		class, label string
	}{{cache, "roof thin", "copies in cache"}, {memory, "roof", "copies in memory"}} {
		if copies.rate == cache && cache < 1.5*memory {
			continue // there is no room for two labels, and hardly a cache
		}
		from := max(c.X.low, c.Y.low/copies.rate)
		ridge := p.GFLOPS / copies.rate
		if ridge > from {
			c.Lines = append(c.Lines, line{class: copies.class, label: copies.label + " " + giga(copies.rate, "B/s"),
				xy: [][2]float64{{from, from * copies.rate}, {ridge, p.GFLOPS}}})
		}
	}
	from := max(c.X.low, p.GFLOPS/cache)
	c.Lines = append(c.Lines, line{class: "roof", before: true, label: giga(p.GFLOPS, "FLOP/s"),
		xy: [][2]float64{{min(from, c.X.high/2), p.GFLOPS}, {c.X.high, p.GFLOPS}}})
	return c, true
}

// groupOf is a family's bars. Those of one device are its shares of its own best; those of several are their speeds,
// the fastest in full.
func groupOf(r *bench.Report, family string, names []string, several bool) group {
	g := group{Family: family}
	types := distinct(r, func(r *bench.Result) string { return r.DType })
	for i := range r.Results {
		res := &r.Results[i]
		if res.Family != family {
			continue
		}
		if n := len(g.Cases); n == 0 || g.Cases[n-1].Case != res.Case {
			g.Cases = append(g.Cases, bars{Case: res.Case})
		}
		b := bar{Figure: Duration(res.Seconds.Median), Colour: fmt.Sprintf("c%d", slices.Index(names, res.Device)%8)}
		if several {
			b.Label = res.Device
		}
		if len(types) > 1 {
			b.Label = strings.TrimSpace(b.Label + " " + res.DType)
		}
		switch {
		case res.Status != bench.Measured:
			b.Figure, b.Detail, b.Bad = median(res), res.Skipped+res.Failure, res.Status != bench.Skipped
			if res.Status == bench.Wrong {
				b.Detail = fmt.Sprintf("error %s, bound %.1e", largest(res), res.Bound)
			}
		case several:
			fastest := math.Inf(1)
			for _, o := range r.Results {
				if o.Case == res.Case && o.DType == res.DType && o.Status == bench.Measured {
					fastest = min(fastest, o.Seconds.Median)
				}
			}
			b.Width = 100 * fastest / res.Seconds.Median
		case res.PeakFraction > 0:
			b.Width = 100 * res.PeakFraction
		default:
			b.Width = 0
		}
		if res.Status == bench.Measured {
			var details []string
			if s := res.Speedup; s != nil {
				details = append(details, fmt.Sprintf("%s (%s to %s)", speedup(res), times(s.Low), times(s.High)))
			}
			if s := rate(res); s != "" {
				details = append(details, s)
			}
			if s := peak(res); s != "" {
				details = append(details, s+" of peak")
			}
			if res.Noise != "ok" {
				details = append(details, "spread "+percent(res.Seconds.Spread))
			}
			b.Detail = strings.Join(details, ", ")
		}
		n := len(g.Cases)
		g.Cases[n-1].Bars = append(g.Cases[n-1].Bars, b)
	}
	return g
}

// crossingChart is times against work, for the baseline and for the device with and without transfers.
func crossingChart(c *bench.Crossover) *chart {
	ch := &chart{XName: "operations or bytes", YName: "microseconds", Alt: "Times of " + c.Baseline + " and " + c.Device + " for " + c.Work}
	var xs, ys []float64
	lines := []line{{class: "c0"}, {class: "c1 dashed"}, {class: "c1"}}
	for _, p := range c.Points {
		xs = append(xs, p.Work)
		for i, v := range []float64{p.Baseline, p.Resident, p.Moved} {
			ys = append(ys, v*1e6)
			lines[i].xy = append(lines[i].xy, [2]float64{p.Work, v * 1e6})
		}
	}
	ch.X, ch.Y, ch.Lines = axisFor(xs), axisFor(ys), lines
	return ch
}

// baselineOf is the device that the others were compared with, or the first one.
func baselineOf(r *bench.Report) string {
	for _, res := range r.Results {
		if res.Speedup != nil {
			return res.Speedup.Baseline
		}
	}
	for _, d := range r.Devices {
		if d.Unavailable == "" {
			return d.Name
		}
	}
	return ""
}
