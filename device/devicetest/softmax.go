package devicetest

import (
	"math"
	"math/rand/v2"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

// transcendental is the ulps that a device's exp, log and activations within larger kernels may be off by, in OpenCL's
// table of errors the most of those used here.
const transcendental = 5

// rowShapes are arrays of rows.
var rowShapes = [][]int{
	{0}, {1}, {2}, {3}, {15}, {16}, {17}, {255}, {256}, {257}, {1000}, {0, 5}, {5, 0}, {1, 1}, {17, 1}, {3, 5}, {16, 16},
	{255, 3}, {3, 257}, {2, 1000}, {70_001, 2}, {2, 70_001}, {2, 3, 5}, {3, 0, 5}, {2, 3, 4, 5},
}

var rowData = []data{
	{"normal", normal},
	{"far", scaled(100, normal)},                   // where exp(x) overflows and exp(x-m) underflows
	{"huge", sprinkled(normal, 1e30, -1e30, 1e30)}, // where x-m has nothing of x left
	{"special", sprinkled(normal, math.NaN(), math.Inf(1), math.Inf(-1), math.Inf(-1))},
	{"-Inf", these(math.Inf(-1))},
}

// folded is the number of rows of an array and their length.
func folded(shape []int) (rows, cols int) {
	last := len(shape) - 1
	return kernels.Size(shape[:last]), shape[last]
}

func softmax(t device.DType) []*trial {
	var all []*trial
	for _, shape := range rowShapes {
		rows, cols := folded(shape)
		for _, d := range some(rowData, rows*cols) {
			all = append(all, &trial{
				kernel: kernels.Softmax{}, dtype: t, size: dims(shape...), variant: d.name,
				operands: []operand{{name: "Y", shape: shape}, {name: "X", shape: shape, fill: d.fill}},
				zeros:    d.name != "normal",
				want: func(s *sheet) {
					for i := range rows {
						softmaxOf(s.in("X")[i*cols:(i+1)*cols]).state(s.result("Y"), i*cols)
					}
				},
			})
		}
	}
	return all
}

// A distribution is the softmax of a row x, the row's largest element and Σ exp(x-m).
type distribution struct {
	x, p      []float64
	peak, sum float64
	// The error of the sum in relation to it, in eps: a rounding of x-m shifts exp(x-m) by as much as x-m is large.
	sumError float64
}

func softmaxOf(x []float64) distribution {
	d := distribution{x: x, p: make([]float64, len(x)), peak: math.Inf(-1)}
	for _, v := range x {
		d.peak = max(d.peak, v)
	}
	for i, v := range x {
		d.p[i] = math.Exp(v - d.peak)
		d.sum += d.p[i]
	}
	for i, e := range d.p {
		d.p[i] = e / d.sum
		if d.p[i] > 0 {
			d.sumError += d.p[i] * d.expError(i)
		}
	}
	d.sumError += float64(len(x))
	return d
}

// expError is the error of exp(x-m) in relation to it, in eps.
func (d *distribution) expError(i int) float64 { return math.Abs(d.x[i]-d.peak) + transcendental }

// state says that the elements from here on are the distribution.
func (d distribution) state(r *result, from int) {
	for i, p := range d.p {
		tol := r.sheet.least
		if p > 0 {
			tol += p * r.sheet.eps * (d.expError(i) + d.sumError + 3)
		}
		r.near(from+i, p, tol)
	}
}

// shares is a fill for rows of positive numbers whose sum is near 1.
func shares(cols int) fill { return between(0, 2/float64(max(cols, 1))) }

func softmaxGrad(t device.DType) []*trial {
	var all []*trial
	for _, shape := range rowShapes {
		rows, cols := folded(shape)
		for _, d := range []struct {
			name  string
			y, dy fill
		}{
			{"normal", shares(cols), normal},
			{"exact", powers, exact},
			{"special", sprinkled(shares(cols), 0, 0), sprinkled(normal, math.NaN(), math.Inf(1))},
		} {
			all = append(all, &trial{
				kernel: kernels.SoftmaxGrad{}, dtype: t, size: dims(shape...), variant: d.name,
				operands: []operand{{name: "DX", shape: shape}, {name: "DY", shape: shape, fill: d.dy}, {name: "Y", shape: shape, fill: d.y}},
				exact:    d.name == "exact", zeros: cols == 1 || d.name != "normal",
				want: func(s *sheet) {
					result := s.result("DX")
					for i := range rows {
						y, dy := s.in("Y")[i*cols:(i+1)*cols], s.in("DY")[i*cols:(i+1)*cols]
						var dot sum
						for j := range y {
							dot.add(y[j] * dy[j])
						}
						for j := range y {
							dx := y[j] * (dy[j] - dot.total)
							result.near(i*cols+j, dx, y[j]*dot.bound(s, 1)+2*s.eps*math.Abs(dx)+s.least)
						}
					}
				},
			})
		}
	}
	return all
}

// targets is a fill for targets among so many classes: mostly valid, some of them ignored, and two that are neither.
func targets(classes int) fill {
	return func(r *rand.Rand, n int) []float64 {
		values := each(n, func() float64 { return float64(r.IntN(max(classes, 1))) })
		for i := range values {
			switch i % 7 {
			case 3:
				values[i] = -1
			case 6:
				values[i] = 0
			}
		}
		return values
	}
}

func crossEntropy(t device.DType) []*trial {
	var all []*trial
	for _, shape := range rowShapes {
		rows, cols := folded(shape)
		batch := shape[:len(shape)-1]
		for _, target := range []data{{"", targets(cols)}, {", wrong targets", sprinkled(targets(cols), -2, float64(cols), math.MinInt32, math.MaxInt32)}} {
			for _, d := range some(rowData, rows*cols) {
				const scale = 0.3
				all = append(all, &trial{
					kernel: kernels.SoftmaxCrossEntropy{Scale: scale}, dtype: t, size: dims(shape...), variant: d.name + target.name,
					operands: []operand{
						{name: "Loss"}, {name: "Losses", shape: batch}, {name: "P", shape: shape},
						{name: "X", shape: shape, fill: d.fill}, {name: "Target", shape: batch, fill: target.fill, dtype: device.Int32}},
					zeros: true,
					want: func(s *sheet) {
						losses, probabilities := s.result("Losses"), s.result("P")
						var loss sum
						tol := 0.0
						for i, target := range s.in("Target") {
							d := softmaxOf(s.in("X")[i*cols : (i+1)*cols])
							d.state(probabilities, i*cols)
							switch {
							case target == -1:
								losses.exactly(i, 0)
								continue
							case target < 0 || int(target) >= cols:
								losses.near(i, math.NaN(), 0)
								loss.add(math.NaN())
								continue
							}
							x := d.x[int(target)]
							l := math.Log(d.sum) - (x - d.peak)
							bound := s.eps * (d.sumError + transcendental*math.Log(d.sum) + math.Abs(x-d.peak) + math.Abs(l))
							losses.near(i, l, bound)
							loss.add(l)
							tol += bound
						}
						s.result("Loss").near(0, scale*loss.total, scale*(tol+loss.bound(s, 2)))
					},
				})
			}
		}
	}
	return all
}

func crossEntropyGrad(t device.DType) []*trial {
	var all []*trial
	for _, shape := range rowShapes {
		rows, cols := folded(shape)
		batch := shape[:len(shape)-1]
		for _, target := range []data{{"", targets(cols)}, {", wrong targets", sprinkled(targets(cols), -2, float64(cols), math.MinInt32, math.MaxInt32)}} {
			for _, p := range []data{{"normal", shares(cols)}, {"special", sprinkled(shares(cols), 0, 1, math.NaN())}} {
				const scale = 0.3
				all = append(all, &trial{
					kernel: kernels.SoftmaxCrossEntropyGrad{Scale: scale}, dtype: t, size: dims(shape...), variant: p.name + target.name,
					operands: []operand{
						{name: "DX", shape: shape}, {name: "P", shape: shape, fill: p.fill},
						{name: "Target", shape: batch, fill: target.fill, dtype: device.Int32}},
					zeros: rows < 10 || p.name == "special",
					want: func(s *sheet) {
						result := s.result("DX")
						for i, target := range s.in("Target") {
							for j, p := range s.in("P")[i*cols : (i+1)*cols] {
								at := i*cols + j
								switch {
								case target == -1:
									result.near(at, 0, 0)
								case target < 0 || int(target) >= cols:
									result.near(at, math.NaN(), 0)
								case int(target) == j:
									result.near(at, scale*(p-1), 3*s.eps*math.Abs(scale*(p-1)))
								default:
									result.near(at, scale*p, 3*s.eps*math.Abs(scale*p))
								}
							}
						}
					},
				})
			}
		}
	}
	return all
}
