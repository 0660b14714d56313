package layertest

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/optim"
	"github.com/keisan-go/keisan/tensor"
)

// A model is a recurrent network with its loss and optimizer.
type model struct {
	rnn  *layers.RNN
	net  *layers.Sequential
	loss *layers.SoftmaxCrossEntropy
	opt  optim.Optimizer
	clip *optim.Clip
}

func newModel(e *env, opt optim.Optimizer) *model {
	rnn := layers.NewRNN(e.weight(3, 8), e.weight(8, 8), e.in.Zeros(8))
	lstm := layers.NewLSTM(e.weight(8, 32), e.weight(8, 32), e.in.Zeros(32))
	gru := layers.NewGRU(e.weight(8, 24), e.weight(8, 24), e.in.Zeros(24), e.in.Zeros(24))
	return &model{
		rnn: rnn,
		net: layers.NewSequential(
			rnn, lstm, gru, layers.NewAffine(e.weight(8, 6), e.in.Zeros(6)), layers.NewTanh(), layers.NewMatMul(e.weight(6, 4))),
		loss: layers.NewSoftmaxCrossEntropy(),
		opt:  opt,
		clip: optim.NewClip(1),
	}
}

// gradients finds the gradients of a batch that tells the class of each step, and returns the loss.
func (m *model) gradients(x *tensor.Tensor, target []int) *tensor.Tensor {
	m.net.ResetState()
	lengths := slices.Repeat([]int{x.Shape()[0]}, x.Shape()[1])
	m.net.SetLengths(lengths)
	optim.ZeroGrad(m.net.Params())
	loss := m.loss.Forward(m.net.Forward(x), target)
	m.net.Backward(m.loss.Backward())
	return loss
}

func (m *model) step() {
	m.clip.Clip(m.net.Params())
	m.opt.Step(m.net.Params())
}

// weights is the values of all parameters.
func (m *model) weights(e *env) (all []float64) {
	e.Helper()
	for _, p := range m.net.Params() {
		all = append(all, e.values(p.Value)...)
	}
	return all
}

// targets is n classes of four.
func targets(n int) []int {
	t := make([]int, n)
	for i := range t {
		t[i] = i * i % 4
	}
	return t
}

// exhaust makes d run out of memory.
func exhaust(d device.Device) {
	d.Free(d.Alloc(device.Float64, int(min(d.Info().Memory, math.MaxInt))))
}

// A scarce device runs out of memory at an allocation.
type scarce struct {
	device.Device
	left int // allocations until then; none if 0
}

func (d *scarce) Alloc(t device.DType, n int) device.Slice {
	if d.left > 0 {
		if d.left--; d.left == 0 {
			exhaust(d.Device)
		}
	}
	return d.Device.Alloc(t, n)
}

// outOfMemory trains with batches of two sizes, so that layers allocate again, and makes one of these allocations after
// another fail. The failure is reported, once; then the step is done again, and all goes on as if nothing had been.
func outOfMemory(e *env) {
	train := func(n int) (weights []float64, failures int) {
		d := &scarce{Device: e.d}
		e := e.with(d, e.dtype)
		m := newModel(e, optim.NewMomentum(0.1, 0.9))
		x := []*tensor.Tensor{e.normal(3, 2, 3), e.normal(3, 5, 3)}
		for i := range 4 {
			if i == 1 {
				d.left = n // all that lasts is there
			}
			x := x[i%2]
			for {
				m.gradients(x, targets(x.Len()/3))
				err := d.Sync()
				if err == nil {
					break
				}
				if failures++; failures > 1 || !errors.Is(err, device.ErrOutOfMemory) {
					e.Fatalf("with allocation %d failing, failure %d is %v, want one, %v", n, failures, err, device.ErrOutOfMemory)
				}
			}
			m.step()
		}
		return m.weights(e), failures
	}
	want, _ := train(0)
	n := 1
	for ; ; n++ {
		got, failures := train(n)
		if failures == 0 {
			break // there is no nth allocation
		}
		e.same(fmt.Sprintf("with allocation %d failing, the weights", n), e.tensor(got, len(got)), want)
	}
	if n < 30 {
		e.Errorf("the training made %d allocations, want 30 or more to fail", n)
	}
}

// outOfMemoryState loses the state that an RNN carries, when there is no memory to carry it in: the next sequence begins
// with zero.
func outOfMemoryState(e *env) {
	l, x := newRNNMaker(e).rnn(), e.normal(steps, batch, inputs)
	want := e.values(l.Forward(x))
	exhaust(e.d)
	l.Forward(x.Slice(0, 3))
	if err := e.d.Sync(); !errors.Is(err, device.ErrOutOfMemory) {
		e.Errorf("the failure is %v, want %v", err, device.ErrOutOfMemory)
	}
	e.same("after the failure the states", l.Forward(x), want)
}

