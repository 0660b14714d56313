// Package gemm multiplies matrices of float32 or float64, fast and to the same bits always.
//
// # Bits
//
// Every element of a product C = A·B is one chain of additions over ascending k,
//
//	s = 0, or what C holds, or a bias
//	for p := range k {
//		s = s + A[i][p]·B[p][j]
//	}
//	C[i][j] = s
//
// whatever the shape of the product and whichever way through this package it takes. So the bits of a row do not depend
// on the rows beside it, on the number of rows or columns, on how a matrix is stored, on the number of goroutines, or on
// whether B was packed before. They do depend on the kernel in one way: those for AVX2 and AVX-512 round once in a step,
// as a fused multiply-add does, and agree with each other; the one in Go rounds the product as well, and so gives the
// same bits on every architecture. Nothing is skipped: a zero times NaN or Inf is NaN. Which of the patterns of bits that
// are NaN it is, is left open.
//
// The promise has a price where C is tiny and k is large. One chain has to wait for each of its additions, and only
// different elements of C can be computed at the same time; a library that cuts k into several sums, or gives parts of k
// to different cores, is faster there. Elsewhere the tile of C in registers has enough elements to hide the wait.
//
// # Blocks
//
// A kernel keeps a tile of C, at most 14 rows by 2 vectors for AVX-512 and 6 by 2 for AVX2, in registers for some hundred
// additions. Vectors lie along rows, so that a step takes a vector or two of B, and of A one element for each row. The
// kernel walks along a strip of C: A stays in the first cache level and B, panel after panel as wide as the tile, streams
// through it. For few rows there are wider and flatter tiles, which read B in longer pieces. The rows that a matrix does
// not fill up are divided evenly among tiles of just the height needed, and the last columns are masked, so no operand
// is padded.
//
// A and B are used where they are if possible. B is copied into contiguous panels if it is stored as its transpose, and
// with AVX2, whose panels are narrow, if it is larger than the second cache level and hundreds of rows use it. If
// there are many rows of A, strips of it are copied whose rows are a multiple of 4 KiB apart, for then the first cache level
// has no place for all of them, and with AVX2, whose strips are narrow, those of a transpose; for a few rows there are, with
// AVX-512, tiles that get by with the places there are. A few rows do not wait for a copy of a transpose of B: small tiles of
// it are turned in registers and used at once.
//
// C is divided into blocks that are some microseconds of work or more, and goroutines take blocks. What is too small to
// be divided runs on the calling goroutine. As no sum is ever cut, blocks and tiles are a matter of speed alone.
package gemm

//go:generate go run -C _asm . -out ../kernel_amd64.s
//go:generate go run -C _asm ./peak -out ../../internal/peak/peak_amd64.s -stubs ../../internal/peak/peak_amd64.go -pkg peak

import (
	"runtime"
	"sync"

	"github.com/keisan-go/keisan/device/cpu/internal/par"
)

// Float is an element type that this package multiplies.
type Float interface{ float32 | float64 }

// A Multiplier computes products and keeps the scratch memory that they need, so that in the steady state it allocates
// nothing. Its zero value is ready. It is not for concurrent use.
type Multiplier[T Float] struct {
	own  scratch[T] // of the goroutine that calls Mul, for a product in one block
	team par.Team
	job  job[T]

	mu   sync.Mutex
	idle []*scratch[T] // of goroutines that share a product
}

// A scratch is where one goroutine copies blocks of A and B to.
type scratch[T Float] struct{ a, b []T }

// operands are what a product is computed from and put into.
type operands[T Float] struct {
	a, b, c, bias    []T
	lda, ldb, ldc, k int
	transA, transB   bool
	acc              bool
	finish           func(c []T)
}

// Mul computes C = op(A)·op(B), or C += op(A)·op(B) if acc is set. Matrices are in row-major order. op(A) is m×k: A
// itself or, if transA is set, the transpose of A, which is k×m then. op(B) is k×n likewise. The leading dimensions lda,
// ldb and ldc are the distances between rows as stored. C must not overlap A or B.
//
// Mul panics if a size is negative, a leading dimension is less than the length of a row, or a slice is too short.
func (g *Multiplier[T]) Mul(transA, transB bool, m, n, k int, a []T, lda int, b []T, ldb int, acc bool, c []T, ldc int) {
	g.mul(transA, transB, m, n, k, a, lda, b, ldb, nil, acc, nil, c, ldc)
}

// MulBias computes C = op(A)·op(B) + bias, which is added to each row and comes first in each sum. C must not
// overlap it. MulBias is like Mul otherwise, and like Mul without acc if the bias is nil.
func (g *Multiplier[T]) MulBias(transA, transB bool, m, n, k int, a []T, lda int, b []T, ldb int, bias, c []T, ldc int) {
	g.MulFinish(transA, transB, m, n, k, a, lda, b, ldb, bias, nil, c, ldc)
}

