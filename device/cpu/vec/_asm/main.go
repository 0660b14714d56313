// Command _asm writes the assembly of package vec. Run it by go generate in the package's folder.
package main

import (
	. "github.com/mmcloughlin/avo/build"
)

func main() {
	ConstraintExpr("amd64,!noasm")
	for _, f := range functions {
		for _, isa := range []isa{avx2, avx512} {
			for _, t := range []dtype{float32s, float64s} {
				f.generate(isa, t)
			}
		}
	}
	writeTables("../tables_amd64.go")
	Generate()
}
