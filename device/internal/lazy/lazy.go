//go:build linux && (cuda || opencl)

// Package lazy stands between the bindings and the libraries of CUDA and OpenCL, so that a program with the bindings
// starts where there are no such libraries: it defines the C functions that the bindings call, and opens a library when
// it is asked to. Until then the functions answer that they are not initialised; but cuInit answers success, for the
// binding calls it before main, and would end the program.
//
// The archives beside this file are empty and satisfy the bindings' -lcuda and the like. A package that imports a binding
// must import this one before: the linker's flags come in the order of the imports, and -L and --as-needed act on what
// follows them. The tables are what the linker finds undefined in a binding's package. They are called .h because Go's
// build cache watches no other files.
package lazy

// #cgo LDFLAGS: -L${SRCDIR} -Wl,--as-needed -ldl
// #include <stdlib.h>
import "C"

import (
	"errors"
	"unsafe"
)

// open loads the first of files that can be opened, or tells why there is none.
func open(load func(*C.char) *C.char, files ...string) error {
	var failed []error
	for _, f := range files {
		file := C.CString(f)
		defer C.free(unsafe.Pointer(file))
		reason := load(file)
		if reason == nil {
			return nil
		}
		defer C.free(unsafe.Pointer(reason))
		failed = append(failed, errors.New(C.GoString(reason)))
	}
	return errors.Join(failed...)
}
