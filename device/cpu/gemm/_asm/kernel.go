package main

import (
	"fmt"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// A kernel multiplies some rows of A with panels of B that are some vectors wide, one panel after the other, with a
// tile of C in registers.
type kernel struct {
	isa
	dtype
	rows, vectors int
	masked        bool // the last vector of the last panel may be narrower
}

// family returns the kernels for a set of registers and an element type in the order in which package gemm counts
// them. With AVX-512 all of them are masked, which costs nothing; with AVX2 masked loads take arithmetic ports and a
// register, so they are kept to kernels of their own for the last columns.
func family(s isa, t dtype) []kernel {
	var ks []kernel
	for _, v := range []int{1, 2, 4, 8} {
		for r := 1; r <= s.rows[v]; r++ {
			ks = append(ks, kernel{s, t, r, v, s.size == 64})
		}
	}
	if s.size == 32 {
		for _, v := range []int{1, 2} {
			for r := 1; r <= s.rows[v]; r++ {
				ks = append(ks, kernel{s, t, r, v, true})
			}
		}
	}
	return ks
}

// The registers of a kernel.
var (
	s      = RDI    // the strip
	panelB = RSI    // where the panel begins in B
	panelC = R15    // and in C
	b      = RCX    // the row of B that is being used
	a0, a7 = R8, R9 // A for the tile's rows 0 and 7
	rowA   = R10    // the distance between rows of A,
	rowA3  = R11    // three times that,
	rowA5  = R12    // five times,
	rowA7  = R13    // and seven times
	colA   = RBX
	rowB   = R14
	next   = RDX // the distance to what is to come into the cache, or to the next row of C
	n      = RAX // additions left to do, or where a row of the tile begins in C
)

// field is field i of type strip, all of which are of 8 bytes.
func field(i int) Mem { return Mem{Base: s, Disp: 8 * i} }

var (
	fieldTile, fieldA, fieldB, fieldC    = field(0), field(1), field(2), field(3)
	fieldRowA, fieldColA                 = field(4), field(5)
	fieldRowB, fieldPanelB, fieldRowC    = field(6), field(7), field(8)
	fieldK, fieldPanels, fieldLast       = field(9), field(10), field(11)
	fieldFrom, fieldToFrom, fieldRowFrom = field(12), field(13), field(14)
	fieldAhead                           = field(15)
)

func generateMultiply(isa isa, t dtype) {
	TEXT("multiply"+isa.name+t.name, NOSPLIT, "func(s *byte)")
	Load(Param("s"), s)
	MOVQ(fieldB, panelB)
	MOVQ(fieldC, panelC)
	MOVQ(fieldRowA, rowA)
	LEAQ(Mem{Base: rowA, Index: rowA, Scale: 2}, rowA3)
	LEAQ(Mem{Base: rowA, Index: rowA, Scale: 4}, rowA5)
	MOVQ(fieldColA, colA)
	MOVQ(fieldRowB, rowB)
	MOVQ(fieldTile, RAX)
	ks := family(isa, t)
	choose(ks, 0, len(ks))
	Label("done")
	VZEROUPPER()
	RET()
}

// choose runs the kernel of ks[lo:hi] that the strip asks for, the number of which is in RAX.
func choose(ks []kernel, lo, hi int) {
	if hi-lo == 1 {
		ks[lo].generate()
		return
	}
	mid := (lo + hi) / 2
	upper := fmt.Sprintf("from%d", mid)
	CMPQ(RAX, U8(mid))
	JGE(LabelRef(upper))
	choose(ks, lo, mid)
	Label(upper)
	choose(ks, mid, hi)
}

// acc is the register of vector v in row r of the tile.
func (k kernel) acc(r, v int) VecPhysical { return k.regs[r*k.vectors+v] }

func (k kernel) generate() {
	label := func(s string) string {
		suffix := ""
		if k.masked {
			suffix = "m"
		}
		return fmt.Sprintf("%s%dx%d%s", s, k.rows, k.vectors, suffix)
	}
	free := k.regs[k.rows*k.vectors:] // the registers that the tile leaves
	var loadLast, storeLast func(src, dst Op)
	switch {
	case !k.masked:
		loadLast, storeLast = k.load, k.store
	case k.size() == 32:
		mask := free[len(free)-1]
		free = free[:len(free)-1]
		LEAQ(masks(), RAX)
		MOVQ(fieldLast, RCX)
		NEGQ(RCX)
		VMOVUPS(Mem{Base: RAX, Index: RCX, Scale: uint8(k.dtype.size), Disp: 32}, mask)
		loadLast = func(src, dst Op) { k.loadMask(src, mask, dst) }
		storeLast = func(src, dst Op) { k.storeMask(src, mask, dst) }
	default:
		loadLast = func(src, dst Op) { k.loadK(src, K1, dst) }
		storeLast = func(src, dst Op) { k.storeK(src, K1, dst) }
		KXNORW(K1, K1, K1)
	}

	Label(label("panel"))
	if k.size() == 64 {
		CMPQ(fieldPanels, U8(1))
		JNE(LabelRef(label("whole")))
		MOVQ(fieldLast, RCX)
		MOVQ(I32(-1), RAX)
		BZHIQ(RCX, RAX, RAX)
		KMOVW(EAX, K1)
		Label(label("whole"))
	}

	CMPQ(fieldFrom, U8(0))
	JNE(LabelRef(label("from")))
	for r := range k.rows {
		for v := range k.vectors {
			k.zero(k.acc(r, v))
		}
	}
	JMP(LabelRef(label("begin")))
	Label(label("from"))
	MOVQ(panelC, n)
	ADDQ(fieldToFrom, n)
	MOVQ(fieldRowFrom, next)
	k.eachRow(next, func(m Mem, r VecPhysical, last bool) {
		if last {
			loadLast(m, r)
		} else {
			k.load(m, r)
		}
		// That of the next panel is needed all at once, so that waiting for it would be waiting for nothing else.
		if m.Disp += k.vectors * k.size(); m.Disp%64 == 0 {
			PREFETCHT0(m)
		}
	})

	Label(label("begin"))
	MOVQ(fieldA, a0)
	if k.rows > 7 {
		LEAQ(Mem{Base: rowA, Index: rowA3, Scale: 2}, rowA7)
		LEAQ(Mem{Base: a0, Index: rowA7, Scale: 1}, a7)
	}
	MOVQ(panelB, b)
	MOVQ(fieldAhead, next)
	MOVQ(fieldK, n)
	Label(label("k"))
	// While this panel is used what comes next, most often the next one, comes into the cache, or, where it would fill the
	// first level together with this one, into the second. Kernels of fewer rows have no load to spare for that, and read rows
	// so long that the processor does it by itself.
	switch ahead := func(d int) Mem { return Mem{Base: b, Index: next, Scale: 1, Disp: d} }; {
	case k.vectors <= 2:
		for d := 0; d < k.vectors*k.size(); d += 64 {
			PREFETCHT0(ahead(d))
		}
	case k.rows >= 4:
		for d := 0; d < k.vectors*k.size(); d += 64 {
			PREFETCHT1(ahead(d))
		}
	}
	loadB := func(v int, r VecPhysical) {
		m := Mem{Base: b, Disp: v * k.size()}
		if v == k.vectors-1 {
			loadLast(m, r)
		} else {
			k.load(m, r)
		}
	}
	// The shorter side of the tile stays in registers during a step, the longer side passes through the others.
	if k.vectors <= max(k.rows, 2) {
		stay, pass := free[:k.vectors], free[k.vectors:]
		for v, y := range stay {
			loadB(v, y)
		}
		for r := range k.rows {
			if k.vectors == 1 && k.size() == 64 { // what is used once needs no register, and is a third of the instructions less
				k.fmaMemory(rowOfA(r), stay[0], k.acc(r, 0))
				continue
			}
			x := pass[r%len(pass)]
			k.broadcast(rowOfA(r), x)
			for v, y := range stay {
				k.fma(y, x, k.acc(r, v))
			}
		}
	} else {
		stay, pass := free[:k.rows], free[k.rows:]
		for r, x := range stay {
			k.broadcast(rowOfA(r), x)
		}
		for v := range k.vectors {
			y := pass[v%len(pass)]
			loadB(v, y)
			for r, x := range stay {
				k.fma(y, x, k.acc(r, v))
			}
		}
	}
	ADDQ(colA, a0)
	if k.rows > 7 {
		ADDQ(colA, a7)
	}
	ADDQ(rowB, b)
	DECQ(n)
	JNZ(LabelRef(label("k")))

	MOVQ(panelC, n)
	MOVQ(fieldRowC, next)
	k.eachRow(next, func(m Mem, r VecPhysical, last bool) {
		if last {
			storeLast(r, m)
		} else {
			k.store(r, m)
		}
	})
	ADDQ(fieldPanelB, panelB)
	ADDQ(I32(int32(k.vectors*k.size())), panelC)
	DECQ(fieldPanels)
	JNZ(LabelRef(label("panel")))
	JMP(LabelRef("done"))
}

// size is that of a vector.
func (k kernel) size() int { return k.isa.size }

// rowOfA is the element of A for row r of the tile. Few registers reach all rows, so that few of them have to advance.
func rowOfA(r int) Mem {
	switch r {
	case 0:
		return Mem{Base: a0}
	case 1, 2, 4, 8:
		return Mem{Base: a0, Index: rowA, Scale: uint8(r)}
	case 3, 6, 12:
		return Mem{Base: a0, Index: rowA3, Scale: uint8(r / 3)}
	case 5, 10:
		return Mem{Base: a0, Index: rowA5, Scale: uint8(r / 5)}
	case 7:
		return Mem{Base: a7}
	case 9, 11:
		return Mem{Base: a7, Index: rowA, Scale: uint8(r - 7)}
	case 13:
		return Mem{Base: a7, Index: rowA3, Scale: 2}
	case 14:
		return Mem{Base: a0, Index: rowA7, Scale: 2}
	case 15:
		return Mem{Base: a7, Index: rowA, Scale: 8}
	}
	panic("no such row")
}

// eachRow calls f for every vector of the tile with its place in memory. Its first row is there at n, the others follow at
// the distance row.
func (k kernel) eachRow(row Op, f func(m Mem, r VecPhysical, last bool)) {
	for r := range k.rows {
		for v := range k.vectors {
			f(Mem{Base: n, Disp: v * k.size()}, k.acc(r, v), v == k.vectors-1)
		}
		if r < k.rows-1 {
			ADDQ(row, n)
		}
	}
}

// masks returns 32 bytes of ones followed by 32 of zeros.
func masks() Mem {
	if table.Base == nil {
		table = GLOBL("masks", RODATA|NOPTR)
		for i := range 8 {
			v := uint64(0)
			if i < 4 {
				v = ^v
			}
			DATA(8*i, U64(v))
		}
	}
	return table
}

var table Mem
