package devicetest

import (
	"errors"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

// on is a fault in something else than a kernel: plant replaces methods of a device that embeds the real one.
func on(by, name string, plant func(f *faulty)) fault {
	return fault{by: by, name: name, plant: func(d device.Device) device.Device {
		f := &faulty{Device: d}
		plant(f)
		return f
	}}
}

// nudge moves the first element that a product made by an ulp.
func nudge(d device.Device, k *kernels.MatMul) {
	if c := read(d, k.C); len(c) > 0 {
		c[0] = nudged(k.C.Type(), c[0], 1)
		write(d, k.C, c)
	}
}

var deviceFaults = []fault{
	{by: "MatMul", name: "every other launch makes other bits", plant: in("", func() func(d device.Device, k *kernels.MatMul) {
		var launches atomic.Int64
		return func(d device.Device, k *kernels.MatMul) {
			d.Launch(*k)
			if k.Acc && launches.Add(1)%2 == 0 {
				nudge(d, k)
			}
		}
	}()).plant},
	{by: "Workers", name: "the bits depend on GOMAXPROCS", plant: in("", func(d device.Device, k *kernels.MatMul) {
		d.Launch(*k)
		if runtime.GOMAXPROCS(0) == 7 {
			nudge(d, k)
		}
	}).plant},
	{by: "Invariance", name: "the bits of a row depend on the number of rows", plant: in("", func(d device.Device, k *kernels.MatMul) {
		d.Launch(*k)
		if m, _, _ := k.Dims(); m < 4 {
			nudge(d, k)
		}
	}).plant},
	{by: "Invariance", name: "the bits of a state depend on where the sequence begins", plant: in("", func(d device.Device, k *kernels.RNN) {
		d.Launch(*k)
		if steps, b, _, n := k.Dims(); steps == 3 {
			h := read(d, k.H)
			h[b*n] = nudged(k.H.Type(), h[b*n], 1)
			write(d, k.H, h)
		}
	}).plant},

	on("Memory/zero", "memory is not cleared before it is used again", func(f *faulty) {
		dirty := map[int]bool{}
		f.free = func(s device.Slice) { dirty[s.Len()] = true; f.Device.Free(s) }
		f.alloc = func(t device.DType, n int) device.Slice {
			s := f.Device.Alloc(t, n)
			if dirty[n] && n > 0 {
				b := make([]byte, n*t.Size())
				b[0] = 1
				f.Device.Upload(s, b)
			}
			return s
		}
	}),
	on("Memory/transfer", "an upload to a part goes to the beginning", func(f *faulty) {
		f.upload = func(dst device.Slice, src []byte) {
			if all := dst.Memory(); all != nil {
				dst = all.All().Slice(0, dst.Len())
			}
			f.Device.Upload(dst, src)
		}
	}),
	on("Memory/transfer", "an upload reads src later", func(f *faulty) {
		var dst device.Slice
		var src []byte
		f.upload = func(d device.Slice, s []byte) { dst, src = d, s }
		f.download = func(d []byte, s device.Slice) error {
			if src != nil {
				f.Device.Upload(dst, src)
			}
			src = nil
			return f.Device.Download(d, s)
		}
	}),
	on("Memory/in use", "freed memory counts as in use", func(f *faulty) {
		f.free = func(s device.Slice) {}
	}),
	on("Memory/in use", "nothing is counted", func(f *faulty) {
		f.info = func() device.Info {
			i := f.Device.Info()
			i.InUse, i.Allocs = 0, 0
			return i
		}
	}),
	on("Copy", "freed memory is kept for ever", func(f *faulty) {
		f.free = func(s device.Slice) {}
	}),

	on("Queue/reuse", "a kernel's struct is read when the queue gets there", func(f *faulty) {
		var waiting []device.Kernel
		f.launch = func(k device.Kernel) { waiting = append(waiting, kernels.Pointer(k)) }
		f.download = func(dst []byte, src device.Slice) error {
			for _, k := range waiting {
				f.Device.Launch(k)
			}
			waiting = nil
			return f.Device.Download(dst, src)
		}
	}),
	on("Queue/free", "memory is freed before the work queued on it is done", func(f *faulty) {
		var waiting []device.Kernel
		run := func() {
			for _, k := range waiting {
				f.Device.Launch(k)
			}
			waiting = nil
		}
		f.launch = func(k device.Kernel) {
			if k, ok := k.(kernels.Binary); ok {
				waiting = append(waiting, k)
				return
			}
			run()
			f.Device.Launch(k)
		}
		f.download = func(dst []byte, src device.Slice) error { run(); return f.Device.Download(dst, src) }
	}),
	on("Queue/order", "kernels run in the wrong order", func(f *faulty) {
		var last device.Kernel
		f.launch = func(k device.Kernel) {
			if _, ok := k.(kernels.Fill); ok && last == nil {
				last = k
				return
			}
			f.Device.Launch(k)
		}
		f.download = func(dst []byte, src device.Slice) error {
			if last != nil {
				f.Device.Launch(last)
			}
			last = nil
			return f.Device.Download(dst, src)
		}
	}),
	on("Queue/goroutines", "launches of several goroutines mix", func(f *faulty) {
		var next atomic.Pointer[device.Kernel]
		f.launch = func(k device.Kernel) {
			next.Store(&k)
			runtime.Gosched()
			f.Device.Launch(*next.Load())
		}
	}),
	on("Queue/allocations", "a launch allocates", func(f *faulty) {
		var kept []byte
		var mu sync.Mutex
		f.launch = func(k device.Kernel) {
			mu.Lock()
			defer mu.Unlock()
			kept = make([]byte, 1000+len(kept)%7)
			f.Device.Launch(k)
		}
	}),

	on("Failure/out of memory", "nobody hears of a failure", func(f *faulty) {
		f.sync = func() error { f.Device.Sync(); return nil }
		f.download = func(dst []byte, src device.Slice) error { f.Device.Download(dst, src); return nil }
		f.close = func() error { f.Device.Close(); return nil }
	}),
	on("Failure/out of memory", "a failure is reported twice", func(f *faulty) {
		var last error
		f.download = func(dst []byte, src device.Slice) error {
			last = f.Device.Download(dst, src)
			return last
		}
		f.sync = func() error { return errors.Join(f.Device.Sync(), last) }
	}),
	on("Failure/out of memory", "work goes on after a failure", func(f *faulty) {
		var failed error
		f.alloc = func(t device.DType, n int) device.Slice {
			s := f.Device.Alloc(t, n)
			if err := f.Device.Sync(); err != nil {
				failed = err
			}
			return s
		}
		f.sync = func() error {
			err := errors.Join(failed, f.Device.Sync())
			failed = nil
			return err
		}
		f.download = func(dst []byte, src device.Slice) error {
			if err := failed; err != nil {
				failed = nil
				return err
			}
			return f.Device.Download(dst, src)
		}
	}),
	on("Failure/out of memory", "numbers are read past a failure", func(f *faulty) {
		f.download = func(dst []byte, src device.Slice) error {
			err := f.Device.Download(dst, src)
			if err != nil {
				clear(dst)
			}
			return err
		}
	}),
	on("Failure/out of memory", "the failure is no error of package device", func(f *faulty) {
		f.download = func(dst []byte, src device.Slice) error {
			if err := f.Device.Download(dst, src); err != nil {
				return errors.New(err.Error())
			}
			return nil
		}
	}),
	on("Failure/out of memory", "memory cannot be freed on a stopped queue", func(f *faulty) {
		stopped := false
		f.alloc = func(t device.DType, n int) device.Slice {
			s := f.Device.Alloc(t, n)
			stopped = stopped || !s.OK()
			return s
		}
		f.free = func(s device.Slice) {
			if !stopped {
				f.Device.Free(s)
			}
		}
		f.sync = func() error { stopped = false; return f.Device.Sync() }
	}),
	on("Failure/dead memory", "memory that was never allocated is taken for empty", func(f *faulty) {
		f.launch = func(k device.Kernel) {
			for _, o := range k.Operands(nil) {
				if !o.IsZero() && !o.OK() {
					return
				}
			}
			f.Device.Launch(k)
		}
	}),
	on("Failure/closed", "a closed device works on", func(f *faulty) {
		f.close = func() error { return f.Device.Sync() }
	}),
	on("Failure/closed after a failure", "a failure that nobody saw is lost in Close", func(f *faulty) {
		f.close = func() error { f.Device.Close(); return nil }
	}),
	on("Failure/closed", "closing twice is an error", func(f *faulty) {
		closed := false
		f.close = func() error {
			if closed {
				return device.ErrClosed
			}
			closed = true
			return f.Device.Close()
		}
	}),

	on("Misuse/MatMul", "misuse does nothing", func(f *faulty) {
		f.launch = func(k device.Kernel) {
			defer func() { recover() }()
			f.Device.Launch(k)
		}
	}),
	on("Misuse/Copy", "misuse panics with a string", func(f *faulty) {
		f.launch = func(k device.Kernel) {
			defer func() {
				if r := recover(); r != nil {
					panic("bad operands")
				}
			}()
			f.Device.Launch(k)
		}
	}),
	on("Misuse/Binary", "misuse does not say which kernel", func(f *faulty) {
		f.launch = func(k device.Kernel) {
			defer func() {
				if r := recover(); r != nil {
					device.Panicf("bad operands")
				}
			}()
			f.Device.Launch(k)
		}
	}),
	on("Misuse/options", "misuse is an error of the queue", func(f *faulty) {
		var err error
		f.launch = func(k device.Kernel) {
			defer func() {
				if r := recover(); r != nil {
					err = r.(error)
				}
			}()
			f.Device.Launch(k)
		}
		f.sync = func() error { return err }
	}),
	on("Misuse/memory", "freeing twice does nothing", func(f *faulty) {
		f.free = func(s device.Slice) {
			if !s.Memory().Freed {
				f.Device.Free(s)
			}
		}
	}),
	on("Misuse/memory", "freeing a part frees the whole", func(f *faulty) {
		f.free = func(s device.Slice) { f.Device.Free(s.Memory().All()) }
	}),
	on("Misuse/memory", "an upload of too few bytes is taken", func(f *faulty) {
		f.upload = func(dst device.Slice, src []byte) {
			if n := len(src) / 4; n < dst.Len() {
				dst, src = dst.Slice(0, n), src[:4*n]
			}
			f.Device.Upload(dst, src)
		}
	}),
	on("Misuse/RNN", "operands may overlap", func(f *faulty) {
		f.launch = func(k device.Kernel) {
			defer func() {
				if m, ok := recover().(*device.Misuse); ok && !strings.Contains(m.Error(), "overlaps") {
					panic(m)
				}
			}()
			f.Device.Launch(k)
		}
	}),
}
