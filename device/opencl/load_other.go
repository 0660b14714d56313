//go:build opencl && !linux

package opencl

// load does nothing: here the program's loader has opened the OpenCL library.
func load() error { return nil }
