//go:build opencl

package opencl

import (
	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/internal/gpu"
)

// openAs opens the first device as if it were of this kind.
func openAs(kind device.Kind) (device.Device, error) {
	found, err := devices()
	if err != nil {
		return nil, err
	}
	driver, err := open(found[0], 0)
	if err != nil {
		return nil, err
	}
	driver.limits.Info.Kind = kind
	return gpu.New(driver), nil
}

// otherKind is the kind that the first device is not.
func otherKind() device.Kind {
	if (backend{}).List()[0].Kind == device.CPU {
		return device.GPU
	}
	return device.CPU
}
