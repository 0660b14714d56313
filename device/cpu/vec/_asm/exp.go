package main

import (
	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
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
		q: []float64{0x1.0000000000005p-1, -0x1.5555555555557p-3, 0x1.55555555520afp-5, -0x1.11111111100dfp-7,
			0x1.6c16c17f43a58p-10, -0x1.a01a01abe62ddp-13, 0x1.a019a66a75dd4p-16, -0x1.71de02375656cp-19,
			0x1.28a2c0a7209fbp-22, -0x1.af4ddd84882fep-26},
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
func (e exponential) parts(m *machine, x vector) (s, g vector) {
	t := m.register(m.constant(e.shift))
	m.subProduct(t, x, m.constant(log2E))
	k := m.sub(t, m.constant(e.shift))
	m.addProduct(x, k, m.constant(ln2))
	if e.ln2Lo != 0 {
		m.addProduct(x, k, m.constant(e.ln2Lo))
	}
	x2 := m.mul(x, x)
	m.subProduct(x, x2, m.polynomial(x, x2, e.q))
	s = m.reg()
	emit(VPSLLQ, U8(52), t, s)
	return s, x
}

// polynomial is Σ q[i]·xⁱ. The even terms and the odd ones are two chains, by Horner's scheme in x².
func (m *machine) polynomial(x, x2 vector, q []float64) vector {
	var p [2]vector
	for i := len(q) - 1; i >= 0; i-- {
		if c := m.constant(q[i]); p[i%2] == nil {
			p[i%2] = m.register(c)
		} else {
			m.horner(p[i%2], x2, c)
		}
	}
	m.addProduct(p[0], p[1], x)
	return p[0]
}

// of is exp(-x), which is 0 from e.highest on. It overwrites x.
func (e exponential) of(m *machine, x vector) vector {
	s, g := e.parts(m, m.atMost(x, m.shared(e.highest)))
	m.subProduct(s, s, g)
	if e.scale != 1 {
		m.do(mulI, m.constant(e.scale), s, s)
	}
	return s
}

func tanh(m *machine, _ []vector) body {
	e := exponentialOf(m.element)
	e.shift, e.scale, e.ln2Lo = exp32.shift, 1, 0 // for nothing here is subnormal, and s is small where k is large
	return func(in []vector) []vector {
		u := m.atMost(m.and(in[0], m.magnitude()), m.shared(22))
		s, g := e.parts(m, m.add(u, u))
		one := m.shared(1)
		most := m.sub(one, s) // of n
		n := m.copyOf(most)
		m.addProduct(n, s, g)
		if m.converts() {
			return []vector{m.or(m.div(n, m.sub(m.shared(2), n)), m.and(m.again(in[0]), m.sign()))}
		}
		lostN := m.sub(most, n)
		m.addProduct(lostN, s, g)
		inverse := m.div(one, m.sub(m.shared(2), n))
		y := m.mul(n, inverse)
		rest := m.copyOf(n)
		m.subProduct(rest, y, m.constant(2))
		m.addProduct(rest, y, n)
		m.horner(lostN, y, lostN)
		m.do(addI, lostN, rest, rest)
		m.addProduct(y, rest, inverse)
		return []vector{m.or(y, m.and(m.again(in[0]), m.sign()))}
	}
}

func sigmoid(m *machine, _ []vector) body {
	e := exponentialOf(m.element)
	if m.converts() { // float64 has digits and exponents to spare
		return func(in []vector) []vector {
			e := e.of(m, m.atLeast(in[0], m.shared(-110)))
			return []vector{m.div(m.shared(1), m.add(e, m.constant(1)))}
		}
	}
	return func(in []vector) []vector {
		e := e.of(m, m.and(in[0], m.magnitude()))
		one := m.shared(1)
		inverse := m.div(one, m.add(e, one))
		n := m.whereNegative(m.again(in[0]), e, one)
		y := m.mul(n, inverse)
		rest := m.sub(n, y)
		m.subProduct(rest, y, e)
		m.addProduct(y, rest, inverse)
		return []vector{y}
	}
}

func expSum(m *machine, scalars []vector) sumBody {
	e := exponentialOf(m.element)
	return func(in []vector, sum vector, some *mask) []vector {
		y := e.of(m, m.sub(scalars[0], in[0]))
		term := y
		if some != nil {
			term = m.whereMasked(*some, y, m.zero())
		}
		m.do(addI, term, sum, sum)
		return []vector{y}
	}
}
