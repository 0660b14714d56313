// Package kernels is the catalogue of what a device can do. A kernel is a struct that names its operands:
//
//	d.Launch(&kernels.MatMul{C: y, A: x, B: w})
//
// It says which shapes fit together ([device.Kernel].Check) and what the work costs (Cost). How a device does the work
// is the device's affair: device/cpu has a Go function for each struct, under the same file name as here.
//
// A kernel is the largest piece of work that a device could fuse. The recurrent kernels take whole sequences, so that
// each device can plan inside: one product for all inputs, weights packed once, all steps in one launch.
package kernels

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/keisan-go/keisan/device"
)

// Array is device memory with a shape, row-major.
type Array = device.Array

// Pointer returns a pointer to k's struct: k itself if it is one, else a copy. It saves backends a case in their switch.
func Pointer(k device.Kernel) device.Kernel {
	v := reflect.ValueOf(k)
	if v.Kind() == reflect.Pointer {
		return k
	}
	p := reflect.New(v.Type())
	p.Elem().Set(v)
	return p.Interface().(device.Kernel)
}

// Size is the number of elements of a shape.
func Size(shape []int) int {
	n := 1
	for _, d := range shape {
		n *= d
	}
	return n
}

// Rows is how many rows an array has whose last axis is its columns: all axes but the last fold into one.
func Rows(a Array) int { return rows(a.Shape) }

// Cols is the length of the last axis; 1 for a scalar.
func Cols(a Array) int { return cols(a.Shape) }

func rows(shape []int) int { return Size(shape[:max(len(shape)-1, 0)]) }

func cols(shape []int) int {
	if len(shape) == 0 {
		return 1
	}
	return shape[len(shape)-1]
}

// shaped tells what is wrong with an operand that should be there with this element type and shape; nil if nothing is.
func shaped(name string, a *Array, t device.DType, shape ...int) error {
	if err := typed(name, a, t); err != nil {
		return err
	}
	if !slices.Equal(a.Shape, shape) {
		return fmt.Errorf("%s is %v, want %v", name, a.Shape, slices.Clone(shape))
	}
	return nil
}

// optional is shaped for an operand that may be left out.
func optional(name string, a *Array, t device.DType, shape ...int) error {
	if a.IsZero() {
		return nil
	}
	return shaped(name, a, t, shape...)
}

// together tells whether one of two operands is missing that are there together or not at all.
func together(name string, a *Array, otherName string, other *Array) error {
	switch {
	case a.IsZero() && !other.IsZero():
		return fmt.Errorf("operand %s is missing beside %s", name, otherName)
	case !a.IsZero() && other.IsZero():
		return fmt.Errorf("operand %s is missing beside %s", otherName, name)
	}
	return nil
}

// typed tells what is wrong with an operand that should be there with this element type, in whatever shape.
func typed(name string, a *Array, t device.DType) error {
	switch {
	case a.IsZero():
		return fmt.Errorf("operand %s is missing", name)
	case a.Type() != t:
		return fmt.Errorf("%s is %v, want %v", name, a.Type(), t)
	}
	return nil
}

// like is shaped with another operand's element type and shape.
func like(name string, a, b *Array) error { return shaped(name, a, b.Type(), b.Shape...) }

// float tells what is wrong with an operand that should be there with at least so many axes, and elements that kernels
// compute with; nil if nothing is.
func float(name string, a *Array, axes int) error {
	t := a.Type()
	switch {
	case a.IsZero():
		return fmt.Errorf("operand %s is missing", name)
	case t != device.Float32 && t != device.Float64:
		return fmt.Errorf("%s is %v, want float32 or float64", name, t)
	case len(a.Shape) < axes:
		return fmt.Errorf("%s is %v, want %d axes or more", name, a.Shape, axes)
	}
	return nil
}

// first is the first error of several, nil if there is none: cmp.Or, which makes a call for each comparison.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// bytes counts the bytes of k's operands, those it adds to or changes twice.
func bytes(k device.Kernel) int64 {
	var n int64
	for _, o := range k.Operands(nil) {
		size := int64(o.Len()) * int64(o.Type().Size())
		if o.Access&device.Read != 0 {
			n += size
		}
		if o.Access&device.Write != 0 {
			n += size
		}
	}
	return n
}

// A list is of operands. Its methods append one and what a kernel does to it: read it; write each element; write it, perhaps
// in the place of one that is read; change it; or write it, and add to it with acc. They take pointers, as what else looks
// at an operand here does: small launches would notice copies.
type list []device.Operand

func (l list) reads(name string, a *Array) list  { return l.add(name, a, device.Read) }
func (l list) writes(name string, a *Array) list { return l.add(name, a, device.Write) }
func (l list) replaces(name string, a *Array) list {
	return l.add(name, a, device.Write|device.InPlace)
}
func (l list) updates(name string, a *Array) list { return l.add(name, a, device.Update) }

func (l list) results(name string, a *Array, acc bool) list {
	if acc {
		return l.updates(name, a)
	}
	return l.writes(name, a)
}

func (l list) add(name string, a *Array, access device.Access) list {
	l = append(l, device.Operand{})
	o := &l[len(l)-1] // filled in place: a literal would be copied here
	o.Name = name
	o.Array = *a
	o.Access = access
	return l
}
