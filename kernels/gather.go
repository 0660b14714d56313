package kernels

import (
	"fmt"
	"math"

	"github.com/keisan-go/keisan/device"
)

// Gather is Y[i] = W[IDs[i]], rows of a table by their numbers. A number outside [0, V) makes its row NaN.
//
//	Y [..., D]   W [V, D]   IDs [...] int32
type Gather struct{ Y, W, IDs Array }

func (k Gather) Name() string { return "Gather" }

func (k Gather) Operands(ops []device.Operand) []device.Operand {
	return list(ops).writes("Y", &k.Y).reads("W", &k.W).reads("IDs", &k.IDs)
}

func (k Gather) Check() error { return indexed("W", &k.W, "Y", &k.Y, &k.IDs) }

// Cost counts the rows of W that are read, not those that there are.
func (k Gather) Cost() device.Cost {
	return device.Cost{Bytes: bytesOf(k.Y, 2) + bytesOf(k.IDs, 1)}
}

// ScatterAdd is DW[IDs[i]] += DY[i], the gradient of Gather: each row of DW gets its terms one after the other, in the
// order of i, so that the bits are the same on every device. A number outside [0, V) adds nothing.
//
//	DW [V, D]   DY [..., D]   IDs [...] int32
type ScatterAdd struct{ DW, DY, IDs Array }

func (k ScatterAdd) Name() string { return "ScatterAdd" }

func (k ScatterAdd) Operands(ops []device.Operand) []device.Operand {
	return list(ops).updates("DW", &k.DW).reads("DY", &k.DY).reads("IDs", &k.IDs)
}

func (k ScatterAdd) Check() error { return indexed("DW", &k.DW, "DY", &k.DY, &k.IDs) }

// Cost counts each term's reading and writing of its row of DW.
func (k ScatterAdd) Cost() device.Cost {
	return device.Cost{Ops: int64(k.DY.Len()), Bytes: bytesOf(k.DY, 3) + bytesOf(k.IDs, 1)}
}

// indexed tells what is wrong with a table, rows that are as long as its own, and a number for each of these.
func indexed(tableName string, table *Array, rowsName string, rows, ids *Array) error {
	if err := first(float(tableName, table, 2), float(rowsName, rows, 1), typed(rowsName, rows, table.Type())); err != nil {
		return err
	}
	last := len(rows.Shape) - 1
	return first(
		numbered(tableName, "rows", table.Shape[0]),
		folded(tableName, table, table.Shape[0], Cols(*rows)),
		shaped("IDs", ids, device.Int32, rows.Shape[:last]...))
}

// numbered tells whether there are more rows or columns of an operand than int32 can number.
func numbered(name, what string, n int) error {
	if int64(n) > math.MaxInt32 {
		return fmt.Errorf("%s has %d %s, want %d or fewer, which int32 can number", name, n, what, math.MaxInt32)
	}
	return nil
}

// bytesOf is the bytes of an array's elements, each counted so many times.
func bytesOf(a Array, times int64) int64 { return times * int64(a.Len()) * int64(a.Type().Size()) }
