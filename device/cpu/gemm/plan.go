package gemm

// A plan is how a product is computed. It depends on the kernel and on the shape of the whole product.
type plan struct {
	kernel kernel
	mb, nb int // the size of the blocks of C that goroutines take
	kc     int // how many additions a tile of C stays in registers for
	rows   int // how many rows a tile may have
}

const (
	// tileK is how long a kernel works on a tile: the panel of B in use and the one that comes next, 16 KiB each, and
	// the strip of A fit the first cache level together.
	tileK = 128
	// flatK is that for a strip whose B is read once. Few rows of B at a time are few streams for the processor to
	// foresee and few pages for it to translate.
	flatK = 64
	// period is the distance in bytes at which addresses share a set of the first cache level.
	period = 4096
	// ways is how many such lines the first cache level keeps and leaves others some room.
	ways = 8
	// wantBlocks is how many blocks there should be, for goroutines to end at about the same time.
	wantBlocks = 8
)

// smallest is how many multiplications are not worth another goroutine: some 20 µs, less than which starting one and
// waiting for it is too large a part of.
var smallest = [...]int{generic: 1 << 15, avx2: 1 << 19, avx512: 1 << 20}

func newPlan[T Float](o *operands[T], m, n int) plan {
	p := plan{kernel: current(), mb: m, nb: n, kc: tileK, rows: m}
	if o.lda*sizeOf[T]()%period == 0 && !o.transA {
		p.rows = ways
	}
	flat := m <= 14
	if flat && !o.transB {
		p.kc = flatK
	}
	// One row takes as long as eight would, since it has to wait for B.
	if max(m, 8)*n*o.k <= smallest[p.kernel] {
		return p
	}
	p.mb, p.nb = min(m, 512), min(n, 256)
	if flat {
		p.nb = min(n, 1024)
	}
	for ceilDiv(m, p.mb)*ceilDiv(n, p.nb) < wantBlocks && max(p.mb, 8)*p.nb*o.k > smallest[p.kernel]/2 {
		switch {
		case p.nb > 128 || p.nb > 64 && (o.transB || p.mb <= 128): // a block transposes its part of B
			p.nb = roundUp(p.nb/2, 32)
		case p.mb > 28:
			p.mb = ceilDiv(p.mb, 2)
		default:
			return p
		}
	}
	return p
}

func roundUp(n, to int) int { return (n + to - 1) / to * to }
