//go:build !opencl

// Package opencl runs kernels on whatever has an OpenCL driver: GPUs, and through PoCL any CPU. It is built in with the
// build tag opencl; without it there is a stub, which tells device.List so.
package opencl

import "github.com/keisan-go/keisan/device/internal/notbuilt"

func init() { notbuilt.Register("opencl", "GPUs and other devices with an OpenCL driver") }
