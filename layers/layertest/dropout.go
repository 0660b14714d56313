package layertest

import (
	"math"

	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/philox"
	"github.com/keisan-go/keisan/tensor"
)

// dropped is x/(1-p) without what a mask drops, which begins again after so many elements.
func (e *env) dropped(x []float64, p float64, seed, mask uint64, period int) []float64 {
	y, numbers := make([]float64, len(x)), philox.New(seed, mask)
	for i, v := range x {
		if float64(numbers.Uint32At(uint64(i%period))) >= math.Floor(p*0x1p32) {
			y[i] = e.rounded(v * e.rounded(1/(1-p)))
		}
	}
	return y
}

// dropouts holds the masks of Dropout against package philox, whatever the device and the type: each Forward has the next,
// Backward that of the last Forward, and SetPosition goes to any. About as many elements are dropped as should be.
func dropouts(e *env) {
	const p, seed, n = 0.3, 1<<40 + 5, 2001
	x, dy := e.apart(3, n/3), e.apart(3, n/3)
	l := layers.NewDropout(p, seed)
	mask := uint64(0)
	step := func() {
		e.Helper()
		if l.Position() != mask {
			e.Errorf("the position is %d, want %d", l.Position(), mask)
		}
		y := l.Forward(x)
		e.same("y", y, e.dropped(e.values(x), p, seed, mask, n))
		for range 2 {
			e.same("dx", l.Backward(dy), e.dropped(e.values(dy), p, seed, mask, n))
		}
		zeros := 0
		for _, v := range e.values(y) {
			if v == 0 {
				zeros++
			}
		}
		if off := math.Abs(float64(zeros) - n*p); off > 5*math.Sqrt(n*p*(1-p)) {
			e.Errorf("mask %d drops %d of %d elements, want about %v of them", mask, zeros, n, p)
		}
		mask++
	}
	step()
	step()
	for _, mask = range []uint64{1 << 40, 0} {
		l.SetPosition(mask)
		step()
		step()
	}
	l.Forward(x.Slice(0, 1)) // of another shape
	mask++
	step()

	none := layers.NewDropout(0, seed)
	e.same("y with nothing dropped", none.Forward(x), e.values(x))
}

// sequenceDropouts holds SequenceDropout against the same mask for each step.
func sequenceDropouts(e *env) {
	const p, seed = 0.3, 7
	x, dy := e.apart(steps, batch, inputs), e.apart(steps, batch, inputs)
	l := layers.NewSequenceDropout(p, seed)
	for mask := range uint64(3) {
		e.same("y", l.Forward(x), e.dropped(e.values(x), p, seed, mask, batch*inputs))
		e.same("dx", l.Backward(dy), e.dropped(e.values(dy), p, seed, mask, batch*inputs))
	}
	l.SetPosition(1)
	e.same("y of fewer steps", l.Forward(x.Slice(0, 2)), e.dropped(e.values(x.Slice(0, 2)), p, seed, 1, batch*inputs))
}

// evaluation drops nothing and takes no mask, in whatever contains a Dropout; then the training goes on.
func evaluation(e *env) {
	l := layers.NewDropout(0.5, 1)
	net := layers.NewSequential(layers.NewSequential(layers.NewTanh(), l))
	x, dy := e.apart(4, 5), e.apart(4, 5)
	tanh := layers.NewTanh()
	want := e.values(tanh.Forward(x))
	trained := e.values(net.Forward(x))
	e.same("in training y", e.tensor(trained, 20), e.dropped(want, 0.5, 1, 0, 20))
	for range 2 {
		net.SetTraining(false)
		y := net.Forward(x)
		e.same("in an evaluation y", y, want)
		if got := l.Forward(y); got != y || l.Backward(dy) != dy {
			e.Error("in an evaluation Dropout returns something else than what it is given")
		}
		net.Forward(x)
		e.same("in an evaluation dx", net.Backward(dy), e.values(tanh.Backward(dy)))
		if l.Position() != 1 {
			e.Errorf("in an evaluation Dropout goes on to mask %d, want 1", l.Position())
		}
	}
	net.SetTraining(true)
	e.same("in training again y", net.Forward(x), e.dropped(want, 0.5, 1, 1, 20))

	// What Backward is given belongs to the last Forward, whatever comes next.
	net.SetTraining(false)
	e.same("dx of a Forward of the training", l.Backward(dy), e.dropped(e.values(dy), 0.5, 1, 1, 20))

	inner := [2]*switched{{LSTM: newLSTM(e)}, {LSTM: newLSTM(e)}}
	both := layers.NewSequential(layers.NewBidirectional(inner[0], inner[1]))
	both.SetTraining(true)
	if !inner[0].training || !inner[1].training {
		e.Error("Bidirectional does not pass SetTraining on")
	}
}

// A switched LSTM knows whether it is in training.
type switched struct {
	*layers.LSTM
	training bool
}

func (s *switched) SetTraining(training bool) { s.training = training }

func newLSTM(e *env) *layers.LSTM {
	weight := func(inputs int) *tensor.Tensor { return e.weight(inputs, 4*hidden) }
	return layers.NewLSTM(weight(inputs), weight(hidden), nil)
}
