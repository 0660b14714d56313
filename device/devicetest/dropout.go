package devicetest

import (
	"math"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
	"github.com/keisan-go/keisan/philox"
)

func dropout(t device.DType) []*trial {
	const seed, stream = 0x1234_5678_9abc_def0, 0xfedc_ba98_7654_3210
	unusual := data{"special", sprinkled(normal, math.NaN(), math.Inf(1), math.Inf(-1), 0, math.Copysign(0, -1))}
	var all []*trial
	for _, n := range sizes {
		for _, p := range []float64{0, 0.2, 0.5} {
			all = append(all, dropoutTrial(t, n, kernels.Dropout{P: p, Seed: seed, Stream: stream}, data{"normal", normal}))
		}
		all = append(all, dropoutTrial(t, n, kernels.Dropout{P: 0.5, Stream: 1}, unusual))
	}
	for _, p := range []float64{0x1p-33, 0x1p-32, 0.1, 0.8, 1 - 0x1p-20, 1 - 0x1p-53} {
		all = append(all, dropoutTrial(t, 1000, kernels.Dropout{P: p, Seed: 7}, data{"normal", normal}))
	}
	for _, c := range []struct{ period, times int }{{1, 17}, {3, 1}, {3, 5}, {4, 16}, {17, 15}, {30, 3}, {257, 3}, {3, 20_001}, {20_001, 3}} {
		all = append(all, dropoutTrial(t, c.period*c.times, kernels.Dropout{P: 0.2, Seed: seed, Stream: stream, Period: c.period}, data{"normal", normal}))
	}
	return append(all, dropoutTrial(t, 0, kernels.Dropout{P: 0.2, Period: 6}, data{"normal", normal}))
}

// dropoutTrial computes Y = X/(1-P) or 0, whose factor is rounded to the element type, and the product again.
func dropoutTrial(t device.DType, n int, k kernels.Dropout, x data) *trial {
	return &trial{
		kernel: k, dtype: t, size: dims(n), variant: x.name,
		operands: []operand{{name: "Y", shape: []int{n}}, {name: "X", shape: []int{n}, fill: x.fill}},
		zeros:    k.P > 0,
		want: func(s *sheet) {
			y, numbers, scale := s.result("Y"), philox.New(k.Seed, k.Stream), rounded(t, 1/(1-k.P))
			for i, x := range s.in("X") {
				element := uint64(i)
				if k.Period > 0 {
					element %= uint64(k.Period)
				}
				if float64(numbers.Uint32At(element)) < math.Floor(k.P*0x1p32) {
					y.exactly(i, 0)
				} else {
					y.exactly(i, rounded(t, x*scale))
				}
			}
		},
	}
}
