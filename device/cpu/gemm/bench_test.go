package gemm

import (
	"fmt"
	"testing"
)

func BenchmarkMul(b *testing.B) {
	for _, k := range []kernel{generic, avx2, avx512} {
		if k > best() {
			continue
		}
		for _, s := range []int{16, 32, 64, 128, 256, 512, 1024, 2048} {
			b.Run(fmt.Sprintf("n=%d/dtype=f32/kernel=%s", s, kernelNames[k]), func(b *testing.B) {
				defer inUse.Store(inUse.Load())
				inUse.Store(int32(k))
				benchmark[float32](b, s, s, s)
			})
			b.Run(fmt.Sprintf("n=%d/dtype=f64/kernel=%s", s, kernelNames[k]), func(b *testing.B) {
				defer inUse.Store(inUse.Load())
				inUse.Store(int32(k))
				benchmark[float64](b, s, s, s)
			})
		}
	}
}

func benchmark[T Float](b *testing.B, m, n, k int) {
	var g Multiplier[T]
	x, y, z := make([]T, m*k), make([]T, k*n), make([]T, m*n)
	for b.Loop() {
		g.Mul(false, false, m, n, k, x, k, y, n, false, z, n)
	}
	b.ReportMetric(2*float64(m*n*k)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}
