package cpu

import (
	"math"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/cpu/vec"
	"github.com/keisan-go/keisan/kernels"
)

func softmax[T device.Float](arg any, lo, hi int) {
	k := arg.(*kernels.Softmax)
	y, x, n := data[T](k.Y.Slice), data[T](k.X.Slice), kernels.Cols(k.X)
	for i := lo; i < hi; i++ {
		softmaxRow(y[i*n:(i+1)*n], x[i*n:(i+1)*n])
	}
}

// softmaxRow is y = exp(x-peak)/sum, with the peak and the sum that it returns.
func softmaxRow[T device.Float](y, x []T) (peak, sum float64) {
	peak, sum = vec.ExpSum(y, x)
	vec.Scale(y, y, 1/sum)
	return peak, sum
}

func softmaxGrad[T device.Float](arg any, lo, hi int) {
	k := arg.(*kernels.SoftmaxGrad)
	n := kernels.Cols(k.Y)
	for i := lo * n; i < hi*n; i += n {
		y, dy, dx := data[T](k.Y.Slice)[i:i+n], data[T](k.DY.Slice)[i:i+n], data[T](k.DX.Slice)[i:i+n]
		vec.SoftmaxGrad(dx, dy, y, vec.Dot(y, dy))
	}
}

func crossEntropy[T device.Float](arg any, lo, hi int) {
	k := arg.(*kernels.SoftmaxCrossEntropy)
	n := kernels.Cols(k.X)
	x, p, losses := data[T](k.X.Slice), data[T](k.P.Slice), data[T](k.Losses.Slice)
	for i, target := range data[int32](k.Target.Slice)[lo:hi] {
		i += lo
		x := x[i*n : (i+1)*n]
		right := math.NaN()
		if target >= 0 && int(target) < n {
			right = float64(x[target]) // before P overwrites it, where P is X
		}
		peak, sum := softmaxRow(p[i*n:(i+1)*n], x)
		losses[i] = T(math.Log(sum) - (right - peak))
		if target == -1 {
			losses[i] = 0
		}
	}
}

func totalLoss[T device.Float](loss, losses kernels.Array, scale float64) {
	sum := 0.0
	for _, loss := range data[T](losses.Slice) {
		sum += float64(loss)
	}
	data[T](loss.Slice)[0] = T(scale * sum)
}

func crossEntropyGrad[T device.Float](arg any, lo, hi int) {
	k := arg.(*kernels.SoftmaxCrossEntropyGrad)
	n := kernels.Cols(k.P)
	dx, p := data[T](k.DX.Slice), data[T](k.P.Slice)
	for i, target := range data[int32](k.Target.Slice)[lo:hi] {
		i += lo
		dx, p := dx[i*n:(i+1)*n], p[i*n:(i+1)*n]
		switch {
		case target == -1:
			clear(dx)
		case target < 0 || int(target) >= n:
			for j := range dx {
				dx[j] = T(math.NaN())
			}
		default:
			right := T(k.Scale) * (p[target] - 1) // before DX overwrites it, where DX is P
			vec.Scale(dx, p, float64(T(k.Scale)))
			dx[target] = right
		}
	}
}
