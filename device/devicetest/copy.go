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