// MulFinish is MulBias, and has finish change the elements of C, piece by piece, when they are done and still in the cache,
// on whatever goroutine did them. It tells whether it has: where goroutines share narrow parts of rows, so many calls
// would take longer than another pass over C, and finish, which must not panic, is not called at all.
func (g *Multiplier[T]) MulFinish(transA, transB bool, m, n, k int, a []T, lda int, b []T, ldb int, bias []T, finish func(c []T), c []T, ldc int) bool {
	if bias != nil && len(bias) < n {
		panic(shortBias)
	}
	return g.mul(transA, transB, m, n, k, a, lda, b, ldb, bias, false, finish, c, ldc)
}

func (g *Multiplier[T]) mul(transA, transB bool, m, n, k int, a []T, lda int, b []T, ldb int, bias []T, acc bool, finish func(c []T), c []T, ldc int) bool {
	check(transA, m, k, a, lda, mLT0, kLT0, badLdA, shortA)
	check(transB, k, n, b, ldb, kLT0, nLT0, badLdB, shortB)
	check(false, m, n, c, ldc, mLT0, nLT0, badLdC, shortC)
	if m == 0 || n == 0 {
		return true
	}
	var ( // filled in place: small products would notice copies
		o operands[T]
		p plan
	)
	o.a, o.b, o.c, o.bias, o.lda, o.ldb, o.ldc = a, b, c, bias, lda, ldb, ldc
	o.k, o.transA, o.transB, o.acc, o.finish = k, transA, transB, acc, finish
	if k == 0 {
		multiplyNothing(m, n, bias, acc, c, ldc)
		o.finished(0, m, 0, n)
		return true
	}
	if multiplySmall(&o, m, n) {
		o.finished(0, m, 0, n)
		return true
	}
	makePlan(&p, &o, m, n)
	if p.mb == m && p.nb == n {
		multiply(&p, &o, &g.own, 0, m, 0, n)
		o.finished(0, m, 0, n)
		return true
	}
	if p.nb < min(n, 256) { // so short are the parts of rows that calls would tell
		o.finish = nil
	}
	g.job = job[T]{o, p, m, n}
	g.share()
	g.job = job[T]{} // keeps nobody's matrices alive
	return o.finish != nil
}

// multiplyNothing is the product of matrices that have no columns and no rows respectively.
func multiplyNothing[T Float](m, n int, bias []T, acc bool, c []T, ldc int) {
	for i := 0; i < m && !acc; i++ {
		if row := c[i*ldc:][:n]; bias == nil {
			clear(row)
		} else {
			copy(row, bias)
		}
	}
}

// finished has finish change rows i0 to i1 and columns j0 to j1 of C, which are done.
func (o *operands[T]) finished(i0, i1, j0, j1 int) {
	switch {
	case o.finish == nil:
	case j1-j0 == o.ldc: // rows that follow one another
		o.finish(o.c[i0*o.ldc : i1*o.ldc])
	default:
		for i := i0; i < i1; i++ {
			o.finish(o.c[i*o.ldc+j0 : i*o.ldc+j1])
		}
	}
}

// A job is a product whose blocks goroutines share.
type job[T Float] struct {
	operands[T]
	plan
	m, n int
}

func (g *Multiplier[T]) share() {
	for len(g.idle) < runtime.GOMAXPROCS(0) {
		g.idle = append(g.idle, new(scratch[T]))
	}
	j := &g.job
	blocks, worth := ceilDiv(j.m, j.mb)*ceilDiv(j.n, j.nb), smallest[j.kernel]/2
	g.team.Each(blocks, int(worth/j.work(j.mb, j.nb)), g, bodyOf[T]())
}

// A Body must exist before it is needed: to refer to one generic function from another allocates.
var (
	blocksF32 par.Body = blocks[float32]
	blocksF64 par.Body = blocks[float64]
)

func bodyOf[T Float]() par.Body {
	if sizeOf[T]() == 4 {
		return blocksF32
	}
	return blocksF64
}

// blocks computes blocks lo to hi of the job of a Multiplier.
func blocks[T Float](arg any, lo, hi int) {
	g := arg.(*Multiplier[T])
	g.mu.Lock()
	if len(g.idle) == 0 { // GOMAXPROCS has grown just now
		g.idle = append(g.idle, new(scratch[T]))
	}
	last := len(g.idle) - 1
	s := g.idle[last]
	g.idle = g.idle[:last]
	g.mu.Unlock()

	j := &g.job
	down := ceilDiv(j.m, j.mb)
	for t := lo; t < hi; t++ { // down the columns, which share a part of B
		i0, j0 := t%down*j.mb, t/down*j.nb
		i1, j1 := min(i0+j.mb, j.m), min(j0+j.nb, j.n)
		multiply(&j.plan, &j.operands, s, i0, i1, j0, j1)
		j.finished(i0, i1, j0, j1)
	}

	g.mu.Lock()
	g.idle = append(g.idle, s)
	g.mu.Unlock()
}
