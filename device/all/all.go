// Package all brings in every backend: the CPU always, the others as the build tags cuda and opencl say. And it brings in
// what KEISAN_DEBUG turns on.
//
//	import _ "github.com/keisan-go/keisan/device/all"
package all

import (
	_ "github.com/keisan-go/keisan/device/cpu" // registers itself
	_ "github.com/keisan-go/keisan/device/cuda"
	_ "github.com/keisan-go/keisan/device/debug"
	_ "github.com/keisan-go/keisan/device/opencl"
)
