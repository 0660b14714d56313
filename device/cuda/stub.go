// Package cuda runs kernels on NVIDIA GPUs. It is not written yet: a stub tells device.List so.
package cuda

import "github.com/keisan-go/keisan/device/internal/notbuilt"

func init() { notbuilt.Register("cuda", "NVIDIA GPUs") }
