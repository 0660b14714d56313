package devicetest

import (
	"bytes"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/keisan-go/keisan/device"
)

// TestAsynchronous has the suite look for faults in a device that is right but does its work later, as a GPU does.
func TestAsynchronous(t *testing.T) {
	l, err := newLab(func() (device.Device, error) {
		d, err := device.Open("cpu")
		return newAsynchronous(d), err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer l.d.Close()
	for _, g := range groups(l.types, true) {
		for _, c := range g.checks {
			if c.name == "allocations" {
				continue // which this device needs to keep what is queued
			}
			if err := c.try(l); err != nil {
				t.Errorf("%s/%s: %v", g.name, c.name, err)
			}
		}
	}
}

// asynchronous is a device before which uploads and launches queue up. Every other call waits for them.
type asynchronous struct {
	device.Device
	jobs   chan func()
	closed atomic.Bool
}

func newAsynchronous(d device.Device) *asynchronous {
	a := &asynchronous{Device: d, jobs: make(chan func(), 100)}
	go func() {
		for !a.closed.Load() {
			(<-a.jobs)()
		}
	}()
	return a
}

// wait waits for what is queued.
func (a *asynchronous) wait() {
	if !a.closed.Load() {
		done := make(chan bool)
		a.jobs <- func() { close(done) }
		<-done
	}
}

func (a *asynchronous) Upload(dst device.Slice, src []byte) {
	m := dst.Memory()
	if a.closed.Load() || m == nil || m.Device != a.Device || m.Freed || len(src) != dst.Len()*m.Type.Size() {
		a.Device.Upload(dst, src) // which is likely to panic
		return
	}
	src = bytes.Clone(src)
	a.jobs <- func() { a.Device.Upload(dst, src) }
}

func (a *asynchronous) Launch(k device.Kernel) {
	k = reflect.Indirect(reflect.ValueOf(k)).Interface().(device.Kernel) // a copy
	if known := slices.ContainsFunc(families, func(f family) bool { return f.kernel == k.Name() }); a.closed.Load() || !known {
		a.Device.Launch(k)
		return
	}
	device.Check(a.Device, k, nil)
	a.jobs <- func() { a.Device.Launch(k) }
}

func (a *asynchronous) Alloc(t device.DType, n int) device.Slice {
	a.wait()
	return a.Device.Alloc(t, n)
}

func (a *asynchronous) Free(s device.Slice) {
	a.wait()
	a.Device.Free(s)
}

func (a *asynchronous) Download(dst []byte, src device.Slice) error {
	a.wait()
	return a.Device.Download(dst, src)
}

func (a *asynchronous) Sync() error {
	a.wait()
	return a.Device.Sync()
}

func (a *asynchronous) Close() error {
	if !a.closed.Load() {
		done := make(chan bool)
		a.jobs <- func() { a.closed.Store(true); close(done) }
		<-done
	}
	return a.Device.Close()
}

// TestRequire asks for devices that there are and that there are not.
func TestRequire(t *testing.T) {
	for _, c := range []struct {
		spec, required string
		skip, fail     string
	}{
		{spec: "cpu"},
		{spec: "cpu", required: "cpu,tpu"},
		{spec: "cpu:1", skip: `device "cpu:1"`},
		{spec: "cpu:1", required: "cpu", fail: `KEISAN_REQUIRE has cpu: device "cpu:1"`},
		{spec: "tpu", skip: `device "tpu"`},
		{spec: "tpu", required: "opencl,cuda", skip: `device "tpu"`},
		{spec: "tpu", required: "opencl,tpu", fail: `KEISAN_REQUIRE has tpu: device "tpu"`},
		{spec: "tpu:3", required: "opencl,tpu", fail: `KEISAN_REQUIRE has tpu: device "tpu:3"`},
		{spec: "tp", required: "tpu", skip: `device "tp"`},
	} {
		t.Setenv("KEISAN_REQUIRE", c.required)
		r := &recorder{TB: t}
		done := make(chan func() (device.Device, error), 1)
		go func() {
			defer close(done)
			done <- Require(r, c.spec)
		}()
		open := <-done
		if !strings.HasPrefix(r.skipped, c.skip) || !strings.HasPrefix(r.failed, c.fail) || (r.skipped == "") != (c.skip == "") || (r.failed == "") != (c.fail == "") {
			t.Errorf("%s, of %q: skipped %q, failed %q; want %q, %q", c.spec, c.required, r.skipped, r.failed, c.skip, c.fail)
		}
		if c.skip != "" || c.fail != "" {
			continue
		}
		if d, err := open(); err != nil || d.Name() != "cpu" {
			t.Errorf("%s does not open: %v", c.spec, err)
		}
	}
}

// A recorder is a test that is skipped or fails without anybody else's notice.
type recorder struct {
	testing.TB
	skipped, failed string
}

func (r *recorder) Helper()          {}
func (r *recorder) Skip(args ...any) { r.skipped = fmt.Sprint(args...); runtime.Goexit() }
func (r *recorder) Fatalf(format string, args ...any) {
	r.failed = fmt.Sprintf(format, args...)
	runtime.Goexit()
}
