package kernels_test

import (
	"slices"
	"testing"

	"github.com/keisan-go/keisan/kernels"
)

// broadcast is NumPy's rule, one axis at a time: the shorter shape gets axes of length 1 in front, then each two lengths
// must be the same, or one of them 1.
func broadcast(x, y []int) ([]int, bool) {
	for len(x) < len(y) {
		x = append([]int{1}, x...)
	}
	for len(y) < len(x) {
		y = append([]int{1}, y...)
	}
	z := make([]int, len(x))
	for i := range z {
		switch {
		case x[i] == y[i] || y[i] == 1:
			z[i] = x[i]
		case x[i] == 1:
			z[i] = y[i]
		default:
			return nil, false
		}
	}
	return z, true
}

// elementAt is which element of an array of shape from is at element i of one of shape to that it was broadcast to.
func elementAt(i int, to, from []int) int {
	index := make([]int, len(to))
	for axis := len(to) - 1; axis >= 0; axis-- {
		index[axis] = i % to[axis]
		i /= to[axis]
	}
	at := 0
	for axis, n := range from {
		j := index[len(to)-len(from)+axis]
		if n == 1 {
			j = 0
		}
		at = at*n + j
	}
	return at
}

var shapes = [][]int{
	{}, {1}, {5}, {0}, {1, 1}, {3, 1}, {1, 5}, {3, 5}, {0, 5}, {3, 0}, {4, 1}, {3, 1, 5}, {1, 4, 1}, {2, 3, 1, 5}, {2, 1, 4, 1},
	{2, 1, 3, 1, 2, 3}, {1, 2, 1, 2, 1, 2, 1, 2}, {2, 1, 2, 1, 2, 1, 2, 1}, {1, 2, 1, 2, 1, 2, 1, 2, 1}, {2, 1, 2, 1, 2, 1, 2, 1, 2},
}

func TestBroadcast(t *testing.T) {
	for _, x := range shapes {
		for _, y := range shapes {
			checkBroadcast(t, x, y)
		}
	}
	for _, c := range [][3][]int{{{3, 5}, {3, 5}, {4, 5}}, {{3, 5}, {1, 5}, {1, 5}}, {{3}, {1, 3}, {3}}, {{1, 3}, {3}, {3}}, {{3, 5}, {3}, {5}}} {
		if kernels.Broadcasts(c[0], c[1], c[2]) {
			t.Errorf("%v and %v broadcast to %v", c[1], c[2], c[0])
		}
	}
}

// checkBroadcast holds Broadcast and NestOf against the rule that they stand for.
func checkBroadcast(t *testing.T, x, y []int) {
	t.Helper()
	want, fits := broadcast(x, y)
	got, ok := kernels.Broadcast(x, y)
	if ok != fits || fits && !slices.Equal(got, want) {
		t.Fatalf("%v and %v broadcast to %v, %v; want %v, %v", x, y, got, ok, want, fits)
	}
	if !fits {
		return
	}
	if !kernels.Broadcasts(want, x, y) {
		t.Fatalf("%v and %v do not broadcast to %v", x, y, want)
	}
	nest, ok := kernels.NestOf(want, x, y)
	if !ok {
		if len(want) <= kernels.MaxNest {
			t.Fatalf("%v and %v need more loops than they have axes", x, y)
		}
		return
	}
	size := 1
	for i, l := range nest.Loops[:nest.Depth] {
		size *= l.N
		if l.N == 1 && nest.Depth > 1 {
			t.Errorf("%v and %v: loop %d of %d runs once", x, y, i, nest.Depth)
		}
	}
	if nest.Depth < 1 || nest.Depth > max(1, len(want)) || size != kernels.Size(want) {
		t.Fatalf("%v and %v: %d loops of %d turns, want %d turns", x, y, nest.Depth, size, kernels.Size(want))
	}
	for i := range size {
		atX, atY := nest.At(i)
		if atX != elementAt(i, want, x) || atY != elementAt(i, want, y) {
			t.Fatalf("%v and %v: element %d comes from %d and %d, want %d and %d", x, y, i, atX, atY, elementAt(i, want, x), elementAt(i, want, y))
		}
	}
}

// TestNest has as few loops as can be.
func TestNest(t *testing.T) {
	for _, c := range []struct {
		x, y []int
		want int
	}{
		{[]int{}, []int{}, 1},
		{[]int{1, 1}, []int{1}, 1},
		{[]int{2, 3, 4}, []int{2, 3, 4}, 1},
		{[]int{2, 3, 4}, []int{}, 1},
		{[]int{2, 3, 4}, []int{4}, 2},
		{[]int{2, 3, 4}, []int{3, 4}, 2},
		{[]int{2, 3, 4}, []int{2, 1, 1}, 2},
		{[]int{2, 3, 4}, []int{3, 1}, 3},
		{[]int{2, 1, 4}, []int{2, 3, 4}, 3},
		{[]int{2, 1, 3, 1}, []int{2, 1, 3, 1}, 1},
	} {
		z, _ := kernels.Broadcast(c.x, c.y)
		if nest, ok := kernels.NestOf(z, c.x, c.y); !ok || nest.Depth != c.want {
			t.Errorf("%v and %v: %d loops, want %d", c.x, c.y, nest.Depth, c.want)
		}
	}
	x, y := make([]int, kernels.MaxNest+1), make([]int, kernels.MaxNest+1)
	z := make([]int, kernels.MaxNest+1)
	for i := range x {
		x[i], y[i], z[i] = 1+i%2, 2-i%2, 2
	}
	if _, ok := kernels.NestOf(z, x, y); ok {
		t.Errorf("%v and %v take no more than %d loops", x, y, kernels.MaxNest)
	}
}

// FuzzBroadcast takes two shapes, a byte an axis, from 0 to 3 elements long.
func FuzzBroadcast(f *testing.F) {
	f.Add([]byte{3, 1, 2}, []byte{2, 1})
	f.Add([]byte{}, []byte{0})
	f.Add([]byte{1, 2, 1, 2, 1, 2, 1, 2, 1}, []byte{2, 1, 2, 1, 2, 1, 2, 1, 2})
	f.Fuzz(func(t *testing.T, x, y []byte) {
		shape := func(b []byte) []int {
			axes := []int{}
			for _, n := range b[:min(len(b), 9)] {
				axes = append(axes, int(n)%4)
			}
			return axes
		}
		checkBroadcast(t, shape(x), shape(y))
	})
}
