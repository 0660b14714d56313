package kernels

import "embed"

// Source is how GPUs run the kernels: for each family a file beside its Go file, and math.cl, the functions that several
// of them use. They are written in the words that a backend's prelude defines, which OpenCL and CUDA compile alike.
//
//go:embed src/*.cl
var Source embed.FS
