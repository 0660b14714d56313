package layertest

import (
	"slices"

	"github.com/keisan-go/keisan/layers"
)

// embeddings holds Embedding against its definition, in several shapes, and the gradient of a row that is taken more than
// once against a sum in order, to the bit.
func embeddings(e *env) {
	const rows, width = 7, 5
	w := e.normal(rows, width)
	values := e.values(w)
	l := layers.NewEmbedding(w)
	ids := []int{3, 0, 3, 6, 3, 0}
	var want []float64
	for _, id := range ids {
		want = append(want, values[id*width:(id+1)*width]...)
	}
	for _, shape := range [][]int{nil, {6}, {3, 2}, {1, 2, 3}, {6, 1}} {
		y := l.Forward(ids, shape...)
		if shape == nil {
			shape = []int{6}
		}
		e.shape("y", y, with(shape, width)...)
		e.same("y", y, want)
	}
	e.shape("y of one id", l.Forward(ids[:1]), 1, width)
	e.shape("y of no ids", l.Forward(nil, 0, 2), 0, 2, width)
	l.Backward(e.normal(0, 2, width))
	e.same("dw of no ids", w.Grad(), make([]float64, rows*width))

	dy := e.normal(3, 2, width)
	dw := make([]float64, rows*width)
	l.Forward(ids, 3, 2)
	l.Backward(dy)
	for i, d := range e.values(dy) {
		at := ids[i/width]*width + i%width
		dw[at] = e.rounded(dw[at] + d)
	}
	e.same("dw", w.Grad(), dw)

	// The ids are copied, and the rows that nobody took keep their gradient.
	l.Forward(ids, 3, 2)
	slices.Reverse(ids)
	w.Grad().Fill(0)
	l.Backward(dy)
	e.same("dw of ids that changed since", w.Grad(), dw)
}
