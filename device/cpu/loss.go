package cpu

import (
	"math"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/cpu/vec"
	"github.com/keisan-go/keisan/kernels"
)

func elementLoss[T device.Float](arg any, lo, hi int) {
	k := arg.(*kernels.ElementLoss)
	losses, x, target := data[T](k.Losses.Slice)[lo:hi], data[T](k.X.Slice)[lo:hi], data[T](k.Target.Slice)[lo:hi]
	if k.F == kernels.Squared {
		for i, t := range target {
			off := x[i] - t
			losses[i] = off * off
		}
		return
	}
	for i, t := range target {
		x, t := float64(x[i]), float64(t)
		losses[i] = T(max(x, 0) - float64(x*t) + math.Log1p(math.Exp(-math.Abs(x))))
	}
}

func elementLossGrad[T device.Float](arg any, lo, hi int) {
	k := arg.(*kernels.ElementLossGrad)
	dx, x, target := data[T](k.DX.Slice)[lo:hi], data[T](k.X.Slice)[lo:hi], data[T](k.Target.Slice)[lo:hi]
	scale := T(k.Scale)
	if k.F == kernels.Squared {
		scale *= 2
	} else {
		vec.Sigmoid(dx, x)
		x = dx
	}
	for i, t := range target {
		dx[i] = (x[i] - t) * scale
	}
}
