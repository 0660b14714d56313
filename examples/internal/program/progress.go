package program

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/term"
)

// A Progress tells how far long work has come: on a terminal in one line that changes, elsewhere in a plain line now and
// then, so that a log has neither carriage returns nor escape sequences in it. There are no colours.
type Progress struct {
	w        io.Writer
	unit     string // what is counted
	terminal bool
	every    time.Duration // the time between two lines
	now      func() time.Time

	start, last time.Time
	done        float64 // the fraction that was done at the start, and how many units
	count       int
	width       int // of what the terminal's line shows
}

// columns is how wide a line may be.
const columns = 79

// NewProgress returns the progress, from now on, of work that is counted in units such as "rows".
func NewProgress(w io.Writer, unit string) *Progress {
	p := &Progress{w: w, unit: unit, every: 5 * time.Second, now: time.Now}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb" {
		p.terminal, p.every = true, 100*time.Millisecond
	}
	p.start = p.now()
	p.last = p.start
	return p
}

// From tells that the work goes on with the fraction done of it done before, count units.
func (p *Progress) From(done float64, count int) { p.done, p.count = done, count }

// Due tells whether it is time for the next Show. Whoever waits for it reads no loss from the device that nobody sees.
func (p *Progress) Due() bool { return p.now().Sub(p.last) >= p.every }

// Show tells that the fraction done of the work is done, count units, and how it goes.
func (p *Progress) Show(done float64, count int, status string) {
	p.last = p.now()
	elapsed := p.last.Sub(p.start)
	left := "?"
	if done > p.done {
		left = clock(time.Duration(float64(elapsed) * (1 - min(done, 1)) / (done - p.done)))
	}
	rate := float64(count-p.count) / max(elapsed.Seconds(), 1e-9)
	line := fmt.Sprintf("%3.0f%%  %s  %s %s/s  %s left", 100*min(done, 1), status, thousands(rate), p.unit, left)
	if !p.terminal {
		fmt.Fprintln(p.w, line)
		return
	}
	p.replace(line)
}

// Println prints a line that stays.
func (p *Progress) Println(line string) {
	p.Clear()
	fmt.Fprintln(p.w, line)
}

// Clear takes the changing line away, before something else is printed.
func (p *Progress) Clear() {
	if p.width > 0 {
		p.replace("")
		fmt.Fprint(p.w, "\r")
	}
}

// replace writes line over what the terminal's line shows; spaces do it, so even a plain terminal will.
func (p *Progress) replace(line string) {
	if runes := []rune(line); len(runes) > columns {
		line = string(runes[:columns])
	}
	width := utf8.RuneCountInString(line)
	fmt.Fprint(p.w, "\r", line, strings.Repeat(" ", max(p.width-width, 0)))
	p.width = width
}

// clock is a time as 1:02:03 or 2:03.
func clock(d time.Duration) string {
	s := int(d.Round(time.Second).Seconds())
	if s < 3600 {
		return fmt.Sprintf("%d:%02d", s/60, s%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
}

// thousands is a whole number with its digits in groups: 12,345.
func thousands(x float64) string {
	s := strconv.FormatFloat(x, 'f', 0, 64)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
