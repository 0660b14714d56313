package gemm

import (
	"math/bits"
	"testing"
)

// TestOffsetsBeyond2GiB multiplies matrices whose rows lie so far apart that their offsets need more than 31 bits of bytes
// and, as transposes, of which columns do. Nearly all of their memory is never touched.
func TestOffsetsBeyond2GiB(t *testing.T) {
	if bits.UintSize == 32 || testing.Short() {
		t.Skip("4 GiB of address space for each operand")
	}
	const m, n, k = 17, 33, 5
	ld := 1 << 26 // the 17th row begins 4 GiB after the first; a variable, as constants must fit 32 bits where those are an int
	fill := func(x []float32, rows, cols int, value func(i, j int) float32) {
		for i := range rows {
			for j := range cols {
				x[i*ld+j] = value(i, j)
			}
		}
	}
	at := func(i, p int) float32 { return float32((i*5+p*3)%7 - 3) }
	bt := func(p, j int) float32 { return float32((p*4+j*9)%11 - 5) }
	a, b, c := make([]float32, (m-1)*ld+k), make([]float32, (n-1)*ld+k), make([]float32, (m-1)*ld+n)
	fill(a, m, k, at)
	fill(b, n, k, func(j, p int) float32 { return bt(p, j) }) // its transpose
	eachKernel(t, func(t *testing.T) {
		var g Multiplier[float32]
		var packed Packed[float32]
		fill(c, m, n, func(int, int) float32 { return 1 })
		g.Mul(false, true, m, n, k, a, ld, b, ld, true, c, ld)
		packed.Set(true, k, n, b, ld)
		packed.MulRows(m, a, ld, true, c, ld)
		for i := range m {
			for j := range n {
				want := float32(0)
				for p := range k {
					want += at(i, p) * bt(p, j)
				}
				if got := c[i*ld+j]; got != 1+2*want {
					t.Fatalf("C[%d][%d] = %v, want %v", i, j, got, 1+2*want)
				}
			}
		}
	})
}
