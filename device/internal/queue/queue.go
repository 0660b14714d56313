// Package queue is what all devices have in common: a queue that stops at its first failure and reports it once, memory,
// and the checks that tell a mistake in the program from a failure of the device. What a device does with checked work
// is its Engine's affair.
package queue

import (
	"cmp"
	"errors"
	"fmt"
	"sync"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/internal/pool"
	"github.com/keisan-go/keisan/kernels"
)

// An Engine does a device's work. The queue calls it from one goroutine at a time, with slices that are allocated and
// as long as the bytes that go with them. An engine may return before the work is done; a failure then comes from a
// later call.
type Engine interface {
	pool.Source
	// Info describes the device; the queue fills in what is in use.
	Info() device.Info
	Upload(dst device.Slice, src []byte) error
	// Run does a kernel that was checked, given as a pointer to its struct. An engine that lacks memory of its own for it
	// may flush what was freed and is kept.
	Run(k device.Kernel, flush func()) error
	// Download waits for the work before it, and copies.
	Download(dst []byte, src device.Slice) error
	// Sync waits for all work.
	Sync() error
	Close() error
}

// ErrLost is wrapped by an engine's errors after which the device does not work any more.
var ErrLost = errors.New("the device is lost; open it again")

// New returns the device whose work an engine does. Closing it closes the engine.
func New(e Engine) device.Device {
	q := &queue{name: e.Info().Name, engine: e}
	q.pool = pool.New(q, e)
	q.flush = q.pool.Flush
	return q
}

type queue struct {
	mu     sync.Mutex
	name   string
	engine Engine
	pool   *pool.Pool
	flush  func()           // the pool's
	ops    []device.Operand // scratch memory for device.Check
	err    error            // the failure that stopped the queue, until it is reported
	closed bool
}

func (q *queue) Name() string { return q.name }

func (q *queue) Info() device.Info {
	q.mu.Lock()
	defer q.mu.Unlock()
	info := q.engine.Info()
	info.InUse, info.Allocs = q.pool.InUse(), q.pool.Allocs()
	return info
}

// stopped tells whether the queue is stopped, as it is for ever once the device is closed.
func (q *queue) stopped() bool { return q.err != nil || q.closed }

// fail stops the queue at an error, unless it is stopped already.
func (q *queue) fail(what string, err error) {
	if err != nil && q.err == nil {
		q.err = fmt.Errorf("%s: %s: %w", q.name, what, err)
	}
}

// report is the failure to report, once, unless the device is lost.
func (q *queue) report() error {
	if q.closed {
		return fmt.Errorf("%s: %w", q.name, device.ErrClosed)
	}
	err := q.err
	if !errors.Is(err, ErrLost) {
		q.err = nil
	}
	return err
}

func (q *queue) Alloc(t device.DType, n int) device.Slice {
	if n < 0 {
		device.Panicf("%s: Alloc of %d elements, want 0 or more", q.name, n)
	}
	if t != device.Float32 && t != device.Float64 && t != device.Int32 {
		device.Panicf("%s: Alloc of %v, want float32, float64 or int32", q.name, t)
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.stopped() {
		return q.pool.Dead(t, n)
	}
	s, err := q.pool.Alloc(t, n)
	q.fail("Alloc", err)
	return s
}

func (q *queue) Free(s device.Slice) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed {
		q.pool.Free(s)
	}
}

func (q *queue) Upload(dst device.Slice, src []byte) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ready("Upload", dst, len(src)) {
		q.fail("Upload", q.engine.Upload(dst, src))
	}
}

func (q *queue) Download(dst []byte, src device.Slice) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ready("Download", src, len(dst)) {
		q.fail("Download", q.engine.Download(dst, src))
	} else if !q.closed {
		q.fail("Download", q.engine.Sync())
	}
	return q.report()
}

// ready tells whether n bytes can be copied to or from s: whether there are any and the queue is not stopped. It panics
// with a Misuse unless n bytes are what s holds.
func (q *queue) ready(what string, s device.Slice, n int) bool {
	m := s.Memory()
	switch {
	case m == nil:
		if n != 0 {
			device.Panicf("%s: %s of %d bytes and the zero Slice", q.name, what, n)
		}
	case m.Device != device.Device(q):
		device.Panicf("%s: %s with memory of another device, %s", q.name, what, m.Device.Name())
	case m.Freed && !q.closed:
		device.Panicf("%s: %s with memory that was freed", q.name, what)
	case n != s.Len()*m.Type.Size():
		device.Panicf("%s: %s of %d bytes and %d elements of %v, which are %d bytes",
			q.name, what, n, s.Len(), m.Type, s.Len()*m.Type.Size())
	case m.Handle == nil && !q.stopped():
		q.fail(what, errNeverAllocated)
	}
	return !q.stopped() && n > 0
}

var errNeverAllocated = fmt.Errorf("the memory was never allocated: %w", device.ErrOutOfMemory)

func (q *queue) Launch(k device.Kernel) {
	if k == nil {
		device.Panicf("%s: Launch of nil, want a kernel", q.name)
	}
	k = kernels.Pointer(k)
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return
	}
	var allocated bool
	q.ops, allocated = device.Check(q, k, q.ops)
	switch {
	case q.stopped():
	case !allocated:
		q.fail(k.Name(), errNeverAllocated)
	default:
		if err := q.engine.Run(k, q.flush); err != nil {
			q.fail(k.Name(), err) // the name alone would copy the kernel's struct
		}
	}
}

func (q *queue) Sync() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed {
		q.fail("Sync", q.engine.Sync()) // waits even where it is stopped
	}
	return q.report()
}

func (q *queue) Close() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return nil
	}
	q.fail("Close", q.engine.Sync())
	err := q.report()
	q.closed = true
	q.pool.Close()
	return cmp.Or(err, q.engine.Close())
}
