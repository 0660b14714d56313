package cpu

import (
	"math"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

// A conversion after a product forbids the compiler to fuse it with a sum, as some would. Sums along a row have four chains,
// so that one addition need not wait for another.

func layerNorm[T device.Float](arg any, lo, hi int) {
	k := arg.(*kernels.LayerNorm)
	n := kernels.Cols(k.X)
	gamma, beta := data[T](k.Gamma.Slice), data[T](k.Beta.Slice)[:n]
	for i := lo; i < hi; i++ {
		x, y := data[T](k.X.Slice)[i*n:(i+1)*n], data[T](k.Y.Slice)[i*n:(i+1)*n]
		var sums, squares [4]float64
		for j, v := range x {
			sums[j%4] += float64(v)
		}
		mean := total(sums) / float64(n)
		for j, v := range x {
			off := float64(v) - mean
			squares[j%4] += float64(off * off)
		}
		rstd := 1 / math.Sqrt(total(squares)/float64(n)+k.Eps)
		for j, g := range gamma[:n] {
			normal := float64((float64(x[j]) - mean) * rstd)
			y[j] = T(float64(normal*float64(g)) + float64(beta[j]))
		}
		data[T](k.Mean.Slice)[i], data[T](k.RStd.Slice)[i] = T(mean), T(rstd)
	}
}

func total(sums [4]float64) float64 { return sums[0] + sums[1] + (sums[2] + sums[3]) }

// layerNormGrad is DX of rows lo to hi.
func layerNormGrad[T device.Float](arg any, lo, hi int) {
	k := arg.(*kernels.LayerNormGrad)
	n := kernels.Cols(k.X)
	gamma := data[T](k.Gamma.Slice)[:n]
	for i := lo; i < hi; i++ {
		x, dy := data[T](k.X.Slice)[i*n:(i+1)*n], data[T](k.DY.Slice)[i*n:(i+1)*n]
		mean, rstd := float64(data[T](k.Mean.Slice)[i]), float64(data[T](k.RStd.Slice)[i])
		var sums, products [4]float64
		for j, v := range x {
			g := float64(float64(dy[j]) * float64(gamma[j]))
			sums[j%4] += g
			products[j%4] += float64(g * float64((float64(v)-mean)*rstd))
		}
		ofG, ofProducts := total(sums)/float64(n), total(products)/float64(n)
		dx := data[T](k.DX.Slice)[i*n : (i+1)*n]
		for j, v := range x {
			g := float64(float64(dy[j]) * float64(gamma[j]))
			dx[j] = T(rstd * (g - ofG - float64(float64((float64(v)-mean)*rstd)*ofProducts)))
		}
	}
}

// layerNormSums adds to DGamma and DBeta, columns lo to hi. Rows are summed in blocks, and the blocks then, as sumRows does.
func layerNormSums[T device.Float](arg any, lo, hi int) {
	const width, height = 64, 64
	k := arg.(*kernels.LayerNormGrad)
	rows, n := kernels.Rows(k.X), kernels.Cols(k.X)
	mean, rstd := data[T](k.Mean.Slice), data[T](k.RStd.Slice)
	for ; lo < hi; lo += width {
		end := min(lo+width, hi)
		dgamma, dbeta := data[T](k.DGamma.Slice)[lo:end], data[T](k.DBeta.Slice)[lo:end]
		for first := 0; first < rows; first += height {
			var gamma, beta [width]T
			for i := first; i < min(first+height, rows); i++ {
				x, dy := data[T](k.X.Slice)[i*n+lo:i*n+end], data[T](k.DY.Slice)[i*n+lo:i*n+end]
				for j, d := range dy {
					gamma[j] += T(d * T((x[j]-mean[i])*rstd[i]))
					beta[j] += d
				}
			}
			for j := range dgamma {
				dgamma[j] += gamma[j]
				dbeta[j] += beta[j]
			}
		}
	}
}
