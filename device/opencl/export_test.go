//go:build opencl

package opencl

import (
	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/internal/gpu"
)

// OpenDriver opens the driver of the first device. With a kind, it says that the device is of that one.
func OpenDriver(kind device.Kind) (gpu.Driver, error) {
	found, err := devices()
	if err != nil {
		return nil, err
	}
	d, err := open(found[0], 0)
	if err != nil {
		return nil, err
	}
	if kind != "" {
		d.limits.Info.Kind = kind
	}
	return d, nil
}

// SetPrelude has programs compiled with another prelude, until it is called again.
func SetPrelude(change func(old string) string) { prelude = change(prelude) }