// outOfMemoryAnywhere makes one allocation after another of a whole training fail, from the first weight to the
// optimizer's averages. The failure is reported, nothing crashes, and the next training is as if nothing had been.
func outOfMemoryAnywhere(e *env) {
	train := func(n int) (weights []float64, err error) {
		d := &scarce{Device: e.d, left: n}
		e := e.with(d, e.dtype)
		m := newModel(e, optim.NewAdam(0.1, 0.9, 0.999))
		x := e.normal(3, 2, 3)
		for range 3 {
			m.gradients(x, targets(6))
			m.step()
			if err := d.Sync(); err != nil {
				return nil, err
			}
		}
		return m.weights(e), nil
	}
	want, err := train(0)
	if err != nil {
		e.Fatal(err)
	}
	n := 1
	for ; ; n++ {
		_, err := train(n)
		if err == nil {
			break // there is no nth allocation
		}
		if !errors.Is(err, device.ErrOutOfMemory) {
			e.Errorf("with allocation %d failing, the failure is %v, want %v", n, err, device.ErrOutOfMemory)
		}
		got, err := train(0)
		if err != nil {
			e.Fatalf("after allocation %d failed, the next training fails, too: %v", n, err)
		}
		e.same(fmt.Sprintf("after allocation %d failed, the weights", n), e.tensor(got, len(got)), want)
	}
	if n < 40 {
		e.Errorf("the training made %d allocations, want 40 or more to fail", n)
	}
}

// free gives back what layers and optimizers hold; they work on afterwards, as at the beginning.
func free(e *env) {
	x, h := e.normal(3, 2, 3), e.normal(2, 8)
	opt := optim.NewAdam(0, 0.9, 0.999)
	m := newModel(e, opt)
	cell := layers.NewRNNCell(m.rnn.Params()[0].Value, m.rnn.Params()[1].Value, nil)
	mul, softmax := layers.NewMul(), layers.NewSoftmax()
	run := func() []float64 {
		next := cell.Forward(x.Slice(0, 1).Reshape(2, 3), h)
		p := softmax.Forward(mul.Forward(next, next))
		mul.Backward(softmax.Backward(p))
		cell.Backward(next)
		m.rnn.SetState(next)
		states := e.values(m.rnn.Forward(x))
		loss := e.values(m.gradients(x, targets(6)))
		m.opt.Step(m.net.Params())
		return append(append(states, loss...), e.values(p)...)
	}
	own := e.d.Info().InUse
	want := run()
	for range 2 {
		for _, l := range []interface{ Free() }{m.net, m.loss, opt, cell, mul, softmax} {
			l.Free()
			l.Free() // does nothing
		}
		if held := e.d.Info().InUse - own; held != 0 {
			e.Errorf("%d bytes are held after Free, want none", held)
		}
		got := run()
		results := e.tensor(got, len(got))
		e.same("after Free the results", results, want)
		results.Free()
	}

	// A result that somebody else has freed does no harm.
	mul.Forward(x, x).Free()
	e.same("the product after it was freed", mul.Forward(x, x), e.values(layers.NewMul().Forward(x, x)))
	mul.Forward(x, x).Free()
	mul.Free()
}

// training trains for long, on sequences of several lengths: the network learns, and memory is used again.
func training(e *env) {
	times := 1000
	if testing.Short() {
		times = 200
	}
	m := newModel(e, optim.NewAdam(0.02, 0.9, 0.999))
	x, target := e.normal(3, 2, 3), targets(6)
	var first, last float64
	var before device.Info
	for i := range times {
		loss := m.gradients(x, target)
		m.step()
		switch i {
		case 0:
			first = e.values(loss)[0]
		case 1:
			before = e.d.Info()
		case times - 1:
			last = e.values(loss)[0]
		}
	}
	if after := e.d.Info(); after.Allocs != before.Allocs || after.InUse != before.InUse {
		e.Errorf("%d steps made %d allocations and hold %d bytes more than the first two, want none",
			times, after.Allocs-before.Allocs, after.InUse-before.InUse)
	}
	if !(last < first/20) {
		e.Errorf("the loss is %v in the beginning and %v after %d steps, want it to fall", first, last, times)
	}

	for i := range times {
		n := 1 + i%3
		m.gradients(x.Slice(0, n), target[:2*n])
		m.step()
		if i == 2 {
			before = e.d.Info()
		}
		if after := e.d.Info(); i > 2 && i%3 == 2 && after.InUse != before.InUse {
			e.Fatalf("%d bytes are in use after %d steps of three lengths, %d after 3", after.InUse, i, before.InUse)
		}
	}
}
