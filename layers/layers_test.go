package layers_test

import (
	"testing"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/layers/layertest"
)

func open() (device.Device, error) { return device.Open("cpu") }

func TestCPU(t *testing.T) { layertest.Run(t, open) }
