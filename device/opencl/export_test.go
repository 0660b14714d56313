//go:build opencl

package opencl

import (
	"testing"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/internal/gpu"
)

// openAs opens the first device as one of this kind, so that a CPU runs what GPUs do.
func openAs(t testing.TB, kind device.Kind) device.Device {
	found, err := devices()
	if err != nil {
		t.Skip(err)
	}
	driver, err := open(found[0], 0)
	if err != nil {
		t.Fatal(err)
	}
	driver.limits.Info.Kind = kind
	d := gpu.New(driver)
	t.Cleanup(func() { d.Close() })
	return d
}
