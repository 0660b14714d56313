package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// An isa is a set of vector registers.
type isa struct {
	name string
	size int // bytes of a register
	regs []VecPhysical
	// rows is how many rows of C a kernel may have, by its number of vectors.
	rows map[int]int
	few  int // and a kernel that transposes B
}

var avx2 = isa{"AVX2", 32,
	[]VecPhysical{Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7, Y8, Y9, Y10, Y11, Y12, Y13, Y14, Y15},
	map[int]int{1: 6, 2: 6, 4: 3, 8: 1}, 2,
}

var avx512 = isa{"AVX512", 64,
	[]VecPhysical{Z0, Z1, Z2, Z3, Z4, Z5, Z6, Z7, Z8, Z9, Z10, Z11, Z12, Z13, Z14, Z15,
		Z16, Z17, Z18, Z19, Z20, Z21, Z22, Z23, Z24, Z25, Z26, Z27, Z28, Z29, Z30, Z31},
	map[int]int{1: 16, 2: 14, 4: 6, 8: 3}, 8,
}

// zero clears a vector. Clearing the low half with a VEX instruction clears the rest.
func (s isa) zero(r VecPhysical) {
	if s.size == 64 {
		VPXORD(r, r, r)
		return
	}
	VXORPS(r, r, r)
}

// A dtype is an element type and the instructions for it.
type dtype struct {
	name, goName   string
	size           int
	broadcast, fma func(ops ...Op)
	fmaMemory      func(ops ...Op) // AVX-512: with the broadcast of an element in memory
	load, store    func(src, dst Op)
	loadK          func(src, k, dst Op) // lanes that mask register k has not are zero
	storeK         func(src, k, dst Op)
	loadMask       func(src, mask, dst Op) // AVX2: likewise with a vector as the mask
	storeMask      func(src, mask, dst Op)
}

var float32s = dtype{
	name: "F32", goName: "float32", size: 4,
	broadcast: VBROADCASTSS,
	fma:       VFMADD231PS,
	fmaMemory: VFMADD231PS_BCST,
	load:      func(src, dst Op) { VMOVUPS(src, dst) },
	store:     func(src, dst Op) { VMOVUPS(src, dst) },
	loadK:     func(src, k, dst Op) { VMOVUPS_Z(src, k, dst) },
	storeK:    func(src, k, dst Op) { VMOVUPS(src, k, dst) },
	loadMask:  func(src, mask, dst Op) { VMASKMOVPS(src, mask, dst) },
	storeMask: func(src, mask, dst Op) { VMASKMOVPS(src, mask, dst) },
}

var float64s = dtype{
	name: "F64", goName: "float64", size: 8,
	broadcast: VBROADCASTSD,
	fma:       VFMADD231PD,
	fmaMemory: VFMADD231PD_BCST,
	load:      func(src, dst Op) { VMOVUPD(src, dst) },
	store:     func(src, dst Op) { VMOVUPD(src, dst) },
	loadK:     func(src, k, dst Op) { VMOVUPD_Z(src, k, dst) },
	storeK:    func(src, k, dst Op) { VMOVUPD(src, k, dst) },
	loadMask:  func(src, mask, dst Op) { VMASKMOVPD(src, mask, dst) },
	storeMask: func(src, mask, dst Op) { VMASKMOVPD(src, mask, dst) },
}
