package main

import (
	"fmt"
	"io"
	"strings"
)

// confusion counts [label][read] how often a digit was read as which.
func confusion(digits []digit, read []int) (table [classes][classes]int) {
	for i, d := range digits {
		table[d.label][read[i]]++
	}
	return table
}

// printConfusion prints how often each digit was read as which.
func printConfusion(w io.Writer, table [classes][classes]int) {
	fmt.Fprintf(w, "%12s", "read as")
	for class := range classes {
		fmt.Fprintf(w, "%5d", class)
	}
	fmt.Fprintf(w, "%9s\n", "right")
	for label, row := range table {
		fmt.Fprintf(w, "%12s", fmt.Sprintf("a %d was", label))
		total := 0
		for _, count := range row {
			total += count
			cell := "."
			if count > 0 {
				cell = fmt.Sprint(count)
			}
			fmt.Fprintf(w, "%5s", cell)
		}
		right := "-"
		if total > 0 {
			right = fmt.Sprintf("%.1f%%", 100*float64(row[label])/float64(total))
		}
		fmt.Fprintf(w, "%9s\n", right)
	}
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
