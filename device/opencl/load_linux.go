//go:build opencl

package opencl

import "github.com/keisan-go/keisan/device/opencl/internal/lazy"

// load opens the OpenCL library, and tells why it cannot.
func load() error { return lazy.OpenCL() }
