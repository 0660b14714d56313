// Package gputest is drivers to test package gpu and its drivers with: one that watches another and makes it fail, and one
// that computes nothing.
package gputest

import (
	"errors"
	"fmt"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/internal/gpu"
)

// A Watch is a driver that passes on what another does, counts it and, when asked, lets calls fail.
type Watch struct {
	gpu.Driver
	Calls    int // of everything that can fail
	Launches int
	Moved    int64 // bytes uploaded and downloaded
	Buffers  int   // not freed yet
	Programs int   // not released yet
	Closed   int

	From, Until int   // calls from this number on, counting from 1, and before that fail
	Err         error // with this; ErrInjected if nil
	Failed      int   // how many did
	Allocs      int   // how many of them were for memory, which a device asks for twice
}

// ErrInjected is what calls fail with.
var ErrInjected = errors.New("injected")

// call counts a call and tells whether it fails.
func (w *Watch) call(what string) error {
	w.Calls++
	if w.Calls < w.From || w.Calls >= w.Until {
		return nil
	}
	w.Failed++
	if w.Err != nil {
		return fmt.Errorf("call %d, %s: %w", w.Calls, what, w.Err)
	}
	return fmt.Errorf("call %d, %s: %w", w.Calls, what, ErrInjected)
}

func (w *Watch) Alloc(bytes int64) (gpu.Buffer, error) {
	if err := w.call("Alloc"); err != nil {
		w.Allocs++
		return nil, fmt.Errorf("%w: %w", device.ErrOutOfMemory, err)
	}
	b, err := w.Driver.Alloc(bytes)
	if err == nil {
		w.Buffers++
	}
	return b, err
}

func (w *Watch) Free(b gpu.Buffer) {
	w.Buffers--
	w.Driver.Free(b)
}

func (w *Watch) Clear(b gpu.Buffer, bytes int64) error {
	if err := w.call("Clear"); err != nil {
		w.Allocs++
		return err
	}
	return w.Driver.Clear(b, bytes)
}

func (w *Watch) Upload(dst gpu.Buffer, offset int64, src []byte) error {
	if err := w.call("Upload"); err != nil {
		return err
	}
	w.Moved += int64(len(src))
	return w.Driver.Upload(dst, offset, src)
}

func (w *Watch) Download(dst []byte, src gpu.Buffer, offset int64) error {
	if err := w.call("Download"); err != nil {
		return err
	}
	w.Moved += int64(len(dst))
	return w.Driver.Download(dst, src, offset)
}

func (w *Watch) Compile(defines, source string) (gpu.Program, error) {
	if err := w.call("Compile"); err != nil {
		return nil, err
	}
	p, err := w.Driver.Compile(defines, source)
	if err != nil {
		return nil, err
	}
	w.Programs++
	return &program{p, w}, nil
}

type program struct {
	gpu.Program
	w *Watch
}

func (p *program) Function(name string) (gpu.Function, error) {
	if err := p.w.call("Function"); err != nil {
		return nil, err
	}
	return p.Program.Function(name)
}

func (p *program) Release() {
	p.w.Programs--
	p.Program.Release()
}

func (w *Watch) Launch(f gpu.Function, groups, items [2]int, args []gpu.Arg) error {
	if err := w.call("Launch"); err != nil {
		return err
	}
	w.Launches++
	return w.Driver.Launch(f, groups, items, args)
}

func (w *Watch) Sync() error { return errors.Join(w.call("Sync"), w.Driver.Sync()) }

func (w *Watch) Close() error {
	w.Closed++
	return w.Driver.Close()
}

// Idle is a driver that computes nothing. Its memory is never anything but zero.
type Idle struct{ L gpu.Limits }

type nothing struct{}

func (nothing) Arg() gpu.Arg                          { return gpu.Arg{Size: 8} }
func (nothing) Function(string) (gpu.Function, error) { return nil, nil }
func (nothing) Release()                              {}

func (i Idle) Limits() gpu.Limits                                 { return i.L }
func (Idle) Alloc(int64) (gpu.Buffer, error)                      { return nothing{}, nil }
func (Idle) Free(gpu.Buffer)                                      {}
func (Idle) Clear(gpu.Buffer, int64) error                        { return nil }
func (Idle) Upload(gpu.Buffer, int64, []byte) error               { return nil }
func (Idle) Download(dst []byte, _ gpu.Buffer, _ int64) error     { clear(dst); return nil }
func (Idle) Compile(string, string) (gpu.Program, error)          { return nothing{}, nil }
func (Idle) Launch(gpu.Function, [2]int, [2]int, []gpu.Arg) error { return nil }
func (Idle) Sync() error                                          { return nil }
func (Idle) Close() error                                         { return nil }
