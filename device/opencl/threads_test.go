//go:build opencl

package opencl_test

import (
	"runtime"
	"slices"
	"testing"

	"github.com/keisan-go/keisan/device/devicetest"
	"github.com/keisan-go/keisan/device/internal/gpu"
	"github.com/keisan-go/keisan/device/opencl"
)

// threaded is a driver whose calls on makes, each on an operating system's thread of its choice.
type threaded struct {
	gpu.Driver
	on func(call func())
}

func (d *threaded) Alloc(bytes int64) (b gpu.Buffer, err error) {
	d.on(func() { b, err = d.Driver.Alloc(bytes) })
	return b, err
}

func (d *threaded) Free(b gpu.Buffer) { d.on(func() { d.Driver.Free(b) }) }

func (d *threaded) Clear(b gpu.Buffer, bytes int64) (err error) {
	d.on(func() { err = d.Driver.Clear(b, bytes) })
	return err
}

func (d *threaded) Upload(dst gpu.Buffer, offset int64, src []byte) (err error) {
	d.on(func() { err = d.Driver.Upload(dst, offset, src) })
	return err
}

func (d *threaded) Download(dst []byte, src gpu.Buffer, offset int64) (err error) {
	d.on(func() { err = d.Driver.Download(dst, src, offset) })
	return err
}

func (d *threaded) Compile(defines, source string) (p gpu.Program, err error) {
	d.on(func() { p, err = d.Driver.Compile(defines, source) })
	return &threadedProgram{p, d.on}, err
}

func (d *threaded) Launch(f gpu.Function, groups, items [2]int, args []gpu.Arg) (err error) {
	d.on(func() { err = d.Driver.Launch(f, groups, items, args) })
	return err
}

func (d *threaded) Sync() (err error) {
	d.on(func() { err = d.Driver.Sync() })
	return err
}

func (d *threaded) Close() (err error) {
	d.on(func() { err = d.Driver.Close() })
	return err
}

type threadedProgram struct {
	gpu.Program
	on func(call func())
}

func (p *threadedProgram) Function(name string) (f gpu.Function, err error) {
	p.on(func() { f, err = p.Program.Function(name) })
	return f, err
}

func (p *threadedProgram) Release() { p.on(p.Program.Release) }

// anew makes a call on a thread that was never used before and never is again.
func anew(call func()) {
	done := make(chan bool)
	go func() {
		runtime.LockOSThread() // and ends with it
		defer close(done)
		call()
	}()
	<-done
}

// TestThreads trains with each call to the driver on another of the operating system's threads: to the bit what it is on
// any.
func TestThreads(t *testing.T) {
	devicetest.Require(t, first)
	want, err := train(open(t))
	if err != nil {
		t.Fatal(err)
	}
	var driver gpu.Driver
	anew(func() { driver, err = opencl.OpenDriver("") })
	if err != nil {
		t.Fatal(err)
	}
	d := gpu.New(&threaded{driver, anew})
	if got, err := train(d); err != nil || !slices.Equal(got, want) {
		t.Errorf("losses %v, %v, want %v", got, err, want)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}
