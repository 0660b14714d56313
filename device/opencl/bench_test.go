//go:build opencl

package opencl_test

import (
	"fmt"
	"syscall"
	"testing"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

// zeros is an array on d.
func zeros(d device.Device, t device.DType, shape ...int) device.Array {
	return device.Array{Slice: d.Alloc(t, kernels.Size(shape)), Shape: shape}
}

// measure runs a kernel as often as b says, and reports its arithmetic.
func measure(b *testing.B, d device.Device, k device.Kernel) {
	run := func() {
		d.Launch(k)
		if err := d.Sync(); err != nil {
			b.Fatal(err)
		}
	}
	run() // compiles
	b.ReportAllocs()
	begin := cpuTime()
	for b.Loop() {
		run()
	}
	b.ReportMetric(float64(k.Cost().Ops)*float64(b.N)/(cpuTime()-begin)/1e9, "GFLOP/cpu-s")
	b.ReportMetric(float64(k.Cost().Ops)*float64(b.N)/b.Elapsed().Seconds()/1e9, "GFLOP/s")
}

func cpuTime() float64 {
	var u syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

func BenchmarkMatMul(b *testing.B) {
	d, err := device.Open(first)
	if err != nil {
		b.Skip(err)
	}
	defer d.Close()
	for _, t := range []device.DType{device.Float32, device.Float64} {
		for _, n := range []int{64, 256, 512, 1000, 1024} {
			for trans := range 4 {
				if trans != 0 && n != 1024 {
					continue
				}
				b.Run(fmt.Sprintf("dtype=%v/n=%d/trans=%d", t, n, trans), func(b *testing.B) {
					measure(b, d, &kernels.MatMul{C: zeros(d, t, n, n), A: zeros(d, t, n, n), B: zeros(d, t, n, n), TransA: trans&1 != 0, TransB: trans&2 != 0})
				})
			}
		}
	}
}

func BenchmarkRNN(b *testing.B) {
	d, err := device.Open(first)
	if err != nil {
		b.Skip(err)
	}
	defer d.Close()
	for _, size := range [][4]int{{128, 32, 512, 512}, {100, 1, 256, 256}, {100, 1, 1024, 1024}} {
		steps, batch, inputs, hidden := size[0], size[1], size[2], size[3]
		zeros := func(shape ...int) device.Array { return zeros(d, device.Float32, shape...) }
		x, h := zeros(steps, batch, inputs), zeros(steps+1, batch, hidden)
		wx, wh, bias := zeros(inputs, hidden), zeros(hidden, hidden), zeros(hidden)
		name := fmt.Sprintf("t=%d/b=%d/i=%d/h=%d", steps, batch, inputs, hidden)
		b.Run(name+"/forward", func(b *testing.B) {
			measure(b, d, &kernels.RNN{F: kernels.Tanh, H: h, X: x, Wx: wx, Wh: wh, Bias: bias})
		})
		b.Run(name+"/backward", func(b *testing.B) {
			measure(b, d, &kernels.RNNGrad{
				F: kernels.Tanh, H: h, X: x, Wx: wx, Wh: wh, DY: zeros(steps, batch, hidden), DX: zeros(steps, batch, inputs),
				DH0: zeros(batch, hidden), DZ: zeros(steps, batch, hidden), DWx: zeros(inputs, hidden), DWh: zeros(hidden, hidden),
				DBias: zeros(hidden),
			})
		})
	}
}
