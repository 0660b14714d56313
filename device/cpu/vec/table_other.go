//go:build !amd64 || noasm

package vec

// kernels is what the names of package gemm's kernels mean here.
var kernels = map[string]*kernel{"generic": &generic}
