package gemm

import "github.com/keisan-go/keisan/device/cpu/internal/par"

// packedRow is how many bytes wide the panels of a Packed are: as the widest tile is, since m is not known before.
const packedRow = 512

// A Packed is op(B), a k×n matrix, laid out once for many products: a recurrent weight, say, that is used at every
// step of a sequence. Its zero value is a 0×0 matrix.
type Packed[T Float] struct {
	kernel kernel // that data is laid out for
	k, n   int
	data   []T
	set    *setting[T]
}

// A setting is what goroutines share while a Packed is set.
type setting[T Float] struct {
	team  par.Team
	p     *Packed[T]
	trans bool
	b     []T
	ldb   int
}

// Set makes p the k×n matrix op(B): b itself or, if trans is set, the transpose of b, which is n×k then. It reuses the
// memory of p and copies b, on several goroutines if it is large. Set panics as Mul does.
func (p *Packed[T]) Set(trans bool, k, n int, b []T, ldb int) {
	check(trans, k, n, b, ldb, kLT0, nLT0, badLdB, shortB)
	p.kernel, p.k, p.n = current(), k, n
	if k == 0 || n == 0 {
		return
	}
	grow(&p.data, k*roundUp(n, 64/sizeOf[T]()))
	if p.kernel == generic {
		packPortable(p, trans, b, ldb)
		return
	}
	if p.set == nil {
		p.set = new(setting[T])
	}
	s := p.set
	s.p, s.trans, s.b, s.ldb = p, trans, b, ldb
	const worth = 1 << 17 // bytes, some 10 µs
	s.team.For(ceilDiv(n, p.Width()), 1+worth/(k*packedRow), s, panelsOf[T]())
	s.p, s.b = nil, nil
}

// A Body must exist before it is needed: see bodyOf.
var (
	panelsF32 par.Body = panels[float32]
	panelsF64 par.Body = panels[float64]
)

func panelsOf[T Float]() par.Body {
	if sizeOf[T]() == 4 {
		return panelsF32
	}
	return panelsF64
}

// panels packs panels lo to hi.
func panels[T Float](arg any, lo, hi int) {
	s := arg.(*setting[T])
	p, width := s.p, s.p.Width()
	for j := lo * width; j < min(hi*width, p.n); j += width {
		packPanel(p.data[j*p.k:], p.packedStride(j), s.trans, s.b, s.ldb, 0, p.k, j, min(width, p.n-j))
	}
}

// packedStride returns the distance, in elements, between rows of the panel that begins at column j.
func (p *Packed[T]) packedStride(j int) int {
	return min(p.Width(), roundUp(p.n-j, 64/sizeOf[T]()))
}

// MulRows computes C = A·op(B), or C += A·op(B) if acc is set, for m rows of A and C. It gives the bits that
// Multiplier.Mul gives. It runs on the calling goroutine alone, and several goroutines may call it at once for
// different rows of C.
//
// MulRows panics if m is negative, a leading dimension is less than the length of a row, or a slice is too short.
func (p *Packed[T]) MulRows(m int, a []T, lda int, acc bool, c []T, ldc int) {
	p.MulColumns(0, p.n, m, a, lda, acc, c, ldc)
}

// MulColumns is MulRows for columns from to to of C alone. They begin at a multiple of Width.
func (p *Packed[T]) MulColumns(from, to, m int, a []T, lda int, acc bool, c []T, ldc int) {
	check(false, m, p.k, a, lda, mLT0, kLT0, badLdA, shortA)
	check(false, m, p.n, c, ldc, mLT0, nLT0, badLdC, shortC)
	if from < 0 || to > p.n || from%p.Width() != 0 {
		panic(badColumns)
	}
	if m == 0 || from >= to {
		return
	}
	if p.k == 0 {
		multiplyNothing(m, to-from, nil, acc, c[from:], ldc)
		return
	}
	multiplyPacked(p, from, to, m, a, lda, acc, c, ldc)
}

// Width is how many columns are a panel, which MulColumns cannot divide.
func (p *Packed[T]) Width() int { return packedRow / sizeOf[T]() }
