package pytorch_test

import (
	"bytes"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/keisan-go/keisan/checkpoint/pytorch"
	"github.com/keisan-go/keisan/checkpoint/safetensors"
	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/tensor"
)

// With this flag PyTorch itself reads what is written here, and writes it back:
//
//	python3 -m venv /tmp/torch && /tmp/torch/bin/pip install torch numpy safetensors
//	go test ./checkpoint/pytorch -python /tmp/torch/bin/python
var python = flag.String("python", "", "a Python that has the packages torch, numpy and safetensors")

func openCPU(t testing.TB) device.Device {
	d, err := device.Open("cpu")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// fixtures is the files of PyTorch's modules and what they compute.
func fixtures(t *testing.T) []string {
	paths, err := filepath.Glob("../../layers/layertest/testdata/*_l[12]*.safetensors")
	if err != nil {
		t.Fatal(err)
	}
	if len(paths) != 16 {
		t.Fatalf("there are %d fixtures, want 4 kinds in 1 and 2 layers and in 1 and 2 directions", len(paths))
	}
	return paths
}

// A fixture is a file that is open, and what it is of.
type fixture struct {
	*safetensors.File
	kind                  string
	inputs, hidden, depth int
	directions            int
}

func open(t *testing.T, path string) fixture {
	t.Helper()
	f, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	number := func(key string) int {
		n, err := strconv.Atoi(f.Metadata[key])
		if err != nil {
			t.Fatalf("%s: %s: %v", path, key, err)
		}
		return n
	}
	directions := 1
	if f.Metadata["bidirectional"] == "True" {
		directions = 2
	}
	return fixture{f, f.Metadata["module"], number("I"), number("H"), number("num_layers"), directions}
}

func (f fixture) values(t *testing.T, name string) []float64 {
	t.Helper()
	v, err := safetensors.Values[float64](f.File, name)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// net is the layers of a fixture, all zero, and those that have a state, in PyTorch's order.
func (f fixture) net(d device.Device, dtype device.DType) (*layers.Sequential, []layers.Recurrent) {
	var all []layers.Layer
	var single []layers.Recurrent
	inputs := f.inputs
	for range f.depth {
		one := func() layers.Recurrent {
			zeros := func(shape ...int) *tensor.Tensor { return tensor.New(d, dtype, shape...) }
			var l layers.Recurrent
			switch h := f.hidden; {
			case f.kind == "LSTM":
				l = layers.NewLSTM(zeros(inputs, 4*h), zeros(h, 4*h), zeros(4*h))
			case f.kind == "GRU":
				l = layers.NewGRU(zeros(inputs, 3*h), zeros(h, 3*h), zeros(3*h), zeros(3*h))
			case f.Metadata["nonlinearity"] == "relu":
				l = layers.NewReLURNN(zeros(inputs, h), zeros(h, h), zeros(h))
			default:
				l = layers.NewRNN(zeros(inputs, h), zeros(h, h), zeros(h))
			}
			single = append(single, l)
			return l
		}
		if f.directions == 1 {
			all = append(all, one())
		} else {
			all = append(all, layers.NewBidirectional(one(), one()))
		}
		inputs = f.directions * f.hidden
	}
	return layers.NewSequential(all...), single
}

// module is parameters as what they are of in PyTorch.
func (f fixture) module(prefix string, params []*layers.Param) pytorch.Module {
	switch f.kind {
	case "LSTM":
		return pytorch.LSTM(prefix, params)
	case "GRU":
		return pytorch.GRU(prefix, params)
	}
	return pytorch.RNN(prefix, params)
}

func near(t *testing.T, what string, x *tensor.Tensor, want []float64) {
	t.Helper()
	got, err := tensor.Values[float64](x)
	if err != nil || len(got) != len(want) {
		t.Fatalf("%s has %d elements, %v, want %d", what, len(got), err, len(want))
	}
	for i, w := range want {
		if !(math.Abs(got[i]-w) <= 1e-12) {
			t.Errorf("%s: element %d is %v, want %v", what, i, got[i], w)
			return
		}
	}
}

// PyTorch's weights make layers compute what PyTorch does; written and read again they are the same; and PyTorch reads them.
func TestFixtures(t *testing.T) {
	d := openCPU(t)
	for _, path := range fixtures(t) {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".safetensors"), func(t *testing.T) {
			f := open(t, path)
			net, single := f.net(d, device.Float64)
			if err := pytorch.Load(path, f.module("", net.Params())); err != nil {
				t.Fatal(err)
			}

			x, _ := f.Lookup("input")
			batch := x.Shape[1]
			state := func(name string, i int) []float64 { // of the ith layer
				n := batch * f.hidden
				return f.values(t, name)[i*n : (i+1)*n]
			}
			for i, l := range single {
				h := tensor.From(d, state("h0", i), batch, f.hidden)
				switch l := l.(type) {
				case *layers.LSTM:
					l.SetState(h, tensor.From(d, state("c0", i), batch, f.hidden))
				case interface{ SetState(*tensor.Tensor) }:
					l.SetState(h)
				}
			}
			near(t, "the output", net.Forward(tensor.From(d, f.values(t, "input"), x.Shape...)), f.values(t, "output"))
			for i, l := range single {
				switch l := l.(type) {
				case *layers.LSTM:
					h, c := l.State()
					near(t, "h", h, state("hn", i))
					near(t, "c", c, state("cn", i))
				case interface{ State() *tensor.Tensor }:
					near(t, "h", l.State(), state("hn", i))
				}
			}

			written := filepath.Join(t.TempDir(), "x.safetensors")
			if err := pytorch.Save(written, f.module("", net.Params())); err != nil {
				t.Fatal(err)
			}
			again, _ := f.net(d, device.Float64)
			same := func(path string) {
				t.Helper()
				if err := pytorch.Load(path, f.module("", again.Params())); err != nil {
					t.Fatal(err)
				}
				for i, p := range again.Params() {
					if !slices.Equal(values(t, p), values(t, net.Params()[i])) {
						t.Errorf("read again, %s is another", p.Name)
					}
					p.Value.Fill(0)
				}
			}
			same(written)
			f.sameWeights(t, openFile(t, written))

			if *python != "" {
				same(throughPyTorch(t, path, written))
			}
		})
	}
}

