//go:build linux && opencl

package lazy

// char *load_opencl(const char *file);
import "C"

import "sync"

// OpenCL opens libOpenCL, which finds the platforms. It does so once.
var OpenCL = sync.OnceValue(func() error {
	return open(func(file *C.char) *C.char { return C.load_opencl(file) }, "libOpenCL.so.1")
})
