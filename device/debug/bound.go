package debug

import (
	"fmt"
	"math"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

// A bound is roundings·eps·size, where size is the sum of the magnitudes of the terms that an element is the sum of: so
// much may two sums differ that add in any order (N. Higham, Accuracy and Stability of Numerical Algorithms, 2002, section
// 3.5). eps, the distance from 1 to the next number, is twice the error of a rounding: once for each of the devices.

// transcendental is how many eps two devices' exp, logarithms, sigmoids or tanh may differ.
const transcendental = 10

// precision is eps, and the smallest number that is not subnormal: devices may round what is smaller to 0.
func precision(t device.DType) (eps, least float64) {
	if t == device.Float32 {
		return 0x1p-23, 0x1p-126
	}
	return 0x1p-52, 0x1p-1022
}

// bounds is the bounds of elements of these sizes.
func bounds(t device.DType, roundings int, sizes []float64) []float64 {
	eps, least := precision(t)
	return mapped(sizes, func(_ int, size float64) float64 { return float64(roundings)*eps*math.Abs(size) + least })
}

// mapped is f of each element and its index.
func mapped(x []float64, f func(i int, v float64) float64) []float64 {
	all := make([]float64, len(x))
	for i, v := range x {
		all[i] = f(i, v)
	}
	return all
}

// absolute is the magnitudes of numbers.
func absolute(in numbers) numbers {
	out := numbers{}
	for name, values := range in {
		out[name] = mapped(values, func(_ int, v float64) float64 { return math.Abs(v) })
	}
	return out
}

// bound is how far what a kernel makes on two devices may differ, given its operands and what one of the devices made.
func (s *shadow) bound(k device.Kernel, in, out numbers) (numbers, error) {
	switch k := k.(type) {
	case *kernels.Copy, *kernels.CopyColumns, *kernels.Fill:
		return numbers{"Dst": make([]float64, len(out["Dst"]))}, nil
	case *kernels.Gather:
		return numbers{"Y": make([]float64, len(out["Y"]))}, nil
	case *kernels.ElementLoss:
		return elementLossBounds(k, in, out), nil
	case *kernels.ElementLossGrad:
		return numbers{"DX": bounds(k.DX.Type(), 10, mapped(out["DX"], func(i int, dx float64) float64 {
			if k.F == kernels.CrossEntropy { // of the sigmoid, which is Target and what is left of it
				return math.Abs(k.Scale*in["Target"][i]) + 2*math.Abs(dx)
			}
			return dx
		}))}, nil
	case *kernels.LayerNorm:
		return layerNormBounds(k, in, out), nil
	case *kernels.LayerNormGrad:
		return layerNormGradBounds(k, in), nil
	case *kernels.Dropout:
		all := bounds(k.Y.Type(), 2, out["Y"])
		for i, y := range out["Y"] {
			if y == 0 { // dropped
				all[i] = 0
			}
		}
		return numbers{"Y": all}, nil
	case *kernels.ScatterAdd:
		sizes := absolute(in)
		sizes["IDs"] = in["IDs"]
		made, err := s.launch(k, sizes)
		return numbers{"DW": bounds(k.DW.Type(), k.IDs.Len()+1, made["DW"])}, err
	case *kernels.Activate:
		all := bounds(k.Y.Type(), 4, out["Y"]) // 2 ulp on either device, and none at 0
		for i, x := range in["X"] {
			if k.F == kernels.ReLU || x == 0 {
				all[i] = 0
			}
		}
		return numbers{"Y": all}, nil
	case *kernels.ActivateGrad:
		all := bounds(k.DX.Type(), 8, out["DX"])
		for i, dy := range in["DY"] {
			if k.F == kernels.ReLU && dy-dy != 0 { // NaN or Inf: what times 0 they are, where ReLU is flat, is left open
				all[i] = math.Inf(1)
			}
		}
		return numbers{"DX": all}, nil
	case *kernels.Binary:
		if k.Op != kernels.Div { // IEEE 754 leaves no choice but in the quotient of some GPUs
			return numbers{"Z": make([]float64, len(out["Z"]))}, nil
		}
		return numbers{"Z": bounds(k.Z.Type(), 5, out["Z"])}, nil
	case *kernels.MatMul:
		_, _, terms := k.Dims()
		sums := *k
		sums.F = 0
		all, err := s.sums(&sums, k.C.Type(), in, map[string]int{"C": terms + 2})
		if k.F != 0 && err == nil {
			for i, bound := range bounds(k.C.Type(), transcendental, out["C"]) {
				all["C"][i] += bound // for no function is steeper than 1
			}
		}
		return all, err
	case *kernels.SumRows:
		return s.sums(k, k.Y.Type(), in, map[string]int{"Y": kernels.Rows(k.X) + 1})
	case *kernels.SumSquares:
		return s.sums(k, k.Y.Type(), in, map[string]int{"Y": k.X.Len() + 2})
	case *kernels.BinaryGrad:
		return s.sums(k, k.DZ.Type(), in, map[string]int{"DX": k.DZ.Len()/max(1, k.DX.Len()) + 6, "DY": k.DZ.Len()/max(1, k.DY.Len()) + 6})
	case *kernels.Softmax:
		return numbers{"Y": softmaxBounds(k.Y, out["Y"])}, nil
	case *kernels.SoftmaxGrad:
		return numbers{"DX": softmaxGradBounds(k, in)}, nil
	case *kernels.SoftmaxCrossEntropy:
		return crossEntropyBounds(k, out), nil
	case *kernels.SoftmaxCrossEntropyGrad:
		return numbers{"DX": bounds(k.DX.Type(), 6, out["DX"])}, nil
	}
	if sizes := stepSizes(k, in, out); sizes != nil {
		all := numbers{}
		for name, size := range sizes {
			roundings := 5
			if name == "P" || name == "X" {
				roundings = 15
			}
			all[name] = bounds(k.Operands(nil)[0].Type(), roundings, size)
		}
		return all, nil
	}
	return nil, fmt.Errorf("no bound is known for the kernel %s", k.Name())
}

// sums is the bounds of a kernel whose results are sums of products: their sizes are what it makes of the operands'
// magnitudes. terms tells how many each sum has.
func (s *shadow) sums(k device.Kernel, t device.DType, in numbers, terms map[string]int) (numbers, error) {
	all, err := s.launch(k, absolute(in))
	for name, sizes := range all {
		all[name] = bounds(t, terms[name], sizes)
	}
	return all, err
}

// softmaxBounds is those of p = exp(x-m)/Σ. A rounding of x-m shifts exp(x-m) by as much as x-m is large, which is -log p at
// most; the sum's error in relation to it is the mean of these, which is log n at most, and n roundings.
func softmaxBounds(y device.Array, p []float64) []float64 {
	eps, least := precision(y.Type())
	n := float64(kernels.Cols(y))
	return mapped(p, func(_ int, p float64) float64 {
		if p == 0 {
			return least
		}
		return 2*eps*p*(-math.Log(p)+math.Log(n)+n+transcendental) + least
	})
}

// softmaxGradBounds is those of DX = Y·(DY - Σ DY·Y).
func softmaxGradBounds(k *kernels.SoftmaxGrad, in numbers) []float64 {
	y, dy, n := in["Y"], in["DY"], kernels.Cols(k.Y)
	sizes := make([]float64, len(y))
	for row := 0; row < len(y); row += n {
		dot := 0.0
		for i := row; i < row+n; i++ {
			dot += math.Abs(dy[i] * y[i])
		}
		for i := row; i < row+n; i++ {
			sizes[i] = math.Abs(y[i]) * (math.Abs(dy[i]) + dot)
		}
	}
	return bounds(k.DX.Type(), n+4, sizes)
}

// crossEntropyBounds is those of a loss log Σ - (x-m), whose terms are both positive: the sum's relative error is an
// absolute one of its logarithm.
func crossEntropyBounds(k *kernels.SoftmaxCrossEntropy, out numbers) numbers {
	eps, least := precision(k.X.Type())
	n := float64(max(1, kernels.Cols(k.X)))
	losses, total := out["Losses"], 0.0
	each := mapped(losses, func(_ int, loss float64) float64 {
		return 2*eps*(math.Log(n)+n+transcendental*(1+loss)) + least
	})
	for i, bound := range each {
		total += bound + eps*float64(len(losses)+2)*losses[i]
	}
	return numbers{"P": softmaxBounds(k.P, out["P"]), "Losses": each, "Loss": {math.Abs(k.Scale)*total + least}}
}

// elementLossBounds is those of (x-t)², and of a cross-entropy's terms max(x, 0), x·t and log(1+exp(-|x|)).
func elementLossBounds(k *kernels.ElementLoss, in, out numbers) numbers {
	eps, least := precision(k.X.Type())
	losses, total := out["Losses"], 0.0
	each := bounds(k.X.Type(), 6, losses)
	if k.F == kernels.CrossEntropy {
		each = mapped(in["X"], func(i int, x float64) float64 {
			return eps*(5*math.Abs(x)*(1+math.Abs(in["Target"][i]))+2*transcendental*math.Log1p(math.Exp(-math.Abs(x)))) + least
		})
	}
	for i, bound := range each {
		total += bound + eps*float64(len(losses)+2)*math.Abs(losses[i])
	}
	return numbers{"Losses": each, "Loss": {math.Abs(k.Scale)*total + least}}
}

// stepSizes is the sizes of what an optimizer's step changes; nil for a kernel that is none. Where a square root divides
// the step, it is of a sum that does not cancel.
func stepSizes(k device.Kernel, in, out numbers) numbers {
	p, g := in["P"], in["G"]
	switch k := k.(type) {
	case *kernels.SGD:
		v := in["V"]
		if v == nil {
			return numbers{"P": mapped(p, func(i int, p float64) float64 { return math.Abs(p) + math.Abs(k.LR*g[i]) })}
		}
		velocity := mapped(v, func(i int, v float64) float64 { return math.Abs(k.Mu*v) + math.Abs(g[i]) })
		return numbers{"V": velocity, "P": mapped(p, func(i int, p float64) float64 {
			step := velocity[i]
			if k.Nesterov {
				step = math.Abs(g[i]) + k.Mu*step
			}
			return math.Abs(p) + math.Abs(k.LR)*step
		})}
	case *kernels.AdaGrad:
		s := out["S"]
		return numbers{"S": s, "P": mapped(p, func(i int, p float64) float64 {
			return math.Abs(p) + math.Abs(k.LR*g[i])/(math.Sqrt(s[i])+k.Eps)
		})}
	case *kernels.RMSprop:
		s := out["S"]
		return numbers{"S": s, "P": mapped(p, func(i int, p float64) float64 {
			return math.Abs(p) + math.Abs(k.LR*g[i])/(math.Sqrt(s[i])+k.Eps)
		})}
	case *kernels.Adam:
		v, step := out["V"], float64(k.Step)
		mean := mapped(in["M"], func(i int, m float64) float64 { return math.Abs(k.Beta1*m) + math.Abs((1-k.Beta1)*g[i]) })
		rate, scale := k.LR/(1-math.Pow(k.Beta1, step)), math.Sqrt(1-math.Pow(k.Beta2, step))
		return numbers{"M": mean, "V": v, "P": mapped(p, func(i int, p float64) float64 {
			return math.Abs(p)*(1+math.Abs(k.LR*k.Decay)) + math.Abs(rate)*mean[i]/(math.Sqrt(v[i])/scale+k.Eps)
		})}
	case *kernels.ClipNorm:
		return numbers{"X": out["X"]}
	}
	return nil
}
