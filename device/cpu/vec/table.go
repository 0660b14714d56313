package vec

import (
	"sync/atomic"
	"unsafe"

	"github.com/keisan-go/keisan/device/cpu/gemm"
)

// A table is the functions for one element type and one set of instructions. They expect slices of one length.
type table[T Float] struct {
	tanh, sigmoid, relu             func(y, x []T)
	tanhGrad, sigmoidGrad, reluGrad func(dx, dy, y []T)

	add, mul, div                   func(z, x, y []T)
	addScalar, divScalar, scalarDiv func(y, x []T, s T)
	scale                           func(y, x []T, s float64)

	peak        func(x []T) T
	expSum      func(y, x []T, peak float64) float64
	dot         func(x, y []T) float64
	softmaxGrad func(dx, dy, y []T, dot float64)
	sumRows     func(y, x []T, rows, stride int)

	addMul      func(z, x, y []T)
	lstmState   func(c, last, in, forget, new []T)
	lstmOutGrad func(dOut, dc, dh, out, tanh []T)
	lstmGrad    func(dIn, dForget, dNew, dc, last, in, forget, new []T)
	gruState    func(h, last, update, new []T)
	gruGrad     func(dUpdate, dNew, dh, last, update, new []T)

	sgd                func(p, g []T, lr T)
	momentum, nesterov func(p, g, v []T, lr, mu T)
	adaGrad            func(p, g, s []T, lr, eps T)
	rmsprop            func(p, g, s []T, lr, keep, take, eps T)
	adam               func(p, g, m, v []T, lr, keep1, take1, keep2, take2, shrink, grow, eps T)
}

// A kernel is the tables for a set of instructions.
type kernel struct {
	f32 *table[float32]
	f64 *table[float64]
}

var generic = kernel{&portable32, &portable64}

// inUse is decided when it is first needed, as package gemm decides. A test may set it.
var inUse atomic.Pointer[kernel]

func current() *kernel {
	k := inUse.Load()
	if k == nil {
		k = kernels[gemm.Kernel()]
		inUse.Store(k)
	}
	return k
}

// of is the functions for T.
func of[T Float]() *table[T] {
	k := current()
	if unsafe.Sizeof(T(0)) == 4 {
		return (*table[T])(unsafe.Pointer(k.f32))
	}
	return (*table[T])(unsafe.Pointer(k.f64))
}
