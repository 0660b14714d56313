package gpu

import (
	"fmt"
	"math"
	"testing"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

var (
	avx512 = class{cpu: true, units: 2, lanes: 1, items: 1, vector: 64}
	avx2   = class{cpu: true, units: 2, lanes: 1, items: 1, vector: 32}
	h200   = class{units: 132, lanes: 256, items: 1024, local: 48 << 10}
	small  = class{units: 4, lanes: 32, items: 32, local: 16 << 10}
)

func TestClassOf(t *testing.T) {
	info := func(kind device.Kind, units int) device.Info { return device.Info{Kind: kind, Units: units} }
	for _, test := range []struct {
		limits Limits
		want   class
	}{
		{Limits{Info: info(device.CPU, 2), Items: 4096, Local: 2 << 20, Vector: 64}, class{true, 2, 1, 1, 2 << 20, 64}},
		{Limits{Info: info(device.GPU, 132), Items: 1024, Local: 48 << 10, Vector: 4}, class{false, 132, 256, 1024, 48 << 10, 16}},
		{Limits{Info: info(device.GPU, 1), Items: 100, Local: 1}, class{false, 1, 64, 100, 1, 16}},
		{Limits{Info: info(device.GPU, 0), Items: 1}, class{true, 1, 1, 1, 0, 16}}, // no teams
	} {
		if got := classOf(test.limits); got != test.want {
			t.Errorf("%+v: %+v, want %+v", test.limits, got, test.want)
		}
	}
}

func TestTileFor(t *testing.T) {
	for _, test := range []struct {
		c     class
		dtype device.DType
		m, n  int
		want  tile
	}{
		{avx512, device.Float32, 1024, 1024, tile{12, 2}},
		{avx512, device.Float64, 1024, 1024, tile{12, 2}},
		{avx512, device.Float32, 32, 512, tile{8, 2}},
		{avx512, device.Float32, 17, 512, tile{6, 4}},
		{avx512, device.Float32, 2, 512, tile{2, 8}},
		{avx512, device.Float32, 1, 512, tile{1, 8}},
		{avx512, device.Float32, 1, 10, tile{1, 2}},
		{avx2, device.Float32, 1024, 1024, tile{5, 2}},
		{avx2, device.Float32, 4, 512, tile{4, 2}},
		{avx2, device.Float32, 3, 512, tile{2, 4}},
	} {
		if got := test.c.tileFor(test.dtype, test.m, test.n); got != test.want {
			t.Errorf("%d×%d %v, vectors of %d bytes: %v, want %v", test.m, test.n, test.dtype, test.c.vector, got, test.want)
		}
	}
	for _, c := range []class{avx512, avx2} {
		for m := 1; m < 300; m++ {
			if got := c.tileFor(device.Float32, m, 100); got.rows < 1 || got.rows > m {
				t.Fatalf("%d rows: a tile of %d", m, got.rows)
			}
		}
	}
}

func TestTilingFor(t *testing.T) {
	for _, test := range []struct {
		c     class
		dtype device.DType
		m, n  int
		want  tiling
	}{
		{h200, device.Float32, 4096, 4096, tilings[0]},
		{h200, device.Float32, 1024, 1024, tilings[1]},
		{h200, device.Float32, 512, 512, tilings[3]},
		{h200, device.Float32, 32, 4096, tilings[4]},
		{h200, device.Float32, 1, 4096, tilings[5]},
		{h200, device.Float64, 4096, 4096, tilings[0]},
		{small, device.Float64, 4096, 4096, tilings[5]}, // no room for more work-items
		{class{units: 1, lanes: 4, items: 4, local: 4 << 10}, device.Float64, 100, 100, smallest},
	} {
		if got := test.c.tilingFor(test.dtype, test.m, test.n); got != test.want {
			t.Errorf("%d×%d %v: %v, want %v", test.m, test.n, test.dtype, got, test.want)
		}
	}
	for _, g := range append(tilings, smallest) {
		for _, side := range []int{g.bm, g.bn} {
			if pieces := side * g.bk / 4; g.bk%4 != 0 || side%4 != 0 || pieces%g.items() != 0 {
				t.Errorf("%v: %d vectors of an operand for %d work-items", g, pieces, g.items())
			}
		}
		if min(g.tm, g.tn) < 2 {
			t.Errorf("%v: fewer than two results each way", g)
		}
	}
}

func TestResidenceFor(t *testing.T) {
	v100 := class{units: 80, lanes: 256, items: 1024, local: 48 << 10}
	laptop := class{units: 20, lanes: 256, items: 1024, local: 48 << 10}
	roomy := class{units: 132, lanes: 256, items: 1024, local: 227 << 10}
	no := residence{}
	rnn := func(steps, rows, units int) recurrence {
		return recurrence{gates: 1, steps: steps, rows: rows, units: units}
	}
	gru := func(rows, units int) recurrence { return recurrence{gates: 3, steps: 50, rows: rows, units: units} }
	lstm := func(rows, units int) recurrence { return recurrence{gates: 4, steps: 50, rows: rows, units: units} }
	back := func(of recurrence) recurrence { of.back = true; return of }
	for _, test := range []struct {
		c     class
		dtype device.DType
		of    recurrence
		want  residence // batch, slice, tile, slab
	}{
		{h200, device.Float32, rnn(50, 1, 1), residence{1, 64, 1, 1}},
		{h200, device.Float32, rnn(50, 1, 64), residence{1, 64, 1, 16}}, // one group: there is nobody to wait for
		{h200, device.Float32, rnn(50, 1, 256), residence{1, 32, 1, 64}},
		{h200, device.Float32, rnn(50, 1, 1024), residence{1, 8, 1, 256}},
		{h200, device.Float32, rnn(50, 32, 256), residence{2, 32, 1, 64}},
		{h200, device.Float32, rnn(50, 32, 512), residence{8, 16, 1, 64}},
		{h200, device.Float32, rnn(50, 32, 1024), residence{32, 8, 2, 16}},
		{h200, device.Float32, rnn(50, 33, 1000), residence{64, 8, 2, 8}},
		{h200, device.Float32, rnn(50, 128, 1024), residence{128, 8, 4, 4}},
		{h200, device.Float32, rnn(50, 129, 1024), no}, // product has large tiles for so many results
		{h200, device.Float32, rnn(50, 512, 256), residence{32, 32, 4, 16}},
		{h200, device.Float32, rnn(50, 513, 256), no},
		{h200, device.Float32, rnn(50, 32, 1056), residence{32, 8, 2, 16}},
		{h200, device.Float32, rnn(50, 32, 1057), no}, // 133 slices
		{h200, device.Float32, rnn(50, 1, 2048), no},
		{h200, device.Float64, rnn(50, 32, 512), residence{16, 8, 1, 16}},
		{h200, device.Float64, rnn(50, 1, 640), residence{1, 8, 1, 160}},
		{h200, device.Float64, rnn(50, 1, 768), no}, // the weights do not fit
		{h200, device.Float32, rnn(3, 32, 512), residence{8, 16, 1, 64}},
		{h200, device.Float32, rnn(2, 32, 512), no},
		{h200, device.Float32, rnn(1, 32, 512), no},
		{h200, device.Float32, rnn(50, 0, 512), no},
		{h200, device.Float32, rnn(50, 32, 0), no},
		{h200, device.Float32, rnn(math.MaxInt32, 1, 64), residence{1, 64, 1, 16}},
		{h200, device.Float32, rnn(math.MaxInt32, 1, 65), no}, // arrivals that an int does not count
		{roomy, device.Float32, rnn(50, 1, 2048), residence{1, 16, 1, 512}},
		{v100, device.Float32, rnn(50, 32, 512), residence{16, 16, 2, 32}},
		{v100, device.Float32, rnn(50, 32, 1024), no},
		{laptop, device.Float32, rnn(50, 16, 128), residence{2, 64, 1, 32}},
		{laptop, device.Float32, rnn(50, 16, 512), no},
		{small, device.Float32, rnn(50, 1, 64), residence{1, 32, 1, 16}},
		{small, device.Float32, rnn(50, 4, 64), no}, // no room for more work-items
		{avx512, device.Float32, rnn(50, 32, 64), no},
		{h200, device.Float32, lstm(1, 32), residence{1, 64, 1, 8}}, // no more rows a work-item than there are
		{h200, device.Float32, lstm(32, 256), residence{8, 8, 2, 64}},
		{h200, device.Float32, back(lstm(32, 256)), residence{8, 8, 1, 64}},
		{h200, device.Float32, lstm(64, 512), residence{64, 4, 4, 8}},
		{h200, device.Float32, back(lstm(64, 512)), residence{64, 4, 2, 8}},
		{h200, device.Float32, lstm(65, 512), no},
		{h200, device.Float32, back(lstm(65, 512)), no}, // fewer sums, but of more terms
		{h200, device.Float32, lstm(1, 529), no},        // 133 slices
		{h200, device.Float64, lstm(32, 256), residence{16, 4, 2, 16}},
		{h200, device.Float64, lstm(1, 512), no}, // the weights do not fit
		{h200, device.Float32, gru(32, 512), residence{32, 4, 2, 16}},
		{h200, device.Float32, back(gru(32, 512)), residence{32, 4, 1, 16}},
	} {
		got, ok := test.c.residenceFor(test.dtype, &test.of)
		if got != test.want || ok != (got != no) {
			t.Errorf("%d units, %+v %v: %v, want %v", test.c.units, test.of, test.dtype, got, test.want)
		}
	}
	for _, c := range []class{h200, roomy, v100, laptop, small} {
		for _, dtype := range []device.DType{device.Float32, device.Float64} {
			for rows := 1; rows < 300; rows = rows + rows/4 + 1 {
				for units := 1; units < 3000; units = units + units/8 + 1 {
					for _, of := range []recurrence{rnn(50, rows, units), gru(rows, units), lstm(rows, units), back(gru(rows, units)), back(lstm(rows, units))} {
						r, ok := c.residenceFor(dtype, &of)
						if !ok {
							continue
						}
						groups := r.groups(&of)
						if groups[0]*groups[1] > c.units || r.items(&of) > c.lanes || r.local(dtype, &of) > c.local || r.slab < 1 ||
							r.batch%r.tile != 0 || r.slice%r.across(&of) != 0 {
							t.Errorf("%+v, %+v %v: %+v", c, of, dtype, r)
						}
					}
				}
			}
		}
	}
}

func TestParts(t *testing.T) {
	for _, test := range []struct{ units, batch, hidden, want int }{
		{2, 32, 512, 2},
		{2, 2, 1024, 2},
		{2, 1, 256, 1},
		{2, 1, 1023, 1},
		{2, 1, 1024, 0}, // a step of half a million multiply-adds to a unit is worth a launch
		{8, 4, 256, 4},
		{8, 4, 512, 0},
		{64, 64, 16, 64},
	} {
		c := class{cpu: true, units: test.units}
		if got := c.parts(test.batch, test.hidden); got != test.want {
			t.Errorf("%d units, %d rows of %d: %d, want %d", test.units, test.batch, test.hidden, got, test.want)
		}
	}
}

// TestGeometry reaches every element, with no more work-items than there may be.
func TestGeometry(t *testing.T) {
	for _, c := range []class{avx512, h200, small} {
		for _, rows := range []int{0, 1, 3, 1000, 1 << 20} {
			for _, cols := range []int{0, 1, 5, 40, 1000, 1 << 20} {
				g := c.each(rows, cols)
				if (rows == 0 || cols == 0) != (g.groups[0]*g.groups[1] == 0) {
					t.Errorf("%+v: %d×%d elements: %+v", c, rows, cols, g)
				}
				if g.items[0]*g.items[1] > c.items || rows == 1 && g.items[1]*g.groups[1] > 1 {
					t.Errorf("%+v: %d×%d elements: %+v", c, rows, cols, g)
				}
			}
		}
	}
}

// TestGradLoops goes over each element of the result once, for each element of the operand those that it made.
func TestGradLoops(t *testing.T) {
	for _, shapes := range [][2][]int{{{2, 3}, {2, 3}}, {{2, 3}, {3}}, {{2, 1, 4, 1}, {3, 1, 5}}, {{}, {4, 5}}, {{1}, {1}}} {
		t.Run(fmt.Sprint(shapes), func(t *testing.T) {
			x, y := shapes[0], shapes[1]
			z, _ := kernels.Broadcast(x, y)
			nest, _ := kernels.NestOf(z, x, y)
			loops, kept := gradLoops(&nest)
			first, rest := loops, loops
			first.Depth, rest.Depth = kept, loops.Depth-kept
			copy(rest.Loops[:], loops.Loops[kept:loops.Depth])
			terms := kernels.Size(z) / kernels.Size(x)
			seen := map[int]bool{}
			for i := range kernels.Size(x) {
				for j := range terms {
					zi, yi := first.At(i)
					zj, yj := rest.At(j)
					xi, yWant := nest.At(zi + zj)
					if seen[zi+zj] || xi != i || yi+yj != yWant {
						t.Errorf("element %d, term %d: element %d of z, made of %d and %d, not %d", i, j, zi+zj, xi, yWant, yi+yj)
					}
					seen[zi+zj] = true
				}
			}
		})
	}
}
