//go:build !cuda

// Package cuda runs kernels on NVIDIA GPUs. It is built in with the build tag cuda; without it there is a stub, which
// tells device.List so.
package cuda

import "github.com/keisan-go/keisan/device/internal/notbuilt"

func init() { notbuilt.Register("cuda", "NVIDIA GPUs") }
