// Package pytorch exchanges weights with PyTorch, through safetensors files of a state_dict: those of torch.nn's RNN, LSTM,
// GRU, Linear, Embedding and LayerNorm.
//
//	from safetensors.torch import load_file, save_file
//	save_file(model.state_dict(), "model.safetensors")
//
// A [Module] says which parameters are which module. Its prefix is the name that the module has in the model, "" for the
// model itself. What stands where:
//
//	               PyTorch                                    here
//	RNN, LSTM      weight_ih_l0 [gH, I], weight_hh_l0 [gH, H]   wx [I, gH], wh [H, gH]
//	               bias_ih_l0 [gH] + bias_hh_l0 [gH]            b [gH]
//	GRU            weight_ih_l0 [3H, I], weight_hh_l0 [3H, H]   wx [I, 3H], wh [H, 3H]
//	               bias_ih_l0 [3H], bias_hh_l0 [3H]             bx [3H], bh [3H]
//	Linear         weight [N, K], bias [N]                      w [K, N], b [N], or w [N, K] with LinearTransposed
//	Embedding      weight [V, D]                                w [V, D]
//	LayerNorm      weight [N], bias [N]                         the same
//
// The order of the gates is the same, and so it is only for transposition, and for RNN's and LSTM's two biases, that a file
// differs from the parameters: they are added when a file is read, and when one is written the second is zero. Layers after
// the first are l1 and so on, and those in reverse end in _reverse.
//
// What is no weight is not in the file: whether an RNN is of tanh or ReLU, dropout, LayerNorm's eps, which is 1e-5 in PyTorch.
// Sequences are [T, B, I] here, as there without batch_first.
package pytorch

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/keisan-go/keisan/checkpoint/internal/files"
	"github.com/keisan-go/keisan/checkpoint/internal/plan"
	"github.com/keisan-go/keisan/checkpoint/safetensors"
	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/tensor"
)

// A Module is parameters that are a module of torch.nn.
type Module struct {
	prefix string         // of the names in the file
	names  *regexp.Regexp // what a module's tensors are called behind it
	links  []link
}

// A link is a parameter, and the tensors that it is the sum of in a file.
type link struct {
	param      *layers.Param
	names      []string
	transposed bool
}

// RNN is a torch.nn.RNN, of tanh or ReLU: the parameters of one layer or of several, one after another. Where one begins, and
// what is what, the end of a parameter's name tells: wx, wh, b. A layer whose names have "backward." in them, as those of a
// Bidirectional have, is the reverse of the one before it.
func RNN(prefix string, params []*layers.Param) Module {
	return recurrent("RNN", 1, "wx wh b", prefix, params)
}

// LSTM is a torch.nn.LSTM without projections; its parameters are as RNN's.
func LSTM(prefix string, params []*layers.Param) Module {
	return recurrent("LSTM", 4, "wx wh b", prefix, params)
}

// GRU is a torch.nn.GRU; its parameters are as RNN's, but for the biases, which are bx and bh.
func GRU(prefix string, params []*layers.Param) Module {
	return recurrent("GRU", 3, "wx wh bx bh", prefix, params)
}

// Linear is a torch.nn.Linear: the parameters of what NewAffine or NewMatMul returns.
func Linear(prefix string, params []*layers.Param) Module {
	m := plain("Linear", "[K N]", 1, prefix, params)
	m.links[0].transposed = true
	return m
}

// LinearTransposed is a torch.nn.Linear: the parameters of what NewAffineTransposed or NewMatMulTransposed returns, whose w is
// [N, K], as PyTorch's is. A w that an Embedding shares is in the file twice, as it is in a state_dict.
func LinearTransposed(prefix string, params []*layers.Param) Module {
	return plain("LinearTransposed", "[N K]", 0, prefix, params)
}

// Embedding is a torch.nn.Embedding: its one parameter.
func Embedding(prefix string, params []*layers.Param) Module {
	return plain("Embedding", "[V D]", noBias, prefix, params)
}

// LayerNorm is a torch.nn.LayerNorm: gamma and beta, or gamma alone for one that has no bias.
func LayerNorm(prefix string, params []*layers.Param) Module {
	return plain("LayerNorm", "[N]", 0, prefix, params)
}

