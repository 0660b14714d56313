package gpu

import (
	"cmp"
	"errors"
	"fmt"
	"sync"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/internal/pool"
	"github.com/keisan-go/keisan/kernels"
)

// New returns the device that a driver drives. Closing it closes the driver.
func New(driver Driver) device.Device { return open(driver) }

func open(driver Driver) *gpu {
	d := &gpu{driver: driver, limits: driver.Limits()}
	d.name = d.limits.Info.Name
	d.class = classOf(d.limits)
	d.programs = programs{driver: driver, class: d.class}
	d.memory = memory{d: d}
	d.pool = pool.New(d, &d.memory)
	return d
}

// gpu is the device.
type gpu struct {
	mu     sync.Mutex
	name   string
	driver Driver
	limits Limits
	class  class
	pool   *pool.Pool
	memory memory
	err    error // the failure that stopped the queue, until it is reported
	closed bool

	programs programs
	call     call             // the launch that is being put together
	scratch  scratch          // memory that kernels need for themselves
	ops      []device.Operand // scratch memory for device.Check
}

func (d *gpu) Name() string { return d.name }

func (d *gpu) Info() device.Info {
	d.mu.Lock()
	defer d.mu.Unlock()
	i := d.limits.Info
	i.InUse, i.Allocs = d.pool.InUse(), d.pool.Allocs()
	return i
}

// stopped tells whether the queue is stopped, as it is for ever once the device is closed.
func (d *gpu) stopped() bool { return d.err != nil || d.closed }

// fail stops the queue, unless it is stopped.
func (d *gpu) fail(what string, err error) {
	if err != nil && d.err == nil {
		d.err = fmt.Errorf("%s: %s: %w", d.name, what, err)
	}
}

// report is the failure to report, once, unless the device is lost.
func (d *gpu) report() error {
	if d.closed {
		return fmt.Errorf("%s: %w", d.name, device.ErrClosed)
	}
	err := d.err
	if !errors.Is(err, ErrLost) {
		d.err = nil
	}
	return err
}

func (d *gpu) Alloc(t device.DType, n int) device.Slice {
	if n < 0 {
		device.Panicf("%s: Alloc of %d elements, want 0 or more", d.name, n)
	}
	if t != device.Float32 && t != device.Float64 && t != device.Int32 {
		device.Panicf("%s: Alloc of %v, want float32, float64 or int32", d.name, t)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.stopped() {
		return d.pool.Dead(t, n)
	}
	s, err := d.pool.Alloc(t, n)
	if err != nil {
		d.err = fmt.Errorf("%s: allocating %w", d.name, err)
	}
	return s
}

func (d *gpu) Free(s device.Slice) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.closed {
		d.pool.Free(s)
	}
}

func (d *gpu) Upload(dst device.Slice, src []byte) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.transfer("Upload", dst, len(src)) == nil && len(src) > 0 {
		d.fail("Upload", d.driver.Upload(bufferOf(dst), offset(dst), src))
	}
}

func (d *gpu) Download(dst []byte, src device.Slice) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.transfer("Download", src, len(dst)) == nil {
		if len(dst) > 0 {
			d.fail("Download", d.driver.Download(dst, bufferOf(src), offset(src)))
		} else {
			d.fail("Download", d.driver.Sync())
		}
	}
	return d.report()
}

// transfer panics with a Misuse unless n bytes are what s holds. It returns what stops the queue, if anything does.
func (d *gpu) transfer(what string, s device.Slice, n int) error {
	m := s.Memory()
	switch {
	case m == nil:
		if n != 0 {
			device.Panicf("%s: %s of %d bytes and the zero Slice", d.name, what, n)
		}
	case m.Device != device.Device(d):
		device.Panicf("%s: %s with memory of another device, %s", d.name, what, m.Device.Name())
	case m.Freed && !d.closed:
		device.Panicf("%s: %s with memory that was freed", d.name, what)
	case n != s.Len()*m.Type.Size():
		device.Panicf("%s: %s of %d bytes and %d elements of %v, which are %d bytes",
			d.name, what, n, s.Len(), m.Type, s.Len()*m.Type.Size())
	case m.Handle == nil && !d.stopped():
		d.fail(what+" with memory that was never allocated", device.ErrOutOfMemory)
	}
	if d.closed {
		return device.ErrClosed
	}
	return d.err
}

func (d *gpu) Launch(k device.Kernel) {
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
	switch {
	case !allocated:
		d.fail(k.Name()+" with memory that was never allocated", device.ErrOutOfMemory)
	case !d.limits.Info.Float64 && uses(d.ops, device.Float64):
		d.fail(k.Name(), errors.New("the device does not compute in float64"))
	default:
		d.run(k)
	}
}

// uses tells whether an operand has this type.
func uses(ops []device.Operand, t device.DType) bool {
	for i := range ops {
		if ops[i].Type() == t {
			return true
		}
	}
	return false
}

func (d *gpu) Sync() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.sync()
	return d.report()
}

// sync waits for the queue, even for one that is stopped.
func (d *gpu) sync() {
	if !d.closed {
		d.fail("Sync", d.driver.Sync())
	}
}

func (d *gpu) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.closed {
		return nil
	}
	d.sync()
	err := d.report()
	d.closed = true
	d.pool.Close()
	d.scratch.release(d)
	d.programs.release()
	return cmp.Or(err, d.driver.Close())
}
