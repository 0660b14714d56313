//go:build opencl

package opencl_test

import (
	"testing"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/devicetest"
	"github.com/keisan-go/keisan/device/internal/gpu"
	"github.com/keisan-go/keisan/device/opencl"
	"github.com/keisan-go/keisan/layers/layertest"
)

const first = "opencl:0"

func TestConformance(t *testing.T) { devicetest.Run(t, devicetest.Require(t, first)) }

func TestLayers(t *testing.T) { layertest.Run(t, devicetest.Require(t, first)) }

// TestConformanceOfOthers runs what the other class of devices runs: groups of many work-items where the first device is
// a CPU, groups of one where it is a GPU.
func TestConformanceOfOthers(t *testing.T) { devicetest.Run(t, requireOther(t)) }

func TestLayersOfOthers(t *testing.T) { layertest.Run(t, requireOther(t)) }

// requireOther returns what opens the first device as one of the kind that it is not.
func requireOther(t testing.TB) func() (device.Device, error) {
	d, err := devicetest.Require(t, first)()
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	kind := device.CPU
	if d.Info().Kind == device.CPU {
		kind = device.GPU
	}
	return func() (device.Device, error) {
		return openAs(kind, nil)
	}
}

// openAs opens the first device as one of a kind, with a mistake planted into its sources if there is one. It has two units,
// so that the suite's sizes are more than it takes at a time, on whatever machine.
func openAs(kind device.Kind, m *mutant) (device.Device, error) {
	driver, err := opencl.OpenDriver(kind)
	if err != nil {
		return nil, err
	}
	limits := driver.Limits()
	limits.Info.Units = 2
	return gpu.New(&limited{m.plant(driver), limits}), nil
}
