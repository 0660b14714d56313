package kernels

import (
	"fmt"

	"github.com/keisan-go/keisan/device"
)

// SGD is a step of stochastic gradient descent on a parameter P with gradient G, plain, with momentum or with
// Nesterov's. The velocity V is left out for the plain one.
//
//	plain:     P -= LR·G
//	momentum:  V = Mu·V + G;  P -= LR·V
//	Nesterov:  V = Mu·V + G;  P -= LR·(G + Mu·V)
type SGD struct {
	P, G, V  Array
	LR, Mu   float64
	Nesterov bool
}

func (k SGD) Name() string { return "SGD" }

func (k SGD) Operands(ops []device.Operand) []device.Operand {
	return list(ops).updates("P", &k.P).reads("G", &k.G).updates("V", &k.V)
}

func (k SGD) Check() error {
	err := first(float("P", &k.P, 0), like("G", &k.G, &k.P))
	if err == nil && (!k.V.IsZero() || k.Mu != 0 || k.Nesterov) {
		err = like("V", &k.V, &k.P)
	}
	return err
}

func (k SGD) Cost() device.Cost { return device.Cost{Ops: 4 * int64(k.P.Len()), Bytes: bytes(k)} }

// AdaGrad is a step on a parameter P with gradient G; S sums the squared gradients.
//
//	S += G²;  P -= LR·G / (√S + Eps)
type AdaGrad struct {
	P, G, S Array
	LR, Eps float64
}

func (k AdaGrad) Name() string { return "AdaGrad" }

func (k AdaGrad) Operands(ops []device.Operand) []device.Operand {
	return list(ops).updates("P", &k.P).reads("G", &k.G).updates("S", &k.S)
}

func (k AdaGrad) Check() error {
	return first(float("P", &k.P, 0), like("G", &k.G, &k.P), like("S", &k.S, &k.P))
}

func (k AdaGrad) Cost() device.Cost { return device.Cost{Ops: 7 * int64(k.P.Len()), Bytes: bytes(k)} }

// RMSprop is a step on a parameter P with gradient G; S is the decaying mean of the squared gradients.
//
//	S = Alpha·S + (1-Alpha)·G²;  P -= LR·G / (√S + Eps)
type RMSprop struct {
	P, G, S        Array
	LR, Alpha, Eps float64
}

func (k RMSprop) Name() string { return "RMSprop" }

func (k RMSprop) Operands(ops []device.Operand) []device.Operand {
	return list(ops).updates("P", &k.P).reads("G", &k.G).updates("S", &k.S)
}

func (k RMSprop) Check() error {
	return first(float("P", &k.P, 0), like("G", &k.G, &k.P), like("S", &k.S, &k.P))
}

func (k RMSprop) Cost() device.Cost { return device.Cost{Ops: 9 * int64(k.P.Len()), Bytes: bytes(k)} }

// Adam is a step on a parameter P with gradient G; M and V are the decaying means of the gradients and of their
// squares, Step counts from 1. A Decay other than 0 shrinks the parameter first, as AdamW does.
//
//	P -= LR·Decay·P
//	M = Beta1·M + (1-Beta1)·G;  V = Beta2·V + (1-Beta2)·G²
//	P -= LR/(1-Beta1ˢ) · M / (√V/√(1-Beta2ˢ) + Eps)          with s = Step
type Adam struct {
	P, G, M, V            Array
	LR, Beta1, Beta2, Eps float64
	Decay                 float64
	Step                  int
}

func (k Adam) Name() string { return "Adam" }

func (k Adam) Operands(ops []device.Operand) []device.Operand {
	return list(ops).updates("P", &k.P).reads("G", &k.G).updates("M", &k.M).updates("V", &k.V)
}

func (k Adam) Check() error {
	err := first(float("P", &k.P, 0), like("G", &k.G, &k.P), like("M", &k.M, &k.P), like("V", &k.V, &k.P))
	if err == nil && k.Step < 1 {
		err = fmt.Errorf("the Step is %d, want 1 or more", k.Step)
	}
	return err
}

func (k Adam) Cost() device.Cost { return device.Cost{Ops: 14 * int64(k.P.Len()), Bytes: bytes(k)} }

// SumSquares is Y = Σ X², a scalar; with Acc it adds to what Y holds. The root of such a sum over all gradients is their
// global norm.
type SumSquares struct {
	Y, X Array
	Acc  bool
}

func (k SumSquares) Name() string { return "SumSquares" }

func (k SumSquares) Operands(ops []device.Operand) []device.Operand {
	return list(ops).results("Y", &k.Y, k.Acc).reads("X", &k.X)
}

func (k SumSquares) Check() error {
	return first(float("X", &k.X, 0), shaped("Y", &k.Y, k.X.Type()))
}

func (k SumSquares) Cost() device.Cost {
	return device.Cost{Ops: 2 * int64(k.X.Len()), Bytes: bytes(k)}
}

// ClipNorm shrinks X so that a norm, given as its square, is at most Max: X *= min(1, Max / (√SumSq + 1e-6)). A norm that
// is NaN makes X NaN.
type ClipNorm struct {
	X, SumSq Array
	Max      float64
}

func (k ClipNorm) Name() string { return "ClipNorm" }

func (k ClipNorm) Operands(ops []device.Operand) []device.Operand {
	return list(ops).updates("X", &k.X).reads("SumSq", &k.SumSq)
}

func (k ClipNorm) Check() error {
	return first(float("X", &k.X, 0), shaped("SumSq", &k.SumSq, k.X.Type()))
}

func (k ClipNorm) Cost() device.Cost { return device.Cost{Ops: int64(k.X.Len()), Bytes: bytes(k)} }
