package kernels

import (
	"cmp"
	"fmt"

	"github.com/keisan-go/keisan/device"
)

// Copy is Dst = Src, any two arrays of one type with equally many elements.
type Copy struct{ Dst, Src Array }

func (k Copy) Name() string { return "Copy" }

func (k Copy) Operands(ops []device.Operand) []device.Operand {
	return append(ops, replaces("Dst", k.Dst), reads("Src", k.Src))
}

func (k Copy) Check() error {
	err := cmp.Or(float("Src", k.Src, 0), typed("Dst", k.Dst, k.Src.Type()))
	if err == nil && k.Dst.Len() != k.Src.Len() {
		err = fmt.Errorf("operand Dst has %d elements, Src %d", k.Dst.Len(), k.Src.Len())
	}
	return err
}

func (k Copy) Cost() device.Cost { return device.Cost{Bytes: bytes(k)} }

// Fill sets each element of Dst to Value.
type Fill struct {
	Dst   Array
	Value float64
}

func (k Fill) Name() string { return "Fill" }

func (k Fill) Operands(ops []device.Operand) []device.Operand {
	return append(ops, writes("Dst", k.Dst))
}

func (k Fill) Check() error { return float("Dst", k.Dst, 0) }

func (k Fill) Cost() device.Cost { return device.Cost{Bytes: bytes(k)} }
