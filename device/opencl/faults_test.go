//go:build opencl

package opencl_test

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/devicetest"
	"github.com/keisan-go/keisan/device/internal/gpu"
	"github.com/keisan-go/keisan/device/internal/gpu/gputest"
	"github.com/keisan-go/keisan/device/internal/queue"
	"github.com/keisan-go/keisan/device/opencl"
	"github.com/keisan-go/keisan/kernels"
	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/optim"
	"github.com/keisan-go/keisan/tensor"
)

// train trains a small network for three steps and returns its losses. It leaves no memory in use.
func train(d device.Device) ([]float32, error) {
	in := layers.NewInit(d, device.Float32, 1)
	rnn := layers.NewRNN(in.Xavier(3, 8), in.Orthogonal(8, 8), in.Zeros(8))
	net := layers.NewSequential(rnn, layers.NewAffine(in.Xavier(8, 4), in.Zeros(4)), layers.NewSigmoid())
	loss, opt := layers.NewSoftmaxCrossEntropy(), optim.NewAdam(0.01, 0.9, 0.999)
	x := in.Normal(1, 5, 2, 3)
	defer func() {
		for _, p := range net.Params() {
			p.Value.Free()
		}
		x.Free()
		net.Free()
		loss.Free()
		opt.Free()
	}()
	var losses []float32
	for range 3 {
		optim.ZeroGrad(net.Params())
		l := loss.Forward(net.Forward(x), []int{0, 1, 2, 3, -1, 1, 2, 3, 0, 1})
		net.Backward(loss.Backward())
		opt.Step(net.Params())
		v, err := tensor.Values[float32](l)
		if err != nil {
			return nil, err
		}
		losses = append(losses, v...)
	}
	return losses, d.Sync()
}

// TestEachCallFails lets each call that the driver gets in a training fail, with the one after it. The failure is
// reported, or the pool finds memory elsewhere; in no case are the numbers wrong, then or later, and nothing is left.
func TestEachCallFails(t *testing.T) {
	devicetest.Require(t, first)
	want, err := train(open(t))
	if err != nil {
		t.Fatal(err)
	}
	for n := 1; ; n++ {
		driver, err := opencl.OpenDriver("")
		if err != nil {
			t.Fatal(err)
		}
		w := &gputest.Watch{Driver: driver, From: n, Until: n + 2}
		d := gpu.New(w)
		if got, err := train(d); err == nil && !slices.Equal(got, want) || err != nil && !errors.Is(err, gputest.ErrInjected) {
			t.Errorf("call %d: losses %v, %v, want %v or what was injected", n, got, err, want)
		}
		w.Until = 0
		if err := d.Sync(); err != nil && !errors.Is(err, gputest.ErrInjected) {
			t.Errorf("call %d: %v", n, err)
		}
		if got, err := train(d); err != nil || !slices.Equal(got, want) {
			t.Errorf("call %d: after it was reported: losses %v, %v, want %v", n, got, err, want)
		}
		if used := d.Info().InUse; used != 0 {
			t.Errorf("call %d: %d bytes in use", n, used)
		}
		if err := d.Close(); err != nil || w.Buffers != 0 || w.Programs != 0 || w.Closed != 1 {
			t.Errorf("call %d: Close: %v; %d buffers, %d programs and %d closings", n, err, w.Buffers, w.Programs, w.Closed)
		}
		if w.Failed == 0 {
			t.Logf("%d calls", n)
			return
		}
	}
}

