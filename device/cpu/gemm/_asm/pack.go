package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// A grid is the rows of a matrix in memory. Distances are in bytes.
type grid struct{ base, row, row3, base4 Register }

var (
	dst = grid{RDI, RDX, R8, R9}
	src = grid{RSI, RCX, R10, R11}
)

// load sets g from the parameters of that name.
func (g grid) load(name string) {
	Load(Param(name), g.base)
	Load(Param(name+"Row"), g.row)
	g.triple()
}

func (g grid) triple() { LEAQ(Mem{Base: g.row, Index: g.row, Scale: 2}, g.row3) }

// at is column j, in bytes, of row i of the first eight.
func (g grid) at(i, j int) Mem {
	m := Mem{Base: g.base, Disp: j}
	if i >= 4 {
		m.Base = g.base4
	}
	switch i % 4 {
	case 1:
		m.Index, m.Scale = g.row, 1
	case 2:
		m.Index, m.Scale = g.row, 2
	case 3:
		m.Index, m.Scale = g.row3, 1
	}
	return m
}

// generateCopy writes a function that copies rows of 32·n bytes.
func generateCopy() {
	TEXT("copyRows", NOSPLIT, "func(dst *byte, dstRow int, src *byte, srcRow int, rows int, size int)")
	dst.load("dst")
	src.load("src")
	rows, size, j := RBX, R12, RAX
	Load(Param("rows"), rows)
	Load(Param("size"), size)
	Label("row")
	XORQ(j, j)
	Label("vector")
	VMOVUPS(Mem{Base: src.base, Index: j, Scale: 1}, Y0)
	VMOVUPS(Y0, Mem{Base: dst.base, Index: j, Scale: 1})
	ADDQ(U8(32), j)
	CMPQ(j, size)
	JNE(LabelRef("vector"))
	ADDQ(src.row, src.base)
	ADDQ(dst.row, dst.base)
	DECQ(rows)
	JNZ(LabelRef("row"))
	VZEROUPPER()
	RET()
}

// generatePrefetch writes a function that has rows of any length brought into the second cache level.
func generatePrefetch() {
	TEXT("prefetchRows", NOSPLIT, "func(src *byte, srcRow int, rows int, size int)")
	src.load("src")
	rows, size, j := RBX, R12, RAX
	Load(Param("rows"), rows)
	Load(Param("size"), size)
	Label("row")
	XORQ(j, j)
	Label("line")
	PREFETCHT1(Mem{Base: src.base, Index: j, Scale: 1})
	ADDQ(U8(64), j)
	CMPQ(j, size)
	JLT(LabelRef("line"))
	ADDQ(src.row, src.base)
	DECQ(rows)
	JNZ(LabelRef("row"))
	RET()
}

// generateTranspose writes a function that transposes tiles of as many rows as there are elements in a Y register.
func generateTranspose(t dtype) {
	TEXT("transpose"+t.name, NOSPLIT, "func(dst *byte, dstRow int, src *byte, srcRow int, tiles int)")
	dst.load("dst")
	src.load("src")
	tiles := RBX
	Load(Param("tiles"), tiles)
	Label("tile")
	LEAQ(Mem{Base: dst.base, Index: dst.row, Scale: 4}, dst.base4)
	LEAQ(Mem{Base: src.base, Index: src.row, Scale: 4}, src.base4)
	regs := []VecPhysical{Y0, Y1, Y2, Y3, Y4, Y5, Y6, Y7}[:32/t.size]
	half := len(regs) / 2
	// The two halves of a register come from two rows, so that no shuffle has to cross them afterwards.
	for j := range 2 {
		for i := range half {
			r := regs[j*half+i]
			VMOVUPS(src.at(i, 16*j), r.AsX())
			VINSERTF128(U8(1), src.at(i+half, 16*j), r, r)
		}
	}
	for j := range 2 {
		s := t.unpack(regs[j*half:][:half], []VecPhysical{Y8, Y9, Y10, Y11})
		for i := range half {
			VMOVUPS(s[i], dst.at(j*half+i, 0))
		}
	}
	ADDQ(U8(32), src.base)
	if t.size == 8 {
		MOVQ(dst.base4, dst.base)
	} else {
		LEAQ(Mem{Base: dst.base4, Index: dst.row, Scale: 4}, dst.base)
	}
	DECQ(tiles)
	JNZ(LabelRef("tile"))
	VZEROUPPER()
	RET()
}

// unpack transposes squares of 16 bytes a side, one in each lane of the registers r. It returns the registers that they
// are in then, which are those or the ones of s.
func (t dtype) unpack(r, s []VecPhysical) []VecPhysical {
	if t.size == 8 {
		VUNPCKLPD(r[1], r[0], s[0])
		VUNPCKHPD(r[1], r[0], s[1])
		return s[:2]
	}
	VUNPCKLPS(r[1], r[0], s[0])
	VUNPCKHPS(r[1], r[0], s[1])
	VUNPCKLPS(r[3], r[2], s[2])
	VUNPCKHPS(r[3], r[2], s[3])
	VUNPCKLPD(s[2], s[0], r[0])
	VUNPCKHPD(s[2], s[0], r[1])
	VUNPCKLPD(s[3], s[1], r[2])
	VUNPCKHPD(s[3], s[1], r[3])
	return r
}
