package cpu_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/tensor"
)

// TestBitsOfFewRows is of layers so wide, and batches of so few rows, that processors share the columns of each step.
func TestBitsOfFewRows(t *testing.T) {
	d, err := device.Open("cpu")
	if err != nil {
		t.Fatal(err)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, s := range []struct {
		batch, hidden int
		reverse       bool
		lengths       []int
	}{
		{1, 256, false, nil}, {1, 520, true, nil}, {3, 300, false, nil}, {3, 300, false, []int{40, 0, 17}}, {3, 300, true, []int{3, 40, 0}},
	} {
		batch, hidden := s.batch, s.hidden
		t.Run(fmt.Sprintf("b=%d/h=%d/reverse=%t/lengths=%v", batch, hidden, s.reverse, s.lengths), func(t *testing.T) {
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
			l := layers.NewRNN(random(inputs, hidden), random(hidden, hidden), random(hidden))
			l.SetReverse(s.reverse)
			l.SetLengths(s.lengths)
			x, dy, dh := random(steps, batch, inputs), random(steps, batch, hidden), random(batch, hidden)
			run := func() []float32 {
				l.ResetState()
				var all []float32
				take := func(x *tensor.Tensor) {
					values, err := tensor.Values[float32](x)
					if err != nil {
						t.Fatal(err)
					}
					all = append(all, values...)
				}
				take(l.Forward(x))
				for _, p := range l.Params() {
					p.Grad.Fill(0)
				}
				l.SetStateGrad(dh)
				take(l.Backward(dy))
				take(l.StateGrad())
				for _, p := range l.Params() {
					take(p.Grad)
				}
				return all
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
