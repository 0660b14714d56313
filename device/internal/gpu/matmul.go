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
	am, ak, bk, bn int // how far neighbours are apart along m, n and k, told from the above

	d  device.Slice // may be c, or left out for zero
	dm int          // how far its rows are apart
	f  finish
	of kernels.Activation // for f other than plain
	e  device.Slice       // for f == gradient: what the activation returned

	again bool // B and all sizes are those of the product before, and a CPU has B packed already
}

// finish is what happens to each element of a product before it is stored: g in matmul.cl.
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
	switch {
	case k.F == 0:
		d.multiply(&p)
	case d.vendor(&p):
		d.activate(&kernels.Activate{F: k.F, Y: k.C, X: k.C})
	default:
		p.f, p.of = activated, k.F
		d.multiply(&p)
	}
}

// strides is how far neighbours are apart along a matrix's rows×cols, which is stored transposed if trans.
func strides(trans bool, rows, cols int) (alongRows, alongCols int) {
	if trans {
		return 1, rows
	}
	return cols, 1
}

// multiply queues a product.
func (d *gpu) multiply(p *product) {
	if d.vendor(p) {
		return
	}
	p.layOut()
	if !d.class.cpu {
		d.queue(p, 1, 0)
		return
	}
	// A CPU's operands are packed, so a long sum is cut into pieces, each of which goes on with what C holds. The last one
	// finishes it.
	const most = 1 << 24 // elements of scratch memory
	piece := max(256, most/(p.m+p.n+1))
	for at := 0; at == 0 || at < p.k; at += piece {
		q := *p
		q.k = min(piece, p.k-at)
		q.again = p.again && q.k == p.k // pieces are packed in one place
		if at > 0 {
			q.a, q.b = p.a.Slice(at*p.ak, p.a.Len()), p.b.Slice(at*p.bk, p.b.Len())
			q.d, q.dm = p.c, p.n
		}
		if at+q.k < p.k {
			q.f = plain
		}
		d.queue(&q, 1, 0)
	}
}

// vendor tells whether the driver does a product itself. It may do any that is no more than that.
func (d *gpu) vendor(p *product) bool {
	m, ok := d.driver.(Multiplier)
	acc := p.d == p.c
	if !ok || d.err != nil || p.f != plain || !acc && !p.d.IsZero() || p.m == 0 || p.n == 0 || p.k == 0 {
		return false
	}
	d.product = Product{p.c.Type(), p.m, p.n, p.k, arrayOf(p.c), arrayOf(p.a), arrayOf(p.b), p.transA, p.transB, acc}
	done, err := m.Multiply(&d.product)
	d.fail(err)
	return done
}

func arrayOf(s device.Slice) Array { return Array{bufferOf(s), s.Offset()} }

// repeat queues a product steps times, one after the other. Each time C, A, D and E are stride elements further on, and B
// is the same.
func (d *gpu) repeat(p *product, steps, stride int) {
	p.layOut()
	d.queue(p, steps, stride)
}

func (p *product) layOut() {
	p.am, p.ak = strides(p.transA, p.m, p.k)
	p.bk, p.bn = strides(p.transB, p.k, p.n)
}

