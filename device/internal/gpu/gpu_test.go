package gpu_test

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/internal/gpu"
	"github.com/keisan-go/keisan/device/internal/gpu/gputest"
	"github.com/keisan-go/keisan/device/internal/queue"
	"github.com/keisan-go/keisan/kernels"
)

// idle is a watched driver that computes nothing.
func idle(kind device.Kind) *gputest.Watch {
	return &gputest.Watch{Driver: gputest.Idle{L: gpu.Limits{
		Info:     device.Info{Name: "idle:0", Kind: kind, Units: 4, Memory: 1 << 30, Float64: true},
		MaxAlloc: 1 << 28, Items: 256, Local: 32 << 10, Vector: 32,
	}}}
}

// together is a driver whose device runs so many groups at once, or that does not know.
type together struct {
	gpu.Driver
	groups int
	err    error
}

func (d together) Residency(gpu.Function, int) (int, error) { return d.groups, d.err }

func array(d device.Device, t device.DType, shape ...int) device.Array {
	return device.Array{Slice: d.Alloc(t, kernels.Size(shape)), Shape: shape}
}

// sequence is the kernels of an RNN's training step.
func sequence(d device.Device, t device.DType, steps, batch, inputs, hidden int) (forward *kernels.RNN, backward *kernels.RNNGrad) {
	x, h := array(d, t, steps, batch, inputs), array(d, t, steps+1, batch, hidden)
	wx, wh, bias := array(d, t, inputs, hidden), array(d, t, hidden, hidden), array(d, t, hidden)
	return &kernels.RNN{F: kernels.Tanh, H: h, X: x, Wx: wx, Wh: wh, Bias: bias},
		&kernels.RNNGrad{
			F: kernels.Tanh, H: h, X: x, Wx: wx, Wh: wh, DY: array(d, t, steps, batch, hidden),
			DX: array(d, t, steps, batch, inputs), DH0: array(d, t, batch, hidden), DZ: array(d, t, steps, batch, hidden),
			DWx: array(d, t, inputs, hidden), DWh: array(d, t, hidden, hidden), DBias: array(d, t, hidden),
		}
}

// lengthen gives rows lengths.
func lengthen(d device.Device, forward *kernels.RNN, backward *kernels.RNNGrad) {
	steps, batch, _, hidden := forward.Dims()
	forward.Y = array(d, forward.X.Type(), steps, batch, hidden)
	forward.Lengths = array(d, device.Int32, batch)
	backward.Lengths = forward.Lengths
}

// TestSequence counts what a sequence costs: launches, and neither transfers nor allocations once it has run.
func TestSequence(t *testing.T) {
	for _, test := range []struct {
		name              string
		kind              device.Kind
		together          int // groups that the device runs at once, if it tells
		batch, hidden     int
		reverse, lengths  bool
		forward, backward int // launches for 50 steps
	}{
		{"step by step", device.GPU, 0, 8, 64, false, false, 1 + 50, 50 + 5},
		{"step by step with lengths", device.GPU, 0, 8, 64, false, true, 1 + 2*50, 50 + 49 + 7},
		{"persistent", device.GPU, 4, 8, 64, false, false, 2, 6},
		{"persistent in reverse", device.GPU, 4, 8, 64, true, false, 2, 6},
		{"persistent with lengths", device.GPU, 4, 8, 64, false, true, 2, 8},
		{"too few groups at once", device.GPU, 3, 8, 64, false, false, 1 + 50, 50 + 5},
		{"with lengths on a CPU", device.CPU, 0, 32, 128, false, true, 2 + 1 + 2*50, 1 + 2*49 + 12}, // weights packed once
		{"step by step on a CPU", device.CPU, 0, 1, 1024, false, false, 50 + 3, 0},
		{"at once", device.CPU, 0, 8, 64, false, false, 3, 9},
		{"at once by one work-item", device.CPU, 0, 1, 64, true, false, 2, 7},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := idle(test.kind)
			driver := gpu.Driver(w)
			if test.together > 0 {
				driver = together{Driver: w, groups: test.together}
			}
			d := gpu.New(driver)
			forward, backward := sequence(d, device.Float32, 50, test.batch, 10, test.hidden)
			forward.Reverse, backward.Reverse = test.reverse, test.reverse
			if test.lengths {
				lengthen(d, forward, backward)
			}
			for _, pass := range []struct {
				kernel   device.Kernel
				launches int
			}{{forward, test.forward}, {backward, test.backward}} {
				d.Launch(pass.kernel)
				buffers := w.Buffers
				w.Launches, w.Moved = 0, 0
				d.Launch(pass.kernel)
				if err := d.Sync(); err != nil {
					t.Fatal(err)
				}
				if pass.launches > 0 && w.Launches != pass.launches {
					t.Errorf("%s: %d launches, want %d", pass.kernel.Name(), w.Launches, pass.launches)
				}
				if w.Moved != 0 || w.Buffers != buffers {
					t.Errorf("%s: %d bytes moved, %d buffers more", pass.kernel.Name(), w.Moved, w.Buffers-buffers)
				}
				if n := testing.AllocsPerRun(10, func() { d.Launch(pass.kernel) }); n != 0 {
					t.Errorf("%s: %v allocations", pass.kernel.Name(), n)
				}
			}
		})
	}
}

