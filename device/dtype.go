package device

import (
	"fmt"
	"unsafe"
)

// A DType is the type of a device's elements.
type DType uint8

const (
	Float32 DType = iota + 1
	Float64
	Int32 // for targets and indices; few kernels take it
)

// Float is a Go type that layers compute in.
type Float interface{ float32 | float64 }

// Element is a Go type that devices store.
type Element interface{ Float | int32 }

// Size is the bytes of an element.
func (t DType) Size() int {
	if t == Float64 {
		return 8
	}
	return 4
}

func (t DType) String() string {
	switch t {
	case Float32:
		return "float32"
	case Float64:
		return "float64"
	case Int32:
		return "int32"
	}
	return fmt.Sprintf("DType(%d)", uint8(t))
}

// TypeOf is the DType of a Go type.
func TypeOf[T Element]() DType {
	var zero T
	switch any(zero).(type) {
	case float32:
		return Float32
	case float64:
		return Float64
	}
	return Int32
}

// Bytes is the memory of s, for Upload and Download.
func Bytes[T Element](s []T) []byte {
	var zero T
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(s))), len(s)*int(unsafe.Sizeof(zero)))
}