var (
	plainNames     = regexp.MustCompile(`^(weight|bias)$`)
	recurrentNames = regexp.MustCompile(`^(weight|bias)_(ih|hh|hr)_l[0-9]+(_reverse)?$`)
)

const noBias = -1 // for an axis

// plain is a module of a weight of this shape and, if there is a second parameter, a bias as long as an axis of it.
func plain(kind, shape string, axis int, prefix string, params []*layers.Param) Module {
	most := 2
	if axis == noBias {
		most = 1
	}
	if len(params) < 1 || len(params) > most {
		device.Panicf("pytorch.%s: there are %d parameters, want 1 to %d", kind, len(params), most)
	}
	m := begin(kind, prefix, plainNames, params)
	w := params[0]
	if len(w.Value.Shape()) != len(strings.Fields(shape)) {
		device.Panicf("pytorch.%s: parameter %q is %v, want %s", kind, w.Name, w.Value, shape)
	}
	m.links = []link{{w, []string{m.prefix + "weight"}, false}}
	if len(params) == 2 {
		b, n := params[1], w.Value.Shape()[axis]
		if !slices.Equal(b.Value.Shape(), []int{n}) {
			device.Panicf("pytorch.%s: parameter %q is %v and %q is %v, want %q [%d]", kind, b.Name, b.Value, w.Name, w.Value, b.Name, n)
		}
		m.links = append(m.links, link{b, []string{m.prefix + "bias"}, false})
	}
	return m
}

// recurrent is a module of layers that have so many gates and these parameters, or the first two of them.
func recurrent(kind string, gates int, want, prefix string, params []*layers.Param) Module {
	m := begin(kind, prefix, recurrentNames, params)
	theirs := map[string][]string{
		"wx": {"weight_ih"}, "wh": {"weight_hh"}, "b": {"bias_ih", "bias_hh"}, "bx": {"bias_ih"}, "bh": {"bias_hh"},
	}
	number, reverse := -1, false
	for len(params) > 0 {
		var names []string
		for i, p := range params {
			name := p.Name[strings.LastIndexByte(p.Name, '.')+1:]
			if i > 0 && name == "wx" {
				break
			}
			names = append(names, name)
		}
		layer := params[:len(names)]
		params = params[len(names):]
		if got := strings.Join(names, " "); got != want && got != "wx wh" {
			device.Panicf("pytorch.%s: a layer has the parameters %s, want %s or wx wh", kind, got, want)
		}
		if s := layer[1].Value.Shape(); len(s) != 2 || s[1] != gates*s[0] {
			device.Panicf("pytorch.%s: parameter %q is %v, want [H gH] of %d gates", kind, layer[1].Name, layer[1].Value, gates)
		}

		again := reverse
		reverse = strings.Contains("."+layer[0].Name, ".backward.")
		if reverse && (again || number < 0) {
			device.Panicf("pytorch.%s: parameter %q is of a layer in reverse, want one that is not before it", kind, layer[0].Name)
		}
		suffix := "_reverse"
		if !reverse {
			number++
			suffix = ""
		}
		for i, p := range layer {
			l := link{param: p, transposed: i < 2}
			for _, name := range theirs[names[i]] {
				l.names = append(l.names, fmt.Sprintf("%s%s_l%d%s", m.prefix, name, number, suffix))
			}
			m.links = append(m.links, l)
		}
	}
	return m
}

// begin is a module that has no links yet. It panics unless the parameters are complete.
func begin(kind, prefix string, names *regexp.Regexp, params []*layers.Param) Module {
	if len(params) == 0 {
		device.Panicf("pytorch.%s: there are no parameters", kind)
	}
	for i, p := range params {
		if p == nil || p.Value == nil {
			device.Panicf("pytorch.%s: parameter %d is nil, or has no value", kind, i)
		}
		if t := p.Value.DType(); t != device.Float32 && t != device.Float64 {
			device.Panicf("pytorch.%s: parameter %q is %v, want float32 or float64", kind, p.Name, t)
		}
	}
	if prefix != "" {
		prefix += "."
	}
	return Module{prefix: prefix, names: names}
}

// Load reads modules from a file. It is an error, which lists them, if tensors are missing or have another shape, or if a
// module has more of them in the file, such as a bias or another layer, or if parameters that share a tensor differ there; the
// parameters are then as they were. What belongs to no module is left alone. Narrower types widen, F16, BF16 and F32 to the parameters' own; F64 is not rounded to float32.
func Load(path string, modules ...Module) error {
	if err := load(path, modules); err != nil {
		return fmt.Errorf("pytorch: load %s: %w", path, err)
	}
	return nil
}

