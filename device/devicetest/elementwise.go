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
	add := func(f kernels.Activation, n int, d data, long bool) {
		all = append(all, &trial{
			kernel: kernels.Activate{F: f}, dtype: t, size: dims(n), variant: d.name,
			operands: []operand{{name: "Y", shape: []int{n}}, {name: "X", shape: []int{n}, fill: d.fill}},
			zeros:    f == kernels.ReLU || d.name != "normal", long: long,
			want: func(s *sheet) {
				y := s.result("Y")
				for i, x := range s.in("X") {
					y.activated(i, f, x)
				}
			},
		})
	}
	for _, f := range activations {
		add(f, len(special), data{"special", these(special...)}, false)
		add(f, 1<<14, data{"far", between(-800, 800)}, true)
		add(f, 1<<16, data{"any bits", anyBits(t)}, false)
		for _, n := range sizes {
			add(f, n, data{"normal", scaled(3, normal)}, false)
		}
	}
	return all
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

func activateGrad(t device.DType) []*trial {
	var all []*trial
	for _, f := range activations {
		y := map[kernels.Activation]fill{kernels.Sigmoid: between(0, 1), kernels.Tanh: between(-1, 1), kernels.ReLU: normal}[f]
		for _, n := range sizes {
			for _, dy := range []data{{"normal", normal}, {"special", sprinkled(normal, math.NaN(), math.Inf(1), math.Inf(-1))}} {
				if dy.name == "special" && f == kernels.ReLU {
					continue // what NaN·0 is, where ReLU is flat, is left open
				}
				all = append(all, &trial{
					kernel: kernels.ActivateGrad{F: f}, dtype: t, size: dims(n), variant: dy.name,
					operands: []operand{
						{name: "DX", shape: []int{n}}, {name: "DY", shape: []int{n}, fill: dy.fill},
						{name: "Y", shape: []int{n}, fill: sprinkled(y, 1, 0.999999, 1e-6, 0)}},
					zeros: f == kernels.ReLU || n < 20,
					want: func(s *sheet) {
						dx, dy := s.result("DX"), s.in("DY")
						for i, y := range s.in("Y") {
							v := dy[i] * slope(f, y)
							dx.near(i, v, 4*s.eps*math.Abs(v)+s.least)
						}
					},
				})
			}
		}
	}
	return all
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

// pairs are shapes that broadcast.
func pairs() [][2][]int {
	all := [][2][]int{
		{{}, {}}, {{}, {7}}, {{7}, {}}, {{}, {70_001}}, {{70_001}, {1}}, {{1}, {0}}, {{0}, {}}, {{3, 1}, {0}}, {{0, 4}, {1, 4}},
		{{3, 5}, {5}}, {{5}, {3, 5}}, {{3, 5}, {3, 1}}, {{3, 1}, {3, 5}}, {{3, 1}, {1, 5}}, {{5, 1}, {5}}, {{5, 5}, {5}}, {{5, 5}, {5, 1}},
		{{3, 1, 5}, {4, 1}}, {{2, 3, 3}, {3, 1}}, {{2, 3, 4}, {3, 1}}, {{2, 1, 4}, {2, 3, 4}}, {{2, 3, 4}, {1, 3, 1}}, {{2, 3, 1}, {1, 3, 4}}, {{1, 3, 5}, {3, 5}},
		{{2, 1, 3, 1, 2, 3}, {3, 1, 2, 1, 3}}, {{2, 3, 2, 3, 2, 3}, {1, 3, 1, 3, 1, 3}},
		{{131, 257}, {257}}, {{131, 257}, {131, 1}}, {{257, 131}, {}}, {{7, 1000}, {7, 1}}, {{1000, 7}, {7}}, {{17, 65, 33}, {65, 1}},
	}
	for _, n := range sizes {
		all = append(all, [2][]int{{n}, {n}})
	}
	return append(all, [2][]int{{3, 5, 7}, {3, 5, 7}})
}

func binary(t device.DType) []*trial {
	var all []*trial
	add := func(op kernels.Operator, x, y []int, d data) {
		shape, _ := kernels.Broadcast(x, y)
		all = append(all, &trial{
			kernel: kernels.Binary{Op: op}, dtype: t, size: dims(x...) + "," + dims(y...), variant: d.name,
			operands: []operand{{name: "Z", shape: shape}, {name: "X", shape: x, fill: d.fill}, {name: "Y", shape: y, fill: d.fill}},
			zeros:    d.name == "special",
			want: func(s *sheet) {
				zs, xs, ys := s.result("Z"), s.in("X"), s.in("Y")
				for i := range kernels.Size(shape) {
					x, y := xs[broadcast(i, shape, x)], ys[broadcast(i, shape, y)]
					switch op {
					case kernels.Add:
						zs.exactly(i, rounded(t, x+y))
					case kernels.Mul:
						zs.exactly(i, rounded(t, x*y))
					case kernels.Div:
						zs.quotient(i, x, y)
					}
				}
			},
		})
	}
	for _, op := range operators {
		for _, p := range pairs() {
			add(op, p[0], p[1], data{"normal", normal})
		}
		add(op, []int{len(special), 1}, []int{len(special)}, data{"special", these(special...)})
	}
	return all
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
			for _, d := range []struct {
				name  string
				dz, y fill
			}{
				{"normal", normal, between(0.5, 2)},
				{"exact", exact, powers},
				{"special", sprinkled(normal, math.NaN(), math.Inf(1)), sprinkled(normal, math.NaN(), math.Inf(-1))},
			} {
				x, y := p[0], p[1]
				shape, _ := kernels.Broadcast(x, y)
				all = append(all, &trial{
					kernel: kernels.BinaryGrad{Op: op}, dtype: t, size: dims(x...) + "," + dims(y...), variant: d.name,
					operands: []operand{
						{name: "DX", shape: x}, {name: "DY", shape: y}, {name: "DZ", shape: shape, fill: d.dz},
						{name: "X", shape: x, fill: d.y}, {name: "Y", shape: y, fill: d.y}},
					exact: d.name == "exact", zeros: kernels.Size(shape) == 0 || d.name == "special",
					want: func(s *sheet) {
						xs, ys := s.in("X"), s.in("Y")
						dx, dy := make([]sum, len(xs)), make([]sum, len(ys))
						for i, dz := range s.in("DZ") {
							atX, atY := broadcast(i, shape, x), broadcast(i, shape, y)
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
				})
			}
		}
	}
	return all
}
