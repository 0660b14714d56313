package report

import (
	"fmt"
	"html/template"
	"math"
	"strings"
)

// A chart is drawn with two logarithmic axes, in units that a phone shows at nearly their size.
type chart struct {
	X, Y         axis
	XName, YName string
	Lines        []line
	Points       []point
	Alt          string // what it shows, for those who do not see it
}

const (
	chartWidth, chartHeight  = 460.0, 330.0
	left, right, top, bottom = 46.0, 14.0, 14.0, 40.0
)

// An axis goes from one power of ten, or a little before it, to another.
type axis struct{ low, high float64 }

// axisFor spans the values with some room to spare.
func axisFor(values []float64) axis {
	a := axis{math.Inf(1), math.Inf(-1)}
	for _, v := range values {
		if v > 0 {
			a.low, a.high = min(a.low, v), max(a.high, v)
		}
	}
	if a.low > a.high {
		a = axis{1, 10}
	}
	return axis{a.low / 1.6, a.high * 1.6}
}

// at is where v lies between the ends, from 0 to 1.
func (a axis) at(v float64) float64 { return math.Log(v/a.low) / math.Log(a.high/a.low) }

// ticks is the powers of ten, and 2 and 5 times these where there are few.
func (a axis) ticks() []float64 {
	var all []float64
	steps := []float64{1}
	if a.high/a.low < 200 {
		steps = []float64{1, 2, 5}
	}
	for p := math.Pow(10, math.Floor(math.Log10(a.low))); p < a.high; p *= 10 {
		for _, s := range steps {
			if v := s * p; v >= a.low && v <= a.high {
				all = append(all, v)
			}
		}
	}
	return all
}

type line struct {
	class  string
	xy     [][2]float64
	label  string
	before bool // the label ends where the line does, and does not begin there
}

type point struct {
	x, y   float64
	colour string
	title  string
}

func (c *chart) x(v float64) float64 { return left + c.X.at(v)*(chartWidth-left-right) }
func (c *chart) y(v float64) float64 {
	return chartHeight - bottom - c.Y.at(v)*(chartHeight-top-bottom)
}

// SVG draws the chart. Colours come from the page's style, so that they suit light and dark.
func (c *chart) SVG() template.HTML {
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	esc := template.HTMLEscapeString
	p(`<svg viewBox="0 0 %g %g" role="img" aria-label="%s">`, chartWidth, chartHeight, esc(c.Alt))
	for _, v := range c.X.ticks() {
		p(`<path class="grid" d="M%.1f %.1fV%.1f"/>`, c.x(v), top, chartHeight-bottom)
		p(`<text class="tick" text-anchor="middle" x="%.1f" y="%.1f">%s</text>`, c.x(v), chartHeight-bottom+15, tick(v))
	}
	for _, v := range c.Y.ticks() {
		p(`<path class="grid" d="M%.1f %.1fH%.1f"/>`, left, c.y(v), chartWidth-right)
		p(`<text class="tick" text-anchor="end" x="%.1f" y="%.1f">%s</text>`, left-5, c.y(v)+4, tick(v))
	}
	p(`<text class="name" text-anchor="middle" x="%.1f" y="%.1f">%s</text>`, (left+chartWidth-right)/2, chartHeight-6, esc(c.XName))
	p(`<text class="name" text-anchor="middle" transform="translate(12 %.1f) rotate(-90)">%s</text>`, (top+chartHeight-bottom)/2, esc(c.YName))
	for _, l := range c.Lines {
		d := ""
		for i, xy := range l.xy {
			command := "L"
			if i == 0 {
				command = "M"
			}
			d += fmt.Sprintf("%s%.1f %.1f", command, c.x(xy[0]), c.y(xy[1]))
		}
		p(`<path class="line %s" d="%s"/>`, l.class, d)
		if end := l.xy[len(l.xy)-1]; l.label != "" && l.before {
			p(`<text class="label %s" text-anchor="end" x="%.1f" y="%.1f">%s</text>`, l.class, c.x(end[0])-4, c.y(end[1])-5, esc(l.label))
		} else if begin := l.xy[0]; l.label != "" {
			// Along the line, whose slope the axes decide.
			next := l.xy[1]
			angle := math.Atan2(c.y(next[1])-c.y(begin[1]), c.x(next[0])-c.x(begin[0])) * 180 / math.Pi
			p(`<text class="label %s" transform="translate(%.1f %.1f) rotate(%.1f)" dx="12" dy="-4">%s</text>`, l.class, c.x(begin[0]), c.y(begin[1]), angle, esc(l.label))
		}
	}
	for _, q := range c.Points {
		p(`<circle class="point %s" cx="%.1f" cy="%.1f" r="5"><title>%s</title></circle>`, q.colour, c.x(q.x), c.y(q.y), esc(q.title))
	}
	p(`</svg>`)
	return template.HTML(b.String())
}

// tick is a power of ten, or a small multiple of one, in as few characters as will do.
func tick(v float64) string {
	for _, u := range []struct {
		size float64
		name string
	}{{1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if v >= u.size*0.999 {
			return fmt.Sprintf("%.3g%s", v/u.size, u.name)
		}
	}
	return fmt.Sprintf("%.3g", v)
}
