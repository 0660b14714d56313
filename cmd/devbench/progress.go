package main

import (
	"fmt"
	"io"
	"time"

	"github.com/schollz/progressbar/v3"
)

// progress tells how far a run is: a bar on a terminal, a plain line now and then elsewhere.
type progress struct {
	w    io.Writer
	bar  *progressbar.ProgressBar
	room int // for what is going on, beside the bar
	last time.Time
}

// steps is what the bar divides a run into.
const steps = 1000

// newProgress is for a terminal of so many columns: plain lines if it is none, or a dumb one.
func newProgress(w io.Writer, plain bool, columns int) *progress {
	p := &progress{w: w, room: min(max(columns-36, 10), 60)}
	if !plain {
		p.bar = progressbar.NewOptions(steps,
			progressbar.OptionSetWriter(w), progressbar.OptionSetWidth(20), progressbar.OptionThrottle(100*time.Millisecond),
			progressbar.OptionShowDescriptionAtLineEnd(), progressbar.OptionClearOnFinish(), progressbar.OptionUseANSICodes(true),
			progressbar.OptionSetPredictTime(true))
	}
	return p
}

func (p *progress) show(share float64, at string) {
	if p.bar != nil {
		p.bar.Describe(fmt.Sprintf("%.*s", p.room, at))
		p.bar.Set(min(int(share*steps), steps-1)) // a terminal that is gone is no reason to stop
		return
	}
	if now := time.Now(); now.Sub(p.last) >= 5*time.Second {
		p.last = now
		fmt.Fprintf(p.w, "%3.0f %%  %s\n", 100*share, at)
	}
}

func (p *progress) end() {
	if p.bar != nil {
		p.bar.Clear()
	}
}
