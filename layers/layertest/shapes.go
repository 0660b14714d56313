package layertest

import (
	"fmt"
	"math"

	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/tensor"
)

// operation is a Binary layer and what it computes: z, and the factors of dz in dx and dy.
type operation struct {
	name  string
	layer *layers.Binary
	f     func(x, y float64) (z, dx, dy float64)
}

func operations() []operation {
	return []operation{
		{"Add", layers.NewAdd(), func(x, y float64) (z, dx, dy float64) { return x + y, 1, 1 }},
		{"Mul", layers.NewMul(), func(x, y float64) (z, dx, dy float64) { return x * y, y, x }},
		{"Div", layers.NewDiv(), func(x, y float64) (z, dx, dy float64) { return x / y, 1 / y, -x / (y * y) }},
	}
}

// broadcast holds Add, Mul and Div of shapes that broadcast to z against loops over z's elements. A layer sees all the
// shapes, one after another.
func broadcast(e *env) {
	for _, op := range operations() {
		for _, c := range []struct{ x, y, z []int }{
			{},
			{x: []int{3}, z: []int{3}},
			{y: []int{3}, z: []int{3}},
			{[]int{3}, []int{3}, []int{3}},
			{[]int{1}, []int{3}, []int{3}},
			{[]int{1}, nil, []int{1}},
			{[]int{1, 1, 1}, []int{1}, []int{1, 1, 1}},
			{[]int{4, 3}, []int{3}, []int{4, 3}},
			{[]int{3}, []int{4, 3}, []int{4, 3}},
			{[]int{4, 3}, []int{4, 1}, []int{4, 3}},
			{[]int{4, 1}, []int{1, 3}, []int{4, 3}},
			{[]int{4, 1}, []int{3}, []int{4, 3}},
			{[]int{2, 3, 4}, []int{3, 1}, []int{2, 3, 4}},
			{[]int{2, 1, 4}, []int{1, 3, 1}, []int{2, 3, 4}},
			{[]int{2, 1, 4}, []int{2, 3, 4}, []int{2, 3, 4}},
			{[]int{5, 1, 3, 1}, []int{4, 1, 2}, []int{5, 4, 3, 2}},
			{[]int{2, 1, 2, 1, 2, 1, 2, 1}, []int{1, 2, 1, 2, 1, 2, 1, 2}, []int{2, 2, 2, 2, 2, 2, 2, 2}},
			{[]int{1, 1, 2, 3, 1, 1, 1, 2, 1, 2}, []int{2, 2, 3, 1, 1, 1, 2, 1, 2}, []int{1, 2, 2, 3, 1, 1, 1, 2, 1, 2}},
			{[]int{300, 7}, []int{7}, []int{300, 7}},
			{[]int{7, 300}, []int{7, 1}, []int{7, 300}},
			{[]int{17, 65}, []int{65, 17, 1}, []int{65, 17, 65}},
			{[]int{0}, []int{1}, []int{0}},
			{[]int{3}, []int{0, 3}, []int{0, 3}},
			{[]int{2, 1}, []int{2, 0}, []int{2, 0}},
			{nil, []int{0, 2}, []int{0, 2}},
		} {
			broadcastTo(e, op, e.apart(c.x...), e.apart(c.y...), c.z)
		}
	}
}

func broadcastTo(e *env, op operation, x, y *tensor.Tensor, shape []int) {
	what := fmt.Sprintf("%s of %v and %v", op.name, x, y)
	z := op.layer.Forward(x, y)
	e.shape(what, z, shape...)
	dz := e.apart(shape...)
	dx, dy := op.layer.Backward(dz)
	e.shape(what+": dx", dx, x.Shape()...)
	e.shape(what+": dy", dy, y.Shape()...)

	xs, ys, dzs := e.values(x), e.values(y), e.values(dz)
	want, wantBound := make([]float64, len(dzs)), make([]float64, len(dzs))
	wantX, boundX := make([]float64, len(xs)), make([]float64, len(xs))
	wantY, boundY := make([]float64, len(ys)), make([]float64, len(ys))
	rounding := 4 * e.epsilon()
	for i, d := range dzs {
		index := unravel(i, shape)
		j, k := ravel(index, x.Shape()), ravel(index, y.Shape())
		z, fx, fy := op.f(xs[j], ys[k])
		want[i], wantBound[i] = z, rounding*math.Abs(z)
		wantX[j] += d * fx
		wantY[k] += d * fy
		boundX[j] += rounding * math.Abs(d*fx)
		boundY[k] += rounding * math.Abs(d*fy)
	}
	e.within(what, z, want, wantBound)
	e.within(what+": dx", dx, wantX, boundX)
	e.within(what+": dy", dy, wantY, boundY)
}

// unravel is the index of element i of a shape.
func unravel(i int, shape []int) []int {
	index := make([]int, len(shape))
	for axis := len(shape) - 1; axis >= 0; axis-- {
		index[axis] = i % shape[axis]
		i /= shape[axis]
	}
	return index
}