// queue is repeat for a product that is laid out.
func (d *gpu) queue(p *product, steps, stride int) {
	switch {
	case p.m == 0 || p.n == 0 || steps == 0:
	case d.class.cpu:
		d.packed(p, steps, stride)
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

// packed is queue for a CPU.
func (d *gpu) packed(p *product, steps, stride int) {
	t, parts := p.c.Type(), 0
	if steps > 1 {
		parts = d.class.parts(p.m, p.n)
	}
	shape := d.class.tileFor(t, p.m/max(parts, 1), p.n)
	width := shape.vecs * d.class.vec(t)
	tiles, panels := (p.m+shape.rows-1)/shape.rows, (p.n+width-1)/width

	// What is less work than a launch is done by one work-item in one launch. Otherwise a launch packs B and, where it meets
	// several of B's panels, also an A that is transposed, or whose rows are a multiple of 4 KiB apart, so that the first cache
	// level has 8 places for those of a tile. A product that finds B packed has another A.
	const small = 1 << 18
	alone := parts == 1 && p.k*p.n <= small || steps == 1 && p.m*p.n*p.k <= small
	rowsA := 0
	if !alone && !p.again && steps == 1 && panels >= 4 && (p.transA || shape.rows > 8 && p.am*t.Size()%4096 == 0) {
		rowsA = p.m
	}
	sizeA, sizeB := padded(rowsA, shape.rows)*p.k, panels*width*p.k
	room := d.scratch.take(d, t, int64(sizeA+sizeB))
	shapes := [2]define{{"ROWS", shape.rows}, {"VECS", shape.vecs}}
	if !alone && !p.again {
		const block = 16 // PACK_ROWS in matmul.cl
		items := min((p.k+block-1)/block*panels, 16*d.class.units)
		d.start("matmul", "pack", t, shapes[:]...).buffer(room, 0).arrays(p.a, p.b).
			ints(p.k, rowsA, p.n, p.am, p.ak, p.bk, p.bn).
			launch(geometry{[2]int{items, 1}, [2]int{1, 1}})
	}
	start := func(function string, shift int) *call {
		c := d.start("matmul", function, t, shapes[:]...).array(p.c, shift)
		if sizeA > 0 {
			c.buffer(room, sizeB)
		} else {
			c.array(p.a, shift)
		}
		return c.buffer(room, 0).array(p.d, shift).array(p.e, shift).ints(p.m, p.n, p.k, p.dm).
			smalls(bit(!p.d.IsZero()), int(p.f), int(p.of))
	}
	// products queues steps from shift on.
	products := func(shift, steps int, groups [2]int) {
		start("products", shift).ints(p.am, p.ak, steps, stride).array(p.b, 0).ints(p.bk, p.bn).smalls(bit(alone)).
			launch(geometry{groups, [2]int{1, 1}})
	}
	switch {
	case sizeA > 0:
		// A work-item has some tiles of rows, so that it reads a panel of B from far memory but once.
		start("product", 0).launch(geometry{[2]int{panels, (tiles + 7) / 8}, [2]int{1, 1}})
	case alone:
		products(0, steps, [2]int{1, 1})
	case parts > 0:
		products(0, steps, [2]int{1, parts})
	default:
		for i := range steps {
			products(i*stride, 1, [2]int{panels, max(1, p.m/(8*shape.rows))})
		}
	}
}

// A tiling is how a GPU's groups share a product: tiles of bm×bn elements, bk terms at a time, tm×tn a work-item.
type tiling struct{ bm, bn, bk, tm, tn int }

// tilings is from the one that reads each operand from memory least often, to the one with most groups.
var tilings = []tiling{{128, 128, 8, 8, 8}, {64, 64, 16, 4, 4}, {32, 64, 16, 4, 4}, {32, 32, 32, 4, 2}, {16, 32, 32, 2, 2}, {8, 16, 32, 2, 2}}

// smallest is for devices on which none of them fits.
var smallest = tiling{4, 4, 4, 2, 2}

func (g tiling) items() int { return g.bm / g.tm * (g.bn / g.tn) }

// groups is how many groups there are along n and m.
func (g tiling) groups(m, n int) [2]int { return [2]int{(n + g.bn - 1) / g.bn, (m + g.bm - 1) / g.bm} }

// tilingFor is the first tiling that gives each compute unit a group and wastes few rows, or else the last. A group must
// not have more work-items nor local memory than there are.
func (c class) tilingFor(t device.DType, m, n int) tiling {
	fits := smallest
	for _, g := range tilings {
		if g.items() > c.items || int64((g.bm+g.bn+8)*g.bk*t.Size()) > c.local {
			continue
		}
		fits = g
		if groups := g.groups(m, n); groups[0]*groups[1] >= c.units && g.bm < 2*m {
			break
		}
	}
	return fits
}

// tiled queues a product on a GPU, with C, A, D and E shift elements further on.
func (d *gpu) tiled(p *product, shift int) {
	const most = 1 << 17 // rows of a launch: CUDA has no more than 65535 groups along axis 1
	for at := 0; at < p.m; at += most {
		d.tiledRows(p, shift, at, min(at+most, p.m))
	}
}

// tiledRows queues the rows from to to-1.
func (d *gpu) tiledRows(p *product, shift, from, to int) {
	m, a := to-from, shift+from*p.am
	g := d.class.tilingFor(p.c.Type(), m, p.n)
	d.start("matmul", "product", p.c.Type(), define{"BM", g.bm}, define{"BN", g.bn}, define{"BK", g.bk}, define{"TM", g.tm},
		define{"TN", g.tn}).
		array(p.c, shift+from*p.n).array(p.a, a).array(p.b, 0).array(p.d, shift+from*p.dm).array(p.e, shift+from*p.n).
		ints(m, p.n, p.k, p.dm).smalls(bit(!p.d.IsZero()), int(p.f), int(p.of)).ints(p.am, p.ak, p.bk, p.bn).
		smalls(aligned(p.a, a, p.am, p.ak), aligned(p.b, 0, p.bk, p.bn)).
		launch(geometry{g.groups(m, p.n), [2]int{g.items(), 1}})
}

// aligned tells whether each four neighbours of a matrix, that begin at a multiple of four, are aligned as a vector is.
// Buffers are.
func aligned(x device.Slice, shift, rows, cols int) int {
	return bit((x.Offset()+shift)%4 == 0 && max(rows, cols)%4 == 0)
}

func (d *gpu) sumRows(k *kernels.SumRows) { d.sumOverRows(k.Y.Slice, k.X.Slice, k.Y.Len(), k.Acc) }

// sumOverRows is y = Σ x over rows of n elements, added to what y holds if acc.
func (d *gpu) sumOverRows(y, x device.Slice, n int, acc bool) {
	if n == 0 {
		return
	}
	cols, slices := 64, 1
	if !d.class.cpu {
		cols = min(32, d.class.lanes)
		slices = d.class.lanes / cols
	}
	g := geometry{[2]int{(n + cols - 1) / cols, 1}, [2]int{1, 1}}
	if !d.class.cpu {
		g.items = [2]int{cols, slices}
	}
	d.start("matmul", "sum_rows", y.Type(), define{"COLS", cols}, define{"SLICES", slices}).
		arrays(y, x).ints(x.Len()/n, n, bit(acc)).launch(g)
}
