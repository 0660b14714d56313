package gpu

import (
	"math"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

// A product is C = f(D + A·B) for matrices C [m, n], A [m, k] and B [k, n] whose rows, or with transA and transB whose
// columns, follow one another.
type product struct {
	c, a, b        device.Slice
	transA, transB bool
	m, n, k        int

	d  device.Slice // may be c, or left out for zero
	dm int          // how far its rows are apart
	f  finish
	of kernels.Activation // for f other than plain
	e  device.Slice       // for f == gradient: what the activation returned
}

// finish is what happens to each element of a product before it is stored: FINISH in matmul.cl.
type finish int

const (
	plain finish = iota
	activated
	gradient
)

func (d *gpu) matMul(k *kernels.MatMul) {
	p := product{c: k.C.Slice, a: k.A.Slice, b: k.B.Slice, transA: k.TransA, transB: k.TransB}
	p.m, p.n, p.k = k.Dims()
	switch {
	case k.Acc:
		p.d, p.dm = p.c, p.n
	case !k.Bias.IsZero():
		p.d = k.Bias.Slice
	}
	d.multiply(&p)
}

// strides is how far neighbours are apart along a matrix's rows×cols, which is stored transposed if trans.
func strides(trans bool, rows, cols int) (alongRows, alongCols int) {
	if trans {
		return 1, rows
	}
	return cols, 1
}

// multiply queues a product.
func (d *gpu) multiply(p *product) { d.repeat(p, 1, 0) }

// repeat queues a product steps times, one after the other. Each time C, A, D and E are stride elements further on, and B
// is the same.
func (d *gpu) repeat(p *product, steps, stride int) {
	switch {
	case p.m == 0 || p.n == 0 || steps == 0:
	case d.class.cpu:
		d.repeatPacked(p, steps, stride)
	default:
		for i := range steps {
			d.tiled(p, i*stride)
		}
	}
}

// A tile is what a CPU's work-item computes at a time in registers: rows, and vectors to a row.
type tile struct{ rows, vecs int }

// Tiles for 32 vector registers and for 16.
var (
	tiles32 = []tile{{12, 2}, {8, 2}, {6, 4}, {4, 4}, {4, 2}, {2, 8}, {2, 2}, {1, 8}, {1, 2}}
	tiles16 = []tile{{5, 2}, {4, 2}, {2, 4}, {2, 2}, {1, 8}, {1, 2}}
)

// tileFor is the tile for a product of m rows, at least as many as the tile has, and n columns: the one that computes the
// fewest elements, those of padding included. A row is added for reading B once a tile.
func (c class) tileFor(t device.DType, m, n int) tile {
	tiles := tiles16
	if c.vector >= 64 {
		tiles = tiles32
	}
	var best tile
	least := math.MaxInt
	for _, t32 := range tiles {
		cost := (m + t32.rows - 1) / t32.rows * (t32.rows + 1) * padded(n, t32.vecs*c.vec(t))
		if t32.rows <= m && cost < least {
			best, least = t32, cost
		}
	}
	return best
}

// padded is n rounded up to a multiple of width.
func padded(n, width int) int { return (n + width - 1) / width * width }

// parts is how many work-items share the rows of a batch, each to take its rows through all steps in one launch; 0 if
// launches of one step each, which share the columns as well, are faster: where there are fewer rows than compute units
// and a step's work is worth a launch.
func (c class) parts(batch, hidden int) int {
	const worth = 1 << 20
	if batch < c.units && batch*hidden*hidden >= worth {
		return 0
	}
	return min(batch, c.units)
}

// pack queues the packing of a k×n matrix, whose elements are xk and xn apart, into panels of scratch memory.
func (d *gpu) pack(room Buffer, at int, x device.Slice, k, n, xk, xn, width int) {
	const rows = 32 // PACK_ROWS in matmul.cl
	blocks, count := (k+rows-1)/rows, (n+width-1)/width
	d.start("matmul", "pack", x.Type(), define{"ROWS", 1}, define{"VECS", 1}).
		buffer(room, at).arrays(x).ints(k, n, xk, xn, width).
		launch(geometry{[2]int{min(blocks, 4*d.class.units), min(count, 4*d.class.units)}, [2]int{1, 1}})
}

// repeatPacked is repeat for a CPU.
func (d *gpu) repeatPacked(p *product, steps, stride int) {
	t := p.c.Type()
	parts := 0
	if steps > 1 {
		parts = d.class.parts(p.m, p.n)
	}
	shape := d.class.tileFor(t, p.m/max(parts, 1), p.n)
	width := shape.vecs * d.class.vec(t)
	am, ak := strides(p.transA, p.m, p.k)
	bk, bn := strides(p.transB, p.k, p.n)

	// Packing A pays where several panels of B meet it.
	sizeA, sizeB := 0, padded(p.n, width)*p.k
	if steps == 1 && p.n >= 4*width {
		sizeA = padded(p.m, shape.rows) * p.k
	}
	room := d.scratch.take(d, t, int64(sizeA+sizeB))
	if sizeB > 0 {
		d.pack(room, sizeA, p.b, p.k, p.n, bk, bn, width)
	}
	start := func(function string, shift int) *call {
		c := d.start("matmul", function, t, define{"ROWS", shape.rows}, define{"VECS", shape.vecs}).array(p.c, shift)
		if sizeA > 0 {
			c.buffer(room, 0)
		} else {
			c.array(p.a, shift)
		}
		return c.buffer(room, sizeA).array(p.d, shift).array(p.e, shift).ints(p.m, p.n, p.k, p.dm).smalls(bit(!p.d.IsZero()), int(p.f), int(p.of))
	}
	panels := (p.n + width - 1) / width
	switch {
	case sizeA > 0:
		// A work-item has some tiles of rows, so that it reads a panel of B from far memory but once.
		d.pack(room, 0, p.a, p.k, p.m, ak, am, shape.rows)
		tiles := (p.m + shape.rows - 1) / shape.rows
		start("product", 0).launch(geometry{[2]int{panels, (tiles + 7) / 8}, [2]int{1, 1}})
	case parts > 0:
		start("products", 0).ints(am, ak, steps, stride).launch(geometry{[2]int{1, parts}, [2]int{1, 1}})
	default:
		for i := range steps {
			start("products", i*stride).ints(am, ak, 1, 0).
				launch(geometry{[2]int{panels, max(1, p.m/(8*shape.rows))}, [2]int{1, 1}})
		}
	}
}

// A tiling is how a GPU's groups share a product: tiles of bm×bn elements, bk terms at a time, tm×tn a work-item.
type tiling struct{ bm, bn, bk, tm, tn int }

func (c class) tilingOf(m, n int) tiling {
	return tiling{64, 64, 16, 4, 4}
}

// tiled queues a product on a GPU, with C, A, D and E shift elements further on.
func (d *gpu) tiled(p *product, shift int) {
	g := d.class.tilingOf(p.m, p.n)
	am, ak := strides(p.transA, p.m, p.k)
	bk, bn := strides(p.transB, p.k, p.n)
	d.start("matmul", "product", p.c.Type(), define{"BM", g.bm}, define{"BN", g.bn}, define{"BK", g.bk}, define{"TM", g.tm},
		define{"TN", g.tn}).
		array(p.c, shift).array(p.a, shift).array(p.b, 0).array(p.d, shift).array(p.e, shift).
		ints(p.m, p.n, p.k, p.dm).smalls(bit(!p.d.IsZero()), int(p.f), int(p.of)).ints(am, ak, bk, bn).
		launch(geometry{[2]int{(p.n + g.bn - 1) / g.bn, (p.m + g.bm - 1) / g.bm}, [2]int{g.bm / g.tm * g.bn / g.tn, 1}})
}

func (d *gpu) sumRows(k *kernels.SumRows) { d.sumOverRows(k.Y.Slice, k.X.Slice, k.Y.Len(), k.Acc) }

// sumOverRows is y = Σ x over rows of n elements, added to what y holds if acc.
func (d *gpu) sumOverRows(y, x device.Slice, n int, acc bool) {
	if n == 0 {
		return
	}
	g := geometry{[2]int{(n + 63) / 64, 1}, [2]int{1, 1}} // COLS in matmul.cl
	if !d.class.cpu {
		g = geometry{[2]int{(n + 31) / 32, 1}, [2]int{32, 8}} // COLS and SLICES
	}
	d.start("matmul", "sum_rows", y.Type()).arrays(y, x).ints(x.Len()/n, n, bit(acc)).launch(g)
}