// ravel is the element of a shape that an index of the shape that it broadcasts to comes from.
func ravel(index, shape []int) int {
	i := 0
	for axis, n := range shape {
		at := index[len(index)-len(shape)+axis]
		if n == 1 {
			at = 0
		}
		i = i*n + at
	}
	return i
}

// leadingAxes gives MatMul and Affine one lot of rows in several shapes: the same bits, forward and back.
func leadingAxes(e *env) {
	const rows = 12
	w, b := e.weight(inputs, hidden), e.normal(hidden)
	x, dy := e.normal(rows, inputs), e.normal(rows, hidden)
	for name, l := range map[string]layers.Layer{
		"MatMul": layers.NewMatMul(w), "Affine": layers.NewAffine(w, b),
		"AffineTransposed": layers.NewAffineTransposed(e.weight(hidden, inputs), b),
	} {
		gradients := func() *tensor.Tensor {
			var all []float64
			for _, p := range l.Params() {
				all = append(all, e.values(p.Grad)...)
				p.Grad.Fill(0)
			}
			return e.tensor(all, len(all))
		}
		y, dx := e.values(l.Forward(x)), e.values(l.Backward(dy))
		grads := e.values(gradients())
		for _, leading := range [][]int{{3, 4}, {2, 1, 6}, {1, 1, rows, 1}} {
			what := fmt.Sprintf("%s of %v rows", name, leading)
			got := l.Forward(x.Reshape(with(leading, inputs)...))
			e.shape(what, got, with(leading, hidden)...)
			e.same(what, got, y)
			gotDX := l.Backward(dy.Reshape(with(leading, hidden)...))
			e.shape(what+": dx", gotDX, with(leading, inputs)...)
			e.same(what+": dx", gotDX, dx)
			e.same(what+": the parameters' gradients", gradients(), grads)
		}
		what := name + " of a vector"
		vector := l.Forward(x.Slice(1, 2).Reshape(inputs))
		e.shape(what, vector, hidden)
		e.same(what, vector, y[hidden:2*hidden])
		dv := l.Backward(dy.Slice(1, 2).Reshape(hidden))
		e.shape(what+": dx", dv, inputs)
		e.same(what+": dx", dv, dx[inputs:2*inputs])
		gradients()
	}
}

// with is a shape and one axis more.
func with(shape []int, axis int) []int { return append(shape[:len(shape):len(shape)], axis) }

