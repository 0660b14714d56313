package main

import (
	"fmt"
	"log"
	"math"
	"math/bits"
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// A function is one of package vec's for every element type and every set of registers.
type function struct {
	name    string
	params  string // with T for the element type; the first slice tells how many elements there are
	result  string
	loop    string   // the Go loop that it replaces, for the doc comment
	wide    bool     // computed in float64
	long    bool     // takes so long that several registers are computed abreast
	in, out []string // the slices that are read, and those that are written
	scalars []string
	compute func(m *machine, scalars []vector) body
	sum     func(m *machine, scalars []vector) sumBody // of one that returns a sum
	whole   func(f *function, m *machine)              // of one that is neither, all of it
}

// A body computes from registers of the slices read those of the slices written. It is made once, before the loop, where
// constants are put into registers.
type body func(in []vector) []vector

// A sumBody also adds to a register of sums. It gets a mask where some lanes have no term.
type sumBody func(in []vector, sum vector, some *mask) []vector

func (f *function) generate(isa isa, t dtype) {
	m := &machine{isa: isa, element: t, computed: t, abreast: 1}
	if f.wide {
		m.computed = float64s
	}
	name := f.name + isa.name + t.name
	signature := "func(" + strings.ReplaceAll(f.params, "T", t.goName) + ")" + strings.ReplaceAll(f.result, "T", t.goName)
	TEXT(name, NOSPLIT, signature)
	doc := []string{name + " does", ""}
	for line := range strings.SplitSeq(f.loop, "\n") {
		doc = append(doc, "\t"+strings.ReplaceAll(line, "T(", t.goName+"("))
	}
	Doc(append(doc, "")...)
	Pragma("noescape")
	switch {
	case f.compute != nil:
		f.generateMap(m)
	case f.sum != nil:
		f.generateSums(m)
	default:
		f.whole(f, m)
	}
}

// generateMap writes a loop over as many registers as are computed abreast, one over single registers, and the rest with a
// mask.
func (f *function) generateMap(m *machine) {
	n := f.count()
	var at []Mem // of the slices of in, then of those of out
	offset := GP64()
	for _, name := range append(f.in, f.out...) {
		at = append(at, Mem{Base: base(name), Index: offset, Scale: 1})
	}
	m.first = at[0]
	compute := f.compute(m, f.parameters(m))
	in := make([]vector, len(f.in))
	XORQ(offset, offset)
	widths := []int{1}
	if f.long {
		widths = []int{m.isa.abreast, 1}
	}
	for _, m.abreast = range widths {
		name := fmt.Sprintf("loop%d", m.abreast)
		lanes := U8(m.abreast * m.lanes())
		SUBQ(lanes, n)
		JLT(LabelRef("no" + name))
		Label(name)
		for i := range in {
			in[i] = m.load(at[i])
		}
		for i, v := range compute(in) {
			m.store(v, at[len(in)+i])
		}
		ADDQ(I32(int32(m.abreast*m.registerBytes())), offset)
		SUBQ(lanes, n)
		JGE(LabelRef(name))
		Label("no" + name)
		ADDQ(lanes, n)
	}
	JZ(LabelRef("done"))
	some := m.lanesBefore(n, 0)
	for i := range in {
		in[i] = m.loadSome(at[i], some)
	}
	for i, v := range compute(in) {
		m.storeSome(v, at[len(in)+i], some)
	}
	Label("done")
	VZEROUPPER()
	RET()
}

// terms is how many sums a reduction has. Term i is added to sum i modulo terms, for every set of registers.
const terms = 16

// generateSums writes a loop over 16 elements, and the rest with masks.
func (f *function) generateSums(m *machine) {
	n := f.count()
	offset := GP64()
	var bases []Register
	for _, name := range append(f.in, f.out...) {
		bases = append(bases, base(name))
	}
	m.abreast = terms / m.lanes()
	sums := m.zero()
	m.abreast = 1
	compute := f.sum(m, f.parameters(m))
	one := func(i int, sum vector, some *mask) {
		at := func(j int) Mem {
			return Mem{Base: bases[j], Index: offset, Scale: 1, Disp: i * m.registerBytes()}
		}
		in := make([]vector, len(f.in))
		for j := range in {
			if some == nil {
				in[j] = m.load(at(j))
			} else {
				in[j] = m.loadSome(at(j), *some)
			}
		}
		for j, v := range compute(in, sum, some) {
			if some == nil {
				m.store(v, at(len(in)+j))
			} else {
				m.storeSome(v, at(len(in)+j), *some)
			}
		}
	}

	XORQ(offset, offset)
	SUBQ(U8(terms), n)
	JLT(LabelRef("tail"))
	Label("loop")
	m.abreast = 2
	for i := 0; i < len(sums); i += m.abreast {
		one(i, sums[i:i+m.abreast], nil)
	}
	ADDQ(U8(terms*m.element.size), offset)
	SUBQ(U8(terms), n)
	JGE(LabelRef("loop"))

	Label("tail")
	ADDQ(U8(terms), n)
	JZ(LabelRef("done"))
	m.abreast = 1
	for i := range sums {
		some := m.lanesBefore(n, i)
		one(i, sums[i:i+1], &some)
	}

	Label("done") // the upper half of the sums is added to the lower, four times
	for n := len(sums) / 2; n > 0; n /= 2 {
		m.do(addI, sums[n:2*n], sums[:n], sums[:n])
	}
	sum := m.halve(sums[0], addI)
	VZEROUPPER() // which leaves the lowest element
	Store(sum, ReturnIndex(0))
	RET()
}

// halve combines the upper half of a register with the lower until one element is left.
func (m *machine) halve(v VecVirtual, i instruction) Register {
	half := *m
	if m.isa.size == 64 {
		upper := YMM()
		VEXTRACTF64X4(U8(1), v, upper)
		half.isa = avx2
		half.do(i, upper, v.AsY(), v.AsY())
	}
	low, high := v.AsX(), XMM()
	VEXTRACTF128(U8(1), v.AsY(), high)
	half.do(i, high, low, low)
	VPERMILPD(U8(1), low, high)
	half.do(i, high, low, low)
	if m.computed.size == 4 {
		VPSRLQ(U8(32), low, high)
		half.do(i, high, low, low)
	}
	return low
}

// peak writes the search for the largest element.
func peak(f *function, m *machine) {
	n := f.count()
	at := Mem{Base: base(f.in[0]), Index: GP64(), Scale: 1}
	peak := m.register(m.constant(math.Inf(-1)))
	XORQ(at.Index, at.Index)
	SUBQ(U8(m.lanes()), n)
	JLT(LabelRef("tail"))
	Label("loop")
	m.do(maxI, m.load(at), peak, peak)
	ADDQ(U8(m.isa.size), at.Index)
	SUBQ(U8(m.lanes()), n)
	JGE(LabelRef("loop"))
	Label("tail")
	ADDQ(U8(m.lanes()), n)
	JZ(LabelRef("done"))
	some := m.lanesBefore(n, 0)
	m.do(maxI, m.whereMasked(some, m.loadSome(at, some), peak), peak, peak)
	Label("done")
	largest := m.halve(peak[0], maxI)
	VZEROUPPER()
	Store(largest, ReturnIndex(0))
	RET()
}

// sumRows writes sums over the rows of a matrix, of four registers of columns at the same time, and of one when there
// are fewer left.
func sumRows(f *function, m *machine) {
	n := f.count()
	y, x := base("y"), base("x")
	rows, stride := Load(Param("rows"), GP64()), Load(Param("stride"), GP64())
	SHLQ(U8(bits.TrailingZeros(uint(m.element.size))), stride)
	// columns goes down the rows of as many registers. The last register may have a mask.
	columns := func(label string, registers int, some *mask) {
		load := func(base Register, i int) vector {
			at := Mem{Base: base, Disp: i * m.isa.size}
			if some == nil {
				return m.load(at)
			}
			return m.loadSome(at, *some)
		}
		sums := make([]vector, registers)
		for i := range sums {
			sums[i] = m.zero()
		}
		row, left := GP64(), GP64()
		MOVQ(x, row)
		MOVQ(rows, left)
		Label(label)
		for i, sum := range sums {
			m.do(addI, load(row, i), sum, sum)
		}
		ADDQ(stride, row)
		DECQ(left)
		JNZ(LabelRef(label))
		for i, sum := range sums {
			v, at := m.add(load(y, i), sum), Mem{Base: y, Disp: i * m.isa.size}
			if some == nil {
				m.store(v, at)
			} else {
				m.storeSome(v, at, *some)
			}
		}
		ADDQ(I32(int32(registers*m.isa.size)), x)
		ADDQ(I32(int32(registers*m.isa.size)), y)
	}
	for _, registers := range []int{4, 1} {
		name := fmt.Sprintf("registers%d", registers)
		lanes := U8(registers * m.lanes())
		SUBQ(lanes, n)
		JLT(LabelRef("no" + name))
		Label(name)
		columns("rowsOf"+name, registers, nil)
		SUBQ(lanes, n)
		JGE(LabelRef(name))
		Label("no" + name)
		ADDQ(lanes, n)
	}
	JZ(LabelRef("done"))
	some := m.lanesBefore(n, 0)
	columns("rowsOfTail", 1, &some)
	Label("done")
	VZEROUPPER()
	RET()
}

// base is where a slice begins.
func base(name string) Register { return Load(Param(name).Base(), GP64()) }

// count is how many elements there are.
func (f *function) count() GPVirtual {
	first := f.params[:strings.IndexAny(f.params, ", ")]
	return Load(Param(first).Len(), GP64()).(GPVirtual)
}

// parameters are the numbers that the function is called with, each in all lanes of a register.
func (f *function) parameters(m *machine) []vector {
	var all []vector
	for _, name := range f.scalars {
		p, err := Param(name).Resolve()
		if err != nil {
			log.Fatal(err)
		}
		all = append(all, m.register(p.Addr))
	}
	return all
}
