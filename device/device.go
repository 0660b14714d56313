// Package device says what a device is: memory, and a queue of kernels over it.
//
// A program opens one with [Open] and usually never calls it again: tensors hold memory of it, layers launch kernels on
// it. [List] tells which devices there are and which backends are missing and why. Backends register themselves when
// they are imported; import
//
//	_ "github.com/keisan-go/keisan/device/all"
//
// to have every backend that the build tags ask for.
package device

// A Device is memory, and a queue of kernels over it that run in order.
//
// What is queued does not fail there and then. The first failure, an allocation's included, stops the queue: later
// calls do nothing until Sync or Download reports it, once. Then the device works again, unless it is lost. What was not
// done meanwhile is not made up for: memory still holds what it held before. Operands that do not fit together are a
// mistake in the program, and panic with a [Misuse].
//
// A Device may be used from several goroutines; each call is atomic. They share its failures: the one that asks first is
// told. Goroutines that must not have anything to do with one another open a device each.
type Device interface {
	// Name is what Open opens the device by: "cpu", "cuda:0", "opencl:1".
	Name() string
	// Info describes the device and how much of its memory is in use.
	Info() Info
	// Alloc returns n zero elements.
	Alloc(t DType, n int) Slice
	// Free gives back what Alloc returned, once the work already queued is done with it. It works on a stopped queue too.
	Free(s Slice)
	// Upload copies src, the elements' bytes in the host's order, to dst. src may be reused on return.
	Upload(dst Slice, src []byte)
	// Launch queues a kernel: a struct of package kernels. A pointer to one will do, and allocates nothing; the struct
	// may be reused on return.
	Launch(k Kernel)
	// Download waits for the queue and copies src to dst. It reports the queue's failure, if there is one, and then
	// leaves dst alone.
	Download(dst []byte, src Slice) error
	// Sync waits for the queue and reports its failure.
	Sync() error
	// Close waits for the queue, gives all memory back and reports a failure not yet reported. Every later use of the
	// device fails with ErrClosed, except that Free and Close do nothing.
	Close() error
}

// A Kernel is one unit of work for a device: a plain struct that names its operands. Package kernels holds them all.
type Kernel interface {
	// Name is the kernel's name, such as "MatMul".
	Name() string
	// Operands appends the kernel's operands to ops, those left out as well (their Slice is the zero Slice).
	Operands(ops []Operand) []Operand
	// Check tells what is wrong with the operands' types and shapes; nil if they fit together.
	Check() error
	// Cost is what the kernel has to do, however a device does it.
	Cost() Cost
}

// An Array is device memory with a shape, row-major: what a kernel works on. The zero Array stands for an operand left out.
type Array struct {
	Slice
	Shape []int
}

// An Operand is an Array in its role in a kernel.
type Operand struct {
	Name string
	Array
	Access Access
}

// Access tells what a kernel does to an operand.
type Access uint8

const (
	Read    Access = 1 << iota // the kernel reads the operand
	Write                      // the kernel writes every element of it
	InPlace                    // and it may be the same memory as one that is read

	Update = Read | Write // the kernel adds to the operand or changes it
)

// Cost counts a kernel's arithmetic operations (a multiply-add is two, a transcendental function one) and the bytes of
// the operands that it reads and writes, each counted once.
type Cost struct {
	Ops, Bytes int64
}
