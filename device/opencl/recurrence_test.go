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
	"slices"
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
	// A few sizes, because each is a program: the larger ones without gates, whose weights would not fit, and not 3x1x257x129
	// backwards, whose products PoCL compiles for a minute.
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.v", "-test.timeout=0",
		"-test.run", "^TestResidentAlone$/^(Bits|Mutants)$|^TestResidentAlone$/^(RNN|LSTM|GRU)/^float/^(5x17x17x33|4x65x33x67|20x5x2x16|3x1x257x129)$",
		"-test.skip", "/^RNNGrad$/^float64$/^3x1x257x129$|/^(LSTM|GRU)/./^(4x65x33x67|3x1x257x129)$")
	cmd.Env = append(os.Environ(), fmt.Sprint("POCL_MAX_PTHREAD_COUNT=", threads), "KEISAN_RESIDENT=1")
	out, err := cmd.CombinedOutput()
	for _, part := range []string{"Bits", "Mutants", "RNN", "RNNGrad", "LSTM", "LSTMGrad", "GRU", "GRUGrad"} {
		if err != nil || !bytes.Contains(out, []byte("--- PASS: TestResidentAlone/"+part+" ")) {
			t.Fatalf("%s: %v\n%s", part, err, out)
		}
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
	t.Run("Mutants", testResidentMutants)
	devicetest.Run(t, func() (device.Device, error) {
		driver, err := opencl.OpenDriver(device.GPU)
		return gpu.New(together{driver, 48 << 10}), err
	})
}

// watched is the first device as a GPU that takes all steps in one launch where they fit into so much local memory, with a
// mistake planted into its sources if there is one; without memory it takes them one by one.
func watched(t *testing.T, m *mutant, local int64) (device.Device, *gputest.Watch) {
	driver, err := opencl.OpenDriver(device.GPU)
	if err != nil {
		t.Fatal(err)
	}
	w := &gputest.Watch{Driver: m.plant(driver)}
	d := gpu.New(w)
	if local > 0 {
		d = gpu.New(together{w, local})
	}
	t.Cleanup(func() { d.Close() })
	return d, w
}

// testBits finds that a recurrence is one launch and makes, whatever its sizes, the bits of a launch a step.
func testBits(t *testing.T) {
	stepwise, w := watched(t, nil, 0)
	// A few hidden units, for each is a program, and so many rows that there is room for all of them in the larger memory;
	// with the smaller one slices are narrower.
	for _, of := range []struct {
		layer string
		runs  int
		units []int
		rows  int
	}{{"RNN", 30, []int{1, 7, 33, 64, 65, 101, 130}, 32}, {"LSTM", 10, []int{1, 33, 64, 65}, 16}, {"GRU", 10, []int{1, 33, 64, 65}, 16}} {
		for _, local := range []int64{48 << 10, 20 << 10} {
			persistent, v := watched(t, nil, local)
			for run := range of.runs {
				r := rand.New(rand.NewPCG(1, uint64(run)))
				l := layer{kind: of.layer, dtype: device.Float32 + device.DType(run%2), f: kernels.Sigmoid + kernels.Activation(run%3), seed: run,
					steps: 1 + r.IntN(9), batch: 1 + r.IntN(of.rows), hidden: of.units[r.IntN(len(of.units))],
					reverse: r.IntN(2) > 0, lengths: r.IntN(3) > 0, last: r.IntN(2) > 0, biased: r.IntN(2) > 0}
				want, _ := l.train(t, stepwise, w)
				got, launches := l.train(t, persistent, v)
				for i := range want {
					if !bytes.Equal(got[i], want[i]) {
						t.Errorf("%d KiB, %+v: operand %d is not what it is step by step", local>>10, l, i)
					}
				}
				if local == 48<<10 && l.steps > 2 && launches != 2 {
					t.Errorf("%+v: %d launches for a forward pass, want 2", l, launches)
				}
			}
		}
	}
}

// testResidentMutants plants mistakes into what takes all steps in one launch. The bits must be others.
func testResidentMutants(t *testing.T) {
	stepwise, w := watched(t, nil, 0)
	for _, m := range []mutant{
		{kernel: "RNN", file: "recurrence", from: "ATOMIC_READ(own) < times * GROUPS(0)", to: "false"},
		{kernel: "LSTM", file: "recurrence", from: "put(vector, next);\n\t\tSYNC;", to: "put(vector, next);"},
		{kernel: "GRU", file: "recurrence", from: "weight[q * SLICE + OWN_UNIT(j)]", to: "weight[OWN_UNIT(j)]"},
		{kernel: "RNN", file: "rnn", from: "TAKES(ROW(i)), bounded, h + after", to: "true, bounded, h + after"},
		{kernel: "RNN", file: "rnn", from: "reverse ? t - 1 : t + 1", to: "t + 1"},
		{kernel: "LSTM", file: "lstm", from: "FIRST(i, j, 4) + q * UNITS", to: "FIRST(i, j, 4) + (3 - q) * UNITS"},
		{kernel: "LSTM", file: "lstm", from: "lstm_unit(z[i][j], TAKES(ROW(i))", to: "lstm_unit(z[i][j], true"},
		{kernel: "LSTM", file: "lstm", from: "meet(arrivals, s);\n\t\tadd_products(d", to: "add_products(d"},
		{kernel: "LSTM", file: "lstm", from: "dz[gate + 2 * UNITS] = dz[gate + 3 * UNITS]", to: "dz[gate + 2 * UNITS]"},
		{kernel: "GRU", file: "gru", from: "if (biased)", to: "if (false)"},
		{kernel: "GRU", file: "gru", from: "index t = reverse ? k - 1 : steps - k", to: "index t = steps - k"},
	} {
		t.Run(m.kernel+"/"+m.file, func(t *testing.T) {
			l := layer{kind: m.kernel, dtype: device.Float32, f: kernels.Tanh, steps: 9, batch: 16, hidden: 65, reverse: true, lengths: true,
				last: true, biased: true}
			planted, v := watched(t, &m, 48<<10)
			want, _ := l.train(t, stepwise, w)
			got, _ := l.train(t, planted, v)
			if slices.EqualFunc(got, want, bytes.Equal) {
				t.Errorf("nothing finds, in place of\n%s\nthis:\n%s", m.from, m.to)
			}
		})
	}
}