// TestGated counts what sequences of layers with gates cost a GPU.
func TestGated(t *testing.T) {
	w := idle(device.GPU)
	d := gpu.New(together{Driver: w, groups: 4})
	const steps, batch, inputs, hidden = 50, 8, 10, 16
	array := func(shape ...int) device.Array { return array(d, device.Float32, shape...) }
	x, dx, h := array(steps, batch, inputs), array(steps, batch, inputs), array(steps+1, batch, hidden)
	dy, dh := array(steps, batch, hidden), array(batch, hidden)
	c, z, wx, wh, b := array(steps+1, batch, hidden), array(steps, batch, 4*hidden), array(inputs, 4*hidden), array(hidden, 4*hidden), array(4*hidden)
	lstm := &kernels.LSTM{H: h, C: c, Gates: z, X: x, Wx: wx, Wh: wh, Bias: b}
	lstmGrad := &kernels.LSTMGrad{DX: dx, DH0: dh, DC0: array(batch, hidden), DWx: wx, DWh: wh, DBias: b, DZ: array(steps, batch, 4*hidden),
		DY: dy, H: h, C: c, Gates: z, X: x, Wx: array(inputs, 4*hidden), Wh: array(hidden, 4*hidden)}
	q := array(steps, batch, hidden)
	z, wx, wh, b = array(steps, batch, 3*hidden), array(inputs, 3*hidden), array(hidden, 3*hidden), array(3*hidden)
	gru := &kernels.GRU{H: h, Gates: z, Q: q, X: x, Wx: wx, Wh: wh, BX: b, BH: b}
	gruGrad := &kernels.GRUGrad{DX: dx, DH0: dh, DWx: wx, DWh: wh, DBX: b, DBH: array(3 * hidden), DZ: array(steps, batch, 3*hidden),
		DQ: array(steps, batch, hidden), DY: dy, H: h, Gates: z, Q: q, X: x, Wx: array(inputs, 3*hidden), Wh: array(hidden, 3*hidden)}
	before := *gru
	before.ResetBefore = true
	for _, test := range []struct {
		kernel   device.Kernel
		launches int
	}{{lstm, 2}, {lstmGrad, 2 + 1 + 4}, {gru, 2}, {gruGrad, 1 + 1 + 5}, {&before, 1 + 2 + 4*steps}} {
		d.Launch(test.kernel)
		w.Launches = 0
		d.Launch(test.kernel)
		if err := d.Sync(); err != nil {
			t.Fatal(err)
		}
		if w.Launches != test.launches {
			t.Errorf("%s: %d launches, want %d", test.kernel.Name(), w.Launches, test.launches)
		}
		if n := testing.AllocsPerRun(10, func() { d.Launch(test.kernel) }); n != 0 {
			t.Errorf("%s: %v allocations", test.kernel.Name(), n)
		}
	}
}

// TestPacksOnce packs a sequence's weights once, on a CPU, unless they are so large that they are packed in pieces.
func TestPacksOnce(t *testing.T) {
	for _, test := range []struct{ steps, batch, hidden, launches int }{
		{1, 32, 128, 2*2 + 1}, // a product is a launch to pack and one to multiply
		{50, 32, 128, 2*2 + 49 + 50},
		{3, 32, 2100, 2 + 3*(2*2+1)}, // here of two pieces
	} {
		w := idle(device.CPU)
		d := gpu.New(w)
		n, f := test.hidden, device.Float32
		d.Launch(&kernels.LSTM{
			H: array(d, f, test.steps+1, test.batch, n), C: array(d, f, test.steps+1, test.batch, n), Gates: array(d, f, test.steps, test.batch, 4*n),
			X: array(d, f, test.steps, test.batch, 64), Wx: array(d, f, 64, 4*n), Wh: array(d, f, n, 4*n), Bias: array(d, f, 4*n),
		})
		if err := d.Sync(); err != nil {
			t.Fatal(err)
		}
		if w.Launches != test.launches {
			t.Errorf("%+v: %d launches", test, w.Launches)
		}
	}
}

