package gpu

import (
	"errors"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/internal/queue"
)

// New returns the device that a driver drives. Closing it closes the driver.
func New(driver Driver) device.Device {
	limits := driver.Limits()
	class := classOf(limits)
	return queue.New(&gpu{
		memory:   memory{driver: driver, limits: limits},
		class:    class,
		programs: programs{driver: driver, class: class},
	})
}

// gpu is the engine.
type gpu struct {
	memory
	class    class
	programs programs
	scratch  scratch // memory that products need for themselves
	work     scratch // and kernels that are made of products, as room
	room     device.Memory

	// What Run is at. The device has one call, so that a launch allocates nothing.
	call    call
	product Product // for a Multiplier
	flush   func()
	err     error // why the rest of the kernel is not queued
	ops     []device.Operand
}

func (d *gpu) Info() device.Info { return d.limits.Info }

func (d *gpu) Upload(dst device.Slice, src []byte) error {
	return d.driver.Upload(bufferOf(dst), offset(dst), src)
}

func (d *gpu) Run(k device.Kernel, flush func()) error {
	if !d.limits.Info.Float64 && d.usesFloat64(k) {
		return errors.New("the device does not compute in float64")
	}
	d.flush, d.err = flush, nil
	d.launch(k)
	return d.err
}

func (d *gpu) usesFloat64(k device.Kernel) bool {
	d.ops = k.Operands(d.ops[:0])
	for i := range d.ops {
		if d.ops[i].Type() == device.Float64 {
			return true
		}
	}
	return false
}

// fail leaves the rest of a kernel undone.
func (d *gpu) fail(err error) {
	if d.err == nil {
		d.err = err
	}
}

func (d *gpu) Download(dst []byte, src device.Slice) error {
	return d.driver.Download(dst, bufferOf(src), offset(src))
}

func (d *gpu) Sync() error { return d.driver.Sync() }

func (d *gpu) Close() error {
	d.scratch.release(d)
	d.work.release(d)
	d.programs.release()
	return d.driver.Close()
}
