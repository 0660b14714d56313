package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// The registers of a kernel that transposes B, beside those that it shares with the others.
var (
	gridA  = grid{R8, R9, R10, R11}
	gridB  = grid{RSI, RBX, RCX, R12}
	gridB8 = grid{R13, RBX, RCX, R14} // its rows from the ninth on
	tiles  = RDX                      // left to do of a line
)

const line = 64 // bytes

// generateTransposed writes a function that multiplies a few rows of A with a B that is stored as its transpose. It
// transposes a tile of B, a line long and as high as a vector has elements, in registers and uses it at once. The tile
// below is the next. The elements of C are in memory meanwhile, so that the processor can be some tiles ahead and
// nothing but the elements themselves waits for their chains of additions.
func generateTransposed(isa isa, t dtype) {
	TEXT("transposed"+isa.name+t.name, NOSPLIT, "func(s *byte)")
	Load(Param("s"), s)
	MOVQ(fieldA, gridA.base)
	MOVQ(fieldRowA, gridA.row)
	gridA.triple()
	MOVQ(fieldRowB, gridB.row)
	gridB.triple()
	MOVQ(fieldTile, RAX)
	for rows := isa.few; rows > 1; rows-- {
		CMPQ(RAX, U8(rows-1))
		JEQ(LabelRef(fmt.Sprintf("line%d", rows)))
	}
	for rows := range isa.few {
		kernel{isa: isa, dtype: t, rows: rows + 1, vectors: 1}.generateTransposed()
	}
	Label("done")
	VZEROUPPER()
	RET()
}

func (k kernel) generateTransposed() {
	label := func(s string) string { return fmt.Sprintf("%s%d", s, k.rows) }
	Label(label("line"))
	if k.rows > 4 {
		LEAQ(Mem{Base: gridA.base, Index: gridA.row, Scale: 4}, gridA.base4)
	}
	MOVQ(fieldB, gridB.base)
	MOVQ(fieldC, panelC)
	MOVQ(fieldPanels, tiles)

	Label(label("tile"))
	side := k.size() / k.dtype.size
	fours := []Register{gridB.base, gridB.base4, gridB8.base, gridB8.base4}[:side/4]
	for i, four := range fours[1:] {
		LEAQ(Mem{Base: fours[i], Index: gridB.row, Scale: 4}, four)
	}
	MOVQ(panelC, n)
	k.eachRow(fieldRowC, func(m Mem, r VecPhysical, _ bool) { k.load(m, r) })

	// Halves of vectors are loaded, and a line's two at about the same time: more lines than one place of the first cache
	// level has room for may belong there.
	half := k.size() / 2
	columns := half / k.dtype.size
	free := k.regs[k.rows:]
	pieces := [][]VecPhysical{free[:columns]}
	if k.size() == line {
		pieces = append(pieces, free[columns:2*columns])
	}
	free = free[len(pieces)*columns:]
	for j := 0; j < line; j += len(pieces) * half {
		for i := range columns {
			for q, piece := range pieces {
				k.loadHalves(i, j+q*half, piece[i])
			}
		}
		for q, piece := range pieces {
			k.multiplyColumns(k.transpose(piece, free), j+q*half)
		}
	}

	MOVQ(panelC, n)
	k.eachRow(fieldRowC, func(m Mem, r VecPhysical, _ bool) { k.store(r, m) })
	LEAQ(Mem{Base: fours[len(fours)-1], Index: gridB.row, Scale: 4}, gridB.base)
	ADDQ(U8(k.size()), panelC)
	DECQ(tiles)
	JNZ(LabelRef(label("tile")))
	ADDQ(U8(line), fieldB)
	ADDQ(U8(line), gridA.base)
	DECQ(fieldK)
	JNZ(LabelRef(label("line")))
	JMP(LabelRef("done"))
}

// loadHalves loads the halves of register i of those that transpose is for, from byte j of two rows of B on. As they come
// from where they do, few shuffles have to cross the lanes of a register afterwards.
func (k kernel) loadHalves(i, j int, r VecPhysical) {
	lane := 16 / k.dtype.size
	row := i/lane*2*lane + i%lane
	at := func(row, j int) Mem {
		if row < 8 {
			return gridB.at(row, j)
		}
		return gridB8.at(row-8, j)
	}
	if j == 0 {
		PREFETCHT0(at(row, 2*line))
		PREFETCHT0(at(row+lane, 2*line))
	}
	if k.size() == 64 {
		VMOVUPS(at(row, j), r.AsY())
		VINSERTF64X4(U8(1), at(row+lane, j), r, r)
	} else {
		VMOVUPS(at(row, j), r.AsX())
		VINSERTF128(U8(1), at(row+lane, j), r, r)
	}
}

// transpose returns the registers that columns of B are in, of those that loadHalves has filled and as many free ones.
func (k kernel) transpose(r, free []VecPhysical) []VecPhysical {
	lane := 16 / k.dtype.size
	low := k.unpack(r[:lane], free)
	if k.size() == 32 {
		return low
	}
	high := k.unpack(r[lane:], free[lane:])
	to := free
	if k.dtype.size == 8 {
		to = r
	}
	for i := range lane {
		VSHUFF32X4(U8(0x88), high[i], low[i], to[i])
		VSHUFF32X4(U8(0xdd), high[i], low[i], to[lane+i])
	}
	return to[:2*lane]
}

// multiplyColumns adds the products of columns of B with the elements of A that are from byte j on in its rows.
func (k kernel) multiplyColumns(columns []VecPhysical, j int) {
	x := k.regs[len(k.regs)-1]
	for p, y := range columns {
		for r := range k.rows {
			a := gridA.at(r, j+p*k.dtype.size)
			if k.size() == 64 {
				k.fmaMemory(a, y, k.acc(r, 0))
			} else {
				k.broadcast(a, x)
				k.fma(y, x, k.acc(r, 0))
			}
		}
	}
}
