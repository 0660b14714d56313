package kernels

import "github.com/keisan-go/keisan/device"

// Softmax is Y = exp(X-m) / Σ exp(X-m) along the last axis, m being the largest element there; Y may be X.
//
//	Y, X [..., C]
type Softmax struct{ Y, X Array }

func (k Softmax) Name() string { return "Softmax" }

func (k Softmax) Operands(ops []device.Operand) []device.Operand {
	return list(ops).replaces("Y", &k.Y).reads("X", &k.X)
}

func (k Softmax) Check() error {
	return first(float("X", &k.X, 1), like("Y", &k.Y, &k.X))
}

func (k Softmax) Cost() device.Cost { return device.Cost{Ops: 4 * int64(k.X.Len()), Bytes: bytes(k)} }

// SoftmaxGrad is the gradient of Softmax, told from its result: DX = Y·(DY - Σ DY·Y), the sum along the last axis; DX may
// be DY or Y.
type SoftmaxGrad struct{ DX, DY, Y Array }

func (k SoftmaxGrad) Name() string { return "SoftmaxGrad" }

func (k SoftmaxGrad) Operands(ops []device.Operand) []device.Operand {
	return list(ops).replaces("DX", &k.DX).reads("DY", &k.DY).reads("Y", &k.Y)
}

func (k SoftmaxGrad) Check() error {
	return first(float("Y", &k.Y, 1), like("DY", &k.DY, &k.Y), like("DX", &k.DX, &k.Y))
}

func (k SoftmaxGrad) Cost() device.Cost {
	return device.Cost{Ops: 4 * int64(k.Y.Len()), Bytes: bytes(k)}
}

// SoftmaxCrossEntropy is P = softmax(X) along the last axis, each row's loss -log P[target] and their weighted sum,
// Loss = Scale · Σ Losses. A target of -1 is ignored: its row's loss is 0. Any other target outside [0, C) makes its
// row's loss NaN.
//
//	Loss []   Losses [...]   P, X [..., C]   Target [...] int32
//
// The loss is computed as log Σ exp(X-m) - (X[target]-m), m being the row's largest element, so no probability that
// rounds to 0 spoils it.
type SoftmaxCrossEntropy struct {
	Loss, Losses, P, X, Target Array
	Scale                      float64 // 1/(number of targets that count), for the mean
}

func (k SoftmaxCrossEntropy) Name() string { return "SoftmaxCrossEntropy" }

func (k SoftmaxCrossEntropy) Operands(ops []device.Operand) []device.Operand {
	return list(ops).writes("Loss", &k.Loss).writes("Losses", &k.Losses).replaces("P", &k.P).reads("X", &k.X).
		reads("Target", &k.Target)
}

func (k SoftmaxCrossEntropy) Check() error {
	if err := float("X", &k.X, 1); err != nil {
		return err
	}
	t, rows := k.X.Type(), k.X.Shape[:len(k.X.Shape)-1]
	return first(
		like("P", &k.P, &k.X),
		shaped("Losses", &k.Losses, t, rows...),
		shaped("Loss", &k.Loss, t),
		shaped("Target", &k.Target, device.Int32, rows...),
		numbered("X", "columns", Cols(k.X)))
}

func (k SoftmaxCrossEntropy) Cost() device.Cost {
	return device.Cost{Ops: 5 * int64(k.X.Len()), Bytes: bytes(k)}
}

// SoftmaxCrossEntropyGrad is the gradient of Loss by X: DX = Scale·(P - onehot(Target)), 0 in the rows of ignored targets,
// and NaN in those whose loss is NaN because of their target; DX may be P.
type SoftmaxCrossEntropyGrad struct {
	DX, P, Target Array
	Scale         float64
}

func (k SoftmaxCrossEntropyGrad) Name() string { return "SoftmaxCrossEntropyGrad" }

func (k SoftmaxCrossEntropyGrad) Operands(ops []device.Operand) []device.Operand {
	return list(ops).replaces("DX", &k.DX).reads("P", &k.P).reads("Target", &k.Target)
}

func (k SoftmaxCrossEntropyGrad) Check() error {
	if err := float("P", &k.P, 1); err != nil {
		return err
	}
	return first(like("DX", &k.DX, &k.P), shaped("Target", &k.Target, device.Int32, k.P.Shape[:len(k.P.Shape)-1]...))
}

func (k SoftmaxCrossEntropyGrad) Cost() device.Cost {
	return device.Cost{Ops: 2 * int64(k.P.Len()), Bytes: bytes(k)}
}
