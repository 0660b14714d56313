package kernels

import (
	"fmt"

	"github.com/keisan-go/keisan/device"
)

// Copy is Dst = Src, any two arrays of one type with equally many elements.
type Copy struct{ Dst, Src Array }

func (k Copy) Name() string { return "Copy" }

func (k Copy) Operands(ops []device.Operand) []device.Operand {
	return list(ops).replaces("Dst", &k.Dst).reads("Src", &k.Src)
}

func (k Copy) Check() error {
	err := first(float("Src", &k.Src, 0), typed("Dst", &k.Dst, k.Src.Type()))
	if err == nil && k.Dst.Len() != k.Src.Len() {
		err = fmt.Errorf("operand Dst has %d elements, Src %d", k.Dst.Len(), k.Src.Len())
	}
	return err
}

func (k Copy) Cost() device.Cost { return device.Cost{Bytes: bytes(k)} }

// CopyColumns is Dst[r][To+j] = Src[r][From+j] for j < Cols in every row r, which all axes but the last fold into. The
// other columns of Dst stay what they are.
//
//	Dst [..., N]   Src [..., M]
type CopyColumns struct {
	To, From, Cols int
	Dst, Src       Array
}

func (k CopyColumns) Name() string { return "CopyColumns" }

func (k CopyColumns) Operands(ops []device.Operand) []device.Operand {
	return list(ops).updates("Dst", &k.Dst).reads("Src", &k.Src)
}

func (k CopyColumns) Check() error {
	err := first(float("Src", &k.Src, 1), float("Dst", &k.Dst, 1), typed("Dst", &k.Dst, k.Src.Type()))
	switch {
	case err != nil:
		return err
	case Rows(k.Dst) != Rows(k.Src):
		return fmt.Errorf("operand Dst has %d rows, Src %d", Rows(k.Dst), Rows(k.Src))
	case k.Cols < 0 || k.From < 0 || k.From > Cols(k.Src)-k.Cols || k.To < 0 || k.To > Cols(k.Dst)-k.Cols:
		return fmt.Errorf("%d columns from %d of Src to %d of Dst: there are %d in Src and %d in Dst",
			k.Cols, k.From, k.To, Cols(k.Src), Cols(k.Dst))
	}
	return nil
}

func (k CopyColumns) Cost() device.Cost {
	return device.Cost{Bytes: 2 * int64(Rows(k.Src)) * int64(k.Cols) * int64(k.Src.Type().Size())}
}

// Fill sets each element of Dst to Value.
type Fill struct {
	Dst   Array
	Value float64
}

func (k Fill) Name() string { return "Fill" }

func (k Fill) Operands(ops []device.Operand) []device.Operand {
	return list(ops).writes("Dst", &k.Dst)
}

func (k Fill) Check() error { return float("Dst", &k.Dst, 0) }

func (k Fill) Cost() device.Cost { return device.Cost{Bytes: bytes(k)} }
