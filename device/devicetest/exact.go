package devicetest

import (
	"math"
	"math/big"
)

// precision is the bits that the exact functions compute with, 100 of which at least are right.
const precision = 140

func newFloat(x float64) *big.Float { return new(big.Float).SetPrec(precision).SetFloat64(x) }

// exactSigmoid is 1/(1+exp(-x)) as the sum of two numbers.
func exactSigmoid(x float64) (hi, lo float64) {
	switch {
	case x > 800:
		return 1, 0 // for exp(-x) is less than half the smallest number
	case x < -800:
		return 0, 0
	}
	one := newFloat(1)
	e := exp(-x)
	return split(e.Quo(one, e.Add(e, one)))
}

// exactTanh is tanh x = (exp(2x)-1) / (exp(2x)+1) as the sum of two numbers.
func exactTanh(x float64) (hi, lo float64) {
	switch {
	case math.Abs(x) > 400:
		return math.Copysign(1, x), 0
	case math.Abs(x) < 0x1p-30:
		return x, -x * x * x / 3 // and next to nothing beyond, where exp(2x)-1 would lose its digits
	}
	one := newFloat(1)
	e := exp(2 * x)
	return split(new(big.Float).Quo(new(big.Float).Sub(e, one), new(big.Float).Add(e, one)))
}

// exp is exp(x) = exp(x/2ⁿ)^(2ⁿ), by Taylor's series for a small x/2ⁿ.
func exp(x float64) *big.Float {
	n := 0
	for ; math.Abs(x) > 0x1p-8; n++ {
		x /= 2
	}
	y, sum, term := newFloat(x), newFloat(1), newFloat(1)
	for i := 1.0; term.Sign() != 0 && term.MantExp(nil) > -precision; i++ {
		term.Quo(term.Mul(term, y), newFloat(i))
		sum.Add(sum, term)
	}
	for range n {
		sum.Mul(sum, sum)
	}
	return sum
}

// split is x as the sum of two numbers.
func split(x *big.Float) (hi, lo float64) {
	hi, _ = x.Float64()
	lo, _ = new(big.Float).Sub(x, newFloat(hi)).Float64()
	return hi, lo
}
