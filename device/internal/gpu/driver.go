// Package gpu is the device that every backend for GPUs shares: it turns kernels into launches of the sources in package
// kernels, over a Driver that knows one API, OpenCL or CUDA.
package gpu

import "github.com/keisan-go/keisan/device"

// A Driver is one API's view of one device: memory, programs and a queue that runs what it is given in order. A Device
// calls it from one goroutine at a time, which need not stay on its thread.
//
// Calls may return before their work is done, except where they say otherwise, and any call may report that work queued
// before it failed. An error wraps device.ErrOutOfMemory where that is the reason, and queue.ErrLost where
// nothing will work any more.
type Driver interface {
	Limits() Limits
	// Alloc returns memory with any content.
	Alloc(bytes int64) (Buffer, error)
	// Free gives memory back, once the work already queued is done with it.
	Free(Buffer)
	// Clear sets the first bytes of a buffer to zero.
	Clear(b Buffer, bytes int64) error
	// Upload copies src, which may be reused on return, to a buffer from an offset in bytes on.
	Upload(dst Buffer, offset int64, src []byte) error
	// Download waits for the queue, and copies from a buffer from an offset in bytes on.
	Download(dst []byte, src Buffer, offset int64) error
	// Compile compiles a source. Defines are lines to go before the backend's prelude, which goes before the source. The
	// error holds the compiler's log.
	Compile(defines, source string) (Program, error)
	// Launch queues a function: groups of work-items, so many along each axis. The args may be reused on return.
	Launch(f Function, groups, items [2]int, args []Arg) error
	// Sync waits for the queue.
	Sync() error
	// Close gives everything back that is not memory or a program.
	Close() error
}

// A Multiplier is a Driver with matrix products of the vendor's. Multiply queues the product, or tells that it is left to
// the kernels, as it is for drivers without this method. A row's bits may then depend on the rows beside it.
type Multiplier interface {
	Multiply(p *Product) (done bool, err error)
}

// A Product is C = A·B or, with Acc, C += A·B, for C [m, n], A [m, k] and B [k, n], whose rows follow one another, or the
// columns of those that are transposed. No dimension is 0.
type Product struct {
	Type           device.DType
	M, N, K        int
	C, A, B        Array
	TransA, TransB bool
	Acc            bool
}

// An Array is where an array begins: at an element of a buffer.
type Array struct {
	Buffer Buffer
	At     int
}

// Limits is what a device is and can do.
type Limits struct {
	Info     device.Info
	MaxAlloc int64 // bytes of one allocation
	Items    int   // work-items of a group
	Local    int64 // bytes of local memory of a group
	Vector   int   // bytes of a vector register, for a CPU
}

// A Buffer is memory of the device.
type Buffer interface {
	// Arg is the buffer as an argument of a function.
	Arg() Arg
}

// A Program is a compiled source.
type Program interface {
	// Function looks a KERNEL of the source up.
	Function(name string) (Function, error)
	// Release gives the program and its functions back, once the work already queued is done with them.
	Release()
}

// A Function is a function of a Program, as its driver represents it.
type Function any

// An Arg is the value of a parameter: the first Size of the Bits' bytes, in the host's order, which is little-endian.
type Arg struct {
	Bits uint64
	Size uintptr
}

// A Resident is a Driver that tells how many groups run at once; so many may wait for one another. One that does not tell
// gets no launch whose groups do.
type Resident interface {
	// Residency is how many groups of so many work-items of a function are sure to run at once, once the work queued
	// before is done.
	Residency(f Function, items int) (groups int, err error)
}
