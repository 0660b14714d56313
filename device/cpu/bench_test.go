package cpu_test

import (
	"fmt"
	"testing"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

// BenchmarkLaunch is of kernels so small that what a launch costs, whatever it does, can be told from them.
func BenchmarkLaunch(b *testing.B) {
	d, err := device.Open("cpu")
	if err != nil {
		b.Fatal(err)
	}
	array := func(shape ...int) kernels.Array {
		return kernels.Array{Slice: d.Alloc(device.Float32, kernels.Size(shape)), Shape: shape}
	}
	launch := func(name string, k device.Kernel) {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				d.Launch(k)
			}
		})
	}
	for _, n := range []int{16, 32, 64, 96} {
		launch(fmt.Sprintf("matmul/n=%d", n), &kernels.MatMul{C: array(n, n), A: array(n, n), B: array(n, n)})
	}
	launch("relu/n=16", &kernels.Activate{F: kernels.ReLU, Y: array(16), X: array(16)})
	launch("add/n=16", &kernels.Binary{Op: kernels.Add, Z: array(4, 4), X: array(4, 4), Y: array(4)})
	launch("sgd/n=16", &kernels.SGD{P: array(16), G: array(16)})
	launch("rnn/t=1/b=1/h=16", &kernels.RNN{F: kernels.Tanh, H: array(2, 1, 16), X: array(1, 1, 16), Wx: array(16, 16), Wh: array(16, 16), Bias: array(16)})
	if err := d.Close(); err != nil {
		b.Error(err)
	}
}
