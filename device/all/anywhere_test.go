//go:build linux && cuda && opencl

package all

import (
	"testing"

	"github.com/keisan-go/keisan/device/internal/lazy/lazytest"
)

func TestNotLinked(t *testing.T) { lazytest.NotLinked(t) }

// TestStartsAnywhere starts a program with every backend where there is neither CUDA nor OpenCL.
func TestStartsAnywhere(t *testing.T) {
	lazytest.StartsAnywhere(t, "TestAlone", "opencl=there is no OpenCL loader", "cuda=there is no NVIDIA driver", "cuda=libcuda1")
}

func TestAlone(t *testing.T) { lazytest.Unavailable(t, "cpu") }
