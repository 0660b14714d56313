package kernels

import (
	"errors"
	"fmt"

	"github.com/keisan-go/keisan/device"
)

// An Activation is a function applied to each element, whose derivative can be told from its result.
type Activation uint8

const (
	Sigmoid Activation = iota + 1 // y = 1/(1+exp(-x)),  dy/dx = y(1-y)
	Tanh                          // y = tanh x,         dy/dx = 1-y²
	ReLU                          // y = max(x, 0),      dy/dx = 1 if y > 0, else 0
)

func (f Activation) String() string {
	switch f {
	case Sigmoid:
		return "sigmoid"
	case Tanh:
		return "tanh"
	case ReLU:
		return "relu"
	}
	return fmt.Sprintf("Activation(%d)", uint8(f))
}

func (f Activation) check() error {
	if f < Sigmoid || f > ReLU {
		return fmt.Errorf("unknown function %v", f)
	}
	return nil
}

// Activate is Y = F(X), element by element; Y may be X. Sigmoid and tanh are right to 2 ulp, keep NaN, and are exact at
// ±0 and ±Inf; ReLU keeps NaN and gives +0 for -0.
type Activate struct {
	F    Activation
	Y, X Array
}

func (k Activate) Name() string { return "Activate" }

func (k Activate) Operands(ops []device.Operand) []device.Operand {
	return list(ops).replaces("Y", &k.Y).reads("X", &k.X)
}

func (k Activate) Check() error {
	return first(k.F.check(), float("X", &k.X, 0), like("Y", &k.Y, &k.X))
}

func (k Activate) Cost() device.Cost { return device.Cost{Ops: int64(k.X.Len()), Bytes: bytes(k)} }

// ActivateGrad is DX = DY·F'(X), element by element, with F' told from Y = F(X); DX may be DY or Y.
type ActivateGrad struct {
	F         Activation
	DX, DY, Y Array
}

func (k ActivateGrad) Name() string { return "ActivateGrad" }

func (k ActivateGrad) Operands(ops []device.Operand) []device.Operand {
	return list(ops).replaces("DX", &k.DX).reads("DY", &k.DY).reads("Y", &k.Y)
}

func (k ActivateGrad) Check() error {
	return first(k.F.check(), float("Y", &k.Y, 0), like("DY", &k.DY, &k.Y), like("DX", &k.DX, &k.Y))
}

func (k ActivateGrad) Cost() device.Cost {
	return device.Cost{Ops: 3 * int64(k.Y.Len()), Bytes: bytes(k)}
}

// An Operator combines two elements.
type Operator uint8

const (
	Add Operator = iota + 1 // z = x + y
	Mul                     // z = x · y
	Div                     // z = x / y
)

func (op Operator) String() string {
	switch op {
	case Add:
		return "add"
	case Mul:
		return "mul"
	case Div:
		return "div"
	}
	return fmt.Sprintf("Operator(%d)", uint8(op))
}

func (op Operator) check() error {
	if op < Add || op > Div {
		return fmt.Errorf("unknown operator %v", op)
	}
	return nil
}

// Binary is Z = X op Y, element by element, broadcasting as NumPy does: shapes are aligned at their last axes, and an
// axis that is missing or has length 1 is repeated. Z may be X or Y where it has the same shape.
type Binary struct {
	Op      Operator
	Z, X, Y Array
}

func (k Binary) Name() string { return "Binary" }

func (k Binary) Operands(ops []device.Operand) []device.Operand {
	return list(ops).replaces("Z", &k.Z).reads("X", &k.X).reads("Y", &k.Y)
}

func (k Binary) Check() error {
	return first(k.Op.check(), broadcasts("Z", &k.Z, &k.X, &k.Y))
}

func (k Binary) Cost() device.Cost { return device.Cost{Ops: int64(k.Z.Len()), Bytes: bytes(k)} }

// BinaryGrad is the gradient of Binary: DX = Σ DZ·∂z/∂x and DY = Σ DZ·∂z/∂y, the sums over what was broadcast.
//
//	add: ∂z/∂x = 1,    ∂z/∂y = 1
//	mul: ∂z/∂x = y,    ∂z/∂y = x
//	div: ∂z/∂x = 1/y,  ∂z/∂y = -x/y²
type BinaryGrad struct {
	Op               Operator
	DX, DY, DZ, X, Y Array
}

func (k BinaryGrad) Name() string { return "BinaryGrad" }

func (k BinaryGrad) Operands(ops []device.Operand) []device.Operand {
	return list(ops).writes("DX", &k.DX).writes("DY", &k.DY).reads("DZ", &k.DZ).reads("X", &k.X).reads("Y", &k.Y)
}

func (k BinaryGrad) Check() error {
	return first(k.Op.check(), broadcasts("DZ", &k.DZ, &k.X, &k.Y), like("DX", &k.DX, &k.X), like("DY", &k.DY, &k.Y))
}

func (k BinaryGrad) Cost() device.Cost {
	return device.Cost{Ops: 4 * int64(k.DZ.Len()), Bytes: bytes(k)}
}

// broadcasts tells what is wrong with z as the result of an element-by-element operation on x and y; nil if nothing is.
func broadcasts(name string, z, x, y *Array) error {
	err := first(float("X", x, 0), typed("Y", y, x.Type()), typed(name, z, x.Type()))
	switch {
	case err != nil:
		return err
	case !Broadcasts(z.Shape, x.Shape, y.Shape):
		return errors.New("the shapes of X and Y do not broadcast to that of " + name)
	case len(z.Shape) <= MaxNest: // no more loops than axes
		return nil
	}
	if _, ok := NestOf(z.Shape, x.Shape, y.Shape); !ok {
		return fmt.Errorf("broadcasting takes more than %d nested loops", MaxNest)
	}
	return nil
}
