package devicetest

import (
	"math"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

// layerNormData is rows: the second of numbers far from 0 and near one another, where a variance that is a difference of
// squares has no digits.
var layerNormData = []data{
	{"normal", normal},
	{"offset", between(1000, 1001)},
	{"small", scaled(1e-3, normal)}, // where Eps counts
	{"equal", these(3)},
	{"special", sprinkled(normal, math.NaN(), math.Inf(1))},
}

const layerNormEps = 1e-5

func layerNorm(t device.DType) []*trial {
	var all []*trial
	for _, shape := range rowShapes {
		for _, d := range some(layerNormData, kernels.Size(shape)) {
			all = append(all, layerNormTrial(t, shape, layerNormEps, d))
		}
	}
	return append(all, layerNormTrial(t, []int{4, 17}, 0, data{"normal", normal}), layerNormTrial(t, []int{4, 17}, 3, data{"normal", normal}))
}

// layerNormTrial computes Y = (X-Mean)·RStd·Gamma + Beta.
//
// Let e be the error of the mean, as a sum's. The mean of squares about a mean that is off by e is the variance and e², and
// has a sum's error, v. RStd falls with it, so that the ends of where it may be tell its error, and Y's follows.
func layerNormTrial(t device.DType, shape []int, eps float64, x data) *trial {
	_, cols := folded(shape)
	batch := shape[:len(shape)-1]
	return &trial{
		kernel: kernels.LayerNorm{Eps: eps}, dtype: t, size: dims(shape...), variant: x.name,
		operands: []operand{
			{name: "Y", shape: shape}, {name: "Mean", shape: batch}, {name: "RStd", shape: batch}, {name: "X", shape: shape, fill: x.fill},
			{name: "Gamma", shape: []int{cols}, fill: normal}, {name: "Beta", shape: []int{cols}, fill: normal}},
		want: func(s *sheet) {
			y, means, rstds, gamma, beta := s.result("Y"), s.result("Mean"), s.result("RStd"), s.in("Gamma"), s.in("Beta")
			n := float64(cols)
			for i := range kernels.Size(batch) {
				x := s.in("X")[i*cols : (i+1)*cols]
				var total, squares sum
				for _, v := range x {
					total.add(v)
				}
				mean := total.total / n
				e := total.bound(s, 2) / n
				for _, v := range x {
					squares.add((v - mean) * (v - mean))
				}
				variance := squares.total / n
				v := e*e + float64(cols+6)*s.eps*(variance+e*e) + 4*s.eps*(variance+eps)
				rstd := 1 / math.Sqrt(variance+eps)
				off := max(1/math.Sqrt(max(variance+eps-v, 0))-rstd, rstd-1/math.Sqrt(variance+eps+v)) + 8*s.eps*rstd
				means.near(i, mean, e)
				rstds.near(i, rstd, off)
				for j, v := range x {
					normal := (v - mean) * rstd
					tol := math.Abs(v-mean)*off + e*(rstd+off) + 8*s.eps*math.Abs(normal)
					y.near(i*cols+j, normal*gamma[j]+beta[j], math.Abs(gamma[j])*tol+4*s.eps*(math.Abs(normal*gamma[j])+math.Abs(beta[j])))
				}
			}
		},
	}
}

func layerNormGrad(t device.DType) []*trial {
	var all []*trial
	for _, shape := range rowShapes {
		all = append(all, layerNormGradTrial(t, shape, data{"normal", normal}),
			layerNormGradTrial(t, shape, data{"special", sprinkled(normal, math.NaN(), math.Inf(1))}))
	}
	return all
}

// layerNormGradTrial computes DX = RStd·(g - mean(g) - x̂·mean(g·x̂)), DGamma += Σ DY·x̂ and DBeta += Σ DY.
func layerNormGradTrial(t device.DType, shape []int, dy data) *trial {
	_, cols := folded(shape)
	batch := shape[:len(shape)-1]
	return &trial{
		kernel: kernels.LayerNormGrad{}, dtype: t, size: dims(shape...), variant: dy.name,
		operands: []operand{
			{name: "DX", shape: shape}, {name: "DGamma", shape: []int{cols}, fill: normal}, {name: "DBeta", shape: []int{cols}, fill: normal},
			{name: "DY", shape: shape, fill: dy.fill}, {name: "X", shape: shape, fill: normal},
			{name: "Mean", shape: batch, fill: normal}, {name: "RStd", shape: batch, fill: between(0.5, 2)},
			{name: "Gamma", shape: []int{cols}, fill: normal}},
		want: func(s *sheet) {
			result, gamma, n := s.result("DX"), s.in("Gamma"), float64(cols)
			dgamma, dbeta := make([]sum, cols), make([]sum, cols)
			for j := range cols {
				dgamma[j].add(s.in("DGamma")[j])
				dbeta[j].add(s.in("DBeta")[j])
			}
			for i := range kernels.Size(batch) {
				mean, rstd, from := s.in("Mean")[i], s.in("RStd")[i], i*cols
				x, dy := s.in("X")[from:from+cols], s.in("DY")[from:from+cols]
				normal, g := make([]float64, cols), make([]float64, cols)
				var total, products sum
				for j := range cols {
					normal[j], g[j] = (x[j]-mean)*rstd, dy[j]*gamma[j]
					total.add(g[j])
					products.add(g[j] * normal[j])
					dgamma[j].add(dy[j] * normal[j])
					dbeta[j].add(dy[j])
				}
				ofG, ofProducts := total.total/n, products.total/n
				for j := range cols {
					tol := rstd * (8*s.eps*(math.Abs(g[j])+math.Abs(ofG)+math.Abs(normal[j]*ofProducts)) +
						total.bound(s, 3)/n + math.Abs(normal[j])*products.bound(s, 6)/n)
					result.near(from+j, rstd*(g[j]-ofG-normal[j]*ofProducts), tol)
				}
			}
			for j := range cols {
				s.result("DGamma").near(j, dgamma[j].total, dgamma[j].bound(s, 6))
				s.result("DBeta").near(j, dbeta[j].total, dbeta[j].bound(s, 1))
			}
		},
	}
}
