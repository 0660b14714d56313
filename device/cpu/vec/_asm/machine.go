package main

import (
	"fmt"
	"math"
	"slices"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// An isa is a set of vector registers.
type isa struct {
	name    string
	size    int // bytes of a register
	abreast int // registers of elements that a long function computes at the same time, as there are registers for
}

var avx2, avx512 = isa{"AVX2", 32, 3}, isa{"AVX512", 64, 4}

// A dtype is an element type.
type dtype struct {
	name, goName string
	size         int
}

var float32s, float64s = dtype{"F32", "float32", 4}, dtype{"F64", "float64", 8}

// A machine is the registers that a function computes in, the type of the elements in memory, and the type that they are
// computed in.
type machine struct {
	isa
	element, computed dtype
	abreast           int // registers of a vector that is made
	first             Mem // the elements of the first slice read
}

// A vector is registers that the same is done to, one after the other, so that a processor has more to do while it waits
// for results. One that has a single register, as constants have, goes with each register of the others.
type vector []VecVirtual

func (v vector) at(i int) VecVirtual { return v[i%len(v)] }

// Asm makes a vector an operand for emit.
func (v vector) Asm() string { return fmt.Sprint([]VecVirtual(v)) }

// lanes is how many elements a register has.
func (m *machine) lanes() int { return m.isa.size / m.computed.size }

// registerBytes is how many bytes of memory the elements of a register have.
func (m *machine) registerBytes() int { return m.lanes() * m.element.size }

// converts tells whether elements are widened when they are read and rounded when they are written.
func (m *machine) converts() bool { return m.element != m.computed }

func (m *machine) reg() vector {
	v := make(vector, m.abreast)
	for i := range v {
		v[i] = YMM()
		if m.isa.size == 64 {
			v[i] = ZMM()
		}
	}
	return v
}

// An instruction is what does the same to either element type. The forms with B take a constant as their first operand
// and repeat it, which AVX2 has no way to.
type instruction struct{ ps, pd, psB, pdB func(...Op) }

var (
	addI     = instruction{VADDPS, VADDPD, VADDPS_BCST, VADDPD_BCST}
	subI     = instruction{VSUBPS, VSUBPD, VSUBPS_BCST, VSUBPD_BCST}
	mulI     = instruction{VMULPS, VMULPD, VMULPS_BCST, VMULPD_BCST}
	divI     = instruction{VDIVPS, VDIVPD, VDIVPS_BCST, VDIVPD_BCST}
	minI     = instruction{VMINPS, VMINPD, VMINPS_BCST, VMINPD_BCST}
	maxI     = instruction{VMAXPS, VMAXPD, VMAXPS_BCST, VMAXPD_BCST}
	andI     = instruction{VANDPS, VANDPD, VANDPS_BCST, VANDPD_BCST}
	orI      = instruction{VORPS, VORPD, VORPS_BCST, VORPD_BCST}
	sqrtI    = instruction{VSQRTPS, VSQRTPD, VSQRTPS_BCST, VSQRTPD_BCST}
	fma213I  = instruction{VFMADD213PS, VFMADD213PD, VFMADD213PS_BCST, VFMADD213PD_BCST}
	fma231I  = instruction{VFMADD231PS, VFMADD231PD, VFMADD231PS_BCST, VFMADD231PD_BCST}
	fnma231I = instruction{VFNMADD231PS, VFNMADD231PD, VFNMADD231PS_BCST, VFNMADD231PD_BCST}
)

// do emits an instruction. Operands are in the order of Go's assembler, the last source first and the destination last.
func (m *machine) do(i instruction, ops ...Op) {
	_, constant := ops[0].(Mem)
	repeat := constant && m.isa.size == 64
	switch {
	case m.computed.size == 4 && repeat:
		emit(i.psB, ops...)
	case m.computed.size == 4:
		emit(i.ps, ops...)
	case repeat:
		emit(i.pdB, ops...)
	default:
		emit(i.pd, ops...)
	}
}

// emit emits an instruction for each register of the last operand.
func emit(i func(...Op), ops ...Op) {
	last, _ := ops[len(ops)-1].(vector)
	for j := range max(len(last), 1) {
		each := slices.Clone(ops)
		for k, op := range ops {
			if v, ok := op.(vector); ok {
				each[k] = v.at(j)
			}
		}
		i(each...)
	}
}

// made is a new register with the result of an instruction.
func (m *machine) made(i instruction, ops ...Op) vector {
	r := m.reg()
	m.do(i, append(ops, r)...)
	return r
}

// The second operand of these may be a constant.

func (m *machine) add(x, y Op) vector { return m.made(addI, y, x) }
func (m *machine) sub(x, y Op) vector { return m.made(subI, y, x) }
func (m *machine) mul(x, y Op) vector { return m.made(mulI, y, x) }
func (m *machine) div(x, y Op) vector { return m.made(divI, y, x) }
func (m *machine) and(x, y Op) vector { return m.made(andI, y, x) }
func (m *machine) or(x, y Op) vector  { return m.made(orI, y, x) }
func (m *machine) sqrt(x Op) vector   { return m.made(sqrtI, x) }

// atMost and atLeast are min(x, limit) and max(x, limit), and NaN where x is: the processor returns its last source then.
func (m *machine) atMost(x, limit vector) vector  { return m.made(minI, x, limit) }
func (m *machine) atLeast(x, limit vector) vector { return m.made(maxI, x, limit) }

// horner is p = p·x + c, addProduct sum += x·y, and subProduct sum -= x·y; c and y may be constants.
func (m *machine) horner(p vector, x, c Op)       { m.do(fma213I, c, x, p) }
func (m *machine) addProduct(sum vector, x, y Op) { m.do(fma231I, y, x, sum) }
func (m *machine) subProduct(sum vector, x, y Op) { m.do(fnma231I, y, x, sum) }

// whereNegative is yes in the lanes in which x has its sign bit set, and no in the others.
func (m *machine) whereNegative(x, yes, no vector) vector {
	r := m.reg()
	for i := range r {
		if m.isa.size == 64 {
			k := K()
			VPMOVQ2M(x.at(i), k)
			VBLENDMPD(yes.at(i), no.at(i), k, r[i])
		} else {
			VBLENDVPD(x.at(i), yes.at(i), no.at(i), r[i])
		}
	}
	return r
}

// whereMasked is yes in the lanes of a mask, and no in the others.
func (m *machine) whereMasked(some mask, yes, no vector) vector {
	r := m.reg()
	switch {
	case m.isa.size == 64 && m.computed.size == 4:
		VBLENDMPS(yes[0], no[0], some.k, r[0])
	case m.isa.size == 64:
		VBLENDMPD(yes[0], no[0], some.k, r[0])
	default:
		VBLENDVPS(some.computed, yes[0], no[0], r[0])
	}
	return r
}

// wherePositive is x in the lanes in which y > 0, and 0 in the others. The zeros are a register's.
func (m *machine) wherePositive(y, x, zeros vector) vector {
	const greater = U8(30) // ordered, quiet
	r := m.reg()
	switch {
	case m.isa.size == 64 && m.computed.size == 4:
		k := K()
		VCMPPS(greater, zeros[0], y[0], k)
		VMOVAPS_Z(x[0], k, r[0])
	case m.isa.size == 64:
		k := K()
		VCMPPD(greater, zeros[0], y[0], k)
		VMOVAPD_Z(x[0], k, r[0])
	case m.computed.size == 4:
		emit(VCMPPS, greater, zeros, y, r)
		emit(VANDPS, x, r, r)
	default:
		emit(VCMPPD, greater, zeros, y, r)
		emit(VANDPD, x, r, r)
	}
	return r
}

// constant is a number in memory: once for AVX-512, which repeats it, and as many times as there are lanes for AVX2.
func (m *machine) constant(v float64) Mem {
	if m.computed.size == 4 {
		return m.constantBits(uint64(math.Float32bits(float32(v))))
	}
	return m.constantBits(math.Float64bits(v))
}

func (m *machine) constantBits(bits uint64) Mem {
	name := fmt.Sprintf("c%0*x", 2*m.computed.size, bits)
	if mem, ok := constants[name]; ok {
		return mem
	}
	mem := GLOBL(name, RODATA|NOPTR)
	for i := 0; i < 32; i += m.computed.size {
		if m.computed.size == 4 {
			DATA(i, U32(bits))
		} else {
			DATA(i, U64(bits))
		}
	}
	constants[name] = mem
	return mem
}

var constants = map[string]Mem{}

// sign is a constant of which only the sign bit is set, and magnitude the one in which only that is not.
func (m *machine) sign() Mem { return m.constantBits(1 << (8*m.computed.size - 1)) }

func (m *machine) magnitude() Mem { return m.constantBits(1<<(8*m.computed.size-1) - 1) }

// register is a constant, or a parameter of the function, in all lanes of a register.
func (m *machine) register(v Op) vector {
	r := m.reg()
	if m.computed.size == 4 {
		emit(VBROADCASTSS, v, r)
	} else {
		emit(VBROADCASTSD, v, r)
	}
	return r
}

// shared is a constant in one register, for all those abreast.
func (m *machine) shared(v float64) vector {
	alone := *m
	alone.abreast = 1
	return alone.register(m.constant(v))
}

// again is the first slice's elements x, read again where registers are too few to keep them.
func (m *machine) again(x vector) vector {
	if m.abreast > 1 && m.isa == avx2 {
		return m.load(m.first)
	}
	return x
}

func (m *machine) copyOf(v vector) vector {
	r := m.reg()
	emit(VMOVAPD, v, r)
	return r
}

func (m *machine) zero() vector {
	r := m.reg()
	if m.isa.size == 64 {
		emit(VPXORQ, r, r, r)
	} else {
		emit(VXORPS, r, r, r)
	}
	return r
}

// load is the elements at an address.
func (m *machine) load(from Mem) vector {
	v := m.reg()
	for _, r := range v {
		if m.converts() {
			VCVTPS2PD(from, r)
		} else {
			VMOVUPS(from, r)
		}
		from = from.Offset(m.registerBytes())
	}
	return v
}

func (m *machine) store(v vector, to Mem) {
	for _, r := range v {
		VMOVUPS(m.rounded(r), to)
		to = to.Offset(m.registerBytes())
	}
}

// rounded is what is computed in a register as the elements in memory are: float64s as float32s take half a register.
func (m *machine) rounded(r VecVirtual) VecVirtual {
	switch {
	case !m.converts():
		return r
	case m.isa.size == 64:
		half := YMM()
		VCVTPD2PS(r, half)
		return half
	default:
		half := XMM()
		VCVTPD2PSY(r, half)
		return half
	}
}

// A mask says which lanes there are elements for: a mask register of AVX-512, or vectors for AVX2, the one as wide as
// the elements in memory, the other as wide as those computed.
type mask struct {
	k                  Register
	elements, computed VecVirtual
}

// lanesBefore is the mask of register i of some of which the first n lanes, fewer than 16, are meant.
func (m *machine) lanesBefore(n GPVirtual, i int) mask {
	if m.isa.size == 64 {
		bits, k := GP64(), K()
		MOVQ(I32(-1), bits)
		BZHIQ(n, bits, bits)
		if i > 0 {
			SHRQ(U8(i*m.lanes()), bits)
		}
		KMOVW(bits.As32(), k)
		return mask{k: k}
	}
	back, table := GP64(), GP64()
	MOVQ(n, back)
	NEGQ(back)
	at := func(t dtype) Mem {
		LEAQ(ones(t), table)
		return Mem{Base: table, Index: back, Scale: uint8(t.size), Disp: (16 + i*m.lanes()) * t.size}
	}
	some := mask{computed: YMM()}
	VMOVUPS(at(m.computed), some.computed)
	some.elements = some.computed
	if m.converts() {
		some.elements = XMM()
		VMOVUPS(at(m.element), some.elements)
	}
	return some
}

// ones is as many bits as 16 elements have, set, followed by as many that are not.
func ones(t dtype) Mem {
	name := "ones" + t.name
	if mem, ok := constants[name]; ok {
		return mem
	}
	mem := GLOBL(name, RODATA|NOPTR)
	for i := 0; i < 32*t.size; i += 8 {
		v := ^uint64(0)
		if i >= 16*t.size {
			v = 0
		}
		DATA(i, U64(v))
	}
	constants[name] = mem
	return mem
}

// loadSome is the elements at an address in the lanes of a mask, which is of a single register, and zeros in the others.
func (m *machine) loadSome(from Mem, some mask) vector {
	v := m.reg()
	r := v[0]
	switch {
	case m.isa.size == 64 && m.converts():
		VCVTPS2PD_Z(from, some.k, r)
	case m.isa.size == 64 && m.element.size == 4:
		VMOVUPS_Z(from, some.k, r)
	case m.isa.size == 64:
		VMOVUPD_Z(from, some.k, r)
	case m.converts():
		half := XMM()
		VMASKMOVPS(from, some.elements, half)
		VCVTPS2PD(half, r)
	case m.element.size == 4:
		VMASKMOVPS(from, some.elements, r)
	default:
		VMASKMOVPD(from, some.elements, r)
	}
	return v
}

func (m *machine) storeSome(v vector, to Mem, some mask) {
	r := m.rounded(v[0])
	switch {
	case m.isa.size == 64 && m.element.size == 4:
		VMOVUPS(r, some.k, to)
	case m.isa.size == 64:
		VMOVUPD(r, some.k, to)
	case m.element.size == 4:
		VMASKMOVPS(r, some.elements, to)
	default:
		VMASKMOVPD(r, some.elements, to)
	}
}
