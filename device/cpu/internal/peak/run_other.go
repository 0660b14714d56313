//go:build !amd64 || noasm

package peak

// Run returns zero: there are no vectors here.
func Run(kernel string, size, n int) (operations int) { return 0 }
