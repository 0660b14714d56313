package device_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/keisan-go/keisan/device"
	_ "github.com/keisan-go/keisan/device/all"
)

// stub is a backend with devices that are nothing but a name.
type stub struct {
	name    string
	devices []device.Info
}

func (b stub) Name() string                          { return b.name }
func (b stub) List() []device.Info                   { return b.devices }
func (b stub) Open(index int) (device.Device, error) { return named{b.devices[index].Name}, nil }

// named is a device that can only tell its name.
type named struct{ name string }

func (d named) Name() string                       { return d.name }
func (named) Info() device.Info                    { panic("not here") }
func (named) Alloc(device.DType, int) device.Slice { panic("not here") }
func (named) Free(device.Slice)                    { panic("not here") }
func (named) Upload(device.Slice, []byte)          { panic("not here") }
func (named) Launch(device.Kernel)                 { panic("not here") }
func (named) Download([]byte, device.Slice) error  { panic("not here") }
func (named) Sync() error                          { panic("not here") }
func (named) Close() error                         { return nil }

var (
	processor = stub{"cpu", []device.Info{{Name: "cpu", Kind: device.CPU}}}
	noGPU     = stub{"cuda", []device.Info{{Name: "cuda", Unavailable: "there is no driver"}}}
	gpus      = stub{"opencl", []device.Info{
		{Name: "opencl:0", Kind: device.CPU},
		{Name: "opencl:1", Kind: device.GPU, Unavailable: "it has no compiler"},
		{Name: "opencl:2", Kind: device.GPU}}}
)

func TestOpen(t *testing.T) {
	for _, c := range []struct {
		spec, env  string
		backends   []device.Backend
		name, fail string // what is opened, or else the error
	}{
		{spec: "cpu", name: "cpu"},
		{spec: "cpu:0", name: "cpu"},
		{spec: "opencl", name: "opencl:0"},
		{spec: "opencl:2", name: "opencl:2"},
		{spec: "", name: "opencl:2"},
		{spec: "", backends: []device.Backend{processor, noGPU}, name: "cpu"},
		{spec: "", backends: []device.Backend{noGPU}, fail: `device "cpu": there is no such backend; want one of cuda`},
		{spec: "", backends: []device.Backend{}, fail: `device "cpu": no backend is built in: import _ "github.com/keisan-go/keisan/device/all"`},
		{spec: "", env: "cpu", name: "cpu"},
		{spec: "", env: "tpu", fail: `device "tpu" (from KEISAN_DEVICE): there is no such backend; want one of cpu, cuda, opencl:0, opencl:1, opencl:2`},
		{spec: "cpu", env: "tpu", name: "cpu"},
		{spec: "gpu", fail: `device "gpu": there is no such backend; want one of cpu, cuda, opencl:0, opencl:1, opencl:2`},
		{spec: " cpu", fail: `device " cpu": there is no such backend; want one of cpu, cuda, opencl:0, opencl:1, opencl:2`},
		{spec: "CPU", fail: `device "CPU": there is no such backend; want one of cpu, cuda, opencl:0, opencl:1, opencl:2`},
		{spec: ":0", fail: `device ":0": there is no such backend; want one of cpu, cuda, opencl:0, opencl:1, opencl:2`},
		{spec: "cpu:1", fail: `device "cpu:1": there is no such device; cpu has cpu`},
		{spec: "opencl:3", fail: `device "opencl:3": there is no such device; opencl has opencl:0, opencl:1, opencl:2`},
		{spec: "cpu:99999999999999999999", fail: `device "cpu:99999999999999999999": the number after "cpu:" is "99999999999999999999", want a number from 0 on`},
		{spec: "cpu:x", fail: `device "cpu:x": the number after "cpu:" is "x", want a number from 0 on`},
		{spec: "cpu:-1", fail: `device "cpu:-1": the number after "cpu:" is "-1", want a number from 0 on`},
		{spec: "cpu:01", fail: `device "cpu:01": the number after "cpu:" is "01", want a number from 0 on`},
		{spec: "cpu:", fail: `device "cpu:": the number after "cpu:" is "", want a number from 0 on`},
		{spec: "cpu:0:0", fail: `device "cpu:0:0": the number after "cpu:" is "0:0", want a number from 0 on`},
		{spec: "cuda", fail: `device "cuda": there is no driver`},
		{spec: "opencl:1", fail: `device "opencl:1": it has no compiler`},
	} {
		if c.backends == nil {
			c.backends = []device.Backend{processor, noGPU, gpus}
		}
		t.Run(fmt.Sprintf("%q,%q", c.spec, c.env), func(t *testing.T) {
			t.Setenv("KEISAN_DEVICE", c.env)
			t.Setenv("KEISAN_DEBUG", "")
			defer device.SwapBackends(c.backends...)()
			d, err := device.Open(c.spec)
			switch {
			case c.fail != "":
				if err == nil || err.Error() != c.fail {
					t.Errorf("the error is %v\nwant %s", err, c.fail)
				}
			case err != nil:
				t.Error(err)
			case d.Name() != c.name:
				t.Errorf("it opens %s, want %s", d.Name(), c.name)
			}
		})
	}
}

