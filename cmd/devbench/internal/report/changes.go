package report

import (
	"fmt"
	"io"
	"math"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/keisan-go/keisan/cmd/devbench/internal/bench"
)

// Changes writes how cases did in two runs, and what that says.
func Changes(w io.Writer, changes []bench.Change, s Screen) {
	colours := map[string]text.Color{bench.Slower: text.FgHiRed, bench.Broken: text.FgHiRed, bench.Faster: text.FgGreen}
	counts := map[string]int{}
	product, n := 0.0, 0
	for _, c := range changes {
		word := fmt.Sprintf("%-6s", c.Word)
		if colour, ok := colours[c.Word]; ok && s.Colour {
			word = colour.EscapeSeq() + word + text.Reset.EscapeSeq()
		}
		counts[c.Word]++
		line := fmt.Sprintf("%s  %s %s on %s", word, c.Case, c.DType, c.Device)
		figures := ""
		if c.Ratio > 0 {
			product += math.Log(c.Ratio)
			n++
			figures = fmt.Sprintf("%s -> %s  %+.1f %% (%+.1f to %+.1f, p=%.3f)",
				Duration(c.Old), Duration(c.New), 100*(c.Ratio-1), 100*(c.Low-1), 100*(c.High-1), c.P)
		}
		if len(c.Notes) > 0 {
			figures += " " + strings.Join(c.Notes, "; ")
		}
		if text.StringWidthWithoutEscSequences(line)+2+text.StringWidth(figures) > s.columns() {
			line += "\n       "
		}
		fmt.Fprintln(w, line+"  "+strings.TrimSpace(figures))
	}
	sum := fmt.Sprintf("%d slower, %d faster, %d the same, %d unsure, %d broken",
		counts[bench.Slower], counts[bench.Faster], counts[bench.Same], counts[bench.Unsure], counts[bench.Broken])
	if n > 0 {
		sum += fmt.Sprintf("; geometric mean of new/old %.3f", math.Exp(product/float64(n)))
	}
	fmt.Fprintf(w, "\n%s\n", sum)
	fmt.Fprintln(w, "SLOWER and FASTER: significant by Mann and Whitney's U-test, and by more than 2 %. SAME: within 6 % at 95 %.")
}
