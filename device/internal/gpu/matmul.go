package gpu

import (
	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

// A product is C = f(D + A·B) for matrices C [m, n], A [m, k] and B [k, n] whose rows, or with transA and transB whose
// columns, follow one another.
type product struct {
	c, a, b        device.Slice
	transA, transB bool
	m, n, k        int

	d    device.Slice // may be c, or left out for zero
	dm   int          // how far its rows are apart
	f    finish
	of   kernels.Activation // for f other than plain
	e    device.Slice       // for f == gradient: what the activation returned
	pack *packed            // B, if it is packed already
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

func (d *gpu) multiply(p *product) {
	if p.m == 0 || p.n == 0 {
		return
	}
	if d.class.cpu {
		d.multiplyPacked(p)
	} else {
		d.multiplyTiled(p)
	}
}

// A shape is that of a CPU's tile: rows, and vectors to a row.
type shape struct{ rows, vecs int }

// shapeOf is the tile for m rows and n columns.
func (c class) shapeOf(t device.DType, m, n int) shape {
	s := shape{12, 2}
	if c.vector < 64 { // 16 registers
		s = shape{5, 2}
	}
	if m < s.rows {
		s = shape{1, 4}
	}
	return s
}

// packed is a matrix B packed into panels in scratch memory.
type packed struct {
	shape shape
	b     Buffer
}

// pack packs op(B), k×n, for tiles of shape s.
func (d *gpu) pack(s shape, b device.Slice, trans bool, k, n int) *packed {
	t := b.Type()
	width := s.vecs * d.class.vec(t)
	panels := (n + width - 1) / width
	room := d.scratch.take(d, t, int64(panels)*int64(width)*int64(k))
	bk, bn := strides(trans, k, n)
	if k > 0 {
		d.start("matmul", "pack", t, define{"ROWS", s.rows}, define{"VECS", s.vecs}, define{"START", 0}, define{"FINISH", 0}).
			buffer(room).arrays(b).ints(k, n, bk, bn).
			launch(geometry{[2]int{min((k+31)/32, 4*d.class.units), min(panels, 4*d.class.units)}, [2]int{1, 1}})
	}
	return &packed{s, room}
}

func (d *gpu) multiplyPacked(p *product) {
	t := p.c.Type()
	pack := p.pack
	if pack == nil {
		pack = d.pack(d.class.shapeOf(t, p.m, p.n), p.b, p.transB, p.k, p.n)
	}
	s := pack.shape
	width := s.vecs * d.class.vec(t)
	am, ak := strides(p.transA, p.m, p.k)
	tiles, panels := (p.m+s.rows-1)/s.rows, (p.n+width-1)/width
	d.start("matmul", "product", t, define{"ROWS", s.rows}, define{"VECS", s.vecs}, define{"START", bit(!p.d.IsZero())},
		define{"FINISH", int(p.f)}, define{"F", int(p.of)}).
		arrays(p.c, p.a).buffer(pack.b).arrays(p.d, p.e).ints(p.m, p.n, p.k, am, ak, p.dm).
		launch(geometry{[2]int{panels, min(tiles, max(1, (tiles+7)/8))}, [2]int{1, 1}})
}

// A tiling is how a GPU's groups share a product: tiles of bm×bn elements, bk terms at a time, tm×tn a work-item.
type tiling struct{ bm, bn, bk, tm, tn int }

func (c class) tilingOf(m, n int) tiling {
	return tiling{64, 64, 16, 4, 4}
}

func (d *gpu) multiplyTiled(p *product) {
	g := d.class.tilingOf(p.m, p.n)
	am, ak := strides(p.transA, p.m, p.k)
	bk, bn := strides(p.transB, p.k, p.n)
	d.start("matmul", "product", p.c.Type(), define{"BM", g.bm}, define{"BN", g.bn}, define{"BK", g.bk}, define{"TM", g.tm},
		define{"TN", g.tn}, define{"TRANS_A", bit(p.transA)}, define{"TRANS_B", bit(p.transB)},
		define{"START", bit(!p.d.IsZero())}, define{"FINISH", int(p.f)}, define{"F", int(p.of)}).
		arrays(p.c, p.a, p.b, p.d, p.e).ints(p.m, p.n, p.k, am, ak, bk, bn, p.dm).
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
