//go:build opencl

package opencl_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/devicetest"
	"github.com/keisan-go/keisan/device/internal/gpu"
	"github.com/keisan-go/keisan/device/internal/gpu/gputest"
	"github.com/keisan-go/keisan/device/opencl"
	"github.com/keisan-go/keisan/kernels"
)

// threads is how many threads PoCL is told to have. Its scheduler gives each of them one of as many groups, so that they
// run at once, whatever the number of processors.
const threads = 5

// together is the driver of a GPU that runs as many groups at once as it has units.
type together struct {
	gpu.Driver
	local int64
}

func (d together) Limits() gpu.Limits {
	l := d.Driver.Limits()
	l.Info.Units, l.Local = threads, d.local
	return l
}

func (together) Residency(gpu.Function, int) (int, error) { return threads, nil }

// TestResident runs recurrences whose groups wait for one another, in a program of its own: since PoCL reads but once how
// many threads it shall have, and since groups that wait for ever could not be stopped in this one.
func TestResident(t *testing.T) {
	if driver := open(t).Info().Driver; !strings.HasPrefix(driver, "Portable Computing Language 3.1") {
		t.Skip("other schedulers may give a thread two groups:", driver)
	}
	deadline, ok := t.Deadline()
	if !ok {
		deadline = time.Now().Add(time.Hour)
	}
	ctx, cancel := context.WithDeadline(t.Context(), deadline.Add(-10*time.Second))
	defer cancel()
	// A few sizes, because each is a program, and not 3x1x257x129 backwards, whose products PoCL compiles for a minute.
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.v", "-test.timeout=0",
		"-test.run", "^TestResidentAlone$/^(Bits|RNN|RNNGrad)$/^float/^(5x17x17x33|4x65x33x67|20x5x2x16|3x1x257x129)$",
		"-test.skip", "/^RNNGrad$/^float64$/^3x1x257x129$")
	cmd.Env = append(os.Environ(), fmt.Sprint("POCL_MAX_PTHREAD_COUNT=", threads), "KEISAN_RESIDENT=1")
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.Contains(out, []byte("--- PASS: TestResidentAlone/Bits")) {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestResidentAlone(t *testing.T) {
	if os.Getenv("KEISAN_RESIDENT") == "" {
		t.Skip("TestResident runs it")
	}
	if units := open(t).Info().Units; units != threads {
		t.Fatalf("%d threads, want %d", units, threads)
	}
	t.Run("Bits", testBits)
	devicetest.Run(t, func() (device.Device, error) {
		driver, err := opencl.OpenDriver(device.GPU)
		return gpu.New(together{driver, 48 << 10}), err
	})
}

// testBits finds that a recurrence is one launch and makes, whatever its sizes, the bits of a launch a step.
func testBits(t *testing.T) {
	driver, err := opencl.OpenDriver(device.GPU)
	if err != nil {
		t.Fatal(err)
	}
	w := &gputest.Watch{Driver: driver}
	stepwise := gpu.New(w)
	defer stepwise.Close()
	sizes := []int{1, 7, 33, 64, 65, 101, 130}          // hidden units; a few, for each is a program
	for _, local := range []int64{48 << 10, 20 << 10} { // with less of it slices are narrower
		persistent := gpu.New(together{w, local})
		for run := range 30 {
			r := rand.New(rand.NewPCG(1, uint64(run)))
			dtype, f := device.Float32+device.DType(run%2), kernels.Sigmoid+kernels.Activation(run%3)
			steps, batch, hidden := 1+r.IntN(9), 1+r.IntN(33), sizes[r.IntN(len(sizes))]
			name := fmt.Sprintf("%d KiB, %v %v, %d steps, %d rows, %d units", local>>10, dtype, f, steps, batch, hidden)
			want, _ := trained(t, stepwise, w, dtype, f, run, steps, batch, hidden)
			got, launches := trained(t, persistent, w, dtype, f, run, steps, batch, hidden)
			for i := range want {
				if !bytes.Equal(got[i], want[i]) {
					t.Errorf("%s: operand %d is not what it is step by step", name, i)
				}
			}
			if local == 48<<10 && steps > 2 && batch <= 32 && launches != 2 { // there is room for each of these sizes
				t.Errorf("%s: %d launches for a forward pass, want 2", name, launches)
			}
		}
	}
}

// trained is what the kernels of a recurrent layer make of random numbers, and the launches of the first.
func trained(t *testing.T, d device.Device, w *gputest.Watch, dtype device.DType, f kernels.Activation, seed, steps, batch, hidden int) (results [][]byte, launches int) {
	r := rand.New(rand.NewPCG(2, uint64(seed)))
	random := func(shape ...int) device.Array {
		a := zeros(d, dtype, shape...)
		var data []byte
		for range a.Len() {
			if v := r.NormFloat64() / 4; dtype == device.Float64 {
				data, _ = binary.Append(data, binary.LittleEndian, v)
			} else {
				data, _ = binary.Append(data, binary.LittleEndian, float32(v))
			}
		}
		d.Upload(a.Slice, data)
		return a
	}
	const inputs = 3
	forward := kernels.RNN{F: f, Reverse: seed%5 > 2, H: random(steps+1, batch, hidden), X: random(steps, batch, inputs),
		Wx: random(inputs, hidden), Wh: random(hidden, hidden), Bias: random(hidden)}
	backward := kernels.RNNGrad{F: f, Reverse: forward.Reverse, H: forward.H, X: forward.X, Wx: forward.Wx, Wh: forward.Wh,
		DY: random(steps, batch, hidden), DHT: random(batch, hidden), DX: random(steps, batch, inputs), DH0: random(batch, hidden),
		DZ: random(steps, batch, hidden), DWx: random(inputs, hidden), DWh: random(hidden, hidden), DBias: random(hidden)}
	before := w.Launches
	d.Launch(&forward)
	launches = w.Launches - before
	d.Launch(&backward)
	for _, a := range []device.Array{forward.H, backward.DZ, backward.DH0, backward.DX, backward.DWx, backward.DWh, backward.DBias} {
		data := make([]byte, a.Len()*dtype.Size())
		if err := d.Download(data, a.Slice); err != nil {
			t.Fatal(err)
		}
		results = append(results, data)
	}
	for _, o := range backward.Operands(nil) {
		if !o.IsZero() {
			d.Free(o.Slice)
		}
	}
	d.Free(forward.Bias.Slice)
	return results, launches
}
