//go:build !noasm

package peak

// vectors is how many each of the loops multiplies at a time.
const vectors = 14

// Run does n times 14 independent fused multiply-adds of vectors as wide as those of the kernel of that name, of elements of
// so many bytes. It returns the number of operations, two for each multiply-add, or zero for a kernel without vectors.
func Run(kernel string, size, n int) (operations int) {
	switch {
	case kernel == "avx512" && size == 4:
		avx512F32(n)
	case kernel == "avx512":
		avx512F64(n)
	case kernel == "avx2" && size == 4:
		avx2F32(n)
	case kernel == "avx2":
		avx2F64(n)
	}
	return n * vectors * 2 * width[kernel] / size
}

// width is the bytes of a kernel's vectors.
var width = map[string]int{"avx512": 64, "avx2": 32}
