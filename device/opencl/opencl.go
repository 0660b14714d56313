//go:build opencl

// Package opencl runs kernels on whatever has an OpenCL driver: GPUs, and through PoCL any CPU. It is built in with the
// build tag opencl; without it there is a stub, which tells device.List so.
//
// The devices are numbered over all platforms, in the order in which the OpenCL loader tells them.
package opencl

import (
	"github.com/keisan-go/keisan/device/internal/lazy" // before the binding: see there

	"fmt"
	"strings"

	"github.com/jgillich/go-opencl/cl"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/internal/gpu"
)

func init() { device.Register(backend{}) }

type backend struct{}

func (backend) Name() string { return "opencl" }

func (backend) List() []device.Info {
	found, err := devices()
	if err != nil {
		return []device.Info{{Name: "opencl", Unavailable: err.Error()}}
	}
	infos := make([]device.Info, len(found))
	for i, f := range found {
		limits, err := f.limits(i)
		infos[i] = limits.Info
		if err != nil {
			infos[i].Unavailable = err.Error()
		}
	}
	return infos
}

func (backend) Open(index int) (device.Device, error) {
	found, err := devices()
	if err != nil {
		return nil, err
	}
	if index >= len(found) {
		return nil, fmt.Errorf("there are %d devices", len(found))
	}
	driver, err := open(found[index], index)
	if err != nil {
		return nil, err
	}
	return gpu.New(driver), nil
}

// A candidate is a device that a platform tells of.
type candidate struct {
	platform *cl.Platform
	device   *cl.Device
}

// devices is the devices of all platforms, or why there are none.
func devices() ([]candidate, error) {
	if err := lazy.OpenCL(); err != nil {
		return nil, fmt.Errorf("there is no OpenCL loader: %w; install ocl-icd-libopencl1, and with it a device's driver or, for the CPU, pocl-opencl-icd", err)
	}
	platforms, err := cl.GetPlatforms()
	if err != nil || len(platforms) == 0 {
		return nil, fmt.Errorf("the OpenCL loader finds no driver%s; install the device's or, for the CPU, pocl-opencl-icd", because(err))
	}
	var found []candidate
	for _, p := range platforms {
		devices, e := p.GetDevices(cl.DeviceTypeAll)
		if e != nil {
			err = e
		}
		for _, d := range devices {
			found = append(found, candidate{p, d})
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("OpenCL drivers are installed, but find no device%s", because(err))
	}
	return found, nil
}

func because(err error) string {
	if err == nil {
		return ""
	}
	return " (" + err.Error() + ")"
}

// limits describes the device. What the binding cannot find out it panics with; that becomes the error.
func (c candidate) limits(index int) (l gpu.Limits, err error) {
	l.Info.Name = fmt.Sprintf("opencl:%d", index)
	defer func() {
		if reason := recover(); reason != nil {
			err = fmt.Errorf("the driver does not describe the device: %v", reason)
		}
	}()
	d := c.device
	l.Info.Model = strings.TrimSpace(d.Name())
	l.Info.Vendor = strings.TrimSpace(d.Vendor())
	l.Info.Driver = strings.TrimSpace(c.platform.Name() + " " + d.DriverVersion())
	l.Info.Kind = device.CPU
	if d.Type()&cl.DeviceTypeGPU != 0 || d.Type()&cl.DeviceTypeCPU == 0 {
		l.Info.Kind = device.GPU // accelerators too: they are more like one
	}
	l.Info.Units = d.MaxComputeUnits()
	l.Info.Memory = d.GlobalMemSize()
	l.Info.Float64 = d.DoubleFPConfig() != 0
	l.MaxAlloc = d.MaxMemAllocSize()
	l.Items = d.MaxWorkGroupSize()
	l.Local = d.LocalMemSize()
	l.Vector = 4 * d.NativeVectorWidthFloat()
	switch {
	case !d.Available():
		err = fmt.Errorf("the driver says that the device is not available")
	case !d.CompilerAvailable():
		err = fmt.Errorf("the driver has no compiler")
	case !d.EndianLittle():
		err = fmt.Errorf("the device is big-endian")
	}
	return l, err
}
