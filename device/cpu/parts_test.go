package cpu_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/tensor"
)

// recurrent is what a test needs of a recurrent layer.
type recurrent interface {
	layers.Layer
	ResetState()
}

// TestBitsOfFewRows is of layers so wide, and batches of so few rows, that processors share the columns of each step.
func TestBitsOfFewRows(t *testing.T) {
	d, err := device.Open("cpu")
	if err != nil {
		t.Fatal(err)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, s := range []struct {
		name          string
		batch, hidden int
	}{{"RNN", 1, 256}, {"RNN", 1, 520}, {"RNN", 3, 300}, {"LSTM", 5, 384}, {"reversed LSTM", 5, 384}, {"GRU", 5, 384}, {"reversed GRU", 5, 384}} {
		t.Run(fmt.Sprintf("%s/b=%d/h=%d", s.name, s.batch, s.hidden), func(t *testing.T) {
			const steps, inputs = 40, 7
			rng := rand.New(rand.NewPCG(1, 2))
			random := func(shape ...int) *tensor.Tensor {
				n := 1
				for _, s := range shape {
					n *= s
				}
				x := make([]float32, n)
				for i := range x {
					x[i] = float32(rng.NormFloat64() / 16)
				}
				return tensor.From(d, x, shape...)
			}
			var l recurrent
			var stateGrad func() []*tensor.Tensor
			switch s.name {
			case "RNN":
				rnn := layers.NewRNN(random(inputs, s.hidden), random(s.hidden, s.hidden), random(s.hidden))
				l, stateGrad = rnn, func() []*tensor.Tensor { return []*tensor.Tensor{rnn.StateGrad()} }
			case "LSTM", "reversed LSTM":
				lstm := layers.NewLSTM(random(inputs, 4*s.hidden), random(s.hidden, 4*s.hidden), random(4*s.hidden))
				l, stateGrad = lstm, func() []*tensor.Tensor { dh, dc := lstm.StateGrad(); return []*tensor.Tensor{dh, dc} }
			default:
				gru := layers.NewGRU(random(inputs, 3*s.hidden), random(s.hidden, 3*s.hidden), random(3*s.hidden), random(3*s.hidden))
				l, stateGrad = gru, func() []*tensor.Tensor { return []*tensor.Tensor{gru.StateGrad()} }
			}
			if strings.HasPrefix(s.name, "reversed") {
				gated := l.(interface {
					SetReverse(bool)
					SetLengths([]int)
				})
				gated.SetReverse(true)
				gated.SetLengths([]int{steps, 1, 17, 33, 2})
			}
			x, dy := random(steps, s.batch, inputs), random(steps, s.batch, s.hidden)
			run := func() []float32 {
				l.ResetState()
				all := []*tensor.Tensor{l.Forward(x)}
				for _, p := range l.Params() {
					p.Grad.Fill(0)
					all = append(all, p.Grad)
				}
				all = append(append(all, l.Backward(dy)), stateGrad()...)
				var bits []float32
				for _, x := range all {
					values, err := tensor.Values[float32](x)
					if err != nil {
						t.Fatal(err)
					}
					bits = append(bits, values...)
				}
				return bits
			}
			runtime.GOMAXPROCS(1)
			want := run()
			for _, procs := range []int{2, 3, 7} {
				runtime.GOMAXPROCS(procs)
				for range 3 {
					if !slices.Equal(run(), want) {
						t.Fatalf("other bits with GOMAXPROCS %d than with 1", procs)
					}
				}
			}
		})
	}
}