func load(path string, modules []Module) error {
	f, err := safetensors.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var p plan.Plan
	known, seen := map[string]bool{}, map[*tensor.Tensor]source{}
	for _, m := range modules {
		for _, l := range m.links {
			if l.param.Value.DType() == device.Float32 {
				read[float32](&p, f, l, seen)
			} else {
				read[float64](&p, f, l, seen)
			}
			for _, name := range l.names {
				known[name] = true
			}
		}
	}
	for _, t := range f.Tensors() {
		for _, m := range modules {
			if rest, ok := strings.CutPrefix(t.Name, m.prefix); ok && m.names.MatchString(rest) && !known[t.Name] {
				p.Fail("unexpected %.100q %v", t.Name, t)
				known[t.Name] = true
			}
		}
	}
	return p.Do()
}

// A source is where a parameter's values come from.
type source struct {
	name   string
	values []byte
}

// read plans that a parameter is read. Those that share a tensor must have the same values.
func read[T float32 | float64](p *plan.Plan, f *safetensors.File, l link, seen map[*tensor.Tensor]source) {
	shape := l.shape()
	var sum []T
	for _, name := range l.names {
		t, ok := f.Lookup(name)
		switch {
		case !ok:
			p.Fail("missing %q %v", name, shape)
			return
		case !slices.Equal(t.Shape, shape):
			p.Fail("%q is %v, want %v", name, t, shape)
			return
		case t.DType.Size() > safetensors.TypeOf[T]().Size():
			p.Fail("%q is %v, want %s or narrower", name, t, safetensors.TypeOf[T]())
			return
		}
		values, err := safetensors.Floats[T](f, name)
		if err != nil {
			p.Fail("%v", err)
			return
		}
		if sum == nil {
			sum = values
			continue
		}
		for i, v := range values {
			sum[i] += v
		}
	}
	if l.transposed {
		sum = transpose(sum, shape[0])
	}
	from := source{l.names[0], device.Bytes(sum)}
	if first, shared := seen[l.param.Value]; shared && !bytes.Equal(first.values, from.values) {
		p.Fail("%q and %q differ, want the same, since they share a tensor here", first.name, from.name)
		return
	}
	seen[l.param.Value] = from
	plan.Upload(p, func() *tensor.Tensor { return l.param.Value }, sum, nil)
}

// Save writes a file of modules that torch's load_state_dict reads. The parameters' device is waited for. A file that was
// there is replaced whole, or stays.
func Save(path string, modules ...Module) error {
	if err := save(path, modules); err != nil {
		return fmt.Errorf("pytorch: save %s: %w", path, err)
	}
	return nil
}

func save(path string, modules []Module) error {
	var tensors []safetensors.Tensor
	for _, m := range modules {
		for _, l := range m.links {
			of := written[float64]
			if l.param.Value.DType() == device.Float32 {
				of = written[float32]
			}
			some, err := of(l)
			if err != nil {
				return err
			}
			tensors = append(tensors, some...)
		}
	}
	return files.Replace(path, func(w io.Writer) error {
		return safetensors.Write(w, tensors, map[string]string{"format": "pt"})
	})
}

// written is the tensors that a parameter is the sum of: itself, and zeros.
func written[T float32 | float64](l link) ([]safetensors.Tensor, error) {
	values, err := tensor.Values[T](l.param.Value)
	if err != nil {
		return nil, err
	}
	if shape := l.shape(); l.transposed {
		values = transpose(values, shape[1])
	}
	var tensors []safetensors.Tensor
	for _, name := range l.names {
		tensors = append(tensors, safetensors.Of(name, values, l.shape()...))
		values = make([]T, len(values))
	}
	return tensors, nil
}

// shape is that of the tensors in a file.
func (l link) shape() []int {
	shape := slices.Clone(l.param.Value.Shape())
	if l.transposed {
		slices.Reverse(shape)
	}
	return shape
}

// transpose returns a matrix of so many rows transposed.
func transpose[T float32 | float64](m []T, rows int) []T {
	t := make([]T, len(m))
	for i := range m {
		t[i] = m[i%rows*(len(m)/rows)+i/rows]
	}
	return t
}
