// Command peak writes the assembly of package gemm/internal/peak.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64,!noasm")
	loop("avx2", []VecPhysical{Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7, Y8, Y9, Y10, Y11, Y12, Y13}, []VecPhysical{Y14, Y15})
	loop("avx512", []VecPhysical{Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z8, Z9, Z10, Z11, Z12, Z13}, []VecPhysical{Z14, Z15})
	Generate()
}

// loop writes a function that does n times as many multiply-adds as there are registers given, twelve or more of them
// being enough to keep any processor's units busy.
func loop(name string, regs, extra []VecPhysical) {
	TEXT(name, NOSPLIT, "func(n int)")
	Doc(name + " does n times 14 independent fused multiply-adds of a vector of float32.")
	Load(Param("n"), RAX)
	x := GLOBL("x"+name, RODATA|NOPTR)
	for i := range 16 {
		DATA(4*i, U32(0x3f8ccccd+i*0x12345))
	}
	for _, r := range regs {
		VMOVUPS(x, r)
	}
	x0, x1 := extra[0], extra[1]
	VMOVUPS(x, x0)
	VMOVUPS(x, x1)
	Label("loop")
	for _, r := range regs {
		VFMADD231PS(x0, x1, r)
	}
	DECQ(RAX)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
