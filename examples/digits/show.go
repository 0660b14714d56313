package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/keisan-go/keisan/examples/internal/program"
)

// confusion counts how often a digit was read as which.
func confusion(digits []digit, read []int) program.Confusion {
	c := program.NewConfusion(classes)
	for i, d := range digits {
		c[d.label][read[i]]++
	}
	return c
}

// printMistakes draws the first few digits that were not read as what they are, side by side.
func printMistakes(w io.Writer, digits []digit, read []int, most int) {
	const shades = " .:-=+*#%@" // from paper to ink
	var lines [1 + side]strings.Builder
	for i, d := range digits {
		if read[i] == d.label || most == 0 {
			continue
		}
		most--
		fmt.Fprintf(&lines[0], "  %-16s", fmt.Sprintf("%d read as %d", d.label, read[i]))
		for y := range side {
			lines[1+y].WriteString("  ")
			for x := range side {
				shade := int(d.image[y*side+x] * float32(len(shades)-1))
				lines[1+y].WriteString(strings.Repeat(shades[shade:shade+1], 2)) // a character is twice as high as wide
			}
		}
	}
	for i := range lines {
		fmt.Fprintln(w, strings.TrimRight(lines[i].String(), " "))
	}
}
