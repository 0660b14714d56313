package vec

import (
	"flag"
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

var all = flag.Bool("all", false, "test the functions of float32 with all numbers that there are, which takes minutes")

// TestFloat32IsNearest holds tanh and sigmoid to math's in float64, which are right to 2⁻⁵⁰ and more.
func TestFloat32IsNearest(t *testing.T) {
	for _, test := range []struct {
		name string
		f    func(y, x []float32)
		want func(x float64) float64
	}{
		{"tanh", Tanh[float32], math.Tanh},
		{"sigmoid", Sigmoid[float32], func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }},
	} {
		t.Run(test.name, func(t *testing.T) {
			const piece = 1 << 12
			step := uint64(9973)
			if *all {
				step = 1
			}
			var x, y [piece]float32
			worst, at := 0.0, float32(0)
			for bits := uint64(0); bits < 1<<32; bits += piece * step {
				for i := range x {
					x[i] = math.Float32frombits(uint32(bits + uint64(i)*step))
				}
				test.f(y[:], x[:])
				for i, x := range x {
					want := test.want(float64(x))
					if want != want && y[i] != y[i] {
						continue
					}
					if err := math.Abs(float64(y[i])-want) / ulp32(want); !(err <= worst) {
						worst, at = err, x
					}
				}
			}
			t.Logf("the largest error is %.4f ulp, at %x", worst, at)
			if !(worst <= 0.51) {
				t.Errorf("%s(%x) is wrong by %.4f ulp, want 0.51 at most", test.name, at, worst)
			}
		})
	}
}

// ulp32 is the distance of float32s at x.
func ulp32(x float64) float64 {
	_, e := math.Frexp(x)
	return math.Ldexp(1, max(e, -125)-24)
}

// TestFloat64IsNear holds tanh, sigmoid and exp to arithmetic with many more digits.
func TestFloat64IsNear(t *testing.T) {
	n := 1000
	if *all {
		n = 1_000_000
	}
	for _, test := range []struct {
		name string
		f    func(y, x []float64)
		want func(x *big.Float) *big.Float
		low  float64
	}{
		{"tanh", Tanh[float64], exactTanh, -23},
		{"sigmoid", Sigmoid[float64], exactSigmoid, -746},
		{"exp", func(y, x []float64) { y[0] = exp64(-x[0]) }, exactExp, -746},
	} {
		t.Run(test.name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, 2))
			worst, at := 0.0, 0.0
			for i := range n {
				x := []float64{test.low * rng.Float64()}
				if i%2 == 0 { // as many in every binade
					x[0] = test.low * math.Exp2(-32*rng.Float64())
				}
				if test.name != "exp" && i%4 < 2 {
					x[0] = min(-x[0], 40)
				}
				y := make([]float64, 1)
				test.f(y, x)
				want := test.want(exact(x[0]))
				nearest, _ := want.Float64()
				err, _ := new(big.Float).Sub(exact(y[0]), want).Float64()
				if err = math.Abs(err) / ulp64(nearest); !(err <= worst) {
					worst, at = err, x[0]
				}
			}
			t.Logf("the largest error is %.4f ulp, at %x", worst, at)
			if !(worst <= 2) {
				t.Errorf("%s(%x) is wrong by %.4f ulp, want 2 at most", test.name, at, worst)
			}
		})
	}
}

// ulp64 is the distance of float64s at x.
func ulp64(x float64) float64 {
	_, e := math.Frexp(x)
	return math.Ldexp(1, max(e, -1021)-53)
}

// exact is x with digits for what is computed from it.
func exact(x float64) *big.Float { return new(big.Float).SetPrec(300).SetFloat64(x) }

// exactExp is exp(x) = exp(x/2ⁿ)^(2ⁿ), by Taylor's series for a small x/2ⁿ.
func exactExp(x *big.Float) *big.Float {
	const halvings = 20
	y := new(big.Float).SetMantExp(x, -halvings)
	sum, term := exact(1), exact(1)
	for i := 1.0; term.Sign() != 0 && term.MantExp(nil) > -260; i++ {
		term.Quo(term.Mul(term, y), exact(i))
		sum.Add(sum, term)
	}
	for range halvings {
		sum.Mul(sum, sum)
	}
	return sum
}

func exactSigmoid(x *big.Float) *big.Float {
	e := exactExp(x)
	return new(big.Float).Quo(e, new(big.Float).Add(e, exact(1)))
}

func exactTanh(x *big.Float) *big.Float {
	e := exactExp(new(big.Float).Add(x, x))
	return new(big.Float).Quo(new(big.Float).Sub(e, exact(1)), new(big.Float).Add(e, exact(1)))
}
