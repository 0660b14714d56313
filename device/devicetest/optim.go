package devicetest

import (
	"fmt"
	"math"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

// steps is the trials of an optimizer: each of these kernels on P, G and the averages of this name, in every size. want
// is the reference for one element. It writes each formula as the sum of its terms; that the error of a sum is at most a
// few roundings of each of its terms is the bound.
func steps[K device.Kernel](t device.DType, ks []K, averages func(K) []string, want func(s *sheet, k K, i int)) []*trial {
	var all []*trial
	for _, n := range sizes {
		for _, k := range ks {
			for _, g := range []data{{"normal", normal}, {"special", sprinkled(normal, 0, math.NaN(), math.Inf(1))}} {
				tr := &trial{
					kernel: k, dtype: t, size: dims(n), variant: g.name, zeros: g.name == "special" && n < 20,
					operands: []operand{{name: "P", shape: []int{n}, fill: normal}, {name: "G", shape: []int{n}, fill: g.fill}},
					want: func(s *sheet) {
						for i := range n {
							want(s, k, i)
						}
					},
				}
				for _, name := range averages(k) {
					tr.operands = append(tr.operands, operand{name: name, shape: []int{n}, fill: between(0, 2)})
				}
				all = append(all, tr)
			}
		}
	}
	return all
}

func sgd(t device.DType) []*trial {
	ks := []kernels.SGD{{LR: 0.1}, {LR: 0.1, Mu: 0.9}, {LR: 0.1, Mu: 0.9, Nesterov: true}, {LR: 0, Mu: 0.5}}
	averages := func(k kernels.SGD) []string {
		if k.Mu == 0 {
			return nil
		}
		return []string{"V"}
	}
	return steps(t, ks, averages, func(s *sheet, k kernels.SGD, i int) {
		var p, v sum
		g := s.in("G")[i]
		p.add(s.in("P")[i])
		if k.Mu == 0 {
			p.add(-k.LR * g)
		} else {
			v0 := s.in("V")[i]
			v.add(k.Mu * v0)
			v.add(g)
			s.result("V").near(i, v.total, v.bound(s, 2))
			if k.Nesterov {
				p.add(-k.LR * g)
				p.add(-k.LR * k.Mu * (k.Mu * v0))
				p.add(-k.LR * k.Mu * g)
			} else {
				p.add(-k.LR * (k.Mu * v0))
				p.add(-k.LR * g)
			}
		}
		s.result("P").near(i, p.total, p.bound(s, 3))
	})
}

func adaGrad(t device.DType) []*trial {
	ks := []kernels.AdaGrad{{LR: 0.1, Eps: 1e-8}, {LR: 0.1, Eps: 0.1}}
	averages := func(kernels.AdaGrad) []string { return []string{"S"} }
	return steps(t, ks, averages, func(s *sheet, k kernels.AdaGrad, i int) {
		var p, squares sum
		g := s.in("G")[i]
		squares.add(s.in("S")[i])
		squares.add(g * g)
		s.result("S").near(i, squares.total, squares.bound(s, 1))
		p.add(s.in("P")[i])
		p.add(-k.LR * g / (math.Sqrt(squares.total) + k.Eps))
		s.result("P").near(i, p.total, p.bound(s, 10))
	})
}

func rmsprop(t device.DType) []*trial {
	ks := []kernels.RMSprop{{LR: 0.1, Alpha: 0.99, Eps: 1e-8}, {LR: 0.1, Alpha: 0.9999, Eps: 0.1}}
	averages := func(kernels.RMSprop) []string { return []string{"S"} }
	return steps(t, ks, averages, func(s *sheet, k kernels.RMSprop, i int) {
		var p, squares sum
		g := s.in("G")[i]
		squares.add(k.Alpha * s.in("S")[i])
		squares.add((1 - k.Alpha) * g * g)
		s.result("S").near(i, squares.total, squares.bound(s, 3))
		p.add(s.in("P")[i])
		p.add(-k.LR * g / (math.Sqrt(squares.total) + k.Eps))
		s.result("P").near(i, p.total, p.bound(s, 10))
	})
}

func adam(t device.DType) []*trial {
	ks := []kernels.Adam{
		{LR: 0.1, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Step: 1},
		{LR: 0.1, Beta1: 0.9, Beta2: 0.999, Eps: 0.1, Step: 2},
		{LR: 0.1, Beta1: 0.9, Beta2: 0.999, Eps: 1e-8, Step: 3, Decay: 0.5},
		{LR: 0.1, Beta1: 0.9, Beta2: 0.9999, Eps: 1e-8, Step: 1_000_000},
		{LR: 0.1, Beta1: 0, Beta2: 0.5, Eps: 1e-8, Step: 1},
	}
	averages := func(kernels.Adam) []string { return []string{"M", "V"} }
	return steps(t, ks, averages, func(s *sheet, k kernels.Adam, i int) {
		var p, m, v sum
		g := s.in("G")[i]
		m.add(k.Beta1 * s.in("M")[i])
		m.add((1 - k.Beta1) * g)
		s.result("M").near(i, m.total, m.bound(s, 2))
		v.add(k.Beta2 * s.in("V")[i])
		v.add((1 - k.Beta2) * g * g)
		s.result("V").near(i, v.total, v.bound(s, 3))
		lr := k.LR / (1 - math.Pow(k.Beta1, float64(k.Step)))
		root := math.Sqrt(v.total)/math.Sqrt(1-math.Pow(k.Beta2, float64(k.Step))) + k.Eps
		p.add((1 - k.LR*k.Decay) * s.in("P")[i])
		p.add(-lr * (k.Beta1 * s.in("M")[i]) / root)
		p.add(-lr * ((1 - k.Beta1) * g) / root)
		s.result("P").near(i, p.total, p.bound(s, 12))
	})
}

func sumSquares(t device.DType) []*trial {
	shapes := [][]int{{}, {3, 5, 7}, {4096}, {4097}, {3 * 4096}}
	for _, n := range sizes {
		shapes = append(shapes, []int{n})
	}
	var all []*trial
	for _, shape := range shapes {
		for _, acc := range []bool{false, true} {
			data := []data{{"exact", exact}, {"normal", normal}, {"special", sprinkled(normal, math.Inf(-1))}}
			for _, d := range some(data, kernels.Size(shape)) {
				all = append(all, sumSquaresTrial(t, shape, acc, d))
			}
		}
	}
	return all
}

// sumSquaresTrial computes Y = Σ X², or adds to Y.
func sumSquaresTrial(t device.DType, shape []int, acc bool, d data) *trial {
	tr := &trial{
		kernel: kernels.SumSquares{Acc: acc}, dtype: t, size: dims(shape...), variant: d.name,
		operands: []operand{{name: "Y"}, {name: "X", shape: shape, fill: d.fill}},
		exact:    d.name == "exact", zeros: kernels.Size(shape) == 0,
		want: func(s *sheet) {
			var sum sum
			if acc {
				sum.add(s.in("Y")[0])
			}
			for _, x := range s.in("X") {
				sum.add(x * x)
			}
			s.result("Y").near(0, sum.total, sum.bound(s, 1))
		},
	}
	if acc {
		tr.operands[0].fill = d.fill
	}
	return tr
}

func clipNorm(t device.DType) []*trial {
	shapes := [][]int{{}, {3, 5, 7}}
	for _, n := range sizes {
		shapes = append(shapes, []int{n})
	}
	var all []*trial
	for _, shape := range shapes {
		for _, c := range []struct{ limit, squares float64 }{
			{1, 4}, {3, 4}, {2, 4}, {1, 0}, {1e-6, 1e-12}, {0, 1}, {1, math.Inf(1)}, {1, math.NaN()},
		} {
			all = append(all, clipNormTrial(t, shape, c.limit, c.squares))
		}
	}
	return all
}

// clipNormTrial computes X *= min(1, Max / (√SumSq + 1e-6)).
func clipNormTrial(t device.DType, shape []int, limit, squares float64) *trial {
	return &trial{
		kernel: kernels.ClipNorm{Max: limit}, dtype: t, size: dims(shape...), variant: fmt.Sprintf("norm² %v", squares),
		operands: []operand{{name: "X", shape: shape, fill: normal}, {name: "SumSq", fill: these(squares)}},
		zeros:    limit == 0 || math.IsInf(squares, 1),
		want: func(s *sheet) {
			result := s.result("X")
			scale := min(1, limit/(math.Sqrt(s.in("SumSq")[0])+1e-6))
			for i, x := range s.in("X") {
				if scale == 1 {
					result.exactly(i, x)
				} else {
					result.near(i, scale*x, 10*s.eps*math.Abs(scale*x))
				}
			}
		},
	}
}
