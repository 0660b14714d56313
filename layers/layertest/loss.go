package layertest

import (
	"math"

	"github.com/keisan-go/keisan/layers"
)

// loss holds SoftmaxCrossEntropy against its definition.
func loss(e *env) {
	for _, c := range []struct {
		shape   []int
		targets []int
	}{
		{[]int{1, 5}, []int{4}},
		{[]int{5}, []int{0}},
		{[]int{4, 5}, []int{0, 3, 3, 4}},
		{[]int{4, 5}, []int{-1, 3, -1, 0}},
		{[]int{3, 2, 5}, []int{1, -1, 0, 2, 4, -1}},
		{[]int{3, 1}, []int{0, -1, 0}},
	} {
		logits := e.normal(c.shape...)
		want, gradient := crossEntropyOf(e.values(logits), c.targets)
		l := layers.NewSoftmaxCrossEntropy()
		got := l.Forward(logits, c.targets)
		e.shape("the loss", got)
		e.within("the loss", got, []float64{want}, []float64{8 * e.epsilon()})
		dx := l.Backward()
		e.shape("its gradient", dx, c.shape...)
		e.near("its gradient", dx, gradient, 8)
	}
}

// crossEntropyOf is the mean of -log softmax(x)[target] over the targets that are not -1, and its gradient.
func crossEntropyOf(x []float64, targets []int) (mean float64, dx []float64) {
	classes, count := len(x)/len(targets), 0.0
	for _, target := range targets {
		if target >= 0 {
			count++
		}
	}
	dx = make([]float64, len(x))
	for i, target := range targets {
		if target < 0 {
			continue
		}
		row, dx := x[i*classes:(i+1)*classes], dx[i*classes:(i+1)*classes]
		sum := 0.0
		for _, v := range row {
			sum += math.Exp(v)
		}
		mean -= math.Log(math.Exp(row[target])/sum) / count
		for j, v := range row {
			dx[j] = math.Exp(v) / sum / count
		}
		dx[target] -= 1 / count
	}
	return mean, dx
}

// lossIgnores is about targets of -1: their rows do not matter at all, and if there are no others the loss is zero.
func lossIgnores(e *env) {
	x := e.normal(4, 5)
	l := layers.NewSoftmaxCrossEntropy()
	e.same("the loss of ignored targets", l.Forward(x, []int{-1, -1, -1, -1}), []float64{0})
	e.same("its gradient", l.Backward(), make([]float64, 20))

	targets := []int{-1, 3, 0, -1}
	want := e.values(l.Forward(x, targets))
	wantDX := e.values(l.Backward())
	x.Slice(0, 1).Fill(math.NaN())
	x.Slice(3, 4).Fill(math.Inf(1))
	e.same("the loss beside ignored rows of NaN and Inf", l.Forward(x, targets), want)
	e.same("its gradient", l.Backward(), wantDX)

	x.Slice(1, 2).Fill(math.NaN())
	if got := e.values(l.Forward(x, targets)); !math.IsNaN(got[0]) {
		e.Errorf("the loss of a row of NaN is %v, want NaN", got[0])
	}
}

// lossExtremes is about logits so far apart that probabilities round to 0 or 1: the loss stays exact.
func lossExtremes(e *env) {
	l := layers.NewSoftmaxCrossEntropy()
	x := e.tensor([]float64{1e30, -1e30, 0, 1000, 0, 0, -1000, -1001, -1000}, 3, 3)
	e.near("the loss", l.Forward(x, []int{0, 2, -1}), []float64{500}, 2)
	e.same("its gradient", l.Backward(), []float64{0, 0, 0, 0.5, 0, -0.5, 0, 0, 0})
	e.near("the loss", l.Forward(x, []int{1, -1, -1}), []float64{2e30}, 2)
	e.near("the loss", l.Forward(x, []int{-1, -1, 0}), []float64{math.Log(2 + math.Exp(-1))}, 4)
}

// elementLosses holds MeanSquaredError and BinaryCrossEntropy against what is known, in several shapes, and far out.
func elementLosses(e *env) {
	squared, cross := layers.NewMeanSquaredError(), layers.NewBinaryCrossEntropy()
	e.shape("the loss", squared.Forward(e.normal(2, 3), e.normal(2, 3)))
	e.same("the loss", squared.Forward(e.tensor([]float64{1, 2, 3, 4}, 2, 2), e.tensor([]float64{1, 0, 5, 0}, 2, 2)), []float64{6})
	e.same("its gradient", squared.Backward(), []float64{0, 1, -1, 2})
	e.same("the loss of scalars", squared.Forward(e.tensor([]float64{3}), e.tensor([]float64{1})), []float64{4})

	e.near("the loss", cross.Forward(e.tensor([]float64{0, 0}, 2), e.tensor([]float64{0, 1}, 2)), []float64{math.Ln2}, 4)
	e.same("its gradient", cross.Backward(), []float64{0.25, -0.25})
	far := e.tensor([]float64{1000, -1000, 1000, -1000}, 4)
	e.same("the loss far out", cross.Forward(far, e.tensor([]float64{1, 0, 0, 1}, 4)), []float64{500})
	e.same("its gradient", cross.Backward(), []float64{0, 0, 0.25, -0.25})
	e.near("the loss of a small probability", cross.Forward(e.tensor([]float64{-50}, 1), e.tensor([]float64{0}, 1)), []float64{math.Exp(-50)}, 32)
}