// throughPyTorch has PyTorch load what was written, hold what it computes against a fixture, and write it back.
func throughPyTorch(t *testing.T, fixture, written string) (back string) {
	t.Helper()
	back = filepath.Join(t.TempDir(), "back.safetensors")
	out, err := exec.Command(*python, "testdata/check.py", fixture, written, back).CombinedOutput()
	if err != nil {
		t.Fatalf("PyTorch: %v: %s", err, out)
	}
	t.Logf("%s", out)
	return back
}

// TestFixtures for a model of every module, which testdata/check.py made.
func TestModelOfPyTorch(t *testing.T) {
	const path = "testdata/model.safetensors"
	d, f := openCPU(t), openFile(t, path)
	zeros := func(shape ...int) *tensor.Tensor { return tensor.New(d, device.Float64, shape...) }
	lstm := func(inputs, hidden int) layers.Recurrent {
		return layers.NewLSTM(zeros(inputs, 4*hidden), zeros(hidden, 4*hidden), zeros(4*hidden))
	}
	w := zeros(11, 6)
	embed, out := layers.NewEmbedding(w), layers.NewAffineTransposed(w, zeros(11))
	encoder := layers.NewSequential(
		layers.NewBidirectional(lstm(6, 5), lstm(6, 5)),
		layers.NewBidirectional(lstm(10, 5), lstm(10, 5)),
	)
	norm, scale := layers.NewLayerNorm(zeros(10), zeros(10), 1e-5), layers.NewLayerNorm(zeros(6), zeros(6), 1e-5)
	first, second := layers.NewAffine(zeros(10, 4), zeros(4)), layers.NewMatMul(zeros(4, 7))
	gru := layers.NewGRU(zeros(7, 18), zeros(6, 18), nil, nil)
	net := layers.NewSequential(encoder, norm, first, layers.NewTanh(), second, gru, scale, out)
	modules := []pytorch.Module{
		pytorch.Embedding("embed", embed.Params()), pytorch.LSTM("encoder", encoder.Params()), pytorch.LayerNorm("norm", norm.Params()),
		pytorch.Linear("decoder.0", first.Params()), pytorch.Linear("decoder.2", second.Params()), pytorch.GRU("gru", gru.Params()),
		pytorch.LayerNorm("scale", scale.Params()[:1]), pytorch.LinearTransposed("out", out.Params()),
	}

	written := filepath.Join(t.TempDir(), "x.safetensors")
	load := func(path string) {
		t.Helper()
		for _, p := range net.Params() { // w is among them
			p.Value.Fill(0)
		}
		if err := pytorch.Load(path, modules...); err != nil {
			t.Fatal(err)
		}
		input, err := safetensors.Values[int64](f, "input")
		if err != nil {
			t.Fatal(err)
		}
		ids := make([]int, len(input))
		for i, id := range input {
			ids[i] = int(id)
		}
		want, err := safetensors.Values[float64](f, "output")
		if err != nil {
			t.Fatal(err)
		}
		net.ResetState()
		near(t, "the output", net.Forward(embed.Forward(ids, 7, 3)), want)
	}
	load(path)
	if err := pytorch.Save(written, modules...); err != nil {
		t.Fatal(err)
	}
	load(written)
	if *python != "" {
		load(throughPyTorch(t, path, written))
	}
}