// empty is about axes of length 0: the shapes are right, sums over nothing are zero, and a parameter that saw nothing
// has no gradient.
func empty(e *env) {
	bias := e.tensor([]float64{7, 8}, 2)
	for _, c := range []struct {
		name string
		l    layers.Layer
		x, y []int
		want []float64
	}{
		{"MatMul of no rows", layers.NewMatMul(e.weight(4, 5)), []int{0, 4}, []int{0, 5}, nil},
		{"MatMul of no sequences", layers.NewMatMul(e.weight(4, 5)), []int{3, 0, 4}, []int{3, 0, 5}, nil},
		{"MatMul of no inputs", layers.NewMatMul(e.weight(0, 2)), []int{3, 0}, []int{3, 2}, make([]float64, 6)},
		{"MatMul of no outputs", layers.NewMatMul(e.weight(4, 0)), []int{3, 4}, []int{3, 0}, nil},
		{"MatMulTransposed of no inputs", layers.NewMatMulTransposed(e.weight(2, 0)), []int{3, 0}, []int{3, 2}, make([]float64, 6)},
		{"AffineTransposed of no rows", layers.NewAffineTransposed(e.weight(5, 4), e.normal(5)), []int{0, 4}, []int{0, 5}, nil},
		{"Affine of no rows", layers.NewAffine(e.weight(4, 5), e.normal(5)), []int{0, 4}, []int{0, 5}, nil},
		{"Affine of no inputs", layers.NewAffine(e.weight(0, 2), bias), []int{2, 0}, []int{2, 2}, []float64{7, 8, 7, 8}},
		{"RNN of no steps", layers.NewRNN(e.weight(3, 5), e.weight(5, 5), nil), []int{0, 2, 3}, []int{0, 2, 5}, nil},
		{"RNN of no rows", layers.NewRNN(e.weight(3, 5), e.weight(5, 5), nil), []int{4, 0, 3}, []int{4, 0, 5}, nil},
		{"RNN of no inputs", layers.NewRNN(e.weight(0, 2), e.weight(2, 2), nil), []int{3, 1, 0}, []int{3, 1, 2}, make([]float64, 6)},
		{"RNN of no units", layers.NewRNN(e.weight(3, 0), e.weight(0, 0), e.normal(0)), []int{4, 2, 3}, []int{4, 2, 0}, nil},
		{"LSTM of no steps", layers.NewLSTM(e.weight(3, 20), e.weight(5, 20), nil), []int{0, 2, 3}, []int{0, 2, 5}, nil},
		{"LSTM of no rows", layers.NewLSTM(e.weight(3, 20), e.weight(5, 20), nil), []int{4, 0, 3}, []int{4, 0, 5}, nil},
		{"LSTM of no inputs", layers.NewLSTM(e.weight(0, 8), e.weight(2, 8), nil), []int{3, 1, 0}, []int{3, 1, 2}, make([]float64, 6)},
		{"LSTM of no units", layers.NewLSTM(e.weight(3, 0), e.weight(0, 0), e.normal(0)), []int{4, 2, 3}, []int{4, 2, 0}, nil},
		{"GRU of no steps", layers.NewGRU(e.weight(3, 15), e.weight(5, 15), nil, e.normal(15)), []int{0, 2, 3}, []int{0, 2, 5}, nil},
		{"GRU of no rows", layers.NewGRU(e.weight(3, 15), e.weight(5, 15), nil, nil), []int{4, 0, 3}, []int{4, 0, 5}, nil},
		{"GRU of no inputs", layers.NewGRU(e.weight(0, 6), e.weight(2, 6), nil, nil), []int{3, 1, 0}, []int{3, 1, 2}, make([]float64, 6)},
		{"GRU of no units", layers.NewGRUResetBefore(e.weight(3, 0), e.weight(0, 0), e.normal(0), nil), []int{4, 2, 3}, []int{4, 2, 0}, nil},
		{"LayerNorm of no rows", layers.NewLayerNorm(e.normal(3), e.normal(3), 1e-5), []int{4, 0, 3}, []int{4, 0, 3}, nil},
		{"LayerNorm of no columns", layers.NewLayerNorm(e.normal(0), e.normal(0), 1e-5), []int{4, 0}, []int{4, 0}, nil},
		{"Select of no rows", layers.NewSelect(0), []int{4, 0, 3}, []int{0, 3}, nil},
		{"Select of no columns", layers.NewSelect(0), []int{4, 2, 0}, []int{2, 0}, nil},
		{"Dropout", layers.NewDropout(0.5, 1), []int{2, 0}, []int{2, 0}, nil},
		{"SequenceDropout of no steps", layers.NewSequenceDropout(0.5, 1), []int{0, 2, 3}, []int{0, 2, 3}, nil},
		{"SequenceDropout of no rows", layers.NewSequenceDropout(0.5, 1), []int{4, 0, 3}, []int{4, 0, 3}, nil},
		{"Tanh", layers.NewTanh(), []int{2, 0}, []int{2, 0}, nil},
		{"Softmax of no rows", layers.NewSoftmax(), []int{0, 3}, []int{0, 3}, nil},
		{"Softmax of no classes", layers.NewSoftmax(), []int{3, 0}, []int{3, 0}, nil},
		{"Sequential", layers.NewSequential(layers.NewSigmoid(), layers.NewMatMul(e.weight(4, 5))), []int{0, 4}, []int{0, 5}, nil},
	} {
		y := c.l.Forward(e.normal(c.x...))
		e.shape(c.name, y, c.y...)
		e.same(c.name, y, c.want)
		dx := c.l.Backward(e.tensor(make([]float64, size(c.y)), c.y...))
		e.shape(c.name+": dx", dx, c.x...)
		e.same(c.name+": dx", dx, make([]float64, size(c.x)))
		for _, p := range c.l.Params() {
			e.same(c.name+": the gradient of "+p.Name, p.Grad, make([]float64, p.Grad.Len()))
		}
	}

	l := layers.NewRNN(e.weight(3, 5), e.weight(5, 5), nil)
	h := e.normal(2, 5)
	l.SetState(h)
	l.Forward(e.normal(0, 2, 3))
	e.same("the state after no steps", l.State(), e.values(h))

	loss := layers.NewSoftmaxCrossEntropy()
	e.same("the loss of no classes", loss.Forward(e.normal(2, 0), []int{-1, -1}), []float64{0})
	e.shape("its gradient", loss.Backward(), 2, 0)
}

// nan is about a NaN at one step of one row: it comes out of that row from that step on, and nowhere else.
func nan(e *env) {
	m, outputs := newRNNMaker(e), 3
	rnn := m.rnn()
	net := layers.NewSequential(rnn, layers.NewAffine(e.weight(hidden, outputs), e.normal(outputs)), layers.NewSoftmax())
	x := e.normal(steps, batch, inputs)
	want := e.values(net.Forward(x))
	const step, row = 2, 1
	for i := range want {
		if t, b := i/(batch*outputs), i/outputs%batch; t >= step && b == row {
			want[i] = math.NaN()
		}
	}
	x.Slice(step, step+1).Reshape(batch, inputs).Slice(row, row+1).Reshape(inputs).Slice(4, 5).Fill(math.NaN())
	rnn.ResetState()
	e.same("y", net.Forward(x), want)
}
