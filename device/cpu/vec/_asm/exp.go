package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	. "github.com/mmcloughlin/avo/reg"
)

// An exponential is the constants of exp for one precision: see package vec's exp.go, which has the same in Go.
type exponential struct {
	shift   float64   // 1.5·2⁵² and what is to be added to the exponent
	scale   float64   // what the result is multiplied by, as its exponent was made larger
	ln2Lo   float64   // what log 2 is more than as a float64, where that matters
	highest float64   // from where on exp(-x) is zero
	q       []float64 // coefficients of Q, the lowest first
}

var (
	exp32 = exponential{
		shift: 0x1.8p52 + 1023, scale: 1, highest: 150,
		q: []float64{0x1.0000000b8f62bp-1, -0x1.5555555a78232p-3, 0x1.5554e9114ecf9p-5, -0x1.1110e0f726534p-7,
			0x1.6d431504c53d3p-10, -0x1.a124e3f154d32p-13},
	}
	exp64 = exponential{
		shift: 0x1.8p52 + 1023 + 512, scale: 0x1p-512, ln2Lo: 0x1.abc9e3b39803fp-56, highest: 746,
		q: []float64{0.5, -0x1.5555555555557p-3, 0x1.5555555555556p-5, -0x1.11111111100dfp-7, 0x1.6c16c16c162d6p-10,
			-0x1.a01a01abe62ddp-13, 0x1.a01a01a6d7808p-16, -0x1.71de02375656cp-19, 0x1.27e4db67b4303p-22, -0x1.af4ddd84882fep-26,
			0x1.1f72fc730b4ffp-29},
	}
)

// exponentialOf is the one that is precise enough for elements of a type.
func exponentialOf(t dtype) exponential {
	if t == float32s {
		return exp32
	}
	return exp64
}

const log2E, ln2 = 0x1.71547652b82fep+0, 0x1.62e42fefa39efp-1

// parts is s and g of exp(-x) = s - s·g. It overwrites x.
func (e exponential) parts(m *machine, x VecVirtual) (s, g VecVirtual) {
	t := m.register(m.constant(e.shift))
	m.subProduct(t, x, m.constant(log2E))
	k := m.sub(t, m.constant(e.shift))
	m.addProduct(x, k, m.constant(ln2))
	if e.ln2Lo != 0 {
		m.addProduct(x, k, m.constant(e.ln2Lo))
	}
	powers := map[int]VecVirtual{1: x}
	q := m.polynomial(powers, e.q)
	m.subProduct(x, powers[2], q)
	s = m.reg()
	VPSLLQ(U8(52), t, s)
	return s, x
}

// polynomial is Σ q[i]·xⁱ by Estrin's scheme: neighbours are joined, then pairs by x², fours by x⁴ and so on, so that a
// processor need not wait for one term after the other. It adds to the powers of x those that it needs.
func (m *machine) polynomial(powers map[int]VecVirtual, q []float64) VecVirtual {
	if len(q) == 1 {
		return m.register(m.constant(q[0]))
	}
	half := 1
	for 2*half < len(q) {
		half *= 2
	}
	var low Op
	if half == 1 {
		low = m.constant(q[0])
	} else {
		low = m.polynomial(powers, q[:half])
	}
	high := m.polynomial(powers, q[half:])
	if powers[half] == nil {
		powers[half] = m.mul(powers[half/2], powers[half/2])
	}
	m.horner(high, powers[half], low)
	return high
}

// of is exp(-x) for the numbers up to e.highest, which is in a register. It overwrites x.
func (e exponential) of(m *machine, x, highest VecVirtual) VecVirtual {
	s, g := e.parts(m, m.atMost(x, highest))
	m.subProduct(s, s, g)
	if e.scale != 1 {
		m.do(mulI, m.constant(e.scale), s, s)
	}
	return s
}

func tanh(m *machine, _ []VecVirtual) body {
	limit, one, two := m.register(m.constant(22)), m.register(m.constant(1)), m.register(m.constant(2))
	e := exponentialOf(m.element)
	e.shift, e.scale = exp32.shift, 1 // for nothing here is subnormal
	return func(in []VecVirtual) []VecVirtual {
		u := m.atMost(m.and(in[0], m.magnitude()), limit)
		s, g := e.parts(m, m.add(u, u))
		most := m.sub(one, s) // of n
		n := m.copyOf(most)
		m.addProduct(n, s, g)
		d := m.sub(two, n)
		if m.converts() {
			return []VecVirtual{m.or(m.div(n, d), m.and(in[0], m.sign()))}
		}
		lostN := m.sub(most, n)
		m.addProduct(lostN, s, g)
		lostD := m.sub(m.sub(two, d), n)
		inverse := m.div(one, d)
		y := m.mul(n, inverse)
		rest := n
		m.subProduct(rest, y, d)
		m.subProduct(rest, y, lostD)
		m.addProduct(rest, lostN, m.add(y, one))
		m.addProduct(y, rest, inverse)
		return []VecVirtual{m.or(y, m.and(in[0], m.sign()))}
	}
}

func sigmoid(m *machine, _ []VecVirtual) body {
	e := exponentialOf(m.element)
	one, highest := m.register(m.constant(1)), m.register(m.constant(e.highest))
	if m.converts() { // float64 has digits and exponents to spare
		lowest := m.register(m.constant(-110))
		return func(in []VecVirtual) []VecVirtual {
			return []VecVirtual{m.div(one, m.add(e.of(m, m.atLeast(in[0], lowest), highest), one))}
		}
	}
	return func(in []VecVirtual) []VecVirtual {
		e := e.of(m, m.and(in[0], m.magnitude()), highest)
		d := m.add(e, one)
		lostD := m.sub(e, m.sub(d, one))
		inverse := m.div(one, d)
		rest := m.whereNegative(in[0], e, one)
		y := m.mul(rest, inverse)
		m.subProduct(rest, y, d)
		m.subProduct(rest, y, lostD)
		m.addProduct(y, rest, inverse)
		return []VecVirtual{y}
	}
}

func expSum(m *machine, scalars []VecVirtual) sumBody {
	e := exponentialOf(m.element)
	highest, zeros := m.register(m.constant(e.highest)), m.zero()
	return func(in []VecVirtual, sum VecVirtual, some *mask) []VecVirtual {
		y := e.of(m, m.sub(scalars[0], in[0]), highest)
		term := y
		if some != nil {
			term = m.whereMasked(*some, y, zeros)
		}
		m.do(addI, term, sum, sum)
		return []VecVirtual{y}
	}
}
