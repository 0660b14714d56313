package kernels

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/keisan-go/keisan/device"
)

// MatMul is C = op(A)·op(B) + Bias, where op transposes if TransA or TransB is set, and the bias, which may be left out,
// is added to each row. With Acc it adds to what C holds: C += op(A)·op(B).
//
//	C [..., N]   A [..., K]   B [K, N]   Bias [N]
//
// The leading axes of C and A fold into rows. A transposed A is [..., M] with its leading axes folded into K: the
// gradient of a weight, xᵀ·dy, sums over all of them. A transposed B is [N, K].
type MatMul struct {
	C, A, B, Bias  Array
	TransA, TransB bool
	Acc            bool
}

func (k MatMul) Name() string { return "MatMul" }

func (k MatMul) Operands(ops []device.Operand) []device.Operand {
	return append(ops,
		device.Operand{Name: "C", Array: k.C, Access: update(k.Acc)},
		device.Operand{Name: "A", Array: k.A, Access: device.Read},
		device.Operand{Name: "B", Array: k.B, Access: device.Read},
		device.Operand{Name: "Bias", Array: k.Bias, Access: device.Read})
}

// Dims is the size of the product: C is m×n and sums k terms.
func (k MatMul) Dims() (m, n, terms int) {
	m, terms = Rows(k.A), Cols(k.A)
	if k.TransA {
		m, terms = terms, m
	}
	return m, Cols(k.C), terms
}

func (k MatMul) Check() error {
	if err := cmp.Or(float("C", k.C, 1), float("A", k.A, 1)); err != nil {
		return err
	}
	m, n, terms := k.Dims()
	rows, cols := terms, n
	if k.TransB {
		rows, cols = n, terms
	}
	t := k.C.Type()
	err := cmp.Or(shaped("A", k.A, t, k.A.Shape...), shaped("B", k.B, t, rows, cols))
	switch {
	case err != nil:
		return err
	case Rows(k.C) != m:
		return fmt.Errorf("C has %d rows, want %d", Rows(k.C), m)
	case k.Bias.IsZero():
		return nil
	case k.Acc:
		return errors.New("Bias and Acc exclude each other")
	}
	return shaped("Bias", k.Bias, t, n)
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
	return append(ops,
		device.Operand{Name: "Y", Array: k.Y, Access: update(k.Acc)},
		device.Operand{Name: "X", Array: k.X, Access: device.Read})
}

func (k SumRows) Check() error {
	return cmp.Or(float("X", k.X, 1), shaped("Y", k.Y, k.X.Type(), Cols(k.X)))
}

func (k SumRows) Cost() device.Cost {
	return device.Cost{Ops: int64(k.X.Len()), Bytes: bytes(k)}
}
