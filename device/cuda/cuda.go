//go:build cuda

// Package cuda runs kernels on NVIDIA GPUs. It is built in with the build tag cuda; without it there is a stub, which
// tells device.List so.
//
// The driver, the compiler NVRTC and cuBLAS are looked for when the devices are, not when the program starts.
package cuda

import (
	"github.com/keisan-go/keisan/device/internal/lazy" // before the binding: see there

	"fmt"
	"strings"
	"sync"

	"gorgonia.org/cu"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/internal/gpu"
)

func init() { device.Register(backend{}) }

type backend struct{}

func (backend) Name() string { return "cuda" }

func (backend) List() []device.Info {
	n, err := devices()
	if err != nil {
		return []device.Info{{Name: "cuda", Unavailable: err.Error()}}
	}
	infos := make([]device.Info, n)
	for i := range infos {
		c, err := candidateOf(i)
		infos[i] = c.limits.Info
		if err != nil {
			infos[i].Unavailable = err.Error()
		}
	}
	return infos
}

func (backend) Open(index int) (device.Device, error) {
	n, err := devices()
	if err != nil {
		return nil, err
	}
	if index >= n {
		return nil, fmt.Errorf("there are %d devices", n)
	}
	driver, err := open(index)
	if err != nil {
		return nil, err
	}
	return gpu.New(driver), nil
}

// A version of CUDA, such as 12040 for 12.4: what a driver supports, or what a library comes with.
type version int

func (v version) String() string { return fmt.Sprintf("%d.%d", v.major(), v%1000/10) }

func (v version) major() int { return int(v / 1000) }

// oldest is what the oldest NVRTC that may be used comes with.
const oldest version = 11020

const noDriver = "install NVIDIA's driver: on Debian nvidia-driver or at least libcuda1, on Ubuntu nvidia-driver-550, in a container run it with --gpus all"

// devices is how many devices there are, or why there are none.
func devices() (int, error) {
	if err := started(); err != nil {
		return 0, err
	}
	n, err := cu.NumDevices()
	if err != nil {
		return 0, fmt.Errorf("the NVIDIA driver does not count its GPUs: %w", failure(err))
	}
	if n == 0 {
		return 0, errNoGPU
	}
	return n, nil
}

var errNoGPU = fmt.Errorf("the NVIDIA driver is installed, but finds no GPU: look at what nvidia-smi says, and whether CUDA_VISIBLE_DEVICES hides them")

// started loads the driver and initialises it, once, or tells what is wrong with it.
var started = sync.OnceValue(func() error {
	switch err := lazy.CUDA(); {
	case err == nil:
	case strings.Contains(err.Error(), "No such file"):
		return fmt.Errorf("there is no NVIDIA driver: %w; %s", err, noDriver)
	default:
		return fmt.Errorf("the NVIDIA driver's library is broken: %w; install the driver anew", err)
	}
	switch code := initialize(); code {
	case success:
	case noDevice:
		return errNoGPU
	case stubLibrary:
		return fmt.Errorf("the libcuda.so.1 that the loader finds is the toolkit's stub, which is for linking: take its folder out of LD_LIBRARY_PATH, and %s", noDriver)
	default:
		return fmt.Errorf("the NVIDIA driver does not start: %w; its library and the kernel's module may be of different versions: look at what nvidia-smi says, restart, or install the driver anew", code)
	}
	if v := driverVersion(); v < oldest {
		return fmt.Errorf("the NVIDIA driver is too old: it supports CUDA %v, want %v or newer; install driver 460 or a newer one", v, oldest)
	}
	return nil
})

func driverVersion() version { return version(cu.Version()) }

// A candidate is a device that there is.
type candidate struct {
	device cu.Device
	arch   int // compute capability, such as 90 for 9.0
	limits gpu.Limits
}

// candidateOf describes a device. The error tells why it cannot be opened.
func candidateOf(index int) (c candidate, err error) {
	info := &c.limits.Info
	info.Name, info.Kind, info.Vendor, info.Float64 = fmt.Sprintf("cuda:%d", index), device.GPU, "NVIDIA", true
	info.Driver = fmt.Sprintf("CUDA %v", driverVersion())
	describe := func() error {
		if c.device, err = cu.GetDevice(index); err != nil {
			return err
		}
		if info.Model, err = c.device.Name(); err != nil {
			return err
		}
		if info.Memory, err = c.device.TotalMem(); err != nil {
			return err
		}
		var local, major, minor int
		for _, a := range []struct {
			of cu.DeviceAttribute
			to *int
		}{
			{cu.MultiprocessorCount, &info.Units},
			{cu.MaxThreadsPerBlock, &c.limits.Items},
			{cu.MaxSharedMemoryPerBlock, &local},
			{cu.ComputeCapabilityMajor, &major},
			{cu.ComputeCapabilityMinor, &minor},
		} {
			if *a.to, err = c.device.Attribute(a.of); err != nil {
				return err
			}
		}
		c.arch, c.limits.Local, c.limits.MaxAlloc = 10*major+minor, int64(local), info.Memory
		return nil
	}
	if err := describe(); err != nil {
		return c, fmt.Errorf("the NVIDIA driver does not describe the device: %w", failure(err))
	}
	compiler, err := nvrtcLoaded()
	if err == nil {
		_, err = compiler.target(c.arch, driverVersion())
	}
	if err != nil {
		return c, err
	}
	info.Driver += fmt.Sprintf(", NVRTC %v", compiler.version)
	return c, nil
}
