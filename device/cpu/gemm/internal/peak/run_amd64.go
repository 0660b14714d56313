//go:build !noasm

package peak

// Run does n times 14 independent fused multiply-adds of vectors as wide as those of the kernel of that name. It returns
// the number of operations on float32, two for each multiply-add, or zero for a kernel without such vectors.
func Run(kernel string, n int) (operations int) {
	switch kernel {
	case "avx512":
		avx512(n)
		return n * 14 * 16 * 2
	case "avx2":
		avx2(n)
		return n * 14 * 8 * 2
	}
	return 0
}
