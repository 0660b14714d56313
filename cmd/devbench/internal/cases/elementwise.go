package cases

import (
	"math"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

// An operation is a function of one or two elements.
type operation struct {
	name   string
	binary bool
	f      func(x, y float64) float64
	kernel func(z, x, y device.Array) device.Kernel
}

var operations = []operation{
	activation("tanh", kernels.Tanh, math.Tanh),
	activation("sigmoid", kernels.Sigmoid, func(x float64) float64 { return 1 / (1 + math.Exp(-x)) }),
	activation("relu", kernels.ReLU, func(x float64) float64 { return max(x, 0) }),
	arithmetic("add", kernels.Add, func(x, y float64) float64 { return x + y }),
	arithmetic("mul", kernels.Mul, func(x, y float64) float64 { return x * y }),
	arithmetic("div", kernels.Div, func(x, y float64) float64 { return x / y }),
	{"copy", false, func(x, _ float64) float64 { return x }, func(z, x, _ device.Array) device.Kernel {
		return &kernels.Copy{Dst: z, Src: x}
	}},
}

func activation(name string, f kernels.Activation, of func(float64) float64) operation {
	return operation{name, false, func(x, _ float64) float64 { return of(x) }, func(z, x, _ device.Array) device.Kernel {
		return &kernels.Activate{F: f, Y: z, X: x}
	}}
}

func arithmetic(name string, op kernels.Operator, f func(x, y float64) float64) operation {
	return operation{name, true, f, func(z, x, y device.Array) device.Kernel {
		return &kernels.Binary{Op: op, Z: z, X: x, Y: y}
	}}
}

func names(ops []operation) []string {
	var all []string
	for _, op := range ops {
		all = append(all, op.name)
	}
	return all
}

func operationOf(c Case) operation {
	for _, op := range operations {
		if op.name == c.text("op") {
			return op
		}
	}
	panic("cases: no operation " + c.text("op"))
}

var elementwise = &Family{
	Name:  "elementwise",
	About: "a function of each element, or of the elements of two arrays",
	Ops:   "n",
	Bytes: "s·2·n for a function of one array, s·3·n of two",
	Check: "each element against float64, in units of the element; the bound is 8·u",
	Rate:  GBPS,
	Keys: []Key{
		{Name: "op", About: "the function", Choices: names(operations), Default: "tanh"},
		{Name: "n", About: "elements", Default: "1048576"},
	},
	elements: func(c Case) (in, out float64) {
		n := float64(c.size("n"))
		if operationOf(c).binary {
			return 2 * n, n
		}
		return n, n
	},
	problem: func(c Case) *Problem {
		op, n, random := operationOf(c), c.size("n"), c.random()
		x := uniform(random, n, 4)
		y := x
		if op.binary {
			y = uniform(random, n, 4)
		}
		p := &Problem{Inputs: map[string][]float32{"x": x, "y": y}}
		p.Agree = func(results map[string][]float64, t device.DType) (float64, float64) {
			var largest errors
			mustBe(n, results["z"])
			for i, v := range results["z"] {
				want := op.f(float64(x[i]), float64(y[i]))
				largest.add(v, want, math.Abs(want))
			}
			return float64(largest), 8 * unit(t)
		}
		p.load = func(l *Loaded) {
			z := l.out(n)
			a := l.in(x, n)
			b := a
			if op.binary {
				b = l.in(y, n)
			}
			l.launches(op.kernel(z, a, b))
			l.agrees(p, map[string]device.Array{"z": z})
		}
		return p
	},
}
