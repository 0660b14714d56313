//go:build cuda

package cuda

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"sync"
	"unsafe"

	"gonum.org/v1/gonum/blas"
	"gorgonia.org/cu"
	cublas "gorgonia.org/cu/blas"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/internal/gpu"
	"github.com/keisan-go/keisan/device/internal/lazy"
)

// vendor is cuBLAS in a context, from its first product on.
type vendor struct {
	mu   sync.Mutex
	blas *cublas.Standard
}

// worth is how many multiply-adds a product must have for cuBLAS: where it has fewer, it is mostly launch and edges, and a
// row's bits that depend on nothing beside it are worth more than what cuBLAS could win.
const worth = 1 << 27

// cublasLoaded loads the cuBLAS that fits the driver, once. KEISAN_CUBLAS=off keeps it away.
var cublasLoaded = sync.OnceValue(func() error {
	if os.Getenv("KEISAN_CUBLAS") == "off" {
		return fmt.Errorf("KEISAN_CUBLAS is off")
	}
	return lazy.CUBLAS(libraries(driverVersion(), map[int]string{13: "libcublas.so.13", 12: "libcublas.so.12", 11: "libcublas.so.11"})...)
})

// Multiply is gpu.Multiplier's.
func (d *driver) Multiply(p *gpu.Product) (done bool, err error) {
	if p.M*p.N*p.K < d.worth || max(p.M, p.N, p.K) > math.MaxInt32 || cublasLoaded() != nil {
		return false, nil
	}
	d.vendor.mu.Lock()
	defer d.vendor.mu.Unlock()
	err = d.do(func() error {
		done, err = d.vendor.multiply(p)
		return err
	})
	return done, err
}

// multiply calls cuBLAS, which must have the context that is current. What it has no memory for, or where it does not start,
// is left to the kernels. After an error the binding does nothing any more, so the next product begins with a new one.
func (v *vendor) multiply(p *gpu.Product) (done bool, err error) {
	if v.blas == nil && !v.start() {
		return false, nil
	}
	columnMajor(v.blas, p)
	if err = v.blas.Err(); err == nil {
		return true, nil
	}
	v.blas.Close()
	v.blas = nil
	if err == cublas.AllocFailed {
		return false, nil
	}
	// Where the device is lost, it is CUDA that says so.
	return true, cmp.Or(cu.Synchronize(), fmt.Errorf("cuBLAS: %w (%d)", err, err))
}

// start tells whether cuBLAS starts. The binding panics if it does not.
func (v *vendor) start() (ok bool) {
	defer func() { ok = recover() == nil }()
	v.blas = cublas.New()
	return
}

// A gemm is the part of a BLAS that multiplies matrices whose columns follow one another, lda elements apart:
// C = alpha·op(A)·op(B) + beta·C for op(A) [m, k] and op(B) [k, n].
type gemm interface {
	Sgemm(tA, tB blas.Transpose, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int)
	Dgemm(tA, tB blas.Transpose, m, n, k int, alpha float64, a []float64, lda int, b []float64, ldb int, beta float64, c []float64, ldc int)
}

// columnMajor computes a product of matrices whose rows follow one another with a BLAS for columns: what lies in memory as
// C, read by columns, is Cᵀ, and Cᵀ = Bᵀ·Aᵀ. So A and B change places, and are transposed where they were.
func columnMajor(g gemm, p *gpu.Product) {
	op := func(trans bool, rows, cols int) (blas.Transpose, int) {
		if trans {
			return blas.Trans, rows
		}
		return blas.NoTrans, cols
	}
	tA, lda := op(p.TransA, p.M, p.K)
	tB, ldb := op(p.TransB, p.K, p.N)
	beta := 0.
	if p.Acc {
		beta = 1
	}
	if p.Type == device.Float64 {
		g.Dgemm(tB, tA, p.N, p.M, p.K, 1, elements[float64](p.B, p.K*p.N), ldb, elements[float64](p.A, p.M*p.K), lda,
			beta, elements[float64](p.C, p.M*p.N), p.N)
		return
	}
	g.Sgemm(tB, tA, p.N, p.M, p.K, 1, elements[float32](p.B, p.K*p.N), ldb, elements[float32](p.A, p.M*p.K), lda,
		float32(beta), elements[float32](p.C, p.M*p.N), p.N)
}

// elements is what the binding wants: a slice over an array's memory, though it is the device's.
func elements[T device.Float](a gpu.Array, n int) []T {
	address := at(a.Buffer, int64(a.At)*int64(unsafe.Sizeof(T(0))))
	return unsafe.Slice(*(**T)(unsafe.Pointer(&address)), n)
}