// vendor is a driver that does all products itself.
type vendor struct {
	gpu.Driver
	products int
}

func (v *vendor) Multiply(*gpu.Product) (bool, error) {
	v.products++
	return true, nil
}

// TestActivated activates what a driver multiplied in a launch of its own, and what a kernel multiplies in none.
func TestActivated(t *testing.T) {
	for _, test := range []struct {
		biased             bool
		products, launches int
	}{{false, 1, 1}, {true, 0, 1}} { // a product with a bias is a kernel's
		w := idle(device.GPU)
		v := &vendor{Driver: w}
		d := gpu.New(v)
		k := &kernels.MatMul{C: array(d, device.Float32, 8, 16), A: array(d, device.Float32, 8, 4), B: array(d, device.Float32, 4, 16), F: kernels.Tanh}
		if test.biased {
			k.Bias = array(d, device.Float32, 16)
		}
		d.Launch(k)
		if err := d.Sync(); err != nil {
			t.Fatal(err)
		}
		if v.products != test.products || w.Launches != test.launches {
			t.Errorf("%+v: %d products, %d launches", test, v.products, w.Launches)
		}
	}
}

// TestNoResidency reports that the driver does not know how many groups run at once.
func TestNoResidency(t *testing.T) {
	d := gpu.New(together{Driver: idle(device.GPU), err: gputest.ErrInjected})
	forward, _ := sequence(d, device.Float32, 50, 8, 10, 64)
	d.Launch(forward)
	if err := d.Sync(); !errors.Is(err, gputest.ErrInjected) {
		t.Errorf("%v, want what was injected", err)
	}
}

// TestEachCallFails lets calls that a driver gets fail: the first, the second and so on, alone or with the one after. What
// fails is reported once, unless the pool finds memory elsewhere; then the device works, and in the end nothing is left.
func TestEachCallFails(t *testing.T) {
	for _, kind := range []device.Kind{device.CPU, device.GPU} {
		for _, calls := range []int{1, 2} {
			for n := 1; failing(t, kind, n, calls); n++ {
			}
		}
	}
}

// failing runs some kernels while calls calls from the nth on fail. It tells whether there were any.
func failing(t *testing.T, kind device.Kind, n, calls int) bool {
	w := idle(kind)
	w.From, w.Until = n, n+calls
	d := gpu.New(together{Driver: w, groups: 4})
	err := work(d)
	failed := w.Failed
	switch {
	case err != nil && !errors.Is(err, gputest.ErrInjected):
		t.Errorf("%s, call %d: %v", kind, n, err)
	case err == nil && failed > 0 && !(failed == 1 && w.Allocs > 0):
		t.Errorf("%s, call %d: %d calls failed and nothing is reported", kind, n, failed)
	}
	w.Until = 0
	if err := work(d); err != nil {
		t.Errorf("%s, call %d: after it was reported: %v", kind, n, err)
	}
	if used := d.Info().InUse; used != 0 {
		t.Errorf("%s, call %d: %d bytes in use", kind, n, used)
	}
	if err := d.Close(); err != nil || w.Buffers != 0 || w.Programs != 0 || w.Closed != 1 {
		t.Errorf("%s, call %d: Close: %v; %d buffers, %d programs and %d closings", kind, n, err, w.Buffers, w.Programs, w.Closed)
	}
	return failed > 0
}

// work makes each kind of call.
func work(d device.Device) error {
	forward, backward := sequence(d, device.Float32, 3, 2, 4, 5)
	bounded, boundedBack := sequence(d, device.Float32, 3, 2, 4, 5)
	lengthen(d, bounded, boundedBack)
	sum := &kernels.SumSquares{Y: array(d, device.Float32), X: forward.X}
	all := []device.Kernel{forward, backward, bounded, boundedBack, sum}
	defer func() {
		for _, k := range all {
			for _, o := range k.Operands(nil) {
				if !o.IsZero() && !o.Memory().Freed {
					d.Free(o.Slice)
				}
			}
		}
	}()
	d.Upload(sum.X.Slice, make([]byte, 4*sum.X.Len()))
	for _, k := range all {
		d.Launch(k)
	}
	return d.Download(make([]byte, 4), sum.Y.Slice)
}

