package debug

import (
	"math"

	"github.com/keisan-go/keisan/kernels"
)

// layerNormBounds follows the error of a row's mean, e, which is a sum's: the mean of squares about a mean that is off by e
// is the variance and e², with a sum's error, v. RStd falls with it, and Y = (X-Mean)·RStd·Gamma + Beta is off by what its
// factors are.
func layerNormBounds(k *kernels.LayerNorm, in, out numbers) numbers {
	eps, least := precision(k.X.Type())
	n := kernels.Cols(k.X)
	all := numbers{"Y": make([]float64, k.X.Len())}
	for i, mean := range out["Mean"] {
		x, rstd := in["X"][i*n:(i+1)*n], out["RStd"][i]
		size := 0.0
		for _, v := range x {
			size += math.Abs(v)
		}
		e := eps*float64(n+2)*size/float64(n) + least
		sum := 1 / (rstd * rstd) // the variance and Eps
		v := e*e + float64(n+12)*eps*(sum+e*e)
		off := 1/math.Sqrt(max(sum-v, 0)) - rstd + 8*eps*rstd
		all["Mean"], all["RStd"] = append(all["Mean"], e), append(all["RStd"], off)
		for j, v := range x {
			normal := math.Abs(v-mean) * rstd
			all["Y"][i*n+j] = math.Abs(in["Gamma"][j])*(math.Abs(v-mean)*off+e*(rstd+off)+12*eps*normal) + 4*eps*math.Abs(in["Beta"][j]) + least
		}
	}
	return all
}

// layerNormGradBounds is those of sums along rows, which DX = RStd·(g - mean(g) - x̂·mean(g·x̂)) is made of, and over rows.
func layerNormGradBounds(k *kernels.LayerNormGrad, in numbers) numbers {
	t, n := k.X.Type(), kernels.Cols(k.X)
	dx, dgamma, dbeta := make([]float64, k.X.Len()), absolute(in)["DGamma"], absolute(in)["DBeta"]
	for i, rstd := range in["RStd"] {
		g, normal := make([]float64, n), make([]float64, n)
		ofG, ofProducts := 0.0, 0.0
		for j := range n {
			dy := math.Abs(in["DY"][i*n+j])
			g[j], normal[j] = dy*math.Abs(in["Gamma"][j]), math.Abs(in["X"][i*n+j]-in["Mean"][i])*rstd
			ofG += g[j] / float64(n)
			ofProducts += g[j] * normal[j] / float64(n)
			dgamma[j] += dy * normal[j]
			dbeta[j] += dy
		}
		for j := range n {
			dx[i*n+j] = rstd * (g[j] + ofG + normal[j]*ofProducts)
		}
	}
	rows := kernels.Rows(k.X)
	return numbers{"DX": bounds(t, n+8, dx), "DGamma": bounds(t, rows+8, dgamma), "DBeta": bounds(t, rows+2, dbeta)}
}
