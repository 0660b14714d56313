package devicetest

import (
	"math"
	"math/rand/v2"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

var activations = []kernels.Activation{kernels.Sigmoid, kernels.Tanh, kernels.ReLU}

// special is what arithmetic treats specially.
var special = []float64{
	math.NaN(), math.Inf(1), math.Inf(-1), 0, math.Copysign(0, -1), 1, -1, 0.5, -3,
	0x1p-126, -0x1p-149, 0x1p-1022, -0x1p-1074, math.MaxFloat32, -math.MaxFloat64,
}

// bends is where implementations of exp, sigmoid and tanh go over from one formula to another, or a result from normal
// numbers to subnormal ones and to 0 or 1.
var bends = []float64{
	0x1p-30, 0x1p-13, 1e-4, 0.25, 0.35, 0.55, 0.625, 0.69, 1, 4.9, 8, 9.1, 15, 17.3, 19.1, 22, 36.7, 37, 44,
	87.3, 87.4, 88.7, 88.8, 103.2, 103.9, 104, 353, 707, 708.3, 708.5, 709.7, 709.8, 735, 744.4, 745.1, 745.2, 746, 1000, 1e10, 1e300,
}

// around is these numbers, a little more and a little less, and their opposites.
func around(values []float64) fill {
	var all []float64
	for _, v := range values {
		for _, near := range []float64{v, v * (1 + 1e-7), v * (1 - 1e-7), v * 1.003, v * 0.997} {
			all = append(all, near, -near)
		}
	}
	return these(all...)
}

// anyBits is numbers whose bits are evenly distributed: as many in every binade, subnormal ones and NaN among them.
func anyBits(t device.DType) fill {
	return func(r *rand.Rand, n int) []float64 {
		step := math.MaxUint64 / uint64(max(n, 1))
		next := uint64(0)
		return each(n, func() float64 {
			bits := next + r.Uint64N(step)
			next += step
			if t == device.Float32 {
				return float64(math.Float32frombits(uint32(bits >> 32)))
			}
			return math.Float64frombits(bits)
		})
	}
}

func activate(t device.DType) []*trial {
	var all []*trial
	for _, f := range activations {
		far := activateTrial(t, f, 1<<14, data{"far", between(-800, 800)})
		far.long = true
		all = append(all,
			activateTrial(t, f, len(special), data{"special", these(special...)}),
			activateTrial(t, f, 10*len(bends), data{"bends", around(bends)}),
			activateTrial(t, f, 1<<16, data{"any bits", anyBits(t)}),
			far)
		for _, n := range sizes {
			all = append(all, activateTrial(t, f, n, data{"normal", scaled(3, normal)}))
		}
	}
	return all
}

// activateTrial computes Y = F(X).
func activateTrial(t device.DType, f kernels.Activation, n int, x data) *trial {
	return &trial{
		kernel: kernels.Activate{F: f}, dtype: t, size: dims(n), variant: x.name,
		operands: []operand{{name: "Y", shape: []int{n}}, {name: "X", shape: []int{n}, fill: x.fill}},
		zeros:    f == kernels.ReLU || x.name != "normal",
		want: func(s *sheet) {
			y := s.result("Y")
			for i, x := range s.in("X") {
				y.activated(i, f, x)
			}
		},
	}
}

// activated says that element i is f(x): to 2 ulp, and exactly at ±0 and ±Inf.
func (r *result) activated(i int, f kernels.Activation, x float64) {
	var hi, lo float64
	switch {
	case math.IsNaN(x) || f == kernels.ReLU || r.sheet.trial.dtype == device.Float32:
		hi = value(f, x)
	case f == kernels.Sigmoid:
		hi, lo = exactSigmoid(x)
	case f == kernels.Tanh:
		hi, lo = exactTanh(x)
	}
	if f == kernels.ReLU || x == 0 || math.IsInf(x, 0) {
		r.exactly(i, hi)
	} else {
		r.nearSum(i, hi, lo, 2*r.sheet.ulp(hi))
	}
}

// value is f(x), as near to it as float64 comes.
func value(f kernels.Activation, x float64) float64 {
	switch f {
	case kernels.Sigmoid:
		return 1 / (1 + math.Exp(-x))
	case kernels.Tanh:
		return math.Tanh(x)
	}
	return max(x, 0)
}

func activateGrad(t device.DType) []*trial {
	var all []*trial
	for _, f := range activations {
		for _, n := range sizes {
			all = append(all, activateGradTrial(t, f, n, data{"normal", normal}))
			if f != kernels.ReLU { // what NaN·0 is, where ReLU is flat, is left open
				all = append(all, activateGradTrial(t, f, n, data{"special", sprinkled(normal, math.NaN(), math.Inf(1), math.Inf(-1))}))
			}
		}
	}
	return all
}

// results is what each function makes.
var results = map[kernels.Activation]fill{kernels.Sigmoid: between(0, 1), kernels.Tanh: between(-1, 1), kernels.ReLU: normal}

// activateGradTrial computes DX = DY·F'(X), with F' told from Y.
func activateGradTrial(t device.DType, f kernels.Activation, n int, dy data) *trial {
	return &trial{
		kernel: kernels.ActivateGrad{F: f}, dtype: t, size: dims(n), variant: dy.name,
		operands: []operand{
			{name: "DX", shape: []int{n}}, {name: "DY", shape: []int{n}, fill: dy.fill},
			{name: "Y", shape: []int{n}, fill: sprinkled(results[f], 1, 0.999999, 1e-6, 0)}},
		zeros: f == kernels.ReLU || n < 20,
		want: func(s *sheet) {
			dx, dy := s.result("DX"), s.in("DY")
			for i, y := range s.in("Y") {
				v := dy[i] * slope(f, y)
				dx.near(i, v, 4*s.eps*math.Abs(v)+s.least)
			}
		},
	}
}

// slope is f'(x), told from y = f(x).
func slope(f kernels.Activation, y float64) float64 {
	switch {
	case f == kernels.Sigmoid:
		return y * (1 - y)
	case f == kernels.Tanh:
		return (1 - y) * (1 + y)
	case y > 0:
		return 1
	}
	return 0
}

var operators = []kernels.Operator{kernels.Add, kernels.Mul, kernels.Div}

// A pair is two shapes that broadcast.
type pair struct{ x, y []int }

func (p pair) String() string { return dims(p.x...) + "," + dims(p.y...) }

// shape is what the pair broadcasts to.
func (p pair) shape() []int {
	shape, _ := kernels.Broadcast(p.x, p.y)
	return shape
}

func pairs() []pair {
	all := []pair{
		// Scalars, and nothing.
		{nil, nil}, {nil, []int{7}}, {[]int{7}, nil}, {nil, []int{70_001}}, {[]int{70_001}, []int{1}},
		{[]int{1}, []int{0}}, {[]int{0}, nil}, {[]int{3, 1}, []int{0}}, {[]int{0, 4}, []int{1, 4}},
		// Rows and columns, in squares as well, where one may be taken for the other.
		{[]int{3, 5}, []int{5}}, {[]int{5}, []int{3, 5}}, {[]int{3, 5}, []int{3, 1}}, {[]int{3, 1}, []int{3, 5}}, {[]int{3, 1}, []int{1, 5}},
		{[]int{5, 1}, []int{5}}, {[]int{5, 5}, []int{5}}, {[]int{5, 5}, []int{5, 1}},
		// Axes in the middle, and many of them.
		{[]int{3, 1, 5}, []int{4, 1}}, {[]int{2, 3, 3}, []int{3, 1}}, {[]int{2, 3, 4}, []int{3, 1}}, {[]int{2, 1, 4}, []int{2, 3, 4}},
		{[]int{2, 3, 4}, []int{1, 3, 1}}, {[]int{2, 3, 1}, []int{1, 3, 4}}, {[]int{1, 3, 5}, []int{3, 5}}, {[]int{3, 5, 7}, []int{3, 5, 7}},
		{[]int{2, 1, 3, 1, 2, 3}, []int{3, 1, 2, 1, 3}}, {[]int{2, 3, 2, 3, 2, 3}, []int{1, 3, 1, 3, 1, 3}},
		// Long sums going back.
		{[]int{40, 40}, nil}, {[]int{131, 257}, []int{257}}, {[]int{131, 257}, []int{131, 1}}, {[]int{257, 131}, nil},
		{[]int{7, 1000}, []int{7, 1}}, {[]int{1000, 7}, []int{7}}, {[]int{17, 65, 33}, []int{65, 1}},
	}
	for _, n := range sizes {
		all = append(all, pair{[]int{n}, []int{n}})
	}
	return all
}

func binary(t device.DType) []*trial {
	var all []*trial
	for _, op := range operators {
		for _, p := range pairs() {
			all = append(all, binaryTrial(t, op, p, data{"normal", normal}))
		}
		each := pair{[]int{len(special), 1}, []int{len(special)}}
		all = append(all, binaryTrial(t, op, each, data{"special", these(special...)}))
	}
	return all
}

// binaryTrial computes Z = X op Y, which IEEE 754 leaves no choice in but for the quotient of some GPUs.
func binaryTrial(t device.DType, op kernels.Operator, p pair, d data) *trial {
	shape := p.shape()
	return &trial{
		kernel: kernels.Binary{Op: op}, dtype: t, size: p.String(), variant: d.name,
		operands: []operand{{name: "Z", shape: shape}, {name: "X", shape: p.x, fill: d.fill}, {name: "Y", shape: p.y, fill: d.fill}},
		zeros:    d.name == "special",
		want: func(s *sheet) {
			z, xs, ys := s.result("Z"), s.in("X"), s.in("Y")
			for i := range kernels.Size(shape) {
				x, y := xs[broadcast(i, shape, p.x)], ys[broadcast(i, shape, p.y)]
				switch op {
				case kernels.Add:
					z.exactly(i, rounded(t, x+y))
				case kernels.Mul:
					z.exactly(i, rounded(t, x*y))
				case kernels.Div:
					z.quotient(i, x, y)
				}
			}
		},
	}
}

// quotient says that element i is x/y: to the 2.5 ulp that OpenCL allows, and exactly where the result is special.
func (r *result) quotient(i int, x, y float64) {
	z := rounded(r.sheet.trial.dtype, x/y)
	if z == 0 || math.IsInf(z, 0) {
		r.exactly(i, z)
	} else {
		r.near(i, z, 2.5*r.sheet.ulp(z))
	}
}

// broadcast is which element of an array of shape from is repeated at element i of an array of shape to.
func broadcast(i int, to, from []int) int {
	at, step := 0, 1
	for axis := 1; axis <= len(from); axis++ { // from the last one
		n := to[len(to)-axis]
		if from[len(from)-axis] != 1 {
			at += i % n * step
			step *= n
		}
		i /= n
	}
	return at
}

func binaryGrad(t device.DType) []*trial {
	var all []*trial
	for _, op := range operators {
		for _, p := range pairs() {
			all = append(all,
				binaryGradTrial(t, op, p, "normal", normal, between(0.5, 2)),
				binaryGradTrial(t, op, p, "exact", exact, powers),
				binaryGradTrial(t, op, p, "special", sprinkled(normal, math.NaN(), math.Inf(1)), sprinkled(normal, math.NaN(), math.Inf(-1))))
		}
	}
	return all
}

// binaryGradTrial computes DX = Σ DZ·∂z/∂x and DY = Σ DZ·∂z/∂y. The reference goes through DZ and adds each element to
// the two that it came from.
func binaryGradTrial(t device.DType, op kernels.Operator, p pair, variant string, dz, xy fill) *trial {
	shape := p.shape()
	return &trial{
		kernel: kernels.BinaryGrad{Op: op}, dtype: t, size: p.String(), variant: variant,
		operands: []operand{
			{name: "DX", shape: p.x}, {name: "DY", shape: p.y}, {name: "DZ", shape: shape, fill: dz},
			{name: "X", shape: p.x, fill: xy}, {name: "Y", shape: p.y, fill: xy}},
		exact: variant == "exact", zeros: kernels.Size(shape) == 0 || variant == "special",
		want: func(s *sheet) {
			xs, ys := s.in("X"), s.in("Y")
			dx, dy := make([]sum, len(xs)), make([]sum, len(ys))
			for i, dz := range s.in("DZ") {
				atX, atY := broadcast(i, shape, p.x), broadcast(i, shape, p.y)
				x, y := xs[atX], ys[atY]
				switch op {
				case kernels.Add:
					dx[atX].add(dz)
					dy[atY].add(dz)
				case kernels.Mul:
					dx[atX].add(dz * y)
					dy[atY].add(dz * x)
				case kernels.Div:
					dx[atX].add(dz / y)
					dy[atY].add(dz * (-x / (y * y)))
				}
			}
			for i, sum := range dx {
				s.result("DX").near(i, sum.total, sum.bound(s, 4))
			}
			for i, sum := range dy {
				s.result("DY").near(i, sum.total, sum.bound(s, 6))
			}
		},
	}
}
