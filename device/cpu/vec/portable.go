package vec

// The functions in Go. A conversion after a product forbids the compiler to fuse it with a sum, as some would.

var (
	portable32 = portable[float32](tanh32, sigmoid32)
	portable64 = portable[float64](tanh64, sigmoid64)
)

func portable[T Float](tanh, sigmoid func(x float64) float64) table[T] {
	return table[T]{
		tanh:    func(y, x []T) { apply(tanh, y, x) },
		sigmoid: func(y, x []T) { apply(sigmoid, y, x) },
		relu:    relu[T], tanhGrad: tanhGrad[T], sigmoidGrad: sigmoidGrad[T], reluGrad: reluGrad[T],
	}
}

func apply[T Float](f func(x float64) float64, y, x []T) {
	for i, v := range x {
		y[i] = T(f(float64(v)))
	}
}

func relu[T Float](y, x []T) {
	for i, v := range x {
		y[i] = max(v, 0)
	}
}

func tanhGrad[T Float](dx, dy, y []T) {
	for i, v := range y {
		dx[i] = dy[i] * T((1-v)*(1+v))
	}
}

func sigmoidGrad[T Float](dx, dy, y []T) {
	for i, v := range y {
		dx[i] = T(dy[i]*v) * (1 - v)
	}
}

func reluGrad[T Float](dx, dy, y []T) {
	for i, v := range y {
		if v > 0 {
			dx[i] = dy[i]
		} else {
			dx[i] = 0
		}
	}
}
