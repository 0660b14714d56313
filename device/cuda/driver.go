//go:build cuda

package cuda

// #include <cuda.h>
// #include <stdint.h>
//
// typedef struct { uint64_t bits; size_t size; } arg;
//
// // launch queues a function in a context, whichever thread this is.
// static CUresult launch(uintptr_t context, uintptr_t function, uint32_t count, const arg *args,
// 	unsigned groups0, unsigned groups1, unsigned items0, unsigned items1) {
// 	void *params[count];
// 	for (uint32_t i = 0; i < count; i++)
// 		params[i] = (void *)&args[i].bits;
// 	CUresult err = cuCtxSetCurrent((CUcontext)context);
// 	if (err != CUDA_SUCCESS)
// 		return err;
// 	return cuLaunchKernel((CUfunction)function, groups0, groups1, 1, items0, items1, 1, 0, NULL, params, NULL);
// }
//
// typedef struct { CUresult err; int groups; } occupancy;
//
// // occupancy_of tells how many groups of a function a multiprocessor runs at once.
// static occupancy occupancy_of(uintptr_t context, uintptr_t function, int items) {
// 	occupancy o = {cuCtxSetCurrent((CUcontext)context), 0};
// 	if (o.err == CUDA_SUCCESS)
// 		o.err = cuOccupancyMaxActiveBlocksPerMultiprocessor(&o.groups, (CUfunction)function, items, 0);
// 	return o;
// }
import "C"

import (
	_ "embed"
	"errors"
	"runtime"
	"sync"
	"unsafe"

	"gorgonia.org/cu"

	"github.com/keisan-go/keisan/device/internal/gpu"
	"github.com/keisan-go/keisan/device/internal/queue"
)

//go:embed prelude.cu
var prelude string

// driver is a gpu.Driver over the binding. Everything is queued on the context's default stream, so all openings of a
// device wait for one another.
type driver struct {
	*shared
	limits gpu.Limits
	worth  int // how many multiply-adds a product for cuBLAS has, at least
}

// shared is what all openings of a device have in common: the context, and the programs, which are compiled once in a
// process and never given back.
type shared struct {
	index    int
	arch     int
	context  cu.CUContext
	mu       sync.Mutex
	programs map[string]cu.Module // by their source
	vendor   vendor
	openings int  // guarded by contexts
	lost     bool // guarded by contexts
}

// contexts is what devices share, by their number, unless they were lost.
var contexts struct {
	sync.Mutex
	of map[int]*shared
}

func open(index int) (*driver, error) {
	c, err := candidateOf(index)
	if err != nil {
		return nil, err
	}
	contexts.Lock()
	defer contexts.Unlock()
	s := contexts.of[index]
	if s == nil {
		s = &shared{index: index, arch: c.arch, programs: map[string]cu.Module{}}
		runtime.LockOSThread() // which the new context becomes current on
		defer runtime.UnlockOSThread()
		if s.context, err = c.device.MakeContext(cu.SchedAuto); err != nil {
			return nil, failure(err)
		}
		if contexts.of == nil {
			contexts.of = map[int]*shared{}
		}
		contexts.of[index] = s
	}
	s.openings++
	if err := cublasLoaded(); err == nil {
		c.limits.Info.Driver += ", cuBLAS for large products (a row's bits depend on the rows beside it)"
	}
	return &driver{s, c.limits, worth}, nil
}

// do calls f on a thread on which the device's context is current, since contexts belong to threads, and goroutines do not.
func (s *shared) do(f func() error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := cu.SetCurrentContext(s.context)
	if err == nil {
		err = f()
	}
	return s.failure(err)
}

// failure is what an error means; after a device was lost, its next opening makes everything anew.
func (s *shared) failure(err error) error {
	err = failure(err)
	if errors.Is(err, queue.ErrLost) {
		contexts.Lock()
		defer contexts.Unlock()
		s.lost = true
		if contexts.of[s.index] == s {
			delete(contexts.of, s.index)
		}
	}
	return err
}

func (d *driver) Limits() gpu.Limits { return d.limits }

type buffer cu.DevicePtr

func (b buffer) Arg() gpu.Arg { return gpu.Arg{Bits: uint64(b), Size: 8} }

