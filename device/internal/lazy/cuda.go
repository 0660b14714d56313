//go:build linux && cuda

package lazy

// char *load_cuda(const char *file), *load_nvrtc(const char *file), *load_cublas(const char *file);
import "C"

import "sync"

// CUDA opens libcuda, which is a part of the driver. It does so once; cuInit is the caller's business.
var CUDA = sync.OnceValue(func() error {
	return open(func(file *C.char) *C.char { return C.load_cuda(file) }, "libcuda.so.1")
})

// NVRTC opens the first of these files that there is, versions of the compiler. It may be called once.
func NVRTC(files ...string) error {
	return open(func(file *C.char) *C.char { return C.load_nvrtc(file) }, files...)
}

// CUBLAS is the same for cuBLAS.
func CUBLAS(files ...string) error {
	return open(func(file *C.char) *C.char { return C.load_cublas(file) }, files...)
}
