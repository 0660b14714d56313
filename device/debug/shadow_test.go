package debug_test

import (
	"errors"
	"testing"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/debug"
	"github.com/keisan-go/keisan/kernels"
	"github.com/keisan-go/keisan/layers/layertest"
)

// Package devicetest holds the shadow against all kernels, and plants faults in them.

func TestShadowedLayers(t *testing.T) {
	layertest.Run(t, func() (device.Device, error) {
		return checked(debug.Options{Shadow: cpu(t), AllowNaN: true})()
	})
}

// TestDifference has one element of a result wrong, which must be told with what it should be.
func TestDifference(t *testing.T) {
	b := &broken{Device: cpu(t)}
	b.launch = func(d device.Device, k device.Kernel) {
		d.Launch(k)
		put(d, k.(*kernels.MatMul).C, 2, 10.0001)
	}
	d := debug.New(b, debug.Options{Shadow: cpu(t)})
	defer d.Close()
	a, w, c := floats(d, []int{2, 3}, 1, 2, 3, 4, 5, 6), floats(d, []int{3, 2}, 1, 0, 0, 1, 1, 1), floats(d, []int{2, 2})
	d.Launch(kernels.MatMul{C: c, A: a, B: w})
	wantError(t, d.Sync(), "C[1,0] is 10.0001, but on cpu 10, which may differ by 6e-06",
		"cpu: MatMul: operation 3: ", " (C float32 [2 2], A float32 [2 3], B float32 [3 2])")
	wantError(t, d.Sync(), "", "", "")
	wantValues(t, d, c, 4, 5, 10.0001, 11) // what the checked device made of it
}

// TestShadowFails has a shadow that cannot do what it is asked for.
func TestShadowFails(t *testing.T) {
	boom := errors.New("boom")
	s := &failing{Device: cpu(t), err: boom}
	d := debug.New(cpu(t), debug.Options{Shadow: s})
	x := floats(d, []int{2})
	d.Launch(kernels.Fill{Dst: x, Value: 1})
	err := d.Sync()
	wantError(t, err, "the shadow, cpu: boom", "cpu: Fill: operation 1: ", " (Dst float32 [2])")
	if !errors.Is(err, boom) {
		t.Errorf("%v is not boom", err)
	}
	s.err = nil
	d.Launch(kernels.Fill{Dst: x, Value: 2})
	wantValues(t, d, x, 2, 2)
	if err := d.Close(); err != nil || s.Info().InUse != 0 {
		t.Errorf("Close returns %v, and the shadow has %d bytes in use", err, s.Info().InUse)
	}
}
