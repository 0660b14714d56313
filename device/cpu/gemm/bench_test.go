package gemm

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/keisan-go/keisan/device/cpu/internal/peak"
)

// BenchmarkMul reports the rate of products and, as peak, which share of the multiply-adds that the processor can do on
// all its threads that is.
func BenchmarkMul(b *testing.B) {
	sizes := [][3]int{{16, 16, 16}, {32, 32, 32}, {64, 64, 64}, {128, 128, 128}, {256, 256, 256}, {512, 512, 512}, {1024, 1024, 1024}, {2048, 2048, 2048}}
	for _, m := range []int{1, 4, 16, 32, 64} {
		for _, n := range []int{256, 512, 1024, 2048} {
			sizes = append(sizes, [3]int{m, n, n})
		}
	}
	for _, s := range sizes {
		shape := fmt.Sprintf("n=%d", s[1])
		if s[0] != s[1] {
			shape = fmt.Sprintf("m=%d/n=%d", s[0], s[1])
		}
		eachBenchmark(b, shape, func(b *testing.B) { benchmarkMul[float32](b, s[0], s[1], s[2]) },
			func(b *testing.B) { benchmarkMul[float64](b, s[0], s[1], s[2]) })
	}
}

func benchmarkMul[T Float](b *testing.B, m, n, k int) {
	var g Multiplier[T]
	x, y, z := ones[T](m*k), ones[T](k*n), make([]T, m*n)
	rate[T](b, m, n, k, runtime.GOMAXPROCS(0), func() { g.Mul(false, false, m, n, k, x, k, y, n, false, z, n) })
}

// BenchmarkMulRows is of the steps of a recurrent network, on one thread.
func BenchmarkMulRows(b *testing.B) {
	for _, m := range []int{1, 4, 16, 32} {
		for _, n := range []int{256, 512, 1024} {
			eachBenchmark(b, fmt.Sprintf("m=%d/n=%d", m, n), func(b *testing.B) { benchmarkMulRows[float32](b, m, n) },
				func(b *testing.B) { benchmarkMulRows[float64](b, m, n) })
		}
	}
}

func benchmarkMulRows[T Float](b *testing.B, m, n int) {
	var p Packed[T]
	x, z := ones[T](m*n), make([]T, m*n)
	p.Set(false, n, n, ones[T](n*n), n)
	rate[T](b, m, n, n, 1, func() { p.MulRows(m, x, n, false, z, n) })
}

func eachBenchmark(b *testing.B, shape string, f32, f64 func(*testing.B)) {
	for _, t := range []struct {
		name string
		f    func(*testing.B)
	}{{"f32", f32}, {"f64", f64}} {
		for _, k := range kernels() {
			b.Run(fmt.Sprintf("mul/%s/dtype=%s/kernel=%s", shape, t.name, kernelNames[k]), func(b *testing.B) {
				use(b, k)
				t.f(b)
			})
		}
	}
}

func ones[T Float](n int) []T {
	x := make([]T, n)
	for i := range x {
		x[i] = 1
	}
	return x
}

func rate[T Float](b *testing.B, m, n, k, threads int, f func()) {
	before := peakRate(threads)
	for b.Loop() {
		f()
	}
	rate := 2 * float64(m) * float64(n) * float64(k) * float64(b.N) / b.Elapsed().Seconds()
	b.ReportMetric(rate/1e9, "GFLOP/s")
	if peak := (before + peakRate(threads)) / 2 * 4 / float64(sizeOf[T]()); peak > 0 {
		b.ReportMetric(rate/peak, "peak")
	}
}

// peakRate returns how many operations on float32 that many threads do in a second.
func peakRate(threads int) float64 {
	const n = 50_000
	begin := time.Now()
	operations := make([]int, threads)
	var wg sync.WaitGroup
	for i := range threads {
		wg.Go(func() { operations[i] = peak.Run(Kernel(), 4, n) })
	}
	wg.Wait()
	return float64(operations[0]*threads) / time.Since(begin).Seconds()
}
