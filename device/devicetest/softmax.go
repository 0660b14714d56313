package devicetest

import (
	"math"
	"math/rand/v2"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

// transcendental is the ulps by which a device's exp, log or tanh within a larger kernel may be off: OpenCL allows tanh 5
// and the others less.
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
		for _, d := range some(rowData, kernels.Size(shape)) {
			all = append(all, softmaxTrial(t, shape, d))
		}
	}
	return all
}

// softmaxTrial computes Y = exp(X-m) / Σ exp(X-m).
func softmaxTrial(t device.DType, shape []int, x data) *trial {
	rows, cols := folded(shape)
	return &trial{
		kernel: kernels.Softmax{}, dtype: t, size: dims(shape...), variant: x.name,
		operands: []operand{{name: "Y", shape: shape}, {name: "X", shape: shape, fill: x.fill}},
		zeros:    x.name != "normal",
		want: func(s *sheet) {
			y, x := s.result("Y"), s.in("X")
			for i := range rows {
				softmaxOf(x[i*cols:(i+1)*cols]).state(y, i*cols)
			}
		},
	}
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
		_, cols := folded(shape)
		all = append(all,
			softmaxGradTrial(t, shape, "normal", shares(cols), normal),
			softmaxGradTrial(t, shape, "exact", powers, exact),
			softmaxGradTrial(t, shape, "special", sprinkled(shares(cols), 0, 0), sprinkled(normal, math.NaN(), math.Inf(1))))
	}
	return all
}

// softmaxGradTrial computes DX = Y·(DY - Σ DY·Y).
func softmaxGradTrial(t device.DType, shape []int, variant string, y, dy fill) *trial {
	rows, cols := folded(shape)
	return &trial{
		kernel: kernels.SoftmaxGrad{}, dtype: t, size: dims(shape...), variant: variant,
		operands: []operand{{name: "DX", shape: shape}, {name: "DY", shape: shape, fill: dy}, {name: "Y", shape: shape, fill: y}},
		exact:    variant == "exact", zeros: cols == 1 || variant != "normal",
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
	}
}

// targets are fills for targets among so many classes: every seventh is ignored and, in the second, some are no classes.
func targets(classes int) []data {
	valid := func(r *rand.Rand, n int) []float64 {
		values := each(n, func() float64 { return float64(r.IntN(max(classes, 1))) })
		for i := 3; i < n; i += 7 {
			values[i] = -1
		}
		return values
	}
	return []data{{"", valid}, {", wrong targets", sprinkled(valid, -2, float64(classes), math.MinInt32, math.MaxInt32)}}
}

// scale is that of the losses in all trials.
const scale = 0.3

func crossEntropy(t device.DType) []*trial {
	var all []*trial
	for _, shape := range rowShapes {
		_, cols := folded(shape)
		for _, target := range targets(cols) {
			for _, d := range some(rowData, kernels.Size(shape)) {
				all = append(all, crossEntropyTrial(t, shape, d, target))
			}
		}
	}
	return all
}

// crossEntropyTrial computes P = softmax(X), Losses = log Σ exp(X-m) - (X[target]-m) and Loss = Scale · Σ Losses.
func crossEntropyTrial(t device.DType, shape []int, x, target data) *trial {
	_, cols := folded(shape)
	batch := shape[:len(shape)-1]
	return &trial{
		kernel: kernels.SoftmaxCrossEntropy{Scale: scale}, dtype: t, size: dims(shape...), variant: x.name + target.name,
		operands: []operand{
			{name: "Loss"}, {name: "Losses", shape: batch}, {name: "P", shape: shape},
			{name: "X", shape: shape, fill: x.fill}, {name: "Target", shape: batch, fill: target.fill, dtype: device.Int32}},
		zeros: true,
		want: func(s *sheet) {
			losses, p := s.result("Losses"), s.result("P")
			var loss sum
			tol := 0.0
			for i, target := range s.in("Target") {
				d := softmaxOf(s.in("X")[i*cols : (i+1)*cols])
				d.state(p, i*cols)
				if target == -1 {
					losses.exactly(i, 0)
					continue
				}
				l, bound := math.NaN(), 0.0
				if target >= 0 && int(target) < cols {
					x := d.x[int(target)]
					l = math.Log(d.sum) - (x - d.peak)
					bound = s.eps * (d.sumError + transcendental*math.Log(d.sum) + math.Abs(x-d.peak) + math.Abs(l))
				}
				losses.near(i, l, bound)
				loss.add(l)
				tol += bound
			}
			s.result("Loss").near(0, scale*loss.total, scale*(tol+loss.bound(s, 2)))
		},
	}
}

func crossEntropyGrad(t device.DType) []*trial {
	var all []*trial
	for _, shape := range rowShapes {
		_, cols := folded(shape)
		for _, target := range targets(cols) {
			for _, p := range []data{{"normal", shares(cols)}, {"special", sprinkled(shares(cols), 0, 1, math.NaN())}} {
				all = append(all, crossEntropyGradTrial(t, shape, p, target))
			}
		}
	}
	return all
}

// crossEntropyGradTrial computes DX = Scale·(P - onehot(Target)).
func crossEntropyGradTrial(t device.DType, shape []int, p, target data) *trial {
	rows, cols := folded(shape)
	batch := shape[:len(shape)-1]
	return &trial{
		kernel: kernels.SoftmaxCrossEntropyGrad{Scale: scale}, dtype: t, size: dims(shape...), variant: p.name + target.name,
		operands: []operand{
			{name: "DX", shape: shape}, {name: "P", shape: shape, fill: p.fill},
			{name: "Target", shape: batch, fill: target.fill, dtype: device.Int32}},
		zeros: rows < 10 || p.name == "special",
		want: func(s *sheet) {
			result, p := s.result("DX"), s.in("P")
			for i, target := range s.in("Target") {
				for j := range cols {
					at := i*cols + j
					dx := scale * p[at]
					switch {
					case target == -1:
						dx = 0
					case target < 0 || int(target) >= cols:
						dx = math.NaN()
					case int(target) == j:
						dx = scale * (p[at] - 1)
					}
					result.near(at, dx, 3*s.eps*math.Abs(dx))
				}
			}
		},
	}
}
