//go:build amd64 && !noasm

// Package peak does nothing but fused multiply-adds, which tells how many of them a processor can do.
package peak

// Run does n times 14 vector operations with the instructions of the kernel of that name, each of two operations on
// every lane, and returns how many operations on float32 it did.
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
