// Package safetensors reads and writes files of tensors in the format of that name, which PyTorch's users exchange weights
// in: https://github.com/huggingface/safetensors.
//
// A file is the length of its header, eight bytes little-endian; the header, JSON that tells each tensor's type, shape and
// place; and the elements, little-endian, row by row. A file is read as if somebody hostile had written it: nothing is
// allocated that the file does not hold, and whatever is not exactly as the format has it is an error that names the tensor
// and the value. What it holds is the same to every reader, so a name that stands twice is an error too.
package safetensors

import (
	"encoding/binary"
	"fmt"
	"math"
)

// A DType is the type of a tensor's elements, by its name in the file. The format's complex numbers and floats of 8 bits or less are not read.
type DType string

const (
	F64  DType = "F64"
	F32  DType = "F32"
	F16  DType = "F16"
	BF16 DType = "BF16" // the upper half of a float32
	I64  DType = "I64"
	I32  DType = "I32"
	I16  DType = "I16"
	I8   DType = "I8"
	U64  DType = "U64"
	U32  DType = "U32"
	U16  DType = "U16"
	U8   DType = "U8"
	Bool DType = "BOOL"
)

// Size is the bytes of an element; 0 if there is no such type.
func (t DType) Size() int {
	switch t {
	case F64, I64, U64:
		return 8
	case F32, I32, U32:
		return 4
	case F16, BF16, I16, U16:
		return 2
	case I8, U8, Bool:
		return 1
	}
	return 0
}

// Element is a Go type that is a DType.
type Element interface {
	float64 | float32 | int64 | int32 | int16 | int8 | uint64 | uint32 | uint16 | uint8 | bool
}

// TypeOf is the DType of a Go type.
func TypeOf[T Element]() DType {
	var zero T
	switch any(zero).(type) {
	case float64:
		return F64
	case float32:
		return F32
	case int64:
		return I64
	case int32:
		return I32
	case int16:
		return I16
	case int8:
		return I8
	case uint64:
		return U64
	case uint32:
		return U32
	case uint16:
		return U16
	case uint8:
		return U8
	}
	return Bool
}

// Info is what a file tells of a tensor.
type Info struct {
	Name  string
	DType DType
	Shape []int // empty for a scalar

	begin, end int64 // its bytes, counted from the end of the header
}

// String is the type and the shape, such as "F32 [2 3]".
func (t Info) String() string { return fmt.Sprintf("%s %v", t.DType, t.Shape) }

// A Tensor is an Info and the elements, as they are in a file.
type Tensor struct {
	Info
	Data []byte
}

// Of returns a tensor of these values, row by row. Write tells if there are not as many as the shape has.
func Of[T Element](name string, values []T, shape ...int) Tensor {
	var zero T
	data, err := binary.Append(make([]byte, 0, len(values)*binary.Size(zero)), binary.LittleEndian, values)
	if err != nil {
		panic(err) // not for these types
	}
	return Tensor{Info{Name: name, DType: TypeOf[T](), Shape: shape}, data}
}

// What a file may have. Nobody needs more; somebody hostile would, to have more allocated than the file is long.
const (
	maxHeader   = 16 << 20 // bytes
	maxAxes     = 16
	maxMetadata = 4096 // entries
	metadata    = "__metadata__"
)

// bytes is how many bytes the elements are. It is an error if that is more than a file can have.
func (t Info) bytes() (int64, error) {
	if t.DType.Size() == 0 {
		return 0, fmt.Errorf("tensor %s: the dtype is %s, want F64, F32, F16, BF16, I64 to I8, U64 to U8 or BOOL", quote(t.Name), quote(string(t.DType)))
	}
	if len(t.Shape) > maxAxes {
		return 0, fmt.Errorf("tensor %s: the shape has %d axes, want at most %d", quote(t.Name), len(t.Shape), maxAxes)
	}
	n, zero := int64(t.DType.Size()), false
	for _, d := range t.Shape {
		switch {
		case d < 0:
			return 0, fmt.Errorf("tensor %s: the shape %v has a negative axis", quote(t.Name), t.Shape)
		case d == 0:
			zero = true
		case n > math.MaxInt64/int64(d):
			return 0, fmt.Errorf("tensor %s: the shape %v of %s has more bytes than can be counted", quote(t.Name), t.Shape, t.DType)
		default:
			n *= int64(d)
		}
	}
	if zero {
		return 0, nil
	}
	return n, nil
}

// quote is a string of the file for a message, of which it must not make up the most.
func quote(s string) string {
	if len(s) > 100 {
		return fmt.Sprintf("%.100q...", s)
	}
	return fmt.Sprintf("%q", s)
}
