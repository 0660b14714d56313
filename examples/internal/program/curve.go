package program

import (
	"fmt"
	"os"
	"path/filepath"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
)

// A Line is what was measured over time, or a level to compare it with.
type Line struct {
	Name   string
	Points plotter.XYs
	Dashed bool
}

// Add appends a point.
func (l *Line) Add(x, y float64) { l.Points = append(l.Points, plotter.XY{X: x, Y: y}) }

// Last is the y of the last point; there must be one.
func (l *Line) Last() float64 { return l.Points[len(l.Points)-1].Y }

// SaveCurve draws lines to an SVG or PNG file, as its name says, and makes the folder for it. Lines without points are
// left out.
func SaveCurve(file, title, x, y string, lines ...Line) error {
	p := plot.New()
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.Title.Padding = vg.Points(6)
	p.Legend.Top, p.Legend.Padding, p.Legend.XOffs = true, vg.Points(2), -vg.Points(8)
	p.Add(plotter.NewGrid())
	for i, l := range lines {
		if len(l.Points) == 0 {
			continue
		}
		drawn, err := plotter.NewLine(l.Points)
		if err != nil {
			return fmt.Errorf("loss curve: %s: %w", l.Name, err)
		}
		drawn.Color, drawn.Width = plotutil.DarkColors[i%len(plotutil.DarkColors)], vg.Points(1.5)
		if l.Dashed {
			drawn.Dashes = []vg.Length{vg.Points(5), vg.Points(4)}
		}
		p.Add(drawn)
		p.Legend.Add(l.Name, drawn)
	}
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		return fmt.Errorf("loss curve: %w", err)
	}
	if err := p.Save(16*vg.Centimeter, 10*vg.Centimeter, file); err != nil {
		return fmt.Errorf("loss curve: %w", err)
	}
	return nil
}
