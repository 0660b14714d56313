// Package cpu runs kernels on the processor, in Go and, where there is some for it, assembly. A program that imports it
// can open the device "cpu".
//
// Launch runs the kernel before it returns, on as many goroutines as GOMAXPROCS allows where the work is worth it. Those
// that helped wait for more work for 0.1 ms, busily, as to wake a processor takes as long, and end then. No result depends
// on how many there are. The environment variable KEISAN_CPU chooses the instructions: see package gemm.
package cpu

import (
	"runtime"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/cpu/gemm"
	"github.com/keisan-go/keisan/device/cpu/internal/par"
	"github.com/keisan-go/keisan/device/internal/queue"
)

func init() { device.Register(backend{}) }

type backend struct{}

func (backend) Name() string { return "cpu" }

func (backend) List() []device.Info {
	if err := gemm.Err(); err != nil {
		return []device.Info{{Name: "cpu", Kind: device.CPU, Unavailable: err.Error()}}
	}
	return []device.Info{info()}
}

func (backend) Open(int) (device.Device, error) {
	return queue.New(&cpu{host: host{limit: memory()}, code32: codeOf[float32](), code64: codeOf[float64]()}), nil
}

func info() device.Info {
	return device.Info{
		Name:    "cpu",
		Kind:    device.CPU,
		Model:   model(),
		Driver:  runtime.Version() + " " + runtime.GOARCH + " " + gemm.Kernel(),
		Units:   runtime.GOMAXPROCS(0),
		Memory:  memory(),
		Float64: true,
	}
}

// cpu is the engine. It does its work at once.
type cpu struct {
	host
	code32, code64 *code
	team           par.Team
	relay          par.Relay
	moving         moving
	f32            scratch[float32]
	f64            scratch[float64]
}

func (d *cpu) Info() device.Info { return info() }

func (d *cpu) Upload(dst device.Slice, src []byte) error {
	d.move(hostBytes(dst)[:len(src)], src)
	return nil
}

func (d *cpu) Download(dst []byte, src device.Slice) error {
	d.move(dst, hostBytes(src))
	return nil
}

func (d *cpu) Sync() error { return nil }

func (d *cpu) Close() error { return nil }
