//go:build cuda && linux

package cuda

import (
	"testing"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/devicetest"
	"github.com/keisan-go/keisan/device/internal/gpu"
	"github.com/keisan-go/keisan/layers/layertest"
)

const first = "cuda:0"

func TestConformance(t *testing.T) { devicetest.Run(t, devicetest.Require(t, first)) }

func TestLayers(t *testing.T) { layertest.Run(t, devicetest.Require(t, first)) }

// TestConformanceOfCUBLAS has cuBLAS do every product that it can, however small.
func TestConformanceOfCUBLAS(t *testing.T) {
	devicetest.Require(t, first)
	if err := cublasLoaded(); err != nil {
		t.Skip(err)
	}
	devicetest.Run(t, func() (device.Device, error) {
		d, err := open(0)
		if err != nil {
			return nil, err
		}
		d.worth = 1
		return gpu.New(d), nil
	})
}
