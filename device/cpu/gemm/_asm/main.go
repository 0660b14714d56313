// Command _asm writes the assembly of package gemm. Run it by go generate in the package's folder.
package main

import (
	. "github.com/mmcloughlin/avo/build"
)

func main() {
	ConstraintExpr("amd64,!noasm")
	for _, s := range []isa{avx2, avx512} {
		for _, t := range []dtype{float32s, float64s} {
			generateMultiply(s, t)
			generateTransposed(s, t)
		}
	}
	generateCopy()
	generatePrefetch()
	generateTranspose(float32s)
	generateTranspose(float64s)
	writeStubs("../kernel_amd64.go")
	Generate()
}
