//go:build opencl

package opencl

// #define CL_TARGET_OPENCL_VERSION 120
// #ifdef __APPLE__
// #include <OpenCL/cl.h>
// #else
// #include <CL/cl.h>
// #endif
// #include <stdint.h>
//
// typedef struct { uint64_t bits; size_t size; } arg;
//
// // launch sets a kernel's arguments and queues it. It asks for no event.
// static cl_int launch(uintptr_t queue, uintptr_t kernel, uint32_t count, const arg *args,
// 	size_t groups0, size_t groups1, size_t items0, size_t items1) {
// 	for (uint32_t i = 0; i < count; i++) {
// 		cl_int err = clSetKernelArg((cl_kernel)kernel, i, args[i].size, &args[i].bits);
// 		if (err != CL_SUCCESS)
// 			return err;
// 	}
// 	const size_t all[2] = {groups0 * items0, groups1 * items1}, group[2] = {items0, items1};
// 	return clEnqueueNDRangeKernel((cl_command_queue)queue, (cl_kernel)kernel, 2, NULL, all, group, 0, NULL, NULL);
// }
import "C"

import (
	_ "embed"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"unsafe"

	"github.com/jgillich/go-opencl/cl"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/internal/gpu"
	"github.com/keisan-go/keisan/device/internal/queue"
)

//go:embed prelude.cl
var prelude string

// driver is a gpu.Driver over the binding.
type driver struct {
	*shared
	limits gpu.Limits
	queue  *cl.CommandQueue
	handle uintptr // the queue's cl_command_queue
}

// shared is what all openings of a device have in common: the context and the programs, which are compiled once in a
// process and never given back.
type shared struct {
	index    int
	device   *cl.Device
	context  *cl.Context
	options  string // for the compiler
	mu       sync.Mutex
	programs map[string]*cl.Program // by their source
}

// contexts is what devices share, by their number, unless they were lost.
var contexts struct {
	sync.Mutex
	of map[int]*shared
}

func open(c candidate, index int) (*driver, error) {
	limits, err := c.limits(index)
	if err != nil {
		return nil, err
	}
	contexts.Lock()
	defer contexts.Unlock()
	s := contexts.of[index]
	if s == nil {
		s = &shared{index: index, device: c.device, options: options(c.device), programs: map[string]*cl.Program{}}
		if s.context, err = cl.CreateContext([]*cl.Device{c.device}); err != nil {
			return nil, failure(err)
		}
		if contexts.of == nil {
			contexts.of = map[int]*shared{}
		}
		contexts.of[index] = s
	}
	commands, err := s.context.CreateCommandQueue(s.device, 0)
	if err != nil {
		if err = failure(err); errors.Is(err, queue.ErrLost) {
			delete(contexts.of, index)
		}
		return nil, err
	}
	return &driver{s, limits, commands, handleOf(commands, "clQueue")}, nil
}

// singleFPConfig is CL_DEVICE_SINGLE_FP_CONFIG, which the binding does not know.
const singleFPConfig = 0x101B

// options asks for exact division and roots in float32, where the device has them.
func options(d *cl.Device) string {
	config, err := d.GetInfoUlong(singleFPConfig)
	if err != nil || cl.FPConfig(config)&cl.FPConfigCorrectlyRoundedDivideSqrt == 0 {
		return ""
	}
	return "-cl-fp32-correctly-rounded-divide-sqrt"
}

// handleOf is the C handle in one of the binding's objects, which it keeps to itself.
func handleOf(object any, field string) uintptr {
	return reflect.ValueOf(object).Elem().FieldByName(field).Pointer()
}

func (d *driver) Limits() gpu.Limits { return d.limits }

// A buffer is memory of the device. It holds on to the binding's object, whose finalizer would give the memory back.
type buffer struct {
	object *cl.MemObject
	handle uintptr
}

func (b *buffer) Arg() gpu.Arg { return gpu.Arg{Bits: uint64(b.handle), Size: unsafe.Sizeof(b.handle)} }

func object(b gpu.Buffer) *cl.MemObject { return b.(*buffer).object }

func (d *driver) Alloc(bytes int64) (gpu.Buffer, error) {
	object, err := d.context.CreateEmptyBuffer(cl.MemReadWrite, int(bytes))
	if err != nil {
		return nil, d.failure(err)
	}
	return &buffer{object, handleOf(object, "clMem")}, nil
}

func (d *driver) Free(b gpu.Buffer) { object(b).Release() }

var zero [16]byte

func (d *driver) Clear(b gpu.Buffer, bytes int64) error {
	size := 4 // of the pattern, of which bytes is a multiple
	return d.done(d.queue.EnqueueFillBuffer(object(b), unsafe.Pointer(&zero), size, 0, int(bytes), nil))
}

// Upload and Download block, since C must not keep a pointer to Go's memory.

func (d *driver) Upload(dst gpu.Buffer, offset int64, src []byte) error {
	return d.done(d.queue.EnqueueWriteBuffer(object(dst), true, int(offset), len(src), unsafe.Pointer(unsafe.SliceData(src)), nil))
}

