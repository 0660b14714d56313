package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/tensor"
)

// A notebook makes tensors and prints them as the one that it is named after: in float64, as Python and NumPy print.
type notebook struct {
	device device.Device
	w      io.Writer
	err    error // the first that the device reported
}

func (n *notebook) scalar(v float64) *tensor.Tensor { return tensor.From(n.device, []float64{v}) }

func (n *notebook) matrix(rows, cols int, values ...float64) *tensor.Tensor {
	return tensor.From(n.device, values, rows, cols)
}

// values is the elements of t.
func (n *notebook) values(t *tensor.Tensor) []float64 {
	values, err := tensor.Values[float64](t)
	if n.err == nil {
		n.err = err
	}
	return values
}

// print prints tensors in a line; a matrix has one for each row.
func (n *notebook) print(tensors ...*tensor.Tensor) {
	texts := make([]string, len(tensors))
	for i, t := range tensors {
		texts[i] = format(n.values(t), t.Shape())
	}
	if n.err == nil {
		fmt.Fprintln(n.w, strings.Join(texts, " "))
	}
}

// format is a scalar or a matrix as NumPy prints it, in columns of one width.
func format(values []float64, shape []int) string {
	if len(shape) != 2 {
		return strings.Trim(fmt.Sprint(values), "[]")
	}
	width := 0
	for _, v := range values {
		width = max(width, len(fmt.Sprint(v)))
	}
	rows := make([]string, shape[0])
	for r := range rows {
		cells := make([]string, shape[1])
		for c := range cells {
			cells[c] = fmt.Sprintf("%*v", width, values[r*shape[1]+c])
		}
		rows[r] = "[" + strings.Join(cells, " ") + "]"
	}
	return "[" + strings.Join(rows, "\n ") + "]"
}
