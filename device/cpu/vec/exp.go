package vec

import "math"

// The functions made of exp. All of them compute in float64: for float32 with so many digits to spare that nearly every
// result is the one nearest to the exact one, for float64 with some care.
//
// With k the integer next to -x/ln 2 and r = x + k·ln 2, |r| <= (ln 2)/2,
//
//	exp(-x) = 2ᵏ·(1-g)    with g = 1-exp(-r) = r - r²·Q(r)
//
// k comes from adding a number so large that the sum has no digits behind the point. Its last bits are then k plus what an
// exponent is stored with, which is why a shift makes 2ᵏ of it. r is exact but for the digits that ln 2 has behind its 53,
// because x + k·ln 2 is a multiple of 2⁻⁵⁴ and its fused multiply-add has nothing to round.
//
// The coefficients of Q were computed with 200 bits and more, and rounded. For float32 Q has 6 and interpolates
// (exp(-r)-1+r)/r² at the Chebyshev nodes of the interval (mpmath's chebyfit): g is wrong by 2⁻³⁰·⁸ of itself at most. For
// float64 it has 10, and r·Q interpolates (exp(-r)-1+r)/r at the 11 Chebyshev nodes, of which 0 is one: by 2⁻⁵⁵·². The even
// terms of Q and the odd ones are two chains, by Horner's scheme in r². Fewer operations than Estrin's scheme has matter more
// than the longer wait for them, for the assembly has several vectors under way at the same time.
//
// Over all numbers of float32, which go test -all goes through, the largest error of tanh is 0.507 ulp and that of sigmoid
// 0.503. Over a million float64s each, that of tanh is 1.45, that of sigmoid 1.41 and that of exp 1.02.

const (
	log2E = 0x1.71547652b82fep+0  // 1/ln 2
	ln2   = 0x1.62e42fefa39efp-1  // ln 2, and what it is more
	ln2Lo = 0x1.abc9e3b39803fp-56 // than that
	shift = 0x1.8p52 + 1023
)

// parts32 is 2ᵏ and g for float32.
func parts32(x float64) (s, g float64) {
	t := math.FMA(-x, log2E, shift)
	r := math.FMA(t-shift, ln2, x)
	r2 := float64(r * r)
	even := math.FMA(math.FMA(0x1.6d431504c53d3p-10, r2, 0x1.5554e9114ecf9p-5), r2, 0x1.0000000b8f62bp-1)
	odd := math.FMA(math.FMA(-0x1.a124e3f154d32p-13, r2, -0x1.1110e0f726534p-7), r2, -0x1.5555555a78232p-3)
	return math.Float64frombits(math.Float64bits(t) << 52), math.FMA(-r2, math.FMA(odd, r, even), r)
}

// parts64 is 2ᵏ⁺ᵇ and g for float64. Without ln2Lo, r is wrong by k·2⁻⁵⁵.
func parts64(x, b, ln2Lo float64) (s, g float64) {
	t := math.FMA(-x, log2E, shift+b)
	k := t - (shift + b)
	r := math.FMA(k, ln2Lo, math.FMA(k, ln2, x))
	r2 := float64(r * r)
	even := math.FMA(0x1.28a2c0a7209fbp-22, r2, 0x1.a019a66a75dd4p-16)
	even = math.FMA(even, r2, 0x1.6c16c17f43a58p-10)
	even = math.FMA(even, r2, 0x1.55555555520afp-5)
	even = math.FMA(even, r2, 0x1.0000000000005p-1)
	odd := math.FMA(-0x1.af4ddd84882fep-26, r2, -0x1.71de02375656cp-19)
	odd = math.FMA(odd, r2, -0x1.a01a01abe62ddp-13)
	odd = math.FMA(odd, r2, -0x1.11111111100dfp-7)
	odd = math.FMA(odd, r2, -0x1.5555555555557p-3)
	return math.Float64frombits(math.Float64bits(t) << 52), math.FMA(-r2, math.FMA(odd, r, even), r)
}

// exp32 is exp(-x) for float32 and x >= -110. It stops falling at 150, where float32 has long been 0.
func exp32(x float64) float64 {
	if x > 150 {
		x = 150
	}
	s, g := parts32(x)
	return math.FMA(-s, g, s)
}

// exp64 is exp(-x) for x >= 0. The exponent is made larger, so that 2ᵏ is a normal number, and smaller again in the end,
// which rounds a subnormal result to the digits it has.
func exp64(x float64) float64 {
	if x > 746 {
		x = 746
	}
	s, g := parts64(x, 512, ln2Lo)
	return float64(math.FMA(-s, g, s) * 0x1p-512)
}

// tanh x = m/(2-m) with m = 1-exp(-2x). Near 0, where k is 0, m is g and as precise as that. From 22 on the result is 1.

func tanh32(x float64) float64 {
	s, g := parts32(doubled(x))
	m := math.FMA(s, g, 1-s)
	return math.Copysign(m/(2-m), x)
}

// tanh64 divides as well what m and the division lost: m - y·(2-m) = (m-2y) + y·m, of which m-2y is exact as y is between m/2
// and m. It does without ln2Lo, since 2ᵏ makes up for k.
func tanh64(x float64) float64 {
	s, g := parts64(doubled(x), 0, 0)
	m := math.FMA(s, g, 1-s)
	lostM := math.FMA(s, g, (1-s)-m)
	inverse := 1 / (2 - m)
	y := float64(m * inverse)
	rest := math.FMA(y, m, math.FMA(-y, 2, m))
	rest += math.FMA(lostM, y, lostM)
	return math.Copysign(math.FMA(rest, inverse, y), x)
}

func doubled(x float64) float64 {
	if x = math.Abs(x); x > 22 {
		x = 22
	}
	return x + x
}

// sigmoid32 needs no care: float64 has the exponents for exp(-x) as well as the digits.
func sigmoid32(x float64) float64 {
	if x < -110 {
		x = -110
	}
	return 1 / (exp32(x) + 1)
}

// sigmoid64 is n/(1+e) with e = exp(-|x|), which does not overflow, and n = e or 1. It divides as well what the division
// lost: n - y·(1+e) = (n-y) - y·e, of which n-y is exact as y is between n/2 and n.
func sigmoid64(x float64) float64 {
	e := exp64(math.Abs(x))
	inverse := 1 / (e + 1)
	n := 1.0
	if x < 0 {
		n = e
	}
	y := float64(n * inverse)
	rest := math.FMA(-y, e, n-y)
	return math.FMA(rest, inverse, y)
}
