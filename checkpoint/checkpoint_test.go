package checkpoint_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/keisan-go/keisan/checkpoint"
	"github.com/keisan-go/keisan/checkpoint/safetensors"
	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/optim"
	"github.com/keisan-go/keisan/tensor"
)

// param is a parameter of these values.
func param[T device.Float](d device.Device, name string, values []T, shape ...int) *layers.Param {
	v := tensor.From(d, values, shape...)
	return &layers.Param{Name: name, Value: v, Grad: v.Grad()}
}

// bits is the bits of a tensor's elements.
func bits(t testing.TB, x *tensor.Tensor) []byte {
	t.Helper()
	b := make([]byte, x.Len()*x.DType().Size())
	if err := x.Device().Download(b, x.Array().Slice); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSaveLoad(t *testing.T) {
	d := openCPU(t)
	path := filepath.Join(t.TempDir(), "x")
	count := &layers.Param{Name: "count", Value: tensor.New(d, device.Int32, 2)}
	d.Upload(count.Value.Array().Slice, device.Bytes([]int32{-1, 7}))
	saved := []*layers.Param{
		param(d, "0.w", []float32{1, float32(math.NaN()), float32(math.Copysign(0, -1)), 4}, 2, 2),
		param(d, "0.b", []float64{math.Pi, math.Inf(1)}, 2),
		param(d, "scalar", []float64{7}),
		param(d, "none", []float32{}, 0, 3),
		count,
	}
	if err := checkpoint.Save(path, append(saved, saved[0])); err != nil {
		t.Fatal(err)
	}
	var loaded []*layers.Param
	for _, p := range saved {
		like := tensor.New(d, p.Value.DType(), p.Value.Shape()...)
		loaded = append(loaded, &layers.Param{Name: p.Name, Value: like})
	}
	slices.Reverse(loaded)
	if err := checkpoint.Load(path, loaded); err != nil {
		t.Fatal(err)
	}
	slices.Reverse(loaded)
	for i, p := range loaded {
		if !bytes.Equal(bits(t, p.Value), bits(t, saved[i].Value)) {
			t.Errorf("%s is loaded with other bits", p.Name)
		}
	}
	again := filepath.Join(t.TempDir(), "y")
	if err := checkpoint.Save(again, loaded); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(readFile(t, path), readFile(t, again)) {
		t.Error("equal parameters make different files")
	}
}

func readFile(t testing.TB, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// Training that stopped goes on with the same bits as if it never had.
func TestResume(t *testing.T) {
	d := openCPU(t)
	dir := t.TempDir()
	for name, create := range optimizers {
		for _, dtype := range []device.DType{device.Float32, device.Float64} {
			half, straight, resumed := filepath.Join(dir, "half"), filepath.Join(dir, "straight"), filepath.Join(dir, "resumed")
			first := newTraining(d, dtype, create())
			for range 5 {
				first.step()
			}
			first.state.Meta = map[string]string{"note": "half\nway"}
			if err := first.save(half); err != nil {
				t.Fatal(err)
			}
			second := newTraining(d, dtype, create())
			second.step() // which is to be forgotten
			if err := second.load(half); err != nil {
				t.Fatal(err)
			}
			if second.steps != 5 || !maps.Equal(second.state.Meta, first.state.Meta) {
				t.Errorf("%s %v: after %d steps and %q comes %d and %q", name, dtype, 5, first.state.Meta, second.steps, second.state.Meta)
			}
			for range 4 {
				first.step()
				second.step()
			}
			for path, training := range map[string]*training{straight: first, resumed: second} {
				if err := training.save(path); err != nil {
					t.Fatal(err)
				}
			}
			if !bytes.Equal(readFile(t, straight), readFile(t, resumed)) {
				t.Errorf("%s %v: a stop changes what training comes to", name, dtype)
			}
			if err := checkpoint.Load(half, append(first.net.Params(), first.state.Params[0])); err != nil {
				t.Errorf("%s %v: parameters alone: %v", name, dtype, err)
			}
		}
	}
}

// What does not fit is listed, and nothing changes.
func TestMisfits(t *testing.T) {
	d := openCPU(t)
	dir := t.TempDir()
	path, plain, foreign := filepath.Join(dir, "x"), filepath.Join(dir, "plain"), filepath.Join(dir, "foreign")
	p, q := param(d, "p", []float32{1, 2}, 2), param(d, "q", []float64{3, 4}, 2, 1)
	adam := optim.NewAdam(0.1, 0.9, 0.999)
	adam.Step([]*layers.Param{p})
	if err := (&checkpoint.State{Params: []*layers.Param{p, q}, Optimizer: adam, Meta: map[string]string{"m": "1"}}).Save(path); err != nil {
		t.Fatal(err)
	}
	if err := checkpoint.Save(plain, []*layers.Param{p}); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := safetensors.Write(&b, []safetensors.Tensor{safetensors.Of("p", []float32{1, 2}, 2)}, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(foreign, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}

	p32, q64 := param(d, "p", []float32{7, 7}, 2), param(d, "q", []float64{7, 7}, 2, 1)
	p64, q32 := param(d, "p", []float64{7, 7}, 2), param(d, "q", []float32{7, 7}, 2, 1)
	long, more := param(d, "q", []float64{7, 7, 7}, 3), param(d, "r", []float64{7})
	integer := &layers.Param{Name: "p", Value: tensor.New(d, device.Int32, 2)}
	for _, c := range []struct {
		path  string
		state checkpoint.State
		want  string
	}{
		{path, checkpoint.State{Params: []*layers.Param{p32}}, `unexpected "q" F64 [2 1]`},
		{path, checkpoint.State{Params: []*layers.Param{p32, q64, more}}, `missing "r" F64 []`},
		{path, checkpoint.State{Params: []*layers.Param{p64, long, more}}, `"p" is F32 [2], want F64 [2]; "q" is F64 [2 1], want F64 [3]; missing "r" F64 []`},
		{path, checkpoint.State{Params: []*layers.Param{p32, long}, Convert: true}, `"q" is F64 [2 1], want F64 [3]`},
		{path, checkpoint.State{Params: []*layers.Param{integer, q64}, Convert: true}, `"p" is F32 [2], want I32 [2]`},
		{path, checkpoint.State{Params: []*layers.Param{p32, q64}, Optimizer: optim.NewSGD(1)}, `it was saved with the optimizer "Adam", want "SGD"`},
		{path, checkpoint.State{Params: []*layers.Param{p32}, Optimizer: optim.NewAdam(1, 0, 0)}, `unexpected "optimizer/q/steps" I64 []; unexpected "q" F64 [2 1]`},
		{path, checkpoint.State{Params: []*layers.Param{p32, q64, more}, Optimizer: optim.NewAdam(1, 0, 0)}, `missing "r" F64 []; missing "optimizer/r/steps" I64 []`},
		{plain, checkpoint.State{Params: []*layers.Param{p32}, Optimizer: optim.NewAdam(1, 0, 0)}, `it was saved without an optimizer, want "Adam"`},
		{foreign, checkpoint.State{Params: []*layers.Param{p32}}, "it is a safetensors file, but no checkpoint: checkpoint/pytorch loads"},
		{path, checkpoint.State{Params: []*layers.Param{p32, nil}}, "parameter 1 is nil, or has no value"},
		{path, checkpoint.State{Params: []*layers.Param{{Name: "p"}}}, "parameter 0 is nil, or has no value"},
		{path, checkpoint.State{Params: []*layers.Param{p32, q64, p64}}, `two parameters are called "p"`},
		{path, checkpoint.State{Params: []*layers.Param{{Name: "optimizer/p", Value: p32.Value}}}, `parameter "optimizer/p": names that begin with "optimizer/" are the optimizer's`},
		{filepath.Join(dir, "none"), checkpoint.State{}, "none"},
	} {
		before := c.state
		err := c.state.Load(c.path)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "checkpoint: load "+c.path+": ") {
			t.Errorf("%v, want %q in it", err, c.want)
		}
		if !maps.Equal(c.state.Counters, before.Counters) || !maps.Equal(c.state.Meta, before.Meta) {
			t.Errorf("%v, and the metadata is %q", err, c.state.Meta)
		}
		if c.state.Optimizer != nil {
			if steps, _ := c.state.Optimizer.State(p32); steps != 0 {
				t.Errorf("%v, and the optimizer knows %d steps", err, steps)
			}
		}
		for _, p := range []*layers.Param{p32, q64, p64, q32, long, more} {
			if got := fmt.Sprint(values(t, p.Value)); strings.Trim(got, "[ 7]") != "" {
				t.Errorf("%v, and %s is %v", err, p.Name, got)
			}
		}
	}

	converted := checkpoint.State{Params: []*layers.Param{p64, q32}, Convert: true}
	if err := converted.Load(path); err != nil {
		t.Fatal(err)
	}
	if got := fmt.Sprint(values(t, p64.Value), values(t, q32.Value)); got != fmt.Sprint(values(t, p.Value), values(t, q.Value)) {
		t.Errorf("converted it is %v", got)
	}

	for name, params := range map[string][]*layers.Param{
		`two parameters are called "p"`: {p32, p64}, `the name is not UTF-8, or empty`: {param(d, "", []float32{1}, 1)},
	} {
		err := checkpoint.Save(path, params)
		if err == nil || !strings.Contains(err.Error(), name) || !strings.HasPrefix(err.Error(), "checkpoint: save "+path+": ") {
			t.Errorf("%v, want %q in it", err, name)
		}
	}
	if err := checkpoint.Save(filepath.Join(dir, "no", "x"), nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("in no folder: %v", err)
	}
}

// Whatever a file holds, little memory is taken to refuse it, and the message is one to read.
func TestHostileFiles(t *testing.T) {
	d := openCPU(t)
	path := filepath.Join(t.TempDir(), "x")
	const long = 4 << 20
	xs := strings.Repeat("x", long)
	foreign := func(metadata map[string]string) func() error {
		return func() error {
			var b bytes.Buffer
			if err := safetensors.Write(&b, nil, metadata); err != nil {
				return err
			}
			return os.WriteFile(path, b.Bytes(), 0o600)
		}
	}
	saved := func(s checkpoint.State) func() error { return func() error { return s.Save(path) } }
	var many []*layers.Param
	for i := range 1000 {
		many = append(many, param(d, fmt.Sprint(i), []float32{}, 0))
	}
	steps := param(d, "q", []float64{1})
	for _, c := range []struct {
		write func() error
		want  string
	}{
		{foreign(map[string]string{"keisan": xs}), `it is of version "xxx`},
		{foreign(map[string]string{"keisan": "1"}), `its header is damaged: the checksum is a8433b08, want ""`},
		{foreign(map[string]string{"keisan": "1", "crc32c": strings.Repeat(" ", long)}), "it is damaged: there are 4194305 checksums, want 1"},
		{foreign(map[string]string{"keisan": "1", "crc32c": xs}), `its header is damaged: the checksum is a8433b08, want "xxx`},
		{saved(checkpoint.State{Params: many}), `missing "q" F64 []; unexpected "0" F32 [0]; unexpected "1" F32 [0];`},
		{saved(checkpoint.State{Params: []*layers.Param{param(d, xs, []float32{}, 0)}}), `missing "p" F32 [2]; missing "q" F64 []; unexpected "xxx`},
		{saved(checkpoint.State{Optimizer: named{optim.NewSGD(1), xs}}), `it was saved with the optimizer "xxx`},
		{saved(checkpoint.State{Params: []*layers.Param{steps}, Optimizer: counted{optim.NewSGD(1), -1}}), `"optimizer/q/steps" is -1, want 0 to`},
	} {
		if err := c.write(); err != nil {
			t.Fatal(err)
		}
		state := checkpoint.State{Params: []*layers.Param{param(d, "p", []float32{1, 2}, 2), steps}, Optimizer: optim.NewSGD(1)}
		if strings.HasPrefix(c.want, "missing") {
			state.Optimizer = nil
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := state.Load(path)
		runtime.ReadMemStats(&after)
		if err == nil || !strings.Contains(err.Error(), c.want) || len(err.Error()) > 4000 {
			t.Errorf("%.300v, want %q in it", err, c.want)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 6*long {
			t.Errorf("%d bytes are allocated for a header of %d: %.100v", n, long, err)
		}
	}
}

// named is an optimizer of another name.
type named struct {
	optim.Stateful
	name string
}

func (o named) Name() string { return o.name }

// counted is an optimizer that tells of so many steps.
type counted struct {
	optim.Stateful
	steps int
}

func (o counted) State(*layers.Param) (int, []*tensor.Tensor) { return o.steps, nil }

// values is the elements of a tensor.
func values(t testing.TB, x *tensor.Tensor) []float64 {
	t.Helper()
	if x.DType() == device.Float64 {
		v, err := tensor.Values[float64](x)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	narrow, err := tensor.Values[float32](x)
	if err != nil {
		t.Fatal(err)
	}
	var v []float64
	for _, x := range narrow {
		v = append(v, float64(x))
	}
	return v
}

// Every bit that flips and every end that is torn off is found, and where it is in a tensor that is named.
func TestDamage(t *testing.T) {
	d := openCPU(t)
	path := filepath.Join(t.TempDir(), "x")
	p, q := param(d, "p", []float32{1, 2}, 2), param(d, "q", []float64{3, 4}, 2, 1)
	params := []*layers.Param{p, q}
	momentum := optim.NewMomentum(0.1, 0.9)
	momentum.Step(params)
	state := checkpoint.State{
		Params: params, Optimizer: momentum,
		Counters: map[string]uint64{"steps": 1 << 40}, Meta: map[string]string{"text": "é \"quoted\""},
	}
	if err := state.Save(path); err != nil {
		t.Fatal(err)
	}
	whole := readFile(t, path)
	f, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	var owner []string // of each byte of data: the larger elements come first
	for _, size := range []int{8, 4} {
		for _, info := range f.Tensors() {
			if data, err := f.Bytes(info.Name); err == nil && info.DType.Size() == size {
				owner = append(owner, slices.Repeat([]string{info.Name}, len(data))...)
			}
		}
	}
	header := len(whole) - len(owner)
	f.Close()

	for _, p := range params {
		p.Value.Fill(7)
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	write := func(b []byte, at int) {
		if _, err := file.WriteAt(b, int64(at)); err != nil {
			t.Fatal(err)
		}
	}
	for i := range 8 * len(whole) {
		at := i / 8
		write([]byte{whole[at] ^ 1<<(i%8)}, at)
		switch err := state.Load(path); {
		case err == nil:
			t.Errorf("byte %d is loaded with its bit %d flipped", at, i%8)
		case at >= header && !strings.Contains(err.Error(), fmt.Sprintf("tensor %q is damaged", owner[at-header])):
			t.Errorf("a bit of %s is flipped: %v", owner[at-header], err)
		}
		write(whole[at:at+1], at)
	}
	write([]byte{0}, len(whole))
	if err := state.Load(path); err == nil {
		t.Error("a byte more is loaded")
	}
	for n := len(whole) - 1; n >= 0; n-- {
		if err := file.Truncate(int64(n)); err != nil {
			t.Fatal(err)
		}
		if err := state.Load(path); err == nil {
			t.Errorf("the first %d bytes are loaded", n)
		}
	}
	for _, p := range params {
		for _, v := range values(t, p.Value) {
			if v != 7 {
				t.Errorf("a damaged file sets %s to %v", p.Name, values(t, p.Value))
			}
		}
	}
	write(whole, 0)
	if err := state.Load(path); err != nil {
		t.Errorf("what is whole is not loaded: %v", err)
	}
}

// A device that fails leaves the file as it was when saving, and the parameters when loading.
func TestDeviceFails(t *testing.T) {
	d := openCPU(t)
	path := filepath.Join(t.TempDir(), "x")
	p := param(d, "p", []float32{1, 2}, 2)
	state := checkpoint.State{Params: []*layers.Param{p}, Optimizer: optim.NewMomentum(0.1, 0.9)}
	state.Optimizer.Step(state.Params)
	if err := state.Save(path); err != nil {
		t.Fatal(err)
	}
	before := readFile(t, path)
	fail := func() { d.Alloc(device.Float32, math.MaxInt) }

	fail()
	if err := state.Save(path); !errors.Is(err, device.ErrOutOfMemory) {
		t.Errorf("Save returns %v, want %v", err, device.ErrOutOfMemory)
	}
	if !bytes.Equal(readFile(t, path), before) {
		t.Error("a failed Save changes the file")
	}
	huge := &layers.Param{Name: "huge", Value: tensor.New(d, device.Float64, math.MaxInt/8)}
	d.Sync()
	if err := checkpoint.Save(path, []*layers.Param{huge}); !errors.Is(err, device.ErrOutOfMemory) {
		t.Errorf("of a tensor without memory Save returns %v, want %v", err, device.ErrOutOfMemory)
	}
	p.Value.Fill(7)
	fail()
	if err := state.Load(path); !errors.Is(err, device.ErrOutOfMemory) {
		t.Errorf("Load returns %v, want %v", err, device.ErrOutOfMemory)
	}
	if got := values(t, p.Value); !slices.Equal(got, []float64{7, 7}) {
		t.Errorf("a failed Load sets the parameter to %v", got)
	}
	if err := state.Load(path); err != nil || !slices.Equal(values(t, p.Value), []float64{1, 2}) {
		t.Errorf("after the failure: %v, %v", err, values(t, p.Value))
	}
}
