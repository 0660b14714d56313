package gemm

// Kernel tells which of this package's kernels is in use: "avx512", "avx2" or "generic".
func Kernel() string { return "generic" }
