// Command peak writes the assembly of package peak.
package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

func main() {
	ConstraintExpr("amd64,!noasm")
	avx2 := []VecPhysical{Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7, Y8, Y9, Y10, Y11, Y12, Y13, Y14, Y15}
	avx512 := []VecPhysical{Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15}
	single := func(x, y, sum Op) { VFMADD231PS(x, y, sum) }
	double := func(x, y, sum Op) { VFMADD231PD(x, y, sum) }
	near1F32, near1F64 := numbers(4), numbers(8)
	loop("avx2F32", avx2, single, near1F32)
	loop("avx2F64", avx2, double, near1F64)
	loop("avx512F32", avx512, single, near1F32)
	loop("avx512F64", avx512, double, near1F64)
	Generate()
}

// loop writes a function that does n times sum += x·y in all registers but the last two, x and y. There are enough sums
// for none to wait.
func loop(name string, registers []VecPhysical, multiplyAdd func(x, y, sum Op), data Mem) {
	sums, x, y := registers[:14], registers[14], registers[15]
	TEXT(name, NOSPLIT, "func(n int)")
	Doc(fmt.Sprintf("%s does n times %d independent fused multiply-adds of vectors.", name, len(sums)))
	Load(Param("n"), RAX)
	for _, r := range registers {
		VMOVUPS(data, r)
	}
	Label("loop")
	for _, r := range sums {
		multiplyAdd(x, y, r)
	}
	DECQ(RAX)
	JNZ(LabelRef("loop"))
	VZEROUPPER()
	RET()
}

// numbers is a vector of numbers of that many bytes each, near one: a unit that multiplies zeros may take less power and so
// run faster. None is an integer, which the assembler would not take for floating point.
func numbers(size int) Mem {
	m := GLOBL(fmt.Sprintf("near1F%d", 8*size), RODATA|NOPTR)
	for i := range 64 / size {
		if size == 4 {
			DATA(4*i, F32(1+float32(i+1)/64))
		} else {
			DATA(8*i, F64(1+float64(i+1)/64))
		}
	}
	return m
}
