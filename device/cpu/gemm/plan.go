package gemm

import (
	"runtime"

	"github.com/keisan-go/keisan/device/cpu/internal/par"
)

// A plan is how a product is computed. Bits do not depend on it.
type plan struct {
	kernel kernel
	mb, nb int // the size of the blocks of C that goroutines take
	kc     int // how many additions a tile of C stays in registers for
	packA  bool
	packB  bool
	wide   bool // tiles
}

// collide tells whether rows take one another's places in the first cache level: lines whose distance is a multiple of 4 KiB
// have 8 or 12 together.
func collide[T Float](ld int) bool { return ld*sizeOf[T]()%4096 == 0 }

// collidesA tells whether the rows of op(A) do.
func (o *operands[T]) collidesA() bool { return !o.transA && collide[T](o.lda) }

// wide tells whether tiles had better be wide and flat, for m rows. Of rows of A that collide they have no more than there
// are places, and likewise of C, which is most of what is read where few terms are added to it. Where few rows use B they
// read it in longer pieces; half as far apart is enough there, for what was fetched ahead to be gone when its turn comes.
func (o *operands[T]) wide(m int) bool {
	return o.collidesA() || o.acc && o.k <= 4 && collide[T](o.ldc) || m <= 64 && !o.transB && collide[T](2*o.ldb)
}

// smallest is how many multiplications are not worth starting a second goroutine: those of some 10 to 20 µs. One that is
// awake is worth it for half of them.
var smallest = [...]int64{generic: 1 << 15, avx2: 1 << 19, avx512: 1 << 20}

func makePlan[T Float](p *plan, o *operands[T], m, n int) {
	p.kernel, p.mb, p.nb = current(), m, n
	p.packB = o.transB && p.kernel != generic // which reads the transpose as it is
	least := smallest[p.kernel]
	if par.Awake() > 0 {
		least /= 2
	}
	large := o.work(m, n) > least
	if large && p.kernel == avx2 && m >= 512 && o.k*n*sizeOf[T]() > 2<<20 {
		// With AVX2 a panel of B is a line wide. Where rows are as far apart as pages, as those of 1024 are, few of their
		// lines stay in the cache at the same time.
		p.packB = true
	}
	p.wide = o.wide(m)
	switch {
	case p.packB:
		// A copy of B costs little where a thousand rows use it. C comes and goes the more seldom the larger kc is; 512 KiB
		// of B stay in the second cache level.
		p.kc = 512
		p.mb, p.nb = evenly(m, 2048), roundUp(evenly(n, 1024/sizeOf[T]()), 32)
	case m > 14:
		// A strip of A stays in the first cache level while B, panel after panel, comes through it, each prefetched while
		// the one before is used. What the second level holds is a block of C, which comes and goes k/kc times.
		p.kc = 320
		p.mb, p.nb = evenly(m, 70), roundUp(evenly(n, 2048/sizeOf[T]()), 32)
	default:
		// B is read once. Few of its rows at a time are few streams for the processor to foresee, and few pages.
		p.kc = 64
		p.mb, p.nb = m, roundUp(evenly(n, 1024), 32)
	}
	if !large {
		p.mb, p.nb = m, n
		return
	}
	// To copy a strip of A whose rows collide takes less time than they would lose, though few columns use it. A narrow strip of
	// a transpose is a part of many lines, which its copy is not.
	p.packA = m > 64 && (o.collidesA() || o.transA && p.kernel == avx2 && n > 64)
	p.wide = p.wide && !p.packA
	procs := runtime.GOMAXPROCS(0)
	want := 2 * procs // for goroutines to end at about the same time
	for want > 2 && ceilDiv(m, p.mb)*ceilDiv(n, p.nb) < want && o.work(p.mb, p.nb) > least/2 {
		switch {
		case p.nb > 256 || p.nb > 64 && (o.transB || p.mb <= 64): // every block packs its own part of B
			p.nb = roundUp(p.nb/2, 32)
		case p.mb > 28:
			p.mb = ceilDiv(p.mb, 2)
		default:
			return
		}
	}
	// As many blocks for each goroutine as for the others. Fewer than processors are all that the work is worth.
	down, across := ceilDiv(m, p.mb), ceilDiv(n, p.nb)
	for down*across > procs && down*across%procs != 0 {
		across++
	}
	p.nb = roundUp(ceilDiv(n, across), 32)
}

// work is how many multiplications take as long as m rows and n columns of C. One row takes as long as eight would, since it
// has to wait for B; and to finish an element, which may well be a tanh, is worth some terms more.
func (o *operands[T]) work(m, n int) int64 {
	terms := o.k
	if o.finish != nil {
		terms += 32
	}
	return int64(max(m, 8)) * int64(n) * int64(terms)
}

func roundUp(n, to int) int { return (n + to - 1) / to * to }

// evenly returns the length of equal parts of n, none of them longer than limit.
func evenly(n, limit int) int {
	if n <= limit {
		return n
	}
	return ceilDiv(n, ceilDiv(n, limit))
}
