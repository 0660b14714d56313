package debug_test

import (
	"testing"

	"github.com/keisan-go/keisan/device"
	_ "github.com/keisan-go/keisan/device/cpu"
	"github.com/keisan-go/keisan/device/debug"
	"github.com/keisan-go/keisan/device/devicetest"
	"github.com/keisan-go/keisan/layers/layertest"
)

// checked opens the device "cpu", checked.
func checked(o debug.Options) func() (device.Device, error) {
	return func() (device.Device, error) {
		d, err := device.Open("cpu")
		if err != nil {
			return nil, err
		}
		return debug.New(d, o), nil
	}
}

// TestConformance holds the checked device to what every device must do, NaN included.
func TestConformance(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes some twenty times as long as the device that it checks")
	}
	devicetest.Run(t, checked(debug.Options{AllowNaN: true}))
}

func TestLayers(t *testing.T) { layertest.Run(t, checked(debug.Options{AllowNaN: true})) }
