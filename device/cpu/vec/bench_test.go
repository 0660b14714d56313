package vec

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// BenchmarkVec is of each operation by each kernel, in the cache and in memory, beside Go's math package and copy.
func BenchmarkVec(b *testing.B) {
	for _, n := range []int{100, 4096, 1 << 24} {
		benchmark(b, n, "float32", operations[float32](), func(k *kernel) *table[float32] { return k.f32 })
		benchmark(b, n, "float64", operations[float64](), func(k *kernel) *table[float64] { return k.f64 })
	}
}

func benchmark[T Float](b *testing.B, n int, dtype string, ops []operation[T], of func(*kernel) *table[T]) {
	rng := rand.New(rand.NewPCG(1, 2))
	var slices [][]T
	for range 8 {
		x := make([]T, n)
		for i := range x {
			x[i] = T(2 * rng.NormFloat64())
		}
		slices = append(slices, x)
	}
	run := func(op, by string, f func()) {
		b.Run(fmt.Sprintf("op=%s/n=%d/dtype=%s/by=%s", op, n, dtype, by), func(b *testing.B) {
			for b.Loop() {
				f()
			}
			seconds := b.Elapsed().Seconds() / float64(b.N) / float64(n)
			b.ReportMetric(seconds*1e9, "ns/element")
		})
	}
	maths := map[string]func(x float64) float64{
		"tanh":    math.Tanh,
		"sigmoid": func(x float64) float64 { return 1 / (1 + math.Exp(-x)) },
	}
	run("copy", "go", func() { copy(slices[0], slices[1]) })
	for _, op := range ops {
		if f := maths[op.name]; f != nil {
			run(op.name, "math", func() { apply(f, slices[0], slices[1]) })
		}
		for name, k := range available() {
			run(op.name, name, func() { op.do(of(k), slices[:op.slices]) })
		}
	}
}
