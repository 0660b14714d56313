package devicetest

import (
	"fmt"
	"math"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

func copies(t device.DType) []*trial {
	shapes := [][2][]int{{{}, {}}, {{}, {1}}, {{6}, {2, 3}}, {{3, 4}, {2, 3, 2}}, {{0, 3}, {7, 0}}}
	for _, n := range sizes {
		shapes = append(shapes, [2][]int{{n}, {n}})
	}
	var all []*trial
	for _, shape := range shapes {
		dst, src := shape[0], shape[1]
		all = append(all, &trial{
			kernel: kernels.Copy{}, dtype: t, size: dims(dst...) + "," + dims(src...), variant: "special",
			operands: []operand{{name: "Dst", shape: dst}, {name: "Src", shape: src, fill: sprinkled(normal, special...)}},
			zeros:    kernels.Size(dst) < 30,
			want: func(s *sheet) {
				dst := s.result("Dst")
				for i, v := range s.in("Src") {
					dst.exactly(i, v)
				}
			},
		})
	}
	return all
}

func copyColumns(t device.DType) []*trial {
	var all []*trial
	for _, c := range []struct {
		k        kernels.CopyColumns
		dst, src []int
	}{
		{kernels.CopyColumns{Cols: 3}, []int{3}, []int{3}},
		{kernels.CopyColumns{Cols: 3, To: 4}, []int{5, 7}, []int{5, 3}},
		{kernels.CopyColumns{Cols: 3, From: 4}, []int{5, 3}, []int{5, 7}},
		{kernels.CopyColumns{Cols: 17, To: 1, From: 2}, []int{2, 3, 19}, []int{6, 20}},
		{kernels.CopyColumns{Cols: 257, To: 5, From: 1}, []int{33, 263}, []int{33, 258}},
		{kernels.CopyColumns{Cols: 1, To: 1, From: 2}, []int{70_001, 2}, []int{70_001, 3}},
		{kernels.CopyColumns{Cols: 0, To: 3, From: 2}, []int{2, 3}, []int{2, 2}},
		{kernels.CopyColumns{Cols: 3}, []int{0, 3}, []int{0, 4}},
	} {
		n, m := kernels.Cols(device.Array{Shape: c.dst}), kernels.Cols(device.Array{Shape: c.src})
		all = append(all, &trial{
			kernel: c.k, dtype: t, size: dims(c.dst...) + "," + dims(c.src...), variant: "special",
			operands: []operand{{name: "Dst", shape: c.dst, fill: normal}, {name: "Src", shape: c.src, fill: sprinkled(normal, special...)}},
			want: func(s *sheet) {
				dst, before, src := s.result("Dst"), s.in("Dst"), s.in("Src")
				for i, v := range before {
					if row, j := i/n, i%n-c.k.To; j >= 0 && j < c.k.Cols {
						v = src[row*m+c.k.From+j]
					}
					dst.exactly(i, v)
				}
			},
			zeros: kernels.Size(c.dst) < 30,
		})
	}
	return all
}

func fills(t device.DType) []*trial {
	shapes := [][]int{{}, {2, 3, 4}}
	for _, n := range sizes {
		shapes = append(shapes, []int{n})
	}
	var all []*trial
	for _, shape := range shapes {
		for _, v := range []float64{1, 0.1, -1e-40, 1e300, 0, math.Copysign(0, -1), math.Inf(-1), math.NaN()} {
			all = append(all, &trial{
				kernel: kernels.Fill{Value: v}, dtype: t, size: dims(shape...), variant: fmt.Sprint(v),
				operands: []operand{{name: "Dst", shape: shape}},
				zeros:    v == 0,
				want: func(s *sheet) {
					dst := s.result("Dst")
					for i := range kernels.Size(shape) {
						dst.exactly(i, rounded(t, v))
					}
				},
			})
		}
	}
	return all
}