// A layer is a recurrent layer of some kind, with what it computes on.
type layer struct {
	kind                           string
	dtype                          device.DType
	f                              kernels.Activation // of an RNN
	seed                           int
	steps, batch, hidden           int
	reverse, lengths, last, biased bool
}

// train is what the layer's kernels make of random numbers, all operands as they are in the end, and the launches of the first.
func (l layer) train(t *testing.T, d device.Device, w *gputest.Watch) (results [][]byte, launches int) {
	r := rand.New(rand.NewPCG(2, uint64(l.seed)))
	random := func(shape ...int) device.Array {
		a := zeros(d, l.dtype, shape...)
		var data []byte
		for range a.Len() {
			if v := r.NormFloat64() / 4; l.dtype == device.Float64 {
				data, _ = binary.Append(data, binary.LittleEndian, v)
			} else {
				data, _ = binary.Append(data, binary.LittleEndian, float32(v))
			}
		}
		d.Upload(a.Slice, data)
		return a
	}
	optional := func(there bool, shape ...int) (a device.Array) {
		if there {
			a = random(shape...)
		}
		return a
	}
	var lengths device.Array
	if l.lengths {
		lengths = zeros(d, device.Int32, l.batch)
		var data []byte
		for range l.batch {
			data = binary.LittleEndian.AppendUint32(data, uint32(r.IntN(l.steps+1)))
		}
		d.Upload(lengths.Slice, data)
	}
	const inputs = 3
	gates := map[string]int{"RNN": 1, "LSTM": 4, "GRU": 3}[l.kind] * l.hidden
	states, row, steps := []int{l.steps + 1, l.batch, l.hidden}, []int{l.batch, l.hidden}, []int{l.steps, l.batch, l.hidden}
	h, x, y, dy := random(states...), random(l.steps, l.batch, inputs), optional(l.lengths, steps...), random(steps...)
	wx, wh, bias := random(inputs, gates), random(l.hidden, gates), optional(l.biased, gates)
	z, dz := random(l.steps, l.batch, gates), random(l.steps, l.batch, gates)
	dx, dh0, dht := random(l.steps, l.batch, inputs), random(row...), optional(l.last, row...)
	dwx, dwh, dbias := random(inputs, gates), random(l.hidden, gates), optional(l.biased, gates)

	var forward, backward device.Kernel
	switch l.kind {
	case "RNN":
		forward = kernels.RNN{F: l.f, Reverse: l.reverse, H: h, Y: y, X: x, Wx: wx, Wh: wh, Bias: bias, Lengths: lengths}
		backward = kernels.RNNGrad{F: l.f, Reverse: l.reverse, DX: dx, DH0: dh0, DWx: dwx, DWh: dwh, DBias: dbias, DZ: dz, DY: dy, DHT: dht,
			H: h, X: x, Wx: wx, Wh: wh, Lengths: lengths}
	case "LSTM":
		c := random(states...)
		forward = kernels.LSTM{Reverse: l.reverse, H: h, C: c, Y: y, Gates: z, X: x, Wx: wx, Wh: wh, Bias: bias, Lengths: lengths}
		backward = kernels.LSTMGrad{Reverse: l.reverse, DX: dx, DH0: dh0, DC0: random(row...), DWx: dwx, DWh: dwh, DBias: dbias, DZ: dz, DY: dy,
			DHT: dht, DCT: optional(l.last, row...), H: h, C: c, Gates: z, X: x, Wx: wx, Wh: wh, Lengths: lengths}
	case "GRU":
		q := random(steps...)
		forward = kernels.GRU{Reverse: l.reverse, H: h, Y: y, Gates: z, Q: q, X: x, Wx: wx, Wh: wh, BH: bias, Lengths: lengths}
		backward = kernels.GRUGrad{Reverse: l.reverse, DX: dx, DH0: dh0, DWx: dwx, DWh: dwh, DBH: dbias, DZ: dz, DQ: random(steps...), DY: dy,
			DHT: dht, H: h, Gates: z, Q: q, X: x, Wx: wx, Wh: wh, Lengths: lengths}
	}
	before := w.Launches
	d.Launch(forward)
	launches = w.Launches - before
	d.Launch(backward)
	seen := map[*device.Memory]bool{}
	for _, o := range backward.Operands(forward.Operands(nil)) {
		if o.IsZero() || seen[o.Memory()] {
			continue
		}
		seen[o.Memory()] = true
		data := make([]byte, o.Len()*o.Type().Size())
		if err := d.Download(data, o.Slice); err != nil {
			t.Fatal(err)
		}
		results = append(results, data)
		d.Free(o.Slice)
	}
	return results, launches
}
