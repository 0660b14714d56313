// Package opencl runs kernels on whatever has an OpenCL driver. It is not written yet: a stub tells device.List so.
package opencl

import "github.com/keisan-go/keisan/device/internal/notbuilt"

func init() { notbuilt.Register("opencl", "GPUs and other devices with an OpenCL driver") }
