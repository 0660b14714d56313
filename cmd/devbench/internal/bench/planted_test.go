package bench

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/keisan-go/keisan/cmd/devbench/internal/cases"
	"github.com/keisan-go/keisan/device"
	_ "github.com/keisan-go/keisan/device/cpu"
	"github.com/keisan-go/keisan/kernels"
)

// A fakeClock goes on only when a planted device works.
type fakeClock struct{ now time.Duration }

func (c *fakeClock) clock() Clock {
	return Clock{Now: func() time.Duration { return c.now }, Resolution: 50 * time.Nanosecond}
}

// A planted device computes as the CPU does, takes the time that it is told to, and has the faults that it is given.
type planted struct {
	device.Device
	clock *fakeClock
	info  device.Info

	launches int
	allocs   int
	takes    func(launch int, k device.Kernel) time.Duration
	spoil    func(k device.Kernel) // after the kernel
	before   func(launch int)
	err      error // what Sync reports
	lost     error // and for ever
	log      *[]string
}

func plant(t *testing.T, clock *fakeClock, name string) *planted {
	t.Helper()
	d, err := device.Open("cpu")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return &planted{
		Device: d, clock: clock,
		info:  device.Info{Name: name, Kind: device.GPU, Memory: 1 << 20, Float64: true},
		takes: func(int, device.Kernel) time.Duration { return 100 * time.Microsecond },
	}
}

func (d *planted) Name() string { return d.info.Name }

func (d *planted) Info() device.Info {
	i := d.info
	i.InUse = d.Device.Info().InUse
	return i
}

func (d *planted) Alloc(t device.DType, n int) device.Slice {
	d.allocs++
	return d.Device.Alloc(t, n)
}

func (d *planted) Launch(k device.Kernel) {
	d.launches++
	if d.before != nil {
		d.before(d.launches)
	}
	if d.log != nil {
		*d.log = append(*d.log, fmt.Sprintf("%s %s", d.info.Name, k.Name()))
	}
	d.Device.Launch(k)
	d.clock.now += d.takes(d.launches, k)
	if d.spoil != nil {
		d.spoil(k)
	}
}

func (d *planted) Upload(dst device.Slice, src []byte) {
	d.Device.Upload(dst, src)
	d.clock.now += 10 * time.Microsecond
}

func (d *planted) Download(dst []byte, src device.Slice) error {
	d.clock.now += 10 * time.Microsecond
	if err := d.Sync(); err != nil {
		return err
	}
	return d.Device.Download(dst, src)
}

func (d *planted) Sync() error {
	if d.lost != nil {
		return d.lost
	}
	if err := d.err; err != nil {
		d.err = nil
		return err
	}
	return d.Device.Sync()
}

// set makes an element of an array wrong.
func (d *planted) set(a device.Array, i int, v float32) {
	d.Device.Upload(a.Slice.Slice(i, i+1), device.Bytes([]float32{v}))
}

// planOf is a short plan for planted devices.
func planOf(t *testing.T, clock *fakeClock, args string, ds ...device.Device) *Plan {
	t.Helper()
	p := &Plan{DTypes: []device.DType{device.Float32}, Time: 20 * time.Millisecond, Seed: 1, Clock: clock.clock()}
	for _, d := range ds {
		p.Devices = append(p.Devices, &Entry{Name: d.Name(), Device: d})
	}
	for _, arg := range splitArgs(args) {
		cs, err := cases.Parse(arg)
		if err != nil {
			t.Fatal(err)
		}
		p.Cases = append(p.Cases, cs...)
	}
	return p
}

// product is the operand that a MatMul writes.
func product(k device.Kernel) (device.Array, bool) {
	m, ok := kernels.Pointer(k).(*kernels.MatMul)
	if !ok {
		return device.Array{}, false
	}
	return m.C, true
}

var nan = float32(math.NaN())
