package devicetest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

// tables are tables of v rows of d columns, and the shape of what is taken from them.
var tables = []struct {
	batch []int
	v, d  int
}{
	{[]int{}, 3, 2}, {[]int{1}, 1, 1}, {[]int{2}, 3, 15}, {[]int{17}, 5, 3}, {[]int{17}, 300, 3}, {[]int{3}, 2, 5},
	{[]int{3, 5}, 7, 16}, {[]int{16}, 4, 17}, {[]int{5, 0}, 3, 4}, {[]int{6}, 3, 0}, {[]int{6}, 0, 3},
	{[]int{300}, 1, 7}, {[]int{257}, 1000, 33}, {[]int{300}, 40, 257}, {[]int{3000}, 40_000, 11}, {[]int{2}, 3, 70_001},
	{[]int{70_001}, 7, 2},
}

// ids are fills for numbers of rows of a table that has v: repeated ones among them and, in the second, some that are none.
func ids(v int) []data {
	valid := func(r *rand.Rand, n int) []float64 {
		values := each(n, func() float64 { return float64(r.IntN(max(v, 1))) })
		for i := 2; i < n; i += 5 {
			values[i] = float64(v - 1) // the last row often
		}
		return values
	}
	return []data{{"", valid}, {", wrong ids", sprinkled(valid, -1, float64(v), math.MinInt32, math.MaxInt32)}}
}

func gather(t device.DType) []*trial {
	var all []*trial
	for _, c := range tables {
		for _, of := range ids(c.v) {
			for _, w := range []data{{"normal", normal}, {"special", sprinkled(normal, special...)}} {
				all = append(all, gatherTrial(t, c.batch, c.v, c.d, w, of))
			}
		}
	}
	return all
}

// gatherTrial computes Y[i] = W[IDs[i]].
func gatherTrial(t device.DType, batch []int, v, d int, w, of data) *trial {
	shape := append(batch[:len(batch):len(batch)], d)
	return &trial{
		kernel: kernels.Gather{}, dtype: t, size: dims(shape...), variant: fmt.Sprintf("of %d, %s%s", v, w.name, of.name),
		operands: []operand{
			{name: "Y", shape: shape}, {name: "W", shape: []int{v, d}, fill: w.fill},
			{name: "IDs", shape: batch, fill: of.fill, dtype: device.Int32}},
		zeros: w.name == "special",
		want: func(s *sheet) {
			y, w := s.result("Y"), s.in("W")
			for i, id := range s.in("IDs") {
				for j := range d {
					if id < 0 || int(id) >= v {
						y.exactly(i*d+j, math.NaN())
					} else {
						y.exactly(i*d+j, w[int(id)*d+j])
					}
				}
			}
		},
	}
}

func scatterAdd(t device.DType) []*trial {
	var all []*trial
	for _, c := range tables {
		for _, of := range ids(c.v) {
			for _, dy := range []data{{"normal", normal}, {"special", sprinkled(normal, math.NaN(), math.Inf(1), math.Inf(-1), 0, math.Copysign(0, -1))}} {
				all = append(all, scatterAddTrial(t, c.batch, c.v, c.d, dy, of))
			}
		}
	}
	return all
}

// scatterAddTrial computes DW[IDs[i]] += DY[i]. The order of the terms leaves no choice but one, even in the last bit.
func scatterAddTrial(t device.DType, batch []int, v, d int, dy, of data) *trial {
	shape := append(batch[:len(batch):len(batch)], d)
	return &trial{
		kernel: kernels.ScatterAdd{}, dtype: t, size: dims(shape...), variant: fmt.Sprintf("to %d, %s%s", v, dy.name, of.name),
		operands: []operand{
			{name: "DW", shape: []int{v, d}, fill: normal}, {name: "DY", shape: shape, fill: dy.fill},
			{name: "IDs", shape: batch, fill: of.fill, dtype: device.Int32}},
		want: func(s *sheet) {
			result, dw, dy := s.result("DW"), slices.Clone(s.in("DW")), s.in("DY")
			for i, id := range s.in("IDs") {
				for j := 0; j < d && id >= 0 && int(id) < v; j++ {
					dw[int(id)*d+j] = rounded(t, dw[int(id)*d+j]+dy[i*d+j])
				}
			}
			for i, sum := range dw {
				result.exactly(i, sum)
			}
		},
	}
}
