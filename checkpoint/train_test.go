package checkpoint_test

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"testing"

	"github.com/keisan-go/keisan/checkpoint"
	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/optim"
	"github.com/keisan-go/keisan/philox"
	"github.com/keisan-go/keisan/tensor"
)

func openCPU(t testing.TB) device.Device {
	d, err := device.Open("cpu")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

var optimizers = map[string]func() optim.Stateful{
	"SGD":      func() optim.Stateful { return optim.NewSGD(0.1) },
	"Momentum": func() optim.Stateful { return optim.NewMomentum(0.1, 0.9) },
	"Nesterov": func() optim.Stateful { return optim.NewNesterov(0.1, 0.9) },
	"AdaGrad":  func() optim.Stateful { return optim.NewAdaGrad(0.1) },
	"RMSprop":  func() optim.Stateful { return optim.NewRMSprop(0.01, 0.99) },
	"Adam":     func() optim.Stateful { return optim.NewAdam(0.01, 0.9, 0.999) },
	"AdamW":    func() optim.Stateful { return optim.NewAdamW(0.01, 0.9, 0.999, 0.01) },
}

// A training is a recurrent network that learns noise: it carries a state from step to step, and draws from a generator.
type training struct {
	rnn     *layers.RNN
	out     *layers.Affine
	net     *layers.Sequential
	loss    *layers.SoftmaxCrossEntropy
	x       *tensor.Tensor
	target  []int
	carried *tensor.Tensor
	stream  *philox.Stream
	random  *rand.Rand
	state   checkpoint.State
	steps   uint64
}

func newTraining(d device.Device, dtype device.DType, o optim.Stateful) *training {
	const steps, batch, inputs, hidden, classes = 3, 2, 4, 5, 3
	in := layers.NewInit(d, dtype, 1)
	t := &training{
		rnn:     layers.NewRNN(in.Xavier(inputs, hidden), in.Orthogonal(hidden, hidden), in.Zeros(hidden)),
		out:     layers.NewAffine(in.Xavier(hidden, classes), in.Zeros(classes)),
		loss:    layers.NewSoftmaxCrossEntropy(),
		x:       tensor.New(d, dtype, steps, batch, inputs),
		target:  make([]int, steps*batch),
		carried: tensor.New(d, dtype, batch, hidden),
		stream:  philox.New(1, 7),
	}
	t.net, t.random = layers.NewSequential(t.rnn, t.out), rand.New(t.stream)
	t.state = checkpoint.State{
		Params:    append([]*layers.Param{{Name: "carried", Value: t.carried}}, t.net.Params()...),
		Optimizer: o,
	}
	return t
}

func (t *training) step() {
	noise := make([]float64, t.x.Len())
	for i := range noise {
		noise[i] = t.random.NormFloat64()
	}
	for i := range t.target {
		t.target[i] = t.random.IntN(3)
	}
	if t.x.DType() == device.Float64 {
		tensor.Set(t.x, noise)
	} else {
		narrow := make([]float32, len(noise))
		for i, v := range noise {
			narrow[i] = float32(v)
		}
		tensor.Set(t.x, narrow)
	}
	t.rnn.SetState(t.carried)
	t.loss.Forward(t.net.Forward(t.x), t.target)
	t.net.Backward(t.loss.Backward())
	t.state.Optimizer.Step(t.net.Params())
	optim.ZeroGrad(t.net.Params())
	t.carried.Copy(t.rnn.State())
	t.steps++
}

func (t *training) save(path string) error {
	t.state.Counters = map[string]uint64{"steps": t.steps, "noise": t.stream.Position()}
	return t.state.Save(path)
}

// load goes on where a file stopped, if there is one.
func (t *training) load(path string) error {
	err := t.state.Load(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	t.steps = t.state.Counters["steps"]
	t.stream.SetPosition(t.state.Counters["noise"])
	return err
}
