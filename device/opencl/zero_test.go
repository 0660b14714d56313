//go:build opencl

package opencl_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/devicetest"
	"github.com/keisan-go/keisan/kernels"
)

// TestNegativeZero adds products that are -0 to a C that is -0, and finds that what a tile is padded with adds nothing: not
// even 0, which would make 0 of it.
func TestNegativeZero(t *testing.T) {
	for class, open := range map[string]func() (device.Device, error){"first": devicetest.Require(t, first), "other": requireOther(t)} {
		d, err := open()
		if err != nil {
			t.Fatal(err)
		}
		for _, terms := range []int{1, 3, 8, 9, 33} {
			t.Run(fmt.Sprintf("%s/k=%d", class, terms), func(t *testing.T) {
				filled := func(v float32, shape ...int) device.Array {
					a := zeros(d, device.Float32, shape...)
					d.Upload(a.Slice, device.Bytes(slices.Repeat([]float32{v}, a.Len())))
					return a
				}
				negative := float32(math.Copysign(0, -1))
				c := filled(negative, 5, 7)
				d.Launch(kernels.MatMul{C: c, A: filled(negative, 5, terms), B: filled(1, terms, 7), Acc: true})
				got := make([]float32, c.Len())
				if err := d.Download(device.Bytes(got), c.Slice); err != nil {
					t.Fatal(err)
				}
				for i, v := range got {
					if v != 0 || !math.Signbit(float64(v)) {
						t.Fatalf("element %d is %v, want -0", i, v)
					}
				}
			})
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}
