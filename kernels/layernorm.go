package kernels

import (
	"fmt"

	"github.com/keisan-go/keisan/device"
)

// LayerNorm is Y = (X-Mean)·RStd·Gamma + Beta along the last axis, where Mean is the mean of a row of X and RStd is
// 1/√(variance+Eps), the variance being the mean of (X-Mean)². J. Ba, J. Kiros, G. Hinton, "Layer normalization", 2016.
//
//	Y, X [..., C]   Mean, RStd [...]   Gamma, Beta [C]
type LayerNorm struct {
	Eps                           float64
	Y, Mean, RStd, X, Gamma, Beta Array
}

func (k LayerNorm) Name() string { return "LayerNorm" }

func (k LayerNorm) Operands(ops []device.Operand) []device.Operand {
	return list(ops).writes("Y", &k.Y).writes("Mean", &k.Mean).writes("RStd", &k.RStd).reads("X", &k.X).
		reads("Gamma", &k.Gamma).reads("Beta", &k.Beta)
}

func (k LayerNorm) Check() error {
	if err := float("X", &k.X, 1); err != nil {
		return err
	}
	t, rows, c := k.X.Type(), k.X.Shape[:len(k.X.Shape)-1], Cols(k.X)
	err := first(like("Y", &k.Y, &k.X), shaped("Mean", &k.Mean, t, rows...), shaped("RStd", &k.RStd, t, rows...),
		shaped("Gamma", &k.Gamma, t, c), shaped("Beta", &k.Beta, t, c))
	if err == nil && !(k.Eps >= 0) {
		err = fmt.Errorf("the Eps is %v, want 0 or more", k.Eps)
	}
	return err
}

func (k LayerNorm) Cost() device.Cost { return device.Cost{Ops: 8 * int64(k.X.Len()), Bytes: bytes(k)} }

// LayerNormGrad is the gradient of LayerNorm, told from X and the Mean and RStd of its rows: with x̂ = (X-Mean)·RStd,
// g = DY·Gamma and means along the last axis,
//
//	DX = RStd·(g - mean(g) - x̂·mean(g·x̂))   DGamma += Σ DY·x̂   DBeta += Σ DY
//
// the sums over all rows.
type LayerNormGrad struct {
	DX, DGamma, DBeta, DY, X, Mean, RStd, Gamma Array
}

func (k LayerNormGrad) Name() string { return "LayerNormGrad" }

func (k LayerNormGrad) Operands(ops []device.Operand) []device.Operand {
	return list(ops).writes("DX", &k.DX).updates("DGamma", &k.DGamma).updates("DBeta", &k.DBeta).reads("DY", &k.DY).
		reads("X", &k.X).reads("Mean", &k.Mean).reads("RStd", &k.RStd).reads("Gamma", &k.Gamma)
}

func (k LayerNormGrad) Check() error {
	if err := float("X", &k.X, 1); err != nil {
		return err
	}
	t, rows, c := k.X.Type(), k.X.Shape[:len(k.X.Shape)-1], Cols(k.X)
	return first(like("DX", &k.DX, &k.X), like("DY", &k.DY, &k.X),
		shaped("Mean", &k.Mean, t, rows...), shaped("RStd", &k.RStd, t, rows...),
		shaped("Gamma", &k.Gamma, t, c), shaped("DGamma", &k.DGamma, t, c), shaped("DBeta", &k.DBeta, t, c))
}

func (k LayerNormGrad) Cost() device.Cost {
	return device.Cost{Ops: 14 * int64(k.X.Len()), Bytes: bytes(k)}
}
