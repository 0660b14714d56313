package queue_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/internal/queue"
	"github.com/keisan-go/keisan/kernels"
)

// engine is an engine without memory, whose next call to one of its methods fails.
type engine struct {
	fails  string
	err    error
	calls  int // of Run
	held   int // handles
	syncs  int
	closed int
	needs  bool // flush before Run
}

func (e *engine) call(what string) error {
	if what != e.fails {
		return nil
	}
	e.fails = ""
	return e.err
}

func (e *engine) Info() device.Info { return device.Info{Name: "test:0"} }

func (e *engine) New(device.DType, int) (any, error) {
	if err := e.call("New"); err != nil {
		return nil, err
	}
	e.held++
	return e, nil
}

func (e *engine) Clear(any) error                             { return e.call("Clear") }
func (e *engine) Delete(any)                                  { e.held-- }
func (e *engine) Upload(dst device.Slice, src []byte) error   { return e.call("Upload") }
func (e *engine) Download(dst []byte, src device.Slice) error { return e.call("Download") }
func (e *engine) Sync() error                                 { e.syncs++; return e.call("Sync") }
func (e *engine) Close() error                                { e.closed++; return e.call("Close") }

func (e *engine) Run(k device.Kernel, flush func()) error {
	e.calls++
	if e.needs {
		flush()
	}
	return e.call("Run")
}

var errTest = errors.New("out of order")

// use makes each call once.
func use(d device.Device) error {
	s := d.Alloc(device.Float32, 3)
	defer d.Free(s)
	d.Upload(s, make([]byte, 12))
	d.Launch(kernels.Fill{Dst: device.Array{Slice: s, Shape: []int{3}}})
	return errors.Join(d.Download(make([]byte, 12), s), d.Sync())
}

// TestFailure reports the failure of any of the engine's calls once, under its name; nothing is done before that, and all
// after it.
func TestFailure(t *testing.T) {
	for call, name := range map[string]string{"Upload": "Upload", "Run": "Fill", "Download": "Download", "Sync": "Sync"} {
		e := &engine{fails: call, err: errTest}
		d := queue.New(e)
		err := use(d)
		if want := fmt.Sprintf("test:0: %s: %v", name, errTest); err == nil || err.Error() != want {
			t.Errorf("%s fails: %v, want %s", call, err, want)
		}
		if done := e.calls; (call == "Upload") != (done == 0) {
			t.Errorf("%s fails: %d kernels run", call, done)
		}
		if err := use(d); err != nil {
			t.Errorf("after %s failed and that was reported: %v", call, err)
		}
		if err := d.Close(); err != nil || e.held != 0 || e.closed != 1 {
			t.Errorf("Close: %v; %d handles, %d closings", err, e.held, e.closed)
		}
	}
}

// TestFirst reports the first of two failures.
func TestFirst(t *testing.T) {
	e := &engine{fails: "Upload", err: errTest}
	d := queue.New(e)
	s := d.Alloc(device.Float32, 1)
	d.Upload(s, make([]byte, 4))
	e.fails, e.err = "Sync", errors.New("later")
	if err := d.Sync(); !errors.Is(err, errTest) || errors.Is(err, e.err) {
		t.Errorf("%v, want %v alone", err, errTest)
	}
	if err := d.Sync(); err != nil {
		t.Errorf("reported twice: %v", err)
	}
}

// TestLost reports for ever that the device is lost.
func TestLost(t *testing.T) {
	e := &engine{fails: "Run", err: fmt.Errorf("%w: code 999", queue.ErrLost)}
	d := queue.New(e)
	for range 3 {
		if err := use(d); !errors.Is(err, queue.ErrLost) {
			t.Errorf("%v, want that the device is lost", err)
		}
	}
	if e.calls != 1 {
		t.Errorf("%d kernels run, want that none follows the first", e.calls)
	}
	if err := d.Close(); !errors.Is(err, queue.ErrLost) || e.held != 0 || e.closed != 1 {
		t.Errorf("Close: %v; %d handles, %d closings", err, e.held, e.closed)
	}
	if err := d.Sync(); !errors.Is(err, device.ErrClosed) {
		t.Errorf("Sync after Close: %v, want %v", err, device.ErrClosed)
	}
}

// TestStopped gives no memory where the queue is stopped, and waits for its work all the same.
func TestStopped(t *testing.T) {
	e := &engine{fails: "Upload", err: device.ErrOutOfMemory}
	d := queue.New(e)
	d.Upload(d.Alloc(device.Float32, 1), make([]byte, 4))
	held := e.held
	if s := d.Alloc(device.Float32, 5); s.OK() || s.Len() != 5 || e.held != held {
		t.Errorf("Alloc on a stopped queue: OK %v, %d elements, %d handles more", s.OK(), s.Len(), e.held-held)
	}
	if err := d.Sync(); !errors.Is(err, device.ErrOutOfMemory) || e.syncs != 1 {
		t.Errorf("Sync: %v, after %d waits", err, e.syncs)
	}
	if s := d.Alloc(device.Float32, 5); !s.OK() {
		t.Error("after it was reported, Alloc still gives no memory")
	}
}

// TestFlush offers an engine what was freed and is kept.
func TestFlush(t *testing.T) {
	e := &engine{}
	d := queue.New(e)
	s, x := d.Alloc(device.Float32, 5), d.Alloc(device.Float32, 1)
	d.Free(s)
	k := kernels.Fill{Dst: device.Array{Slice: x, Shape: []int{1}}}
	d.Launch(k)
	if e.held != 2 {
		t.Errorf("%d handles before a flush, want 2", e.held)
	}
	e.needs = true
	d.Launch(k)
	if e.held != 1 {
		t.Errorf("%d handles after a flush, want 1", e.held)
	}
}
