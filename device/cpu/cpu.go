// Package cpu runs kernels on the processor, in Go and, where there is some for it, assembly. A program that imports it
// can open the device "cpu".
//
// Launch runs the kernel before it returns, on as many goroutines as GOMAXPROCS allows where the work is worth it. No
// result depends on how many there are. The environment variable KEISAN_CPU chooses the instructions: see package gemm.
package cpu

import (
	"fmt"
	"runtime"
	"sync"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/cpu/gemm"
	"github.com/keisan-go/keisan/device/cpu/internal/par"
	"github.com/keisan-go/keisan/device/internal/pool"
	"github.com/keisan-go/keisan/kernels"
)

func init() { device.Register(backend{}) }

type backend struct{}

func (backend) Name() string { return "cpu" }

func (backend) List() []device.Info { return []device.Info{info()} }

func (backend) Open(int) (device.Device, error) {
	d := &cpu{code32: codeOf[float32](), code64: codeOf[float64]()}
	d.pool = pool.New(d, &host{limit: memory()})
	return d, nil
}

func info() device.Info {
	return device.Info{
		Name:    "cpu",
		Kind:    device.CPU,
		Vendor:  "",
		Model:   model(),
		Driver:  runtime.Version() + " " + runtime.GOARCH + " " + gemm.Kernel(),
		Units:   runtime.GOMAXPROCS(0),
		Memory:  memory(),
		Float64: true,
	}
}

// cpu is the device. Its queue is empty between calls, since each call does its work at once.
type cpu struct {
	mu     sync.Mutex
	pool   *pool.Pool
	err    error // the failure that stopped the queue, until it is reported
	closed bool

	code32, code64 *code
	team           par.Team
	ops            []device.Operand // scratch memory for device.Check
	f32            scratch[float32]
	f64            scratch[float64]
}

func (d *cpu) Name() string { return "cpu" }

func (d *cpu) Info() device.Info {
	d.mu.Lock()
	defer d.mu.Unlock()
	i := info()
	i.InUse, i.Allocs = d.pool.InUse(), d.pool.Allocs()
	return i
}

// stopped tells whether the queue is stopped, as it is for ever once the device is closed.
func (d *cpu) stopped() bool { return d.err != nil || d.closed }

// report is the failure to report, once.
func (d *cpu) report() error {
	if d.closed {
		return fmt.Errorf("cpu: %w", device.ErrClosed)
	}
	err := d.err
	d.err = nil
	return err
}

func (d *cpu) Alloc(t device.DType, n int) device.Slice {
	if n < 0 {
		device.Panicf("cpu: Alloc of %d elements, want 0 or more", n)
	}
	if t != device.Float32 && t != device.Float64 && t != device.Int32 {
		device.Panicf("cpu: Alloc of %v, want float32, float64 or int32", t)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stopped() {
		return d.pool.Dead(t, n)
	}
	s, err := d.pool.Alloc(t, n)
	if err != nil {
		d.err = fmt.Errorf("cpu: allocating %w", err)
	}
	return s
}

func (d *cpu) Free(s device.Slice) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.closed {
		d.pool.Free(s)
	}
}

func (d *cpu) Upload(dst device.Slice, src []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.transfer("Upload", dst, len(src)) == nil {
		copy(hostBytes(dst), src)
	}
}

func (d *cpu) Download(dst []byte, src device.Slice) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if err := d.transfer("Download", src, len(dst)); err != nil {
		return d.report()
	}
	copy(dst, hostBytes(src))
	return nil
}

// transfer panics with a Misuse unless n bytes are what s holds. It returns what stops the queue, if anything does.
func (d *cpu) transfer(what string, s device.Slice, n int) error {
	m := s.Memory()
	switch {
	case m == nil:
		if n != 0 {
			device.Panicf("cpu: %s of %d bytes and the zero Slice", what, n)
		}
	case m.Device != device.Device(d):
		device.Panicf("cpu: %s with memory of another device, %s", what, m.Device.Name())
	case m.Freed && !d.closed:
		device.Panicf("cpu: %s with memory that was freed", what)
	case n != s.Len()*m.Type.Size():
		device.Panicf("cpu: %s of %d bytes and %d elements of %v, which are %d bytes", what, n, s.Len(), m.Type, s.Len()*m.Type.Size())
	case m.Handle == nil && !d.stopped():
		d.err = fmt.Errorf("cpu: %s with memory that was never allocated: %w", what, device.ErrOutOfMemory)
	}
	if d.closed {
		return device.ErrClosed
	}
	return d.err
}

func (d *cpu) Launch(k device.Kernel) {
	k = kernels.Pointer(k)
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return
	}
	var allocated bool
	if d.ops, allocated = device.Check(d, k, d.ops); d.err != nil {
		return
	}
	if !allocated {
		d.err = fmt.Errorf("cpu: %s with memory that was never allocated: %w", k.Name(), device.ErrOutOfMemory)
		return
	}
	d.run(k)
}

func (d *cpu) Sync() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.report()
}

func (d *cpu) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil
	}
	err := d.report()
	d.closed = true
	d.pool.Close()
	return err
}
