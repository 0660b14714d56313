//go:build opencl

package opencl

import (
	"testing"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/devicetest"
)

func TestConformance(t *testing.T) { devicetest.Run(t, devicetest.Require(t, "opencl:0")) }

// TestConformanceOfOthers runs what the other class of devices runs: groups of many work-items where the first device is
// a CPU, groups of one where it is a GPU.
func TestConformanceOfOthers(t *testing.T) {
	devicetest.Require(t, "opencl:0")
	devicetest.Run(t, func() (device.Device, error) { return openAs(otherKind()) })
}
