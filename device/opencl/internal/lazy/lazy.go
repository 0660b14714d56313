//go:build linux && opencl

// Package lazy stands between the OpenCL binding and libOpenCL, so that a program with the binding starts where there is
// no such library: it defines the C functions that the binding calls, and opens the library when it is asked to.
//
// The archive beside this file is empty and satisfies the binding's -lOpenCL. A package that imports the binding must
// import this one before: the linker's flags come in the order of the imports, and -L and --as-needed act on what
// follows them.
package lazy

// #cgo LDFLAGS: -L${SRCDIR} -Wl,--as-needed -ldl
// #include <stdlib.h>
// char *load_opencl(const char *file);
import "C"

import (
	"errors"
	"sync"
	"unsafe"
)

// OpenCL opens libOpenCL, which finds the platforms. It does so once.
var OpenCL = sync.OnceValue(func() error {
	file := C.CString("libOpenCL.so.1")
	defer C.free(unsafe.Pointer(file))
	reason := C.load_opencl(file)
	if reason == nil {
		return nil
	}
	defer C.free(unsafe.Pointer(reason))
	return errors.New(C.GoString(reason))
})
