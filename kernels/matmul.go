package kernels

import (
	"errors"
	"fmt"

	"github.com/keisan-go/keisan/device"
)

// MatMul is C = F(op(A)·op(B) + Bias), where op transposes if TransA or TransB is set, the bias, which may be left out, is
// added to each row, and F, for which zero is none, is applied to each element: to the bits that Activate would make of
// it. With Acc it adds to what C holds: C += op(A)·op(B).
//
//	C [M, N]   A [M, K] or, to be transposed, [K, M]   B [K, N] or [N, K]   Bias [N]
//
// An array with more axes folds all but its last into one. So x·w takes sequences, and the gradient of w, xᵀ·dy, sums
// over time and batch.
type MatMul struct {
	C, A, B, Bias  Array
	TransA, TransB bool
	Acc            bool
	F              Activation
}

func (k MatMul) Name() string { return "MatMul" }

func (k MatMul) Operands(ops []device.Operand) []device.Operand {
	return list(ops).results("C", &k.C, k.Acc).reads("A", &k.A).reads("B", &k.B).reads("Bias", &k.Bias)
}

// Dims is the size of the product: C is m×n and sums k terms.
func (k *MatMul) Dims() (m, n, terms int) {
	m, terms = rows(k.A.Shape), cols(k.A.Shape)
	if k.TransA {
		m, terms = terms, m
	}
	return m, cols(k.C.Shape), terms
}

func (k MatMul) Check() error {
	if err := first(float("C", &k.C, 1), float("A", &k.A, 1), float("B", &k.B, 1)); err != nil {
		return err
	}
	m, n, terms := k.Dims()
	t := k.C.Type()
	err := first(
		typed("A", &k.A, t),
		typed("B", &k.B, t),
		folded("C", &k.C, m, n))
	if err == nil && k.TransB {
		err = folded("B, to be transposed,", &k.B, n, terms)
	} else if err == nil {
		err = folded("B", &k.B, terms, n)
	}
	switch {
	case err != nil:
		return err
	case k.Acc && !k.Bias.IsZero():
		return errors.New("operand Bias and Acc exclude each other")
	case k.Acc && k.F != 0:
		return errors.New("the function F and Acc exclude each other")
	case k.F != 0:
		err = k.F.check()
	}
	return first(err, optional("Bias", &k.Bias, t, n))
}

// folded tells whether an array, its leading axes folded into one, is the matrix that it should be.
func folded(name string, a *Array, m, n int) error {
	if r, c := rows(a.Shape), cols(a.Shape); r != m || c != n {
		return fmt.Errorf("%s folds to [%d %d], want [%d %d]", name, r, c, m, n)
	}
	return nil
}

func (k MatMul) Cost() device.Cost {
	m, n, terms := k.Dims()
	return device.Cost{Ops: 2 * int64(m) * int64(n) * int64(terms), Bytes: bytes(k)}
}

// SumRows is the sum over all axes but the last, Y = Σ X; with Acc it adds to what Y holds. It is a bias's gradient.
//
//	Y [N]   X [..., N]
type SumRows struct {
	Y, X Array
	Acc  bool
}

func (k SumRows) Name() string { return "SumRows" }

func (k SumRows) Operands(ops []device.Operand) []device.Operand {
	return list(ops).results("Y", &k.Y, k.Acc).reads("X", &k.X)
}

func (k SumRows) Check() error {
	return first(float("X", &k.X, 1), shaped("Y", &k.Y, k.X.Type(), Cols(k.X)))
}

func (k SumRows) Cost() device.Cost {
	return device.Cost{Ops: int64(k.X.Len()), Bytes: bytes(k)}
}
