package program

import (
	"fmt"
	"io"
)

// A Confusion counts [class][taken] how often something of a class was taken for what.
type Confusion [][]int

// NewConfusion returns an empty table of so many classes.
func NewConfusion(classes int) Confusion {
	c := make(Confusion, classes)
	for i := range c {
		c[i] = make([]int, classes)
	}
	return c
}

// Print prints the table under a heading, and how much of each class was taken for it. row is the format of a row's name,
// of its class; the classes are numbered from first.
func (c Confusion) Print(w io.Writer, heading, row string, first int) {
	fmt.Fprintf(w, "%12s", heading)
	for class := range c {
		fmt.Fprintf(w, "%5d", first+class)
	}
	fmt.Fprintf(w, "%9s\n", "right")
	for class, taken := range c {
		fmt.Fprintf(w, "%12s", fmt.Sprintf(row, first+class))
		total := 0
		for _, count := range taken {
			total += count
			cell := "."
			if count > 0 {
				cell = fmt.Sprint(count)
			}
			fmt.Fprintf(w, "%5s", cell)
		}
		right := "-"
		if total > 0 {
			right = fmt.Sprintf("%.1f%%", 100*float64(taken[class])/float64(total))
		}
		fmt.Fprintf(w, "%9s\n", right)
	}
}