func (d *driver) Download(dst []byte, src gpu.Buffer, offset int64) error {
	return d.done(d.queue.EnqueueReadBuffer(object(src), true, int(offset), len(dst), unsafe.Pointer(unsafe.SliceData(dst)), nil))
}

// done gives the event of what was queued back at once: the binding leaves that to a finalizer, and drivers run out of
// events long before Go runs out of memory.
func (d *driver) done(event *cl.Event, err error) error {
	event.Release()
	return d.failure(err)
}

// program is the kernels of a program that one opening of the device uses. Each has kernels of its own, since their
// arguments are a part of them.
type program struct {
	object  *cl.Program
	kernels []*cl.Kernel
}

func (s *shared) Compile(defines, source string) (gpu.Program, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := defines + "#line 1 \"prelude.cl\"\n" + prelude + source
	if object, ok := s.programs[text]; ok {
		return &program{object: object}, nil
	}
	object, err := s.context.CreateProgramWithSource([]string{text})
	if err != nil {
		return nil, s.failure(err)
	}
	if err := object.BuildProgram([]*cl.Device{s.device}, s.options); err != nil {
		object.Release()
		var log cl.BuildError // ends as a string of C's
		if errors.As(err, &log) {
			return nil, errors.New(strings.TrimRight(string(log), "\x00\n "))
		}
		return nil, s.failure(err)
	}
	s.programs[text] = object
	return &program{object: object}, nil
}

func (p *program) Function(name string) (gpu.Function, error) {
	kernel, err := p.object.CreateKernel(name)
	if err != nil {
		return nil, failure(err)
	}
	p.kernels = append(p.kernels, kernel)
	return handleOf(kernel, "clKernel"), nil
}

func (p *program) Release() {
	for _, k := range p.kernels {
		k.Release()
	}
}

// Launch calls OpenCL itself: the binding's call would allocate six times, the event and its finalizer among it.
func (d *driver) Launch(f gpu.Function, groups, items [2]int, args []gpu.Arg) error {
	code := C.launch(C.uintptr_t(d.handle), C.uintptr_t(f.(uintptr)), C.uint32_t(len(args)), (*C.arg)(unsafe.Pointer(unsafe.SliceData(args))),
		C.size_t(groups[0]), C.size_t(groups[1]), C.size_t(items[0]), C.size_t(items[1]))
	if code == C.CL_SUCCESS {
		return nil
	}
	return d.failure(errorOf(int(code)))
}

func (d *driver) Sync() error { return d.failure(d.queue.Finish()) }

func (d *driver) Close() error {
	d.queue.Release()
	return nil
}

// errorOf is the binding's error for a code of OpenCL's.
func errorOf(code int) error {
	if err, ok := errorCodes[code]; ok {
		return err
	}
	return cl.ErrOther(code)
}

var errorCodes = map[int]error{
	C.CL_OUT_OF_RESOURCES:              cl.ErrOutOfResources,
	C.CL_OUT_OF_HOST_MEMORY:            cl.ErrOutOfHostMemory,
	C.CL_MEM_OBJECT_ALLOCATION_FAILURE: cl.ErrMemObjectAllocationFailure,
	C.CL_INVALID_COMMAND_QUEUE:         cl.ErrInvalidCommandQueue,
	C.CL_INVALID_KERNEL_ARGS:           cl.ErrInvalidKernelArgs,
	C.CL_INVALID_ARG_INDEX:             cl.ErrInvalidArgIndex,
	C.CL_INVALID_ARG_SIZE:              cl.ErrInvalidArgSize,
	C.CL_INVALID_WORK_GROUP_SIZE:       cl.ErrInvalidWorkGroupSize,
	C.CL_DEVICE_NOT_AVAILABLE:          cl.ErrDeviceNotAvailable,
}

// illegalAccess is NVIDIA's code for a kernel that reached outside its memory.
const illegalAccess = cl.ErrOther(-9999)

// failure adds what an error means to Keisan.
func failure(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, cl.ErrMemObjectAllocationFailure), errors.Is(err, cl.ErrInvalidBufferSize), errors.Is(err, cl.ErrOutOfHostMemory):
		return fmt.Errorf("%w: %w", device.ErrOutOfMemory, err)
	case errors.Is(err, cl.ErrDeviceNotAvailable), errors.Is(err, cl.ErrInvalidCommandQueue), errors.Is(err, cl.ErrInvalidContext),
		errors.Is(err, illegalAccess):
		return fmt.Errorf("%w: %w", queue.ErrLost, err)
	}
	return err
}

// failure is what an error means; after a device was lost, its next opening makes everything anew.
func (s *shared) failure(err error) error {
	err = failure(err)
	if errors.Is(err, queue.ErrLost) {
		contexts.Lock()
		defer contexts.Unlock()
		if contexts.of[s.index] == s {
			delete(contexts.of, s.index)
		}
	}
	return err
}
