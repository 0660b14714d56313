// Package gemm multiplies matrices of float32 or float64.
//
// Every element of a product is one chain of additions over ascending k that starts at the old value of C or at zero,
// whatever the size of the matrices, their transposition, their neighbours in memory and the number of goroutines.
package gemm

//go:generate go run -C _asm . -out ../kernel_amd64.s
//go:generate go run -C _asm ./peak -out ../internal/peak/peak_amd64.s -stubs ../internal/peak/peak_amd64.go -pkg peak

import (
	"runtime"
	"sync"

	"github.com/keisan-go/keisan/device/cpu/internal/par"
)

// Float is an element type that this package multiplies.
type Float interface{ float32 | float64 }

// Messages of panics, in the manner of gonum's BLAS.
const (
	mLT0   = "gemm: m < 0"
	nLT0   = "gemm: n < 0"
	kLT0   = "gemm: k < 0"
	badLdA = "gemm: bad leading dimension of A"
	badLdB = "gemm: bad leading dimension of B"
	badLdC = "gemm: bad leading dimension of C"
	shortA = "gemm: insufficient length of a"
	shortB = "gemm: insufficient length of b"
	shortC = "gemm: insufficient length of c"
)

// A Multiplier computes products and keeps the scratch memory that they need, so that in the steady state it allocates
// nothing. Its zero value is ready. It is not for concurrent use.
type Multiplier[T Float] struct {
	team par.Team
	job  job[T]

	mu   sync.Mutex
	free []*scratch[T] // one for each goroutine that may work at the same time
}

// scratch is what one goroutine packs operands into.
type scratch[T Float] struct{ a, b []T }

// A job is a product to compute.
type job[T Float] struct {
	operands[T]
	plan
	m, n int
}

// A plan is how a product is computed. It depends on the shape of the whole product.
type plan struct {
	family       *family // nil: in Go
	mb, nb, kc   int     // the sizes of the blocks of C that goroutines take, and how many additions come between them
	packA, packB bool
	serial       int // up to that many multiplications one goroutine is enough
}

// operands are those of a product with k additions to each element of C.
type operands[T Float] struct {
	a, b, c          []T
	lda, ldb, ldc, k int
	transA, transB   bool
	acc              bool
}

// Mul computes C = op(A)·op(B), or C += op(A)·op(B) if acc is set, in row-major order. op(A) is m×k: A itself or, if
// transA is set, the transpose of A, which is k×m then. op(B) is k×n likewise. The leading dimensions lda, ldb and ldc
// are the distances between rows as stored. C must not overlap A or B.
//
// Mul panics if a size is negative, a leading dimension is less than the length of a row, or a slice is too short.
func (g *Multiplier[T]) Mul(transA, transB bool, m, n, k int, a []T, lda int, b []T, ldb int, acc bool, c []T, ldc int) {
	check(transA, m, k, a, lda, mLT0, kLT0, badLdA, shortA)
	check(transB, k, n, b, ldb, kLT0, nLT0, badLdB, shortB)
	check(false, m, n, c, ldc, mLT0, nLT0, badLdC, shortC)
	if m == 0 || n == 0 {
		return
	}
	if k == 0 {
		if !acc {
			for i := range m {
				clear(c[i*ldc : i*ldc+n])
			}
		}
		return
	}
	g.job = job[T]{
		operands: operands[T]{a, b, c, lda, ldb, ldc, k, transA, transB, acc},
		plan:     planFor[T](current(), transA, transB, m, n, k, lda, ldb),
		m:        m, n: n,
	}
	g.run()
	g.job = job[T]{} // keeps nobody's matrices alive
}

// check panics with one of the given messages unless x holds the stored form of a rows×cols matrix.
func check[T Float](trans bool, rows, cols int, x []T, ld int, rowsLT0, colsLT0, badLd, short string) {
	if rows < 0 {
		panic(rowsLT0)
	}
	if cols < 0 {
		panic(colsLT0)
	}
	if trans {
		rows, cols = cols, rows
	}
	if ld < max(1, cols) {
		panic(badLd)
	}
	if rows > 0 && cols > 0 && len(x) < (rows-1)*ld+cols {
		panic(short)
	}
}

func (g *Multiplier[T]) run() {
	for len(g.free) < runtime.GOMAXPROCS(0) {
		g.free = append(g.free, new(scratch[T]))
	}
	j := &g.job
	blocks := ceilDiv(j.m, j.mb) * ceilDiv(j.n, j.nb)
	grain := blocks
	if j.m*j.n*j.k > j.serial {
		grain = 1
	}
	g.team.For(blocks, grain, g, body[T]())
}

// The bodies of parallel loops, instantiated here: a generic function that refers to another allocates a closure.
var (
	blocks32 par.Body = doBlocks[float32]
	blocks64 par.Body = doBlocks[float64]
)

func body[T Float]() par.Body {
	if _, ok := any(T(0)).(float32); ok {
		return blocks32
	}
	return blocks64
}

// doBlocks computes the blocks lo to hi of C.
func doBlocks[T Float](arg any, lo, hi int) {
	g := arg.(*Multiplier[T])
	g.mu.Lock()
	s := g.free[len(g.free)-1]
	g.free = g.free[:len(g.free)-1]
	g.mu.Unlock()
	j := &g.job
	across := ceilDiv(j.n, j.nb)
	for t := lo; t < hi; t++ {
		i0, j0 := t/across*j.mb, t%across*j.nb
		multiply(j.plan, &j.operands, s, i0, min(i0+j.mb, j.m), j0, min(j0+j.nb, j.n))
	}
	g.mu.Lock()
	g.free = append(g.free, s)
	g.mu.Unlock()
}

func ceilDiv(a, b int) int { return (a + b - 1) / b }
