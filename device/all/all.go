// Package all brings in every backend: the CPU always, the others as the build tags cuda and opencl say.
//
//	import _ "github.com/keisan-go/keisan/device/all"
package all

import (
	_ "github.com/keisan-go/keisan/device/cpu" // registers itself
	_ "github.com/keisan-go/keisan/device/cuda"
	_ "github.com/keisan-go/keisan/device/opencl"
)
