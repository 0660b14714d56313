//go:build !noasm

package vec

// kernels is what the names of package gemm's kernels mean here.
var kernels = map[string]*kernel{
	"generic": &generic,
	"avx2":    {&tableAVX2F32, &tableAVX2F64},
	"avx512":  {&tableAVX512F32, &tableAVX512F64},
}
