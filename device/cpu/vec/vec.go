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

// Add is z = x + y.
func Add[T Float](z, x, y []T) { of[T]().add(z, x[:len(z)], y[:len(z)]) }

// Mul is z = x·y.
func Mul[T Float](z, x, y []T) { of[T]().mul(z, x[:len(z)], y[:len(z)]) }

// Div is z = x/y.
func Div[T Float](z, x, y []T) { of[T]().div(z, x[:len(z)], y[:len(z)]) }

// AddScalar is y = x + s.
func AddScalar[T Float](y, x []T, s T) { of[T]().addScalar(y, x[:len(y)], s) }

// Scale is y = x·s, rounded once from float64.
func Scale[T Float](y, x []T, s float64) { of[T]().scale(y, x[:len(y)], s) }

// DivScalar is y = x/s.
func DivScalar[T Float](y, x []T, s T) { of[T]().divScalar(y, x[:len(y)], s) }

// ScalarDiv is y = s/x.
func ScalarDiv[T Float](y, x []T, s T) { of[T]().scalarDiv(y, x[:len(y)], s) }

// ExpSum is y = exp(x-peak), to 1 ulp for float32 and to 2 ulp for float64, and returns the sum of that, before it is rounded
// to T, and the peak, which is the largest of x. If an element of x is NaN or +Inf, or all of them are -Inf, the sum is NaN.
func ExpSum[T Float](y, x []T) (peak, sum float64) {
	f, x := of[T](), x[:len(y)]
	peak = float64(f.peak(x))
	return peak, f.expSum(y, x, peak)
}

// Dot returns Σ x·y, of float64s.
func Dot[T Float](x, y []T) float64 { return of[T]().dot(x, y[:len(x)]) }

// SoftmaxGrad is dx = y·(dy-dot), the gradient of y = softmax(x) where dot is Dot(y, dy).
func SoftmaxGrad[T Float](dx, dy, y []T, dot float64) {
	of[T]().softmaxGrad(dx, dy[:len(dx)], y[:len(dx)], dot)
}

// SumRows is y += Σ x over rows of a matrix, which begin stride elements apart. The first row is added to 0, each to the
// sum of those before, and all to y.
func SumRows[T Float](y, x []T, rows, stride int) {
	if rows > 0 && len(y) > 0 {
		of[T]().sumRows(y, x[:(rows-1)*stride+len(y)], rows, stride)
	}
}

// AddMul is z += x·y.
func AddMul[T Float](z, x, y []T) { of[T]().addMul(z, x[:len(z)], y[:len(z)]) }

// LSTMState is c = forget·last + in·new.
func LSTMState[T Float](c, last, in, forget, new []T) {
	n := len(c)
	of[T]().lstmState(c, last[:n], in[:n], forget[:n], new[:n])
}

// LSTMOutGrad is dOut = dh·tanh·out·(1-out); dc += dh·out·(1-tanh)·(1+tanh), the gradient of h = out·tanh c, where tanh is
// that of c, and of the sigmoid that out is.
func LSTMOutGrad[T Float](dOut, dc, dh, out, tanh []T) {
	n := len(dOut)
	of[T]().lstmOutGrad(dOut, dc[:n], dh[:n], out[:n], tanh[:n])
}

// LSTMGrad is dIn = dc·new·in·(1-in); dForget = dc·last·forget·(1-forget); dNew = dc·in·(1-new)·(1+new); dc = dc·forget, the
// gradient of LSTMState and of the sigmoids and the tanh that the gates are.
func LSTMGrad[T Float](dIn, dForget, dNew, dc, last, in, forget, new []T) {
	n := len(dIn)
	of[T]().lstmGrad(dIn, dForget[:n], dNew[:n], dc[:n], last[:n], in[:n], forget[:n], new[:n])
}

// GRUState is h = (1-update)·new + update·last.
func GRUState[T Float](h, last, update, new []T) {
	n := len(h)
	of[T]().gruState(h, last[:n], update[:n], new[:n])
}

// GRUGrad is dUpdate = dh·(last-new)·update·(1-update); dNew = dh·(1-update)·(1-new)·(1+new); dh = dh·update, the gradient of
// GRUState and of the sigmoid and the tanh that the gates are.
func GRUGrad[T Float](dUpdate, dNew, dh, last, update, new []T) {
	n := len(dUpdate)
	of[T]().gruGrad(dUpdate, dNew[:n], dh[:n], last[:n], update[:n], new[:n])
}

// SGD is p -= lr·g.
func SGD[T Float](p, g []T, lr T) { of[T]().sgd(p, g[:len(p)], lr) }

// Momentum is v = mu·v + g; p -= lr·v.
func Momentum[T Float](p, g, v []T, lr, mu T) { of[T]().momentum(p, g[:len(p)], v[:len(p)], lr, mu) }

// Nesterov is v = mu·v + g; p -= lr·(g + mu·v).
func Nesterov[T Float](p, g, v []T, lr, mu T) { of[T]().nesterov(p, g[:len(p)], v[:len(p)], lr, mu) }

// AdaGrad is s += g²; p -= lr·g / (√s + eps).
func AdaGrad[T Float](p, g, s []T, lr, eps T) { of[T]().adaGrad(p, g[:len(p)], s[:len(p)], lr, eps) }

// RMSprop is s = keep·s + take·g²; p -= lr·g / (√s + eps).
func RMSprop[T Float](p, g, s []T, lr, keep, take, eps T) {
	of[T]().rmsprop(p, g[:len(p)], s[:len(p)], lr, keep, take, eps)
}

// Adam is m = keep1·m + take1·g; v = keep2·v + take2·g²; p = shrink·p - lr·m / (√v·grow + eps).
func Adam[T Float](p, g, m, v []T, lr, keep1, take1, keep2, take2, shrink, grow, eps T) {
	n := len(p)
	of[T]().adam(p, g[:n], m[:n], v[:n], lr, keep1, take1, keep2, take2, shrink, grow, eps)
}
