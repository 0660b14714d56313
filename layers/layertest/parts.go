package layertest

import (
	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/tensor"
)

// concats puts tensors side by side, of several shapes and now more of them, now fewer, and takes their gradients apart.
func concats(e *env) {
	l := layers.NewConcat()
	for _, c := range []struct {
		batch  []int
		widths []int
	}{
		{nil, []int{3, 2}}, {[]int{3, 2}, []int{5, 1}}, {[]int{4}, []int{2, 3, 4}}, {[]int{4}, []int{7}}, {[]int{4}, []int{0, 3}}, {[]int{0}, []int{1, 2}},
	} {
		var xs []*tensor.Tensor
		cols := 0
		for _, n := range c.widths {
			xs = append(xs, e.normal(with(c.batch, n)...))
			cols += n
		}
		y, from := l.Forward(xs...), 0
		e.shape("y", y, with(c.batch, cols)...)
		dy := e.normal(y.Shape()...)
		parts := l.Backward(dy)
		if len(parts) != len(xs) {
			e.Fatalf("%d tensors have %d gradients", len(xs), len(parts))
		}
		for i, x := range xs {
			columns := func(of *tensor.Tensor) (all []float64) {
				for j, v := range e.values(of) {
					if at := j % cols; at >= from && at < from+c.widths[i] {
						all = append(all, v)
					}
				}
				return all
			}
			e.same("y's columns", x, columns(y))
			e.shape("a gradient", parts[i], x.Shape()...)
			e.same("a gradient", parts[i], columns(dy))
			from += c.widths[i]
		}
	}
	x := e.normal(2, 3)
	l.Forward(x, x)
	own := e.d.Info().InUse
	l.Forward(x, x, x)
	l.Free()
	if held := e.d.Info().InUse; held >= own {
		e.Errorf("%d bytes are in use after Free, want less than the %d with two tensors", held, own)
	}
}

// splits takes tensors apart, of several shapes, and puts their gradients side by side: what Concat undoes.
func splits(e *env) {
	widths := []int{2, 0, 3}
	l, concat := layers.NewSplit(widths...), layers.NewConcat()
	widths[0] = 9 // which is the caller's own
	for _, batch := range [][]int{nil, {4}, {3, 2}, {0}} {
		x := e.normal(with(batch, 5)...)
		parts := l.Forward(x)
		for i, width := range []int{2, 0, 3} {
			e.shape("a part", parts[i], with(batch, width)...)
		}
		e.same("the parts side by side", concat.Forward(parts...), e.values(x))
		dy := e.normal(with(batch, 5)...)
		dx := l.Backward(concat.Backward(dy)...)
		e.shape("dx", dx, with(batch, 5)...)
		e.same("dx", dx, e.values(dy))
	}
}

// selects takes a step of each row, from the beginning and from the end, of all steps and of the row's own; its gradient
// is 0 elsewhere.
func selects(e *env) {
	const width = 3
	x := e.normal(steps, batch, width)
	values := e.values(x)
	for _, c := range []struct {
		step    int
		lengths []int
		want    [batch]int
	}{
		{0, nil, [batch]int{0, 0, 0, 0, 0}},
		{2, nil, [batch]int{2, 2, 2, 2, 2}},
		{-1, nil, [batch]int{6, 6, 6, 6, 6}},
		{-steps, nil, [batch]int{}},
		{-1, []int{3, 7, 1, 2, 6}, [batch]int{2, 6, 0, 1, 5}},
		{-2, []int{3, 7, 2, 2, 6}, [batch]int{1, 5, 0, 0, 4}},
		{1, []int{3, 7, 2, 2, 6}, [batch]int{1, 1, 1, 1, 1}},
	} {
		l := layers.NewSelect(c.step)
		l.SetLengths(c.lengths)
		dy := e.normal(batch, width)
		var want []float64
		dx := make([]float64, len(values))
		for row, step := range c.want {
			at := (step*batch + row) * width
			want = append(want, values[at:at+width]...)
			copy(dx[at:], e.values(dy)[row*width:(row+1)*width])
		}
		e.same("y", l.Forward(x), want)
		for range 2 {
			e.same("dx", l.Backward(dy), dx)
		}
		l.SetLengths(nil)
		if c.step < 0 {
			e.same("y of whole rows", l.Forward(x), values[(steps+c.step)*batch*width:(steps+c.step+1)*batch*width])
		}
	}

	// What a classifier sees of a row is its last state, however long the others are.
	lstm := newLSTM(e)
	net := layers.NewSequential(lstm, layers.NewSelect(-1))
	in, lengths := e.normal(steps, batch, inputs), []int{3, 7, 1, 2, 6}
	net.SetLengths(lengths)
	y := net.Forward(in)
	h, _ := lstm.State()
	e.same("the selected states", y, e.values(h))
}
