package cpu

import (
	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/cpu/vec"
	"github.com/keisan-go/keisan/kernels"
)

func matMul[T device.Float](d *cpu, k *kernels.MatMul) {
	m, n, terms := k.Dims()
	a, b, c, bias := data[T](k.A.Slice), data[T](k.B.Slice), data[T](k.C.Slice), data[T](k.Bias.Slice)
	switch s := scratchOf[T](d); {
	case k.F != 0:
		lda, ldb := stored(k.TransA, k.TransB, m, n, terms)
		if !s.mul.MulFinish(k.TransA, k.TransB, m, n, terms, a, lda, b, ldb, bias, s.activation(k.F), c, max(n, 1)) {
			s.activate = kernels.Activate{F: k.F, Y: k.C, X: k.C}
			d.team.For(k.C.Len(), grain(costly), &s.activate, d.code(k.C.Type()).activate)
			s.activate = kernels.Activate{}
		}
	case bias != nil:
		s.biased(k.TransA, k.TransB, m, n, terms, a, b, bias, c)
	default:
		s.product(k.TransA, k.TransB, m, n, terms, a, b, k.Acc, c)
	}
}

// activation is apply in place, for a product. It is made once, as it would be allocated each time.
func (s *scratch[T]) activation(f kernels.Activation) func(c []T) {
	if s.activations[f] == nil {
		s.activations[f] = func(c []T) { apply(f, c, c) }
	}
	return s.activations[f]
}

// product is C = op(A)·op(B), or C += op(A)·op(B) with acc, of matrices whose rows follow one another.
func (s *scratch[T]) product(transA, transB bool, m, n, terms int, a, b []T, acc bool, c []T) {
	lda, ldb := stored(transA, transB, m, n, terms)
	s.mul.Mul(transA, transB, m, n, terms, a, lda, b, ldb, acc, c, max(n, 1))
}

// biased is C = op(A)·op(B) + bias, which may be nil, likewise.
func (s *scratch[T]) biased(transA, transB bool, m, n, terms int, a, b, bias, c []T) {
	lda, ldb := stored(transA, transB, m, n, terms)
	s.mul.MulBias(transA, transB, m, n, terms, a, lda, b, ldb, bias, c, max(n, 1))
}

// stored is how far the rows of A and B are apart.
func stored(transA, transB bool, m, n, terms int) (lda, ldb int) {
	lda, ldb = terms, n
	if transA {
		lda = m
	}
	if transB {
		ldb = terms
	}
	return max(lda, 1), max(ldb, 1)
}

func sumRowsOf[T device.Float](d *cpu, k *kernels.SumRows) {
	sumRows(d, data[T](k.Y.Slice), data[T](k.X.Slice), k.Acc)
}

// summing is the rows of x to be summed up in y, or added to it.
type summing[T device.Float] struct {
	y, x []T
	acc  bool
}

// sumRows is y = Σ x, or y += Σ x with acc, over the rows of x, whose length is that of y.
func sumRows[T device.Float](d *cpu, y, x []T, acc bool) {
	if len(y) == 0 {
		return
	}
	s := &scratchOf[T](d).summing
	*s = summing[T]{y, x, acc}
	d.team.For(len(y), grain(len(x)/len(y)), s, d.code(device.TypeOf[T]()).sums)
	*s = summing[T]{}
}

// sums sums columns lo to hi. Rows are summed in blocks, and the blocks then, so that the error grows by the number
// of blocks and not of rows.
func sums[T device.Float](arg any, lo, hi int) {
	s := arg.(*summing[T])
	sumColumns(s.y, s.x, lo, hi, s.acc)
}

// sumColumns is y = Σ x, or y += Σ x with acc, over the rows of x, whose length is that of y, for columns lo to hi.
func sumColumns[T device.Float](y, x []T, lo, hi int, acc bool) {
	const height = 64
	cols := len(y)
	if y = y[lo:hi]; !acc {
		clear(y)
	}
	for i := 0; i*cols < len(x); i += height {
		vec.SumRows(y, x[i*cols+lo:], min(height, len(x)/cols-i), cols)
	}
}