// at is an address in a buffer, an offset in bytes further on.
func at(b gpu.Buffer, offset int64) cu.DevicePtr {
	return cu.DevicePtr(b.(buffer)) + cu.DevicePtr(offset)
}

func (d *driver) Alloc(bytes int64) (gpu.Buffer, error) {
	var p cu.DevicePtr
	err := d.do(func() (err error) {
		p, err = cu.MemAlloc(bytes)
		return err
	})
	return buffer(p), err
}

// Free waits for the queue, as the driver need not. Memory is given back seldom, since the pool keeps it.
func (d *driver) Free(b gpu.Buffer) {
	d.do(func() error {
		if err := cu.Synchronize(); err != nil {
			return err
		}
		return cu.MemFree(at(b, 0))
	})
}

func (d *driver) Clear(b gpu.Buffer, bytes int64) error {
	return d.do(func() error { return cu.MemsetD8(at(b, 0), 0, bytes) })
}

// Upload and Download block, since C must not keep a pointer to Go's memory.

func (d *driver) Upload(dst gpu.Buffer, offset int64, src []byte) error {
	return d.do(func() error {
		return cu.MemcpyHtoD(at(dst, offset), unsafe.Pointer(unsafe.SliceData(src)), int64(len(src)))
	})
}

func (d *driver) Download(dst []byte, src gpu.Buffer, offset int64) error {
	return d.do(func() error {
		return cu.MemcpyDtoH(unsafe.Pointer(unsafe.SliceData(dst)), at(src, offset), int64(len(dst)))
	})
}

// program is a program that openings of the device share.
type program struct {
	of     *shared
	module cu.Module
}

func (s *shared) Compile(defines, source string) (gpu.Program, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	module, ok := s.programs[defines+source]
	if ok {
		return program{s, module}, nil
	}
	compiler, err := nvrtcLoaded()
	if err != nil {
		return nil, err
	}
	image, err := compiler.compile(s.arch, driverVersion(), defines+"#line 1 \"prelude.cu\"\n"+prelude+source)
	if err != nil {
		return nil, err
	}
	err = s.do(func() (err error) {
		module, err = cu.LoadData(image)
		return err
	})
	if err != nil {
		return nil, err
	}
	s.programs[defines+source] = module
	return program{s, module}, nil
}

func (p program) Function(name string) (gpu.Function, error) {
	var f cu.Function
	err := p.of.do(func() (err error) {
		f, err = p.module.Function(name)
		return err
	})
	return handleOf(&f), err
}

func (program) Release() {}

// handleOf is the C handle that is all there is in one of the binding's objects, which it keeps to itself.
func handleOf[T cu.CUContext | cu.Function](object *T) uintptr {
	return *(*uintptr)(unsafe.Pointer(object))
}

// Launch calls CUDA itself: the binding's call would allocate for each argument.
func (d *driver) Launch(f gpu.Function, groups, items [2]int, args []gpu.Arg) error {
	code := C.launch(C.uintptr_t(handleOf(&d.context)), C.uintptr_t(f.(uintptr)), C.uint32_t(len(args)),
		(*C.arg)(unsafe.Pointer(unsafe.SliceData(args))),
		C.uint(groups[0]), C.uint(groups[1]), C.uint(items[0]), C.uint(items[1]))
	if code == C.CUDA_SUCCESS {
		return nil
	}
	return d.failure(result(code))
}

// Residency calls CUDA itself, since the binding's function is made of what is no longer there, the binding's object.
func (d *driver) Residency(f gpu.Function, items int) (groups int, err error) {
	o := C.occupancy_of(C.uintptr_t(handleOf(&d.context)), C.uintptr_t(f.(uintptr)), C.int(items))
	if o.err != C.CUDA_SUCCESS {
		return 0, d.failure(result(o.err))
	}
	return int(o.groups) * d.limits.Info.Units, nil
}

func (d *driver) Sync() error { return d.do(cu.Synchronize) }

// Close leaves the context to the openings to come. One that was lost goes with its last opening.
func (d *driver) Close() error {
	contexts.Lock()
	defer contexts.Unlock()
	if d.openings--; d.openings == 0 && d.lost {
		d.context.Destroy() // what it says is what it was lost for
	}
	return nil
}