// TestList finds all backends, and the reasons of those without a device.
func TestList(t *testing.T) {
	infos := device.List()
	for _, backend := range []string{"cpu", "cuda", "opencl"} {
		if !slices.ContainsFunc(infos, func(i device.Info) bool { return strings.HasPrefix(i.Name, backend) }) {
			t.Errorf("List does not have %s", backend)
		}
	}
	for _, i := range infos {
		d, err := device.Open(i.Name)
		switch {
		case i.Unavailable == "" && err != nil:
			t.Errorf("List has %s, but: %v", i.Name, err)
		case i.Unavailable == "":
			if d.Name() != i.Name {
				t.Errorf("List has %s, Open gives %s", i.Name, d.Name())
			}
			d.Close()
		case err == nil || !strings.Contains(err.Error(), i.Unavailable):
			t.Errorf("%s is unavailable: %s; but Open says %v", i.Name, i.Unavailable, err)
		}
	}
}

func TestRegister(t *testing.T) {
	defer device.SwapBackends()()
	for _, b := range []stub{gpus, processor, noGPU} {
		device.Register(b)
	}
	var names []string
	for _, i := range device.List() {
		names = append(names, i.Name)
	}
	if want := []string{"cpu", "cuda", "opencl:0", "opencl:1", "opencl:2"}; !slices.Equal(names, want) {
		t.Errorf("List has %v, want %v", names, want)
	}
	wantMisuse(t, `device: backend "cpu" registered twice`, func() { device.Register(processor) })
}

// TestDebugger opens devices through a debugger, through none where one is asked for, and registers two.
func TestDebugger(t *testing.T) {
	defer device.SwapBackends(processor)()
	defer device.NoDebugger()()
	t.Setenv("KEISAN_DEBUG", "mode")
	_, err := device.Open("cpu")
	if want := `device "cpu": KEISAN_DEBUG is "mode", but no debugger is built in: import _ "github.com/keisan-go/keisan/device/debug"`; err == nil || err.Error() != want {
		t.Errorf("without a debugger the error is %v\nwant %s", err, want)
	}
	var asked string
	debugger := func(spec, mode string, open func(string) (device.Device, error)) (device.Device, error) {
		d, err := open(spec)
		asked += fmt.Sprint(spec, " ", mode, " ", d.Name(), ";")
		return named{"debugged"}, err
	}
	device.RegisterDebugger(debugger)
	if d, err := device.Open("cpu"); err != nil || d.Name() != "debugged" {
		t.Errorf("Open gives %v, %v, want what the debugger returns", d, err)
	}
	t.Setenv("KEISAN_DEBUG", "")
	if d, err := device.Open("cpu"); err != nil || d.Name() != "cpu" || asked != "cpu mode cpu;" {
		t.Errorf("without KEISAN_DEBUG Open gives %v, %v; the debugger was asked for %q", d, err, asked)
	}
	wantMisuse(t, "device: two debuggers, want one", func() { device.RegisterDebugger(debugger) })
}

// wantMisuse fails unless f panics with a Misuse that has this message.
func wantMisuse(t *testing.T, message string, f func()) {
	t.Helper()
	defer func() {
		t.Helper()
		r := recover()
		if m, ok := r.(*device.Misuse); !ok || m.Error() != message {
			t.Errorf("panic: %v\nwant a Misuse: %s", r, message)
		}
	}()
	f()
}

// FuzzOpen opens devices by any name: it must never panic, and an error must name what was asked for.
func FuzzOpen(f *testing.F) {
	for _, spec := range []string{"cpu", "cpu:0", "cpu:1", "cpu:x", "gpu", " cpu", "cuda", "opencl:0", "cpu:\x00", "cpu:٣", "cpu:+0", "\xff"} {
		f.Add(spec)
	}
	f.Fuzz(func(t *testing.T, spec string) {
		if spec == "" {
			return // the environment's affair
		}
		d, err := device.Open(spec)
		if err != nil {
			if !strings.HasPrefix(err.Error(), fmt.Sprintf("device %q: ", spec)) {
				t.Errorf("Open(%q): %v", spec, err)
			}
			return
		}
		if backend, _, _ := strings.Cut(spec, ":"); !strings.HasPrefix(d.Name(), backend) {
			t.Errorf("Open(%q) opens %s", spec, d.Name())
		}
		if err := errors.Join(d.Sync(), d.Close()); err != nil {
			t.Errorf("Open(%q): %v", spec, err)
		}
	})
}
