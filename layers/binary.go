package layers

import (
	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
	"github.com/keisan-go/keisan/tensor"
)

// Binary combines two tensors element by element, broadcasting as NumPy does: shapes are aligned at their last axes, and
// an axis that is missing or has length 1 is repeated. The gradients sum over what was repeated, down to scalars.
type Binary struct {
	owned
	name     string
	x, y, z  *tensor.Tensor
	dx, dy   *tensor.Tensor
	forward  kernels.Binary
	backward kernels.BinaryGrad
}

// NewAdd returns z = x + y, with dx = dz and dy = dz.
func NewAdd() *Binary { return newBinary("Add", kernels.Add) }

// NewMul returns z = x·y, with dx = dz·y and dy = dz·x.
func NewMul() *Binary { return newBinary("Mul", kernels.Mul) }

// NewDiv returns z = x/y, with dx = dz/y and dy = dz·(-x/y²).
func NewDiv() *Binary { return newBinary("Div", kernels.Div) }

func newBinary(name string, op kernels.Operator) *Binary {
	return &Binary{name: name, forward: kernels.Binary{Op: op}, backward: kernels.BinaryGrad{Op: op}}
}

// Forward returns x op y. It panics if their shapes do not broadcast.
func (l *Binary) Forward(x, y *tensor.Tensor) *tensor.Tensor {
	if x == nil {
		device.Panicf("layers.%s: x is nil", l.name)
	}
	compatible(l.name, "y", y, "x", x)
	l.input(l.name, "x", x)
	l.input(l.name, "y", y)
	if l.z == nil || !kernels.Broadcasts(l.z.Shape(), x.Shape(), y.Shape()) {
		shape, ok := kernels.Broadcast(x.Shape(), y.Shape())
		if !ok {
			device.Panicf("layers.%s: x is %v and y is %v, which do not broadcast", l.name, x, y)
		}
		l.room(&l.z, x, shape...)
	}
	l.x, l.y, l.z = x, y, l.room(&l.z, x, l.z.Shape()...)
	l.forward.Z, l.forward.X, l.forward.Y = l.z.Array(), x.Array(), y.Array()
	x.Device().Launch(&l.forward)
	return l.z
}

// Backward returns the gradients of x and of y from that of their result.
func (l *Binary) Backward(dz *tensor.Tensor) (dx, dy *tensor.Tensor) {
	gradientOf(l.name, "dz", dz, "z", l.z)
	dx = l.room(&l.dx, l.x, l.x.Shape()...)
	dy = l.room(&l.dy, l.y, l.y.Shape()...)
	k := &l.backward
	k.DX, k.DY, k.DZ, k.X, k.Y = dx.Array(), dy.Array(), dz.Array(), l.x.Array(), l.y.Array()
	dz.Device().Launch(k)
	return dx, dy
}
