//go:build cuda && linux

package cuda

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"gonum.org/v1/gonum/blas"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/internal/gpu"
	"github.com/keisan-go/keisan/device/internal/queue"
	"github.com/keisan-go/keisan/kernels"
)

// TestDriver goes through the binding to a driver whose memory is the host's.
func TestDriver(t *testing.T) {
	again(t, "TestTransfers")
	again(t, "TestOutOfMemory", "FAKE_ALLOC=2")
	again(t, "TestLost", "FAKE_LAUNCH=700")
	again(t, "TestCompileError")
}

func TestTransfers(t *testing.T) {
	onFake(t)
	d := openFirst(t)
	s := d.Alloc(device.Float32, 5)
	got := make([]byte, 20)
	if err := d.Download(got, s); err != nil || !bytes.Equal(got, make([]byte, 20)) {
		t.Errorf("new memory: %v, %v", got, err)
	}
	d.Upload(s.Slice(2, 4), []byte{1, 2, 3, 4, 5, 6, 7, 8})
	if err := d.Download(got, s); err != nil || !bytes.Equal(got[8:16], []byte{1, 2, 3, 4, 5, 6, 7, 8}) || !bytes.Equal(got[:8], make([]byte, 8)) {
		t.Errorf("%v, %v", got, err)
	}
	fill := &kernels.Fill{Dst: device.Array{Slice: s, Shape: []int{5}}, Value: 1}
	d.Launch(fill)
	if n := testing.AllocsPerRun(10, func() { d.Launch(fill) }); n != 0 {
		t.Errorf("a launch allocates %v times", n)
	}
	for range 1000 {
		other := openFirst(t)
		other.Upload(other.Alloc(device.Float64, 1), make([]byte, 8))
		if err := other.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Sync(); err != nil {
		t.Error(err)
	}
}

func openFirst(t *testing.T) device.Device {
	d, err := device.Open("cuda")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func TestOutOfMemory(t *testing.T) {
	onFake(t)
	d := openFirst(t)
	d.Alloc(device.Float32, 5)
	if err := d.Sync(); !errors.Is(err, device.ErrOutOfMemory) || !strings.Contains(err.Error(), "CUDA_ERROR_OUT_OF_MEMORY (2)") {
		t.Error(err)
	}
}

// TestLost tells for ever that a device is lost; its next opening has a context of its own.
func TestLost(t *testing.T) {
	onFake(t)
	d := openFirst(t)
	d.Launch(&kernels.Fill{Dst: device.Array{Slice: d.Alloc(device.Float32, 5), Shape: []int{5}}})
	for range 2 {
		if err := d.Sync(); !errors.Is(err, queue.ErrLost) || !strings.Contains(err.Error(), "CUDA_ERROR_ILLEGAL_ADDRESS (700)") {
			t.Error(err)
		}
	}
	if len(contexts.of) != 0 {
		t.Error("the context is kept")
	}
	other := openFirst(t)
	if err := d.Close(); !errors.Is(err, queue.ErrLost) {
		t.Error(err)
	}
	if err := other.Sync(); err != nil {
		t.Error(err)
	}
}

func TestCompileError(t *testing.T) {
	onFake(t)
	openFirst(t)
	d, err := open(0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = d.Compile("#define CPU 0\n#define DOUBLE 0\n", "#line 1 \"broken.cl\"\n\nKERNEL void broken(IN) { return nothing; }\n")
	if err == nil || !strings.Contains(err.Error(), "broken.cl(2)") {
		t.Errorf("%v, want broken.cl(2) in it", err)
	}
}

// TestTarget compiles for what the GPU, the driver and the compiler all know.
func TestTarget(t *testing.T) {
	old := compiler{11080, []int{35, 50, 70, 80, 89, 90}}
	recent := compiler{12090, []int{50, 70, 80, 90, 100, 120}}
	for _, test := range []struct {
		c      compiler
		arch   int
		driver version
		want   string // an option, or a part of the error
	}{
		{old, 90, 12040, "compute_90"},
		{old, 86, 12040, "compute_80"},
		{old, 120, 13000, "compute_90"}, // which the driver compiles on
		{old, 80, 11080, "compute_80"},
		{old, 80, 11040, "sm_80"}, // PTX of 11.8 is too new for the driver
		{recent, 90, 12020, "sm_90"},
		{recent, 86, 12020, "sm_80"},
		{recent, 110, 12080, "does not know the GPU's architecture sm_110"},
		{recent, 37, 12090, "knows no architecture before sm_50"},
	} {
		got, err := test.c.target(test.arch, test.driver)
		if got != test.want && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("NVRTC %v for sm_%d on %v: %q, %v, want %q", test.c.version, test.arch, test.driver, got, err, test.want)
		}
	}
}

// columns is a plain BLAS for matrices whose columns follow one another. It touches only what it may.
type columns struct{}

func (columns) Sgemm(tA, tB blas.Transpose, m, n, k int, alpha float32, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
	multiplyColumns(tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
}

func (columns) Dgemm(tA, tB blas.Transpose, m, n, k int, alpha float64, a []float64, lda int, b []float64, ldb int, beta float64, c []float64, ldc int) {
	multiplyColumns(tA, tB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc)
}

func multiplyColumns[T device.Float](tA, tB blas.Transpose, m, n, k int, alpha T, a []T, lda int, b []T, ldb int, beta T, c []T, ldc int) {
	rows := func(t blas.Transpose, rows, cols int) int {
		if t == blas.NoTrans {
			return rows
		}
		return cols
	}
	if lda < max(1, rows(tA, m, k)) || ldb < max(1, rows(tB, k, n)) || ldc < max(1, m) {
		panic(fmt.Sprintf("columns of %d, %d and %d elements for %d×%d×%d", lda, ldb, ldc, m, n, k)) // as cuBLAS would
	}
	element := func(t blas.Transpose, x []T, ld, i, j int) T {
		if t != blas.NoTrans {
			i, j = j, i
		}
		return x[i+j*ld]
	}
	for i := range m {
		for j := range n {
			var sum T
			for l := range k {
				sum += element(tA, a, lda, i, l) * element(tB, b, ldb, l, j)
			}
			if beta == 0 {
				c[i+j*ldc] = 0
			}
			c[i+j*ldc] = alpha*sum + beta*c[i+j*ldc]
		}
	}
}

// TestColumnMajor multiplies small whole numbers, whose products are exact, in every layout.
func TestColumnMajor(t *testing.T) {
	t.Run("float32", testColumnMajor[float32])
	t.Run("float64", testColumnMajor[float64])
}

func testColumnMajor[T device.Float](t *testing.T) {
	const guard, offset = 3, 5
	dtype, size := device.Float32, 4
	if _, double := any(T(0)).(float64); double {
		dtype, size = device.Float64, 8
	}
	r := rand.New(rand.NewPCG(1, 2))
	// array is n numbers in a buffer of the host's memory, from an offset on and between guards.
	array := func(n int) ([]T, gpu.Array) {
		all := make([]T, offset+n+guard)
		for i := range all {
			all[i] = T(math.NaN())
		}
		for i := range n {
			all[offset+i] = T(r.IntN(9) - 4)
		}
		return all, gpu.Array{Buffer: bufferAt(all), At: offset}
	}
	for i := range 4 * 2 * 6 * 6 * 6 {
		dims := []int{1, 2, 3, 5, 8, 17}
		m, n, k := dims[i/8%6], dims[i/48%6], dims[i/288]
		p := gpu.Product{Type: dtype, M: m, N: n, K: k, TransA: i&1 != 0, TransB: i&2 != 0, Acc: i&4 != 0}
		var a, b, c []T
		a, p.A = array(m * k)
		b, p.B = array(k * n)
		c, p.C = array(m * n)
		want := slices.Clone(c)
		for i := range m {
			for j := range n {
				var sum T
				for l := range k {
					x, y := a[offset+i*k+l], b[offset+l*n+j]
					if p.TransA {
						x = a[offset+l*m+i]
					}
					if p.TransB {
						y = b[offset+j*k+l]
					}
					sum += x * y
				}
				if p.Acc {
					sum += want[offset+i*n+j]
				}
				want[offset+i*n+j] = sum
			}
		}
		columnMajor(columns{}, &p)
		same := func(x, y T) bool { return x == y || x != x && y != y }
		if !slices.EqualFunc(c, want, same) {
			t.Fatalf("%d×%d×%d of %d bytes, transposed %v %v, accumulated %v: %v, want %v", m, n, k, size, p.TransA, p.TransB, p.Acc, c, want)
		}
	}
}

// bufferAt is a buffer that is the host's memory.
func bufferAt[T device.Float](x []T) gpu.Buffer { return buffer(uintptr(unsafe.Pointer(&x[0]))) }
