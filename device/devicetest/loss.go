package devicetest

import (
	"math"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

// A deviation's data are what it is given: x, and t beside it.
var deviations = []struct {
	f    kernels.Deviation
	name string
	x, t fill
}{
	{kernels.Squared, "normal", normal, normal},
	{kernels.Squared, "exact", exact, exact},
	{kernels.Squared, "special", sprinkled(normal, math.NaN(), math.Inf(1), math.Inf(-1)), sprinkled(normal, math.NaN())},
	{kernels.CrossEntropy, "normal", scaled(3, normal), between(0, 1)},
	{kernels.CrossEntropy, "labels", scaled(3, normal), these(0, 1, 1)},
	{kernels.CrossEntropy, "far", scaled(300, normal), these(0, 1, 1)}, // where exp(x) overflows and exp(-x) underflows
	{kernels.CrossEntropy, "special", sprinkled(normal, math.NaN(), math.Inf(1), math.Inf(-1), 0), sprinkled(between(0, 1), math.NaN())},
}

func elementLoss(t device.DType) []*trial {
	var all []*trial
	for _, n := range sizes {
		for _, c := range deviations {
			all = append(all, elementLossTrial(t, []int{n}, c.f, c.name, c.x, c.t))
		}
	}
	return append(all, elementLossTrial(t, []int{2, 3, 5}, kernels.CrossEntropy, "normal", normal, between(0, 1)),
		elementLossTrial(t, nil, kernels.Squared, "normal", normal, normal))
}

// elementLossTrial computes Losses = (X-Target)² or max(X, 0) - X·Target + log(1+exp(-|X|)), and Loss = Scale · Σ Losses.
func elementLossTrial(t device.DType, shape []int, f kernels.Deviation, variant string, x, target fill) *trial {
	k := kernels.ElementLoss{F: f, Scale: scale}
	return &trial{
		kernel: k, dtype: t, size: dims(shape...), variant: variant,
		operands: []operand{{name: "Loss"}, {name: "Losses", shape: shape}, {name: "X", shape: shape, fill: x}, {name: "Target", shape: shape, fill: target}},
		zeros:    true,
		want: func(s *sheet) {
			losses, target := s.result("Losses"), s.in("Target")
			var total sum
			tol := 0.0
			for i, x := range s.in("X") {
				l := (x - target[i]) * (x - target[i])
				bound := 4 * s.eps * l
				if f == kernels.CrossEntropy {
					rest := math.Log1p(math.Exp(-math.Abs(x)))
					l = max(x, 0) - x*target[i] + rest
					bound = s.eps*(3*math.Abs(x)+3*math.Abs(x*target[i])+2*transcendental*rest) + s.least
				}
				if math.IsNaN(l) || math.IsInf(l, 0) {
					bound = 0
				}
				losses.near(i, l, bound)
				total.add(l)
				tol += bound
			}
			s.result("Loss").near(0, scale*total.total, scale*(tol+total.bound(s, 2)))
		},
	}
}

func elementLossGrad(t device.DType) []*trial {
	var all []*trial
	for _, n := range sizes {
		for _, c := range deviations {
			all = append(all, elementLossGradTrial(t, n, c.f, c.name, c.x, c.t))
		}
	}
	return all
}

// elementLossGradTrial computes DX = Scale·2(X-Target) or Scale·(σ(X)-Target).
func elementLossGradTrial(t device.DType, n int, f kernels.Deviation, variant string, x, target fill) *trial {
	return &trial{
		kernel: kernels.ElementLossGrad{F: f, Scale: scale}, dtype: t, size: dims(n), variant: variant,
		operands: []operand{{name: "DX", shape: []int{n}}, {name: "X", shape: []int{n}, fill: x}, {name: "Target", shape: []int{n}, fill: target}},
		zeros:    variant != "normal",
		want: func(s *sheet) {
			dx, target := s.result("DX"), s.in("Target")
			for i, x := range s.in("X") {
				v, bound := 2*(x-target[i]), 0.0
				if f == kernels.CrossEntropy {
					y := 1 / (1 + math.Exp(-x))
					v, bound = y-target[i], scale*4*s.eps*y+s.least
				}
				dx.near(i, scale*v, bound+4*s.eps*math.Abs(scale*v))
			}
		},
	}
}