// open opens the first device until the test ends.
func open(t testing.TB) device.Device {
	d, err := devicetest.Require(t, first)()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// limited is a driver of a device with other limits.
type limited struct {
	gpu.Driver
	limits gpu.Limits
}

func (l *limited) Limits() gpu.Limits { return l.limits }

// TestGoroutines trains on one device, and on two openings of it, from several goroutines.
func TestGoroutines(t *testing.T) {
	devicetest.Require(t, first)
	a, b := open(t), open(t)
	want, err := train(a)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for _, d := range []device.Device{a, a, b, b} {
		wg.Go(func() {
			for range 3 {
				if got, err := train(d); err != nil || !slices.Equal(got, want) {
					t.Errorf("losses %v, %v, want %v", got, err, want)
				}
			}
		})
	}
	wg.Wait()
}

// TestOpens opens and closes the device ten thousand times, a hundred in a short run.
func TestOpens(t *testing.T) {
	devicetest.Require(t, first)
	n := 10_000
	if testing.Short() {
		n = 100
	}
	open := func() {
		d, err := device.Open(first)
		if err != nil {
			t.Fatal(err)
		}
		s := tensor.From(d, []float32{1, 2, 3}, 3)
		s.Fill(4)
		if v, err := tensor.Values[float32](s); err != nil || !slices.Equal(v, []float32{4, 4, 4}) {
			t.Fatal(v, err)
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
	for range n / 10 {
		open()
	}
	before := resident()
	for range n {
		open()
	}
	if after := resident(); after > before+before/10+8<<20 {
		t.Errorf("%d MiB resident after %d opens, %d after %d", before>>20, n/10, after>>20, n+n/10)
	}
}

// resident is the bytes of memory that the program occupies; 0 where the system has no such file.
func resident() int64 {
	text, _ := os.ReadFile("/proc/self/statm")
	var size, pages int64
	fmt.Sscan(string(text), &size, &pages)
	return pages * int64(os.Getpagesize())
}

// TestCompileError shows what the compiler says.
func TestCompileError(t *testing.T) {
	devicetest.Require(t, first)
	driver, err := opencl.OpenDriver("")
	if err != nil {
		t.Fatal(err)
	}
	defer driver.Close()
	_, err = driver.Compile("#define CPU 1\n#define DOUBLE 0\n", "#line 1 \"broken.cl\"\n\nKERNEL void broken(IN) { return nothing; }\n")
	if err == nil || !strings.Contains(err.Error(), "broken.cl:2") {
		t.Errorf("%v, want broken.cl:2 in it", err)
	}
}

// TestSequence counts what a sequence costs the driver: launches, no transfers, no allocations of the device's memory, and
// next to none of Go's.
func TestSequence(t *testing.T) {
	devicetest.Require(t, first)
	const steps = 50
	for _, kind := range []device.Kind{device.CPU, device.GPU} {
		driver, err := opencl.OpenDriver(kind)
		if err != nil {
			t.Fatal(err)
		}
		w := &gputest.Watch{Driver: driver}
		d := gpu.New(w)
		x, h := zeros(d, device.Float32, steps, 4, 10), zeros(d, device.Float32, steps+1, 4, 16)
		wx, wh := zeros(d, device.Float32, 10, 16), zeros(d, device.Float32, 16, 16)
		forward := &kernels.RNN{F: kernels.Tanh, H: h, X: x, Wx: wx, Wh: wh}
		backward := &kernels.RNNGrad{F: kernels.Tanh, H: h, X: x, Wx: wx, Wh: wh, DY: zeros(d, device.Float32, steps, 4, 16),
			DX: zeros(d, device.Float32, steps, 4, 10), DH0: zeros(d, device.Float32, 4, 16), DZ: zeros(d, device.Float32, steps, 4, 16),
			DWx: zeros(d, device.Float32, 10, 16), DWh: zeros(d, device.Float32, 16, 16)}
		for _, pass := range []struct {
			kernel device.Kernel
			most   int // launches
		}{{forward, steps + 3}, {backward, steps + 5}} {
			d.Launch(pass.kernel) // compiles
			buffers := w.Buffers
			w.Launches, w.Moved = 0, 0
			d.Launch(pass.kernel)
			if err := d.Sync(); err != nil {
				t.Fatal(err)
			}
			launches := w.Launches
			if launches == 0 || launches > pass.most || w.Moved != 0 || w.Buffers != buffers {
				t.Errorf("%s as a %s: %d launches, want at most %d; %d bytes moved; %d buffers more", pass.kernel.Name(), kind,
					launches, pass.most, w.Moved, w.Buffers-buffers)
			}
			if n := testing.AllocsPerRun(10, func() { d.Launch(pass.kernel) }); n > float64(2*launches) {
				t.Errorf("%s as a %s: %v allocations for %d launches, want at most 2 each", pass.kernel.Name(), kind, n, launches)
			}
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestOutOfMemory fails to allocate more than there is, with and without a driver that refuses; then the device works.
func TestOutOfMemory(t *testing.T) {
	d := open(t)
	want, err := train(d)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		s := d.Alloc(device.Float32, int(d.Info().Memory/4)+1)
		if err := d.Sync(); !errors.Is(err, device.ErrOutOfMemory) || s.OK() {
			t.Errorf("%v, want that the device is out of memory", err)
		}
		if got, err := train(d); err != nil || !slices.Equal(got, want) {
			t.Errorf("after it: losses %v, %v, want %v", got, err, want)
		}
	}
	driver, err := opencl.OpenDriver("")
	if err != nil {
		t.Fatal(err)
	}
	defer driver.Close()
	if b, err := driver.Alloc(1 << 60); !errors.Is(err, device.ErrOutOfMemory) {
		t.Errorf("the driver allocates 2⁶⁰ bytes: %v, %v", b, err)
	}
}

// TestLost loses the device in a training: that is reported for ever, and the device opens anew.
func TestLost(t *testing.T) {
	devicetest.Require(t, first)
	want, err := train(open(t))
	if err != nil {
		t.Fatal(err)
	}
	driver, err := opencl.OpenDriver("")
	if err != nil {
		t.Fatal(err)
	}
	w := &gputest.Watch{Driver: driver, From: 40, Until: 41, Err: queue.ErrLost}
	d := gpu.New(w)
	for range 2 {
		if losses, err := train(d); !errors.Is(err, queue.ErrLost) {
			t.Errorf("losses %v, %v, want that the device is lost", losses, err)
		}
	}
	if err := d.Close(); !errors.Is(err, queue.ErrLost) || w.Buffers != 0 || w.Programs != 0 || w.Closed != 1 {
		t.Errorf("Close: %v; %d buffers, %d programs, %d closings", err, w.Buffers, w.Programs, w.Closed)
	}
	if got, err := train(open(t)); err != nil || !slices.Equal(got, want) {
		t.Errorf("opened anew: losses %v, %v, want %v", got, err, want)
	}
}

// TestSmallDevice multiplies and trains on devices with few work-items and little local memory.
func TestSmallDevice(t *testing.T) {
	devicetest.Require(t, first)
	for _, limits := range []struct {
		items int
		local int64
	}{{1, 0}, {4, 1 << 10}, {32, 16 << 10}} {
		open := func() (device.Device, error) {
			driver, err := opencl.OpenDriver(device.GPU)
			if err != nil {
				return nil, err
			}
			l := driver.Limits()
			l.Items, l.Local, l.Info.Float64 = limits.items, limits.local, false
			return gpu.New(&limited{driver, l}), nil
		}
		for _, kernel := range []string{"MatMul", "Softmax"} {
			if err := devicetest.Find(open, kernel); err != nil {
				t.Errorf("%d work-items, %d bytes of local memory: %v", limits.items, limits.local, err)
			}
		}
	}
}
