package main

import (
	"strings"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// A function is one of package vec's for every element type and every set of registers.
type function struct {
	name   string
	params string // with T for the element type; the first slice tells how many elements there are
	result string
	loop   string // the Go loop that it replaces, for the doc comment
	wide   bool   // computed in float64
	// Either it maps elements to elements, or it sums them.
	in, out []string // the slices read and written, for a map
	scalars []string
	compute func(m *machine, scalars []VecVirtual) body
	reduce  func(m *machine)
}

// A body computes from vectors of the slices read those of the slices written. It is made once, before the loop, where
// constants are put into registers.
type body func(in []VecVirtual) []VecVirtual

func (f *function) generate(isa isa, t dtype) {
	m := &machine{isa, t, t}
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
	if f.reduce != nil {
		f.reduce(m)
		return
	}
	f.generateMap(m)
}

// generateMap writes a loop over whole registers, and the rest with a mask.
func (f *function) generateMap(m *machine) {
	n := Load(Param(f.params[:strings.IndexAny(f.params, ", ")]).Len(), GP64()).(GPVirtual)
	var at []Mem // of the slices of in, then of those of out
	offset := GP64()
	for _, name := range append(f.in, f.out...) {
		at = append(at, Mem{Base: base(name), Index: offset, Scale: 1})
	}
	var scalars []VecVirtual
	for _, name := range f.scalars {
		scalars = append(scalars, m.parameter(name))
	}
	compute := f.compute(m, scalars)
	XORQ(offset, offset)
	SUBQ(U8(m.lanes()), n)
	JLT(LabelRef("tail"))

	Label("loop")
	in := make([]VecVirtual, len(f.in))
	for i := range in {
		in[i] = m.load(at[i])
	}
	for i, v := range compute(in) {
		m.store(v, at[len(in)+i])
	}
	ADDQ(U8(m.lanes()*m.element.size), offset)
	SUBQ(U8(m.lanes()), n)
	JGE(LabelRef("loop"))

	Label("tail")
	ADDQ(U8(m.lanes()), n)
	JZ(LabelRef("done"))
	some := m.firstLanes(n, 1)[0]
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

// base is where a slice begins.
func base(name string) Register { return Load(Param(name).Base(), GP64()) }

// parameter is a number that the function is called with, in all lanes.
func (m *machine) parameter(name string) VecVirtual {
	p, err := Param(name).Resolve()
	if err != nil {
		panic(err)
	}
	return m.register(p.Addr)
}

// terms is how many sums a reduction has. Term i is added to sum i modulo terms, for every set of registers.
const terms = 16

// A reduction calls step for each register of elements; the mask is nil where the register is full.
type step func(i int, at func(base Register) Mem, sum VecVirtual, some *mask)

// generateSums writes a loop over n elements that adds to 16 sums, and then adds these to each other.
func (m *machine) generateSums(n GPVirtual, step step) {
	registers := terms / m.lanes()
	sums := make([]VecVirtual, registers)
	for i := range sums {
		sums[i] = m.zero()
	}
	offset := GP64()
	place := func(i int) func(base Register) Mem {
		return func(base Register) Mem {
			return Mem{Base: base, Index: offset, Scale: 1, Disp: i * m.lanes() * m.element.size}
		}
	}
	XORQ(offset, offset)
	SUBQ(U8(terms), n)
	JLT(LabelRef("tail"))
	Label("loop")
	for i, sum := range sums {
		step(i, place(i), sum, nil)
	}
	ADDQ(U8(terms*m.element.size), offset)
	SUBQ(U8(terms), n)
	JGE(LabelRef("loop"))

	Label("tail")
	ADDQ(U8(terms), n)
	JZ(LabelRef("done"))
	masks := m.firstLanes(n, registers)
	for i, sum := range sums {
		step(i, place(i), sum, &masks[i])
	}
	Label("done")
	m.fold(sums)
	VZEROUPPER()
	RET()
}

// fold returns from the function with the sum of all lanes: the upper half is added to the lower, four times.
func (m *machine) fold(sums []VecVirtual) {
	for n := len(sums); n > 1; n /= 2 {
		for i, s := range sums[n/2 : n] {
			m.do(addI, s, sums[i], sums[i])
		}
	}
	if m.isa.size == 64 {
		upper := YMM()
		VEXTRACTF64X4(U8(1), sums[0], upper)
		VADDPD(upper, sums[0].AsY(), sums[0].AsY())
	}
	low, high := sums[0].AsX(), XMM()
	VEXTRACTF128(U8(1), sums[0].AsY(), high)
	VADDPD(high, low, low)
	VUNPCKHPD(low, low, high)
	VADDSD(high, low, low)
	Store(low, ReturnIndex(0))
}
