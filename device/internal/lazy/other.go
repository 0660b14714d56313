//go:build !linux

// Package lazy does nothing on this system, where the program's loader opens the libraries of CUDA and OpenCL.
package lazy

func OpenCL() error          { return nil }
func CUDA() error            { return nil }
func NVRTC(...string) error  { return nil }
func CUBLAS(...string) error { return nil }
