package cases

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/gonum"
)

// The reference is computed in float64 by gonum's product and loops that are plain enough to be right.

// product is c += op(a)·op(b), row-major, c being m×n and the sums having k terms.
func product(transA, transB bool, m, n, k int, a, b, c []float64) {
	if m == 0 || n == 0 || k == 0 {
		return
	}
	ta, lda := blas.NoTrans, k
	if transA {
		ta, lda = blas.Trans, m
	}
	tb, ldb := blas.NoTrans, n
	if transB {
		tb, ldb = blas.Trans, k
	}
	gonum.Implementation{}.Dgemm(ta, tb, m, n, k, 1, a, lda, b, ldb, 1, c, n)
}

// A sequence is a vanilla recurrent layer over time for some rows of a batch: h[t+1] = tanh(x[t]·wx + h[t]·wh + b), or
// max(0, ·) for tanh.
type sequence struct {
	relu                         bool
	steps, batch, inputs, hidden int
	x                            []float64 // [T, B, I]
	wx, wh, b                    []float64
	h                            []float64 // [T+1, B, H], h[0] given
}

func (s *sequence) forward() {
	rows := s.steps * s.batch
	z := s.h[s.batch*s.hidden:]
	for i := range rows {
		copy(z[i*s.hidden:(i+1)*s.hidden], s.b)
	}
	product(false, false, rows, s.hidden, s.inputs, s.x, s.wx, z)
	step := s.batch * s.hidden
	for t := range s.steps {
		next := s.h[(t+1)*step : (t+2)*step]
		product(false, false, s.batch, s.hidden, s.hidden, s.h[t*step:], s.wh, next)
		for i, v := range next {
			if s.relu {
				next[i] = max(v, 0)
			} else {
				next[i] = math.Tanh(v)
			}
		}
	}
}

// gradients of a sequence, those of the weights begun at zero.
type gradients struct{ dx, dh0, dwx, dwh, db []float64 }

// backward is the gradients, given that of h[1:], dy [T, B, H].
func (s *sequence) backward(dy []float64) gradients {
	step, rows := s.batch*s.hidden, s.steps*s.batch
	dz := make([]float64, s.steps*step)
	g := gradients{
		dx: make([]float64, rows*s.inputs), dh0: make([]float64, step),
		dwx: make([]float64, s.inputs*s.hidden), dwh: make([]float64, s.hidden*s.hidden), db: make([]float64, s.hidden),
	}
	for t := s.steps - 1; t >= 0; t-- {
		now := dz[t*step : (t+1)*step]
		copy(now, dy[t*step:])
		if t+1 < s.steps {
			product(false, true, s.batch, s.hidden, s.hidden, dz[(t+1)*step:], s.wh, now)
		}
		for i, h := range s.h[(t+1)*step : (t+2)*step] {
			switch {
			case !s.relu:
				now[i] *= 1 - h*h
			case h <= 0:
				now[i] = 0
			}
		}
	}
	if s.steps > 0 {
		product(false, true, s.batch, s.hidden, s.hidden, dz, s.wh, g.dh0)
	}
	product(false, true, rows, s.inputs, s.hidden, dz, s.wx, g.dx)
	product(true, false, s.inputs, s.hidden, rows, s.x, dz, g.dwx)
	product(true, false, s.hidden, s.hidden, rows, s.h, dz, g.dwh)
	for i, v := range dz {
		g.db[i%s.hidden] += v
	}
	return g
}

// crossEntropy turns logits [N, C] into the gradient of the mean of -log softmax(logits)[target], and returns that mean.
func crossEntropy(logits []float64, classes int, target []int) (mean float64) {
	count := float64(len(target))
	for i, c := range target {
		row := logits[i*classes : (i+1)*classes]
		most := math.Inf(-1)
		for _, v := range row {
			most = max(most, v)
		}
		sum := 0.0
		for _, v := range row {
			sum += math.Exp(v - most)
		}
		mean += (math.Log(sum) - (row[c] - most)) / count
		for j, v := range row {
			row[j] = math.Exp(v-most) / sum / count
		}
		row[c] -= 1 / count
	}
	return mean
}

// clip shrinks gradients so that their global norm is at most 1.
func clip(grads [][]float64) {
	sum := 0.0
	for _, g := range grads {
		for _, v := range g {
			sum += v * v
		}
	}
	factor := min(1, 1/(math.Sqrt(sum)+1e-6))
	for _, g := range grads {
		for i := range g {
			g[i] *= factor
		}
	}
}

// An errors is the largest error met so far. An error that is not a number counts as infinite.
type errors float64

func (e *errors) add(got, want, scale float64) {
	switch err := math.Abs(got - want); {
	case got == want:
	case !(err <= math.MaxFloat64):
		*e = errors(math.Inf(1))
	case scale > 0:
		*e = max(*e, errors(err/scale))
	default:
		*e = errors(math.Inf(1))
	}
}

// mustBe panics unless there are n results: a peer may have left some out.
func mustBe(n int, got []float64) {
	if len(got) != n {
		panic(fmt.Sprintf("%d numbers, want %d", len(got), n))
	}
}

// addAll holds a tensor against its reference, errors being told as shares of the reference's largest element.
func (e *errors) addAll(got, want []float64) {
	mustBe(len(want), got)
	scale := 0.0
	for _, v := range want {
		scale = max(scale, math.Abs(v))
	}
	for i, v := range got {
		e.add(v, want[i], scale)
	}
}
