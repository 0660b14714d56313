package cpu_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/tensor"
)

// TestLargeCopies is of sizes that processors share, whose last piece is not a whole one.
func TestLargeCopies(t *testing.T) {
	d, err := device.Open("cpu")
	if err != nil {
		t.Fatal(err)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(3))
	for _, n := range []int{1<<20 - 1, 1 << 20, 1<<20 + 1, 1<<20 + 17} {
		want := make([]byte, 4*n)
		for i := range want {
			want[i] = byte(i*7 + i>>8 + i>>16)
		}
		x := kernels.Array{Slice: d.Alloc(device.Float32, n), Shape: []int{n}}
		y := kernels.Array{Slice: d.Alloc(device.Float32, n), Shape: []int{n}}
		d.Upload(x.Slice, want)
		d.Launch(&kernels.Copy{Dst: y, Src: x})
		got := make([]byte, 4*n)
		if err := d.Download(got, y.Slice); err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%d elements came back changed", n)
		}
		d.Free(x.Slice)
		d.Free(y.Slice)
	}
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
		reverse       bool
		lengths       []int
	}{
		{"RNN", 1, 256, false, nil}, {"RNN", 1, 520, true, nil}, {"RNN", 3, 300, false, nil},
		{"RNN", 3, 300, false, []int{40, 0, 17}}, {"RNN", 3, 300, true, []int{3, 40, 0}},
		{"LSTM", 5, 384, false, nil}, {"LSTM", 5, 384, false, []int{0, 40, 17, 33, 2}}, {"LSTM", 5, 384, true, []int{40, 1, 17, 0, 2}},
		{"LSTM", 1, 256, true, nil}, {"GRU", 1, 256, false, nil},
		{"GRU", 5, 384, false, nil}, {"GRU", 5, 384, false, []int{0, 40, 17, 33, 2}}, {"GRU", 5, 384, true, []int{40, 1, 17, 0, 2}},
	} {
		t.Run(fmt.Sprintf("%s/b=%d/h=%d/reverse=%t/lengths=%v", s.name, s.batch, s.hidden, s.reverse, s.lengths), func(t *testing.T) {
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
			x, dy, dh, dc := random(steps, s.batch, inputs), random(steps, s.batch, s.hidden), random(s.batch, s.hidden), random(s.batch, s.hidden)
			var l layers.Recurrent
			var given func()
			var stateGrads func() []*tensor.Tensor
			switch s.name {
			case "RNN":
				rnn := layers.NewRNN(random(inputs, s.hidden), random(s.hidden, s.hidden), random(s.hidden))
				l, given = rnn, func() { rnn.SetStateGrad(dh) }
				stateGrads = func() []*tensor.Tensor { return []*tensor.Tensor{rnn.StateGrad()} }
			case "LSTM":
				lstm := layers.NewLSTM(random(inputs, 4*s.hidden), random(s.hidden, 4*s.hidden), random(4*s.hidden))
				l, given = lstm, func() { lstm.SetStateGrad(dh, dc) }
				stateGrads = func() []*tensor.Tensor { dh, dc := lstm.StateGrad(); return []*tensor.Tensor{dh, dc} }
			case "GRU":
				gru := layers.NewGRU(random(inputs, 3*s.hidden), random(s.hidden, 3*s.hidden), random(3*s.hidden), random(3*s.hidden))
				l, given = gru, func() { gru.SetStateGrad(dh) }
				stateGrads = func() []*tensor.Tensor { return []*tensor.Tensor{gru.StateGrad()} }
			}
			l.SetReverse(s.reverse)
			l.SetLengths(s.lengths)
			run := func() []float32 {
				l.ResetState()
				all := []*tensor.Tensor{l.Forward(x)}
				for _, p := range l.Params() {
					p.Grad.Fill(0)
					all = append(all, p.Grad)
				}
				given()
				all = append(append(all, l.Backward(dy)), stateGrads()...)
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

// TestBitsOfOneStep is of the gradient of the state before a step, alone and as the first of two, of which no row takes the
// other: alone it takes another way.
func TestBitsOfOneStep(t *testing.T) {
	d, err := device.Open("cpu")
	if err != nil {
		t.Fatal(err)
	}
	const inputs = 7
	for _, size := range [][2]int{{1, 64}, {1, 300}, {3, 130}, {17, 33}} {
		batch, hidden := size[0], size[1]
		rng := rand.New(rand.NewPCG(3, 4))
		random := func(shape ...int) *tensor.Tensor {
			x := make([]float32, kernels.Size(shape))
			for i := range x {
				x[i] = float32(rng.NormFloat64() / 16)
			}
			return tensor.From(d, x, shape...)
		}
		x, dy := random(2, batch, inputs), random(2, batch, hidden)
		for _, l := range []layers.Recurrent{
			layers.NewRNN(random(inputs, hidden), random(hidden, hidden), random(hidden)),
			layers.NewLSTM(random(inputs, 4*hidden), random(hidden, 4*hidden), random(4*hidden)),
			layers.NewGRU(random(inputs, 3*hidden), random(hidden, 3*hidden), random(3*hidden), random(3*hidden)),
		} {
			gradient := func(steps int, lengths []int) []float32 {
				l.ResetState()
				l.SetLengths(lengths)
				l.Forward(x.Slice(0, steps))
				l.Backward(dy.Slice(0, steps))
				var dh *tensor.Tensor
				switch l := l.(type) {
				case *layers.RNN:
					dh = l.StateGrad()
				case *layers.LSTM:
					dh, _ = l.StateGrad()
				case *layers.GRU:
					dh = l.StateGrad()
				}
				values, err := tensor.Values[float32](dh)
				if err != nil {
					t.Fatal(err)
				}
				return values
			}
			alone, first := gradient(1, nil), gradient(2, slices.Repeat([]int{1}, batch))
			if !slices.Equal(alone, first) || slices.Max(alone) == 0 {
				t.Errorf("%T, %d rows, %d units: the gradient of the state has other bits alone", l, batch, hidden)
			}
		}
	}
}
