// Command peak writes the assembly of package peak.
package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64,!noasm")
	loop("avx2", []VecPhysical{Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7, Y8, Y9, Y10, Y11, Y12, Y13}, Y14, Y15)
	loop("avx512", []VecPhysical{Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z8, Z9, Z10, Z11, Z12, Z13}, Z14, Z15)
	Generate()
}

// loop writes a function that does n times sum += x·y for all of the sums, of which there are enough for none to wait.
func loop(name string, sums []VecPhysical, x, y Op) {
	TEXT(name, NOSPLIT, "func(n int)")
	Doc(name + " does n times 14 independent fused multiply-adds of vectors of float32.")
	data := GLOBL(name+"Data", RODATA|NOPTR)
	for i := range 16 { // numbers near one: a unit that multiplies zeros may take less power and so run faster
		DATA(4*i, U32(0x3f800001+i*0x12345))
	}
	Load(Param("n"), RAX)
	for _, r := range sums {
		VMOVUPS(data, r)
	}
	VMOVUPS(data, x)
	VMOVUPS(data, y)
	Label("loop")
	for _, r := range sums {
		VFMADD231PS(x, y, r)
	}
	DECQ(RAX)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}
