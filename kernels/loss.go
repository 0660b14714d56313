package kernels

import (
	"fmt"

	"github.com/keisan-go/keisan/device"
)

// A Deviation is the loss of an element x beside what it should be, t.
type Deviation uint8

const (
	Squared      Deviation = iota + 1 // (x-t)², whose derivative by x is 2(x-t)
	CrossEntropy                      // -t·log σ(x) - (1-t)·log(1-σ(x)), whose derivative by x is σ(x)-t, σ being the sigmoid
)

func (f Deviation) String() string {
	switch f {
	case Squared:
		return "squared"
	case CrossEntropy:
		return "cross-entropy"
	}
	return fmt.Sprintf("Deviation(%d)", uint8(f))
}

func (f Deviation) check() error {
	if f < Squared || f > CrossEntropy {
		return fmt.Errorf("unknown deviation %v", f)
	}
	return nil
}

// ElementLoss is each element's loss, F of X and Target, and their weighted sum, Loss = Scale · Σ Losses.
//
//	Loss []   Losses, X, Target [...]
//
// The cross-entropy is computed as max(x, 0) - x·t + log(1+exp(-|x|)), which overflows nowhere.
type ElementLoss struct {
	F                       Deviation
	Scale                   float64 // 1/(number of elements), for the mean
	Loss, Losses, X, Target Array
}

func (k ElementLoss) Name() string { return "ElementLoss" }

func (k ElementLoss) Operands(ops []device.Operand) []device.Operand {
	return list(ops).writes("Loss", &k.Loss).writes("Losses", &k.Losses).reads("X", &k.X).reads("Target", &k.Target)
}

func (k ElementLoss) Check() error {
	return first(k.F.check(), float("X", &k.X, 0), like("Target", &k.Target, &k.X), like("Losses", &k.Losses, &k.X),
		shaped("Loss", &k.Loss, k.X.Type()))
}

func (k ElementLoss) Cost() device.Cost {
	return device.Cost{Ops: 4 * int64(k.X.Len()), Bytes: bytes(k)}
}

// ElementLossGrad is the gradient of Loss by X: DX = Scale · ∂F/∂x of X and Target.
type ElementLossGrad struct {
	F             Deviation
	Scale         float64
	DX, X, Target Array
}

func (k ElementLossGrad) Name() string { return "ElementLossGrad" }

func (k ElementLossGrad) Operands(ops []device.Operand) []device.Operand {
	return list(ops).writes("DX", &k.DX).reads("X", &k.X).reads("Target", &k.Target)
}

func (k ElementLossGrad) Check() error {
	return first(k.F.check(), float("X", &k.X, 0), like("Target", &k.Target, &k.X), like("DX", &k.DX, &k.X))
}

func (k ElementLossGrad) Cost() device.Cost {
	return device.Cost{Ops: 3 * int64(k.X.Len()), Bytes: bytes(k)}
}
