package gemm

import (
	"fmt"
	"testing"
)

// TestEverySmallSize multiplies matrices of small whole numbers, whose products are exact in whatever order, of every
// size up to 70, stored in every way, with memory that cannot be touched right after the last element or right before
// the first. (Tiles are at most 16 rows high and, but for those of 3 rows and fewer of float32 with AVX-512, 64 columns wide, so
// no other case of an edge is left out. TestRowsFarApart has such ones.)
func TestEverySmallSize(t *testing.T) {
	eachType(t, testEvery[float32], testEvery[float64])
}

const every = 70

func testEvery[T Float](t *testing.T) {
	step := 1
	if testing.Short() {
		step = 9 // and 0, 1 and 70 as well
	}
	for _, kernel := range kernels() {
		if kernel == generic && !testing.Short() {
			continue // has no assembly
		}
		t.Run("kernel="+kernelNames[kernel], func(t *testing.T) {
			use(t, kernel)
			w := newWholes[T](t)
			for k := 0; k <= every; k++ {
				if k > 0 {
					w.next(k)
				}
				if k%step > 1 && k != every {
					continue
				}
				for m := 0; m <= every; m++ {
					for n := 0; n <= every; n++ {
						if (m%step > 1 && m != every) || (n%step > 1 && n != every) {
							continue
						}
						for v := range 8 {
							w.multiply(t, m, n, k, v)
						}
					}
				}
			}
		})
	}
}

// wholes is matrices of whole numbers, their product, and room with guards to store parts of them in.
type wholes[T Float] struct {
	g       Multiplier[T]
	p       Packed[T]
	a, b, c [every][every]T // c is the product of the first k columns of a and rows of b
	rooms   [3][2][]T       // for A, B and C: the end of one lies before memory that cannot be touched, the beginning of one behind
}

func newWholes[T Float](t *testing.T) *wholes[T] {
	w := new(wholes[T])
	for i := range every {
		for j := range every {
			w.a[i][j], w.b[i][j] = T((i*7+j*5)%11-5), T((i*3+j*8)%13-6)
		}
	}
	for i := range w.rooms {
		w.rooms[i] = [2][]T{guarded[T](t, every*(every+3), true), guarded[T](t, every*(every+3), false)}
	}
	return w
}

// next adds the kth term to the product.
func (w *wholes[T]) next(k int) {
	for i := range every {
		for j := range every {
			w.c[i][j] += w.a[i][k-1] * w.b[k-1][j]
		}
	}
}

// store lays x[:rows][:cols] or its transpose, in rows pad longer than needed, into one of its rooms.
func (w *wholes[T]) store(operand, room int, x *[every][every]T, trans bool, rows, cols, pad int) (data []T, ld int) {
	r, c := stored(trans, rows, cols)
	ld = max(c, 1) + pad
	data = w.rooms[operand][room]
	size := 0
	if r > 0 && c > 0 {
		size = (r-1)*ld + c
	}
	if room == 0 {
		data = data[len(data)-size:]
	}
	data = data[:size]
	for i := range r {
		for j := range c {
			if trans {
				data[i*ld+j] = x[j][i]
			} else {
				data[i*ld+j] = x[i][j]
			}
		}
	}
	return data, ld
}

// multiply computes one product in one of eight ways, and by a packed B where A is not transposed.
func (w *wholes[T]) multiply(t *testing.T, m, n, k, v int) {
	transA, transB, room := v&1 != 0, v&2 != 0, v>>2
	pad := (m + n + k + v) % 3
	acc := (m+n+k)/3%2 == 0
	a, lda := w.store(0, room, &w.a, transA, m, k, pad)
	b, ldb := w.store(1, room, &w.b, transB, k, n, pad)
	for _, packed := range []bool{false, true} {
		if packed && transA {
			return
		}
		// C begins as the product itself, to which adding makes twice as much.
		c, ldc := w.store(2, room, &w.c, false, m, n, pad)
		times := T(1)
		if acc {
			times = 2
		}
		for i := range max(m-1, 0) { // between rows
			for j := range pad {
				if p := i*ldc + max(n, 1) + j; p < len(c) {
					c[p] = -1
				}
			}
		}
		if packed {
			w.p.Set(transB, k, n, b, ldb)
			w.p.MulRows(m, a, lda, acc, c, ldc)
		} else {
			w.g.Mul(transA, transB, m, n, k, a, lda, b, ldb, acc, c, ldc)
		}
		for i := range m {
			for j := range n {
				if c[i*ldc+j] != times*w.c[i][j] {
					t.Fatalf("%s: C[%d][%d] = %v, want %v", w.what(m, n, k, v, pad, acc, packed), i, j, c[i*ldc+j], times*w.c[i][j])
				}
			}
			for j := n; i < m-1 && n > 0 && j < ldc; j++ {
				if c[i*ldc+j] != -1 {
					t.Fatalf("%s: C[%d][%d], which is beyond the matrix, was set to %v", w.what(m, n, k, v, pad, acc, packed), i, j, c[i*ldc+j])
				}
			}
		}
	}
}

func (w *wholes[T]) what(m, n, k, v, pad int, acc, packed bool) string {
	return fmt.Sprintf("m=%d n=%d k=%d transA=%t transB=%t guard=%d pad=%d acc=%t packed=%t", m, n, k, v&1 != 0, v&2 != 0, v>>2, pad, acc, packed)
}
