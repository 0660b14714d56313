//go:build opencl && linux

package opencl_test

import (
	"os"
	"strings"
	"testing"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/internal/lazy/lazytest"
)

func TestNotLinked(t *testing.T) { lazytest.NotLinked(t) }

// TestNoDriver starts this program where the OpenCL loader knows no driver.
func TestNoDriver(t *testing.T) {
	if strings.Contains(device.List()[0].Unavailable, "no OpenCL loader") {
		t.Skip(device.List()[0].Unavailable)
	}
	cmd := lazytest.Again(os.Args[0], "TestAlone", "opencl=the OpenCL loader finds no driver")
	cmd.Env = append(cmd.Env, "OCL_ICD_VENDORS="+t.TempDir())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestStartsAnywhere(t *testing.T) {
	lazytest.StartsAnywhere(t, "TestAlone", "opencl=there is no OpenCL loader", "opencl=pocl-opencl-icd")
}

func TestAlone(t *testing.T) { lazytest.Unavailable(t, "cpu") }