func openFile(t *testing.T, path string) *safetensors.File {
	t.Helper()
	f, err := safetensors.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return f
}

// sameWeights holds a file that was written against the fixture: each weight, and the biases or, but for GRU, their sum.
func (f fixture) sameWeights(t *testing.T, g *safetensors.File) {
	t.Helper()
	weights := 0
	for _, info := range f.Tensors() {
		if !strings.HasPrefix(info.Name, "weight_") && !strings.HasPrefix(info.Name, "bias_") {
			continue
		}
		weights++
		want := f.values(t, info.Name)
		switch hidden := strings.Replace(info.Name, "bias_ih", "bias_hh", 1); {
		case f.kind == "GRU" || strings.HasPrefix(info.Name, "weight_"):
		case info.Name == hidden:
			clear(want)
		default:
			for i, v := range f.values(t, hidden) {
				want[i] += v
			}
		}
		got, err := safetensors.Values[float64](g, info.Name)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s is written as %v, %v, want %v", info.Name, got, err, want)
		}
	}
	if weights != len(g.Tensors()) || g.Metadata["format"] != "pt" {
		t.Errorf("%d tensors are written with the metadata %q, want %d", len(g.Tensors()), g.Metadata, weights)
	}
}

func values(t testing.TB, p *layers.Param) []float64 {
	t.Helper()
	if p.Value.DType() == device.Float64 {
		v, err := tensor.Values[float64](p.Value)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	narrow, err := tensor.Values[float32](p.Value)
	if err != nil {
		t.Fatal(err)
	}
	var v []float64
	for _, x := range narrow {
		v = append(v, float64(x))
	}
	return v
}

// param is a parameter of the numbers 1, 2, 3 and so on.
func param[T device.Float](d device.Device, name string, shape ...int) *layers.Param {
	v := tensor.New(d, device.TypeOf[T](), shape...)
	numbers := make([]T, v.Len())
	for i := range numbers {
		numbers[i] = T(i + 1)
	}
	tensor.Set(v, numbers)
	return &layers.Param{Name: name, Value: v}
}

// A model of several modules, without biases and with, in a file of float32 that also has what is none of ours.
func TestModel(t *testing.T) {
	d := openCPU(t)
	embedding, norm := param[float32](d, "0.w", 5, 2), []*layers.Param{param[float32](d, "3.g", 3), param[float32](d, "3.b", 3)}
	stack := []*layers.Param{
		param[float32](d, "1.wx", 2, 9), param[float32](d, "1.wh", 3, 9), param[float32](d, "2.wx", 3, 9), param[float32](d, "2.wh", 3, 9),
	}
	linear, product := []*layers.Param{param[float32](d, "4.w", 3, 2), param[float32](d, "4.b", 2)}, []*layers.Param{param[float32](d, "5.w", 2, 4)}
	modules := func() []pytorch.Module {
		return []pytorch.Module{
			pytorch.Embedding("embed", []*layers.Param{embedding}), pytorch.GRU("encoder.rnn", stack), pytorch.LayerNorm("norm", norm),
			pytorch.Linear("fc", linear), pytorch.Linear("out", product),
		}
	}
	path := filepath.Join(t.TempDir(), "x")
	if err := pytorch.Save(path, modules()...); err != nil {
		t.Fatal(err)
	}
	f := openFile(t, path)
	var got []string
	for _, info := range f.Tensors() {
		got = append(got, fmt.Sprintf("%s %v", info.Name, info.Shape))
	}
	want := []string{
		"embed.weight [5 2]", "encoder.rnn.weight_hh_l0 [9 3]", "encoder.rnn.weight_hh_l1 [9 3]", "encoder.rnn.weight_ih_l0 [9 2]",
		"encoder.rnn.weight_ih_l1 [9 3]", "fc.bias [2]", "fc.weight [2 3]", "norm.bias [3]", "norm.weight [3]", "out.weight [4 2]",
	}
	if !slices.Equal(got, want) {
		t.Errorf("it has %q, want %q", got, want)
	}
	if fc, err := safetensors.Values[float32](f, "fc.weight"); err != nil || !slices.Equal(fc, []float32{1, 3, 5, 2, 4, 6}) {
		t.Errorf("fc.weight is %v, %v, want it transposed", fc, err)
	}

	// Read into float64, by some of the modules.
	wide := []*layers.Param{param[float64](d, "w", 3, 2), param[float64](d, "b", 2)}
	wide[0].Value.Fill(0)
	if err := pytorch.Load(path, pytorch.Linear("fc", wide)); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(values(t, wide[0]), values(t, linear[0])) {
		t.Errorf("in float64 fc.weight is %v, want %v", values(t, wide[0]), values(t, linear[0]))
	}
}

// What does not fit is listed, and nothing changes.
func TestMisfits(t *testing.T) {
	d := openCPU(t)
	path := filepath.Join(t.TempDir(), "x")
	layer := func(dtype func(d device.Device, name string, shape ...int) *layers.Param, path string, inputs, gates, hidden int, biases ...string) []*layers.Param {
		params := []*layers.Param{dtype(d, path+"wx", inputs, gates*hidden), dtype(d, path+"wh", hidden, gates*hidden)}
		for _, b := range biases {
			params = append(params, dtype(d, path+b, gates*hidden))
		}
		return params
	}
	wide, narrow := param[float64], param[float32]
	both := slices.Concat(layer(wide, "0.forward.", 2, 4, 3, "b"), layer(wide, "0.backward.", 2, 4, 3, "b"), layer(wide, "1.forward.", 6, 4, 3, "b"), layer(wide, "1.backward.", 6, 4, 3, "b"))
	if err := pytorch.Save(path, pytorch.LSTM("rnn", both), pytorch.Linear("fc", layer(wide, "", 2, 1, 2)[:1])); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		module pytorch.Module
		want   string
	}{
		{pytorch.LSTM("rnn", both[:9]), `unexpected "rnn.bias_hh_l1_reverse" F64 [12]; unexpected "rnn.bias_ih_l1_reverse" F64 [12]; unexpected "rnn.weight_hh_l1_reverse"`},
		{pytorch.LSTM("rnn", both[:3]), `unexpected "rnn.bias_hh_l0_reverse"`},
		{pytorch.LSTM("rnn", append(both, layer(wide, "2.", 6, 4, 3)...)), `missing "rnn.weight_ih_l2" [12 6]; missing "rnn.weight_hh_l2" [12 3]`},
		{pytorch.LSTM("rnn", layer(wide, "", 2, 4, 3)), `unexpected "rnn.bias_hh_l0" F64 [12]`},
		{pytorch.LSTM("", both), `missing "weight_ih_l0" [12 2]; missing`},
		{pytorch.LSTM("rnn", append(layer(wide, "", 5, 4, 3, "b"), both[3:]...)), `"rnn.weight_ih_l0" is F64 [12 2], want [12 5]`},
		{pytorch.RNN("rnn", append(layer(wide, "", 2, 1, 12, "b"), both[3:3]...)), `"rnn.weight_hh_l0" is F64 [12 3], want [12 12]`},
		{pytorch.LSTM("rnn", append(layer(narrow, "", 2, 4, 3, "b"), both[3:]...)), `"rnn.weight_ih_l0" is F64 [12 2], want F32 or narrower`},
		{pytorch.Linear("fc", []*layers.Param{wide(d, "w", 2, 2), wide(d, "b", 2)}), `missing "fc.bias" [2]`},
		{pytorch.Embedding("fc", []*layers.Param{wide(d, "w", 3, 2)}), `"fc.weight" is F64 [2 2], want [3 2]`},
	} {
		for _, p := range both {
			p.Value.Fill(7)
		}
		err := pytorch.Load(path, c.module)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), "pytorch: load "+path+": ") {
			t.Errorf("%v, want %q in it", err, c.want)
		}
		for _, p := range both {
			if slices.ContainsFunc(values(t, p), func(v float64) bool { return v != 7 }) {
				t.Errorf("%v, and %s is %v", err, p.Name, values(t, p))
			}
		}
	}

	shared := param[float64](d, "w", 2, 3)
	tied := []pytorch.Module{pytorch.Embedding("embed", []*layers.Param{shared}), pytorch.LinearTransposed("out", []*layers.Param{shared})}
	if err := pytorch.Save(path, pytorch.Embedding("embed", []*layers.Param{wide(d, "v", 2, 3)}), tied[1]); err != nil {
		t.Fatal(err)
	}
	if err := pytorch.Load(path, tied...); err != nil {
		t.Errorf("two that are the same, of a w that is shared: %v", err)
	}
	other := wide(d, "v", 2, 3)
	other.Value.Fill(7)
	if err := pytorch.Save(path, tied[0], pytorch.LinearTransposed("out", []*layers.Param{other})); err != nil {
		t.Fatal(err)
	}
	const differ = `"embed.weight" and "out.weight" differ, want the same`
	if err := pytorch.Load(path, tied...); err == nil || !strings.Contains(err.Error(), differ) || values(t, shared)[0] != 1 {
		t.Errorf("two that differ, of a w that is shared: %v, and it is %v", err, values(t, shared))
	}

	var b bytes.Buffer
	if err := safetensors.Write(&b, []safetensors.Tensor{safetensors.Of("fc.weight", []int32{1, 2}, 1, 2)}, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, b.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := pytorch.Load(path, pytorch.Linear("fc", []*layers.Param{narrow(d, "w", 2, 1)})); err == nil || !strings.Contains(err.Error(), `"fc.weight" is I32 [1 2], want F64, F32, F16 or BF16`) {
		t.Errorf("of I32: %v", err)
	}
	twice := pytorch.Linear("fc", []*layers.Param{narrow(d, "w", 2, 1)})
	if err := pytorch.Save(path, twice, twice); err == nil || !strings.Contains(err.Error(), `pytorch: save `+path+`: safetensors: tensor "fc.weight" stands twice`) {
		t.Errorf("the same twice: %v", err)
	}
	fail := func() { d.Alloc(device.Float32, math.MaxInt) }
	before, _ := os.ReadFile(path)
	fail()
	if err := pytorch.Save(path, twice); err == nil {
		t.Error("a device's failure is saved")
	}
	if after, _ := os.ReadFile(path); !bytes.Equal(before, after) {
		t.Error("a device's failure changes the file")
	}

	stack := func() *layers.Sequential {
		zeros := func(shape ...int) *tensor.Tensor { return tensor.New(d, device.Float32, shape...) }
		return layers.NewSequential(layers.NewRNN(zeros(2, 2), zeros(2, 2), nil), layers.NewRNN(zeros(2, 2), zeros(2, 2), nil))
	}
	stacks := layers.NewBidirectional(stack(), stack()) // PyTorch's layers see both directions of those before
	short, integer := narrow(d, "wh", 2, 3), &layers.Param{Name: "w", Value: tensor.New(d, device.Int32, 2, 2)}
	for _, c := range []struct {
		call func()
		want string
	}{
		{func() { pytorch.RNN("", nil) }, "pytorch.RNN: there are no parameters"},
		{func() { pytorch.Linear("", nil) }, "pytorch.Linear: there are 0 parameters, want 1 to 2"},
		{func() { pytorch.Embedding("", both[:2]) }, "pytorch.Embedding: there are 2 parameters, want 1 to 1"},
		{func() { pytorch.Embedding("", []*layers.Param{narrow(d, "w", 2)}) }, `pytorch.Embedding: parameter "w" is float32 [2], want [V D]`},
		{func() { pytorch.LayerNorm("", []*layers.Param{narrow(d, "g", 2), narrow(d, "b", 3)}) }, `pytorch.LayerNorm: parameter "b" is float32 [3] and "g" is float32 [2], want "b" [2]`},
		{func() { pytorch.Linear("", []*layers.Param{narrow(d, "w", 2, 3), narrow(d, "b", 2)}) }, `pytorch.Linear: parameter "b" is float32 [2] and "w" is float32 [2 3], want "b" [3]`},
		{func() { pytorch.LinearTransposed("", []*layers.Param{narrow(d, "w", 2, 3), narrow(d, "b", 3)}) }, `want "b" [2]`},
		{func() { pytorch.LayerNorm("", []*layers.Param{nil}) }, "pytorch.LayerNorm: parameter 0 is nil, or has no value"},
		{func() { pytorch.LSTM("", []*layers.Param{{Name: "wx"}}) }, "pytorch.LSTM: parameter 0 is nil, or has no value"},
		{func() { pytorch.Linear("", []*layers.Param{integer}) }, `pytorch.Linear: parameter "w" is int32, want float32 or float64`},
		{func() { pytorch.Linear("", []*layers.Param{narrow(d, "w", 2)}) }, `pytorch.Linear: parameter "w" is float32 [2], want [K N]`},
		{func() { pytorch.GRU("", both) }, "pytorch.GRU: a layer has the parameters wx wh b, want wx wh bx bh or wx wh"},
		{func() { pytorch.GRU("", layer(wide, "", 2, 3, 3, "bh")) }, "pytorch.GRU: a layer has the parameters wx wh bh"},
		{func() { pytorch.RNN("", both[1:]) }, "pytorch.RNN: a layer has the parameters wh b, want wx wh b"},
		{func() { pytorch.RNN("", both) }, `pytorch.RNN: parameter "0.forward.wh" is float64 [3 12], want [H gH] of 1 gates`},
		{func() { pytorch.RNN("", []*layers.Param{short, short}) }, "pytorch.RNN: a layer has the parameters wh wh"},
		{func() { pytorch.LSTM("", both[3:]) }, `pytorch.LSTM: parameter "0.backward.wx" is of a layer in reverse, want one that is not before it`},
		{func() { pytorch.LSTM("", slices.Concat(both[:6], both[3:6])) }, `pytorch.LSTM: parameter "0.backward.wx" is of a layer in reverse`},
		{func() { pytorch.RNN("", stacks.Params()) }, `pytorch.RNN: parameter "backward.1.wx" is of a layer in reverse, want one that is not before it`},
	} {
		if err := layers.Try(c.call); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("the misuse is %v, want %q in it", err, c.want)
		}
	}
}
