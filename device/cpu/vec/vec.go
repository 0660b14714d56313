// Package vec applies functions to the elements of slices of float32 or float64, fast and to the same bits always.
//
// # Bits
//
// An element of a result depends on the elements at its place alone: neither on where in a slice it stands, nor on the
// slice's length or alignment, nor on the instructions that compute it. AVX2, AVX-512 and Go give the same bits, because
// all of them do the same operations of IEEE 754 in the same order: +, -, ×, ÷ and roots, which round to the nearest, and
// fused multiply-adds where the Go code says math.FMA. Sums have 16 chains, one for every sixteenth element, which are added
// up in one order. A NaN is a NaN everywhere; its payload may differ.
//
// A processor that has no fused multiply-add needs some ten times longer for exp, sigmoid and tanh than another one.
//
// # Slices
//
// The first slice that a function takes tells how many elements there are. The functions panic if another one is shorter.
// What is written may be one of the slices read, but must not overlap one otherwise.
package vec

//go:generate go run -C _asm . -out ../vec_amd64.s -stubs ../stubs_amd64.go -pkg vec

// Float is an element type of slices.
type Float interface{ float32 | float64 }

// Tanh is y = tanh x, to 1 ulp for float32 and to 2 ulp for float64, exactly at ±0 and ±Inf.
func Tanh[T Float](y, x []T) { of[T]().tanh(y, x[:len(y)]) }

// Sigmoid is y = 1/(1+exp(-x)), to 1 ulp for float32 and to 2 ulp for float64.
func Sigmoid[T Float](y, x []T) { of[T]().sigmoid(y, x[:len(y)]) }

// ReLU is y = max(x, 0), which is NaN where x is, and never -0.
func ReLU[T Float](y, x []T) { of[T]().relu(y, x[:len(y)]) }

// TanhGrad is dx = dy·(1-y)·(1+y), the gradient of y = tanh x. Unlike 1-y² that keeps its digits where y is near 1.
func TanhGrad[T Float](dx, dy, y []T) { of[T]().tanhGrad(dx, dy[:len(dx)], y[:len(dx)]) }

// SigmoidGrad is dx = dy·y·(1-y), the gradient of y = 1/(1+exp(-x)).
func SigmoidGrad[T Float](dx, dy, y []T) { of[T]().sigmoidGrad(dx, dy[:len(dx)], y[:len(dx)]) }

// ReLUGrad is dx = dy where y > 0, and 0 elsewhere, the gradient of y = max(x, 0).
func ReLUGrad[T Float](dx, dy, y []T) { of[T]().reluGrad(dx, dy[:len(dx)], y[:len(dx)]) }