// TestCompileError shows the compiler's log and the line of the source that it names.
func TestCompileError(t *testing.T) {
	source, err := kernels.Source.ReadFile("src/softmax.cl")
	if err != nil {
		t.Fatal(err)
	}
	const bad = "KERNEL void softmax(OUT(y), IN(x), index rows, index c) {"
	before, _, _ := strings.Cut(string(source), bad)
	line := 1 + strings.Count(before, "\n")
	w := idle(device.GPU)
	w.Err = fmt.Errorf("softmax.cl:%d:2: error: no such type", line)
	d := gpu.New(w)
	x := array(d, device.Float32, 3, 4)
	w.From, w.Until = w.Calls+1, w.Calls+2
	d.Launch(&kernels.Softmax{Y: x, X: x})
	err = d.Sync()
	for _, want := range []string{
		"idle:0: Softmax: compiling softmax.cl: ",
		fmt.Sprintf("error: no such type\nsoftmax.cl:%d: %s\n", line, bad),
		"#define CPU 0\n",
	} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v: want %q in it", err, want)
		}
	}
	d.Launch(&kernels.Softmax{Y: x, X: x})
	if err := d.Sync(); err != nil {
		t.Errorf("after it was reported: %v", err)
	}
}

// TestLost reports for ever that the device is lost.
func TestLost(t *testing.T) {
	w := idle(device.GPU)
	w.Err = fmt.Errorf("%w: code 999", queue.ErrLost)
	d := gpu.New(w)
	x := array(d, device.Float32, 3)
	w.From, w.Until = w.Calls+1, w.Calls+2
	d.Upload(x.Slice, make([]byte, 12))
	for range 2 {
		if err := d.Sync(); !errors.Is(err, queue.ErrLost) {
			t.Errorf("Sync: %v, want that the device is lost", err)
		}
	}
	if err := d.Close(); !errors.Is(err, queue.ErrLost) || w.Buffers != 0 || w.Closed != 1 {
		t.Errorf("Close: %v; %d buffers, %d closings", err, w.Buffers, w.Closed)
	}
}

// TestNoFloat64 opens a device without float64, and reports the first launch that needs it.
func TestNoFloat64(t *testing.T) {
	w := idle(device.GPU)
	i := w.Driver.(gputest.Idle)
	i.L.Info.Float64 = false
	w.Driver = i
	d := gpu.New(w)
	x, y := array(d, device.Float32, 3), array(d, device.Float64, 3)
	d.Launch(&kernels.Fill{Dst: x, Value: 1})
	if err := d.Sync(); err != nil {
		t.Error(err)
	}
	d.Launch(&kernels.Fill{Dst: y, Value: 1})
	if err, want := d.Sync(), "idle:0: Fill: the device does not compute in float64"; err == nil || err.Error() != want {
		t.Errorf("%v, want %s", err, want)
	}
}

// TestTooMuch fails to allocate what the driver would only promise.
func TestTooMuch(t *testing.T) {
	d := gpu.New(idle(device.GPU))
	for _, n := range []int{1 << 26, 1<<26 + 1, math.MaxInt / 4} {
		s := d.Alloc(device.Float32, n)
		if err := d.Sync(); errors.Is(err, device.ErrOutOfMemory) != (n > 1<<26) || s.OK() != (n <= 1<<26) {
			t.Errorf("%d elements: OK %v, %v", n, s.OK(), err)
		}
	}
	kept := []device.Slice{d.Alloc(device.Float32, 1<<26), d.Alloc(device.Float32, 1<<26), d.Alloc(device.Float32, 1<<26)}
	if err := d.Sync(); err != nil {
		t.Error(err)
	}
	d.Alloc(device.Float32, 1<<20)
	if err, want := d.Sync(), "4 MiB, where 1024 MiB of 1024 MiB are in use"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %s", err, want)
	}
	d.Free(kept[0])
	d.Alloc(device.Float32, 1<<20) // once the pool has given back what was freed
	if err := d.Sync(); err != nil {
		t.Error(err)
	}
}
