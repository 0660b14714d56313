package cpu

import (
	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/cpu/vec"
	"github.com/keisan-go/keisan/kernels"
)

func matMul[T device.Float](d *cpu, k *kernels.MatMul) {
	m, n, terms := k.Dims()
	a, b, c := data[T](k.A.Slice), data[T](k.B.Slice), data[T](k.C.Slice)
	biased := !k.Bias.IsZero()
	if biased {
		spreadRows(d, c, data[T](k.Bias.Slice))
	}
	scratchOf[T](d).product(k.TransA, k.TransB, m, n, terms, a, b, k.Acc || biased, c)
}

// product is C = op(A)·op(B), or C += op(A)·op(B) with acc, of matrices whose rows follow one another.
func (s *scratch[T]) product(transA, transB bool, m, n, terms int, a, b []T, acc bool, c []T) {
	lda, ldb := terms, n
	if transA {
		lda = m
	}
	if transB {
		ldb = terms
	}
	s.mul.Mul(transA, transB, m, n, terms, a, max(lda, 1), b, max(ldb, 1), acc, c, max(n, 1))
}

// spreading is a row to be copied to each row of c.
type spreading[T device.Float] struct{ c, row []T }

// spreadRows makes each row of c a copy of row, so that a product may be added to it.
func spreadRows[T device.Float](d *cpu, c, row []T) {
	if len(row) == 0 {
		return
	}
	s := &scratchOf[T](d).spread
	*s = spreading[T]{c, row}
	d.team.For(len(c)/len(row), grain(len(row)), s, d.code(device.TypeOf[T]()).spread)
	*s = spreading[T]{}
}

func spread[T device.Float](arg any, lo, hi int) {
	s := arg.(*spreading[T])
	for i := lo; i < hi; i++ {
		copy(s.c[i*len(s.row):], s.row)
	}
}

// sumRows sums columns lo to hi. Rows are summed in blocks, and the blocks then, so that the error grows by the number
// of blocks and not of rows.
func sumRows[T device.Float](arg any, lo, hi int) {
	k := arg.(*kernels.SumRows)
	sumColumns(data[T](k.Y.Slice), data[T](k.X.Slice), lo, hi, k.Acc)
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
