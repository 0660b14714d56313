package kernels

// Broadcast is the shape of an element-by-element operation on arrays of shapes x and y, and whether there is one. As
// NumPy does, it aligns the shapes at their last axes; an axis that is missing or has length 1 is repeated.
func Broadcast(x, y []int) ([]int, bool) {
	shape := make([]int, max(len(x), len(y)))
	for i := range shape {
		xn, yn := axis(x, len(shape)-i), axis(y, len(shape)-i)
		shape[i] = xn
		if xn == 1 {
			shape[i] = yn
		}
	}
	return shape, Broadcasts(shape, x, y)
}

// Broadcasts tells whether z is the shape of an element-by-element operation on arrays of shapes x and y.
func Broadcasts(z, x, y []int) bool {
	if len(z) != max(len(x), len(y)) {
		return false
	}
	for i, n := range z {
		xn, yn := axis(x, len(z)-i), axis(y, len(z)-i)
		if !(xn == n && yn == n || xn == n && yn == 1 || xn == 1 && yn == n) {
			return false
		}
	}
	return true
}

// axis is the length of the ith axis from the end, which counts from 1; a missing one has length 1.
func axis(shape []int, i int) int {
	if i > len(shape) {
		return 1
	}
	return shape[len(shape)-i]
}

// MaxNest is how many nested loops a broadcasting kernel may need.
const MaxNest = 8

// A Nest is the loops of an element-by-element operation, the innermost first. It has as few as can be, but one at least.
type Nest struct {
	Depth int
	Loops [MaxNest]Loop
}

// A Loop runs N times and at each turn goes on by X elements of x and by Y of y. A step of 0 repeats what is broadcast.
type Loop struct{ N, X, Y int }

// NestOf is the loops of an operation on arrays of shapes x and y whose result has shape z, and whether MaxNest suffices.
func NestOf(z, x, y []int) (Nest, bool) {
	nest := Nest{Depth: 1}
	nest.Loops[0] = Loop{N: 1}
	xn, yn := 1, 1 // elements of x and y within the axes done so far
	for i := 1; i <= len(z); i++ {
		loop := Loop{N: axis(z, i)}
		if loop.N == 1 {
			continue
		}
		if axis(x, i) == loop.N {
			loop.X = xn
			xn *= loop.N
		}
		if axis(y, i) == loop.N {
			loop.Y = yn
			yn *= loop.N
		}
		inner := &nest.Loops[nest.Depth-1]
		switch {
		case inner.N == 1:
			*inner = loop
		case loop.X == inner.N*inner.X && loop.Y == inner.N*inner.Y:
			inner.N *= loop.N
		case nest.Depth == MaxNest:
			return nest, false
		default:
			nest.Loops[nest.Depth] = loop
			nest.Depth++
		}
	}
	return nest, true
}

// At is where x and y are at element i of the result.
func (nest *Nest) At(i int) (x, y int) {
	for _, l := range nest.Loops[:nest.Depth] {
		x += i % l.N * l.X
		y += i % l.N * l.Y
		i /= l.N
	}
	return x, y
}
