package layertest

import (
	"bytes"
	"embed"
	"fmt"

	"github.com/keisan-go/keisan/checkpoint/safetensors"
	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/tensor"
)

// PyTorch's results, in float64, as testdata/gen_fixtures.py and gen_blocks.py wrote them.
//
//go:embed testdata/*.safetensors
var fixtures embed.FS

// fixture is one file.
type fixture struct {
	e    *env
	file *safetensors.File
}

func readFixture(e *env, name string) fixture {
	b, err := fixtures.ReadFile("testdata/" + name + ".safetensors")
	if err != nil {
		e.Fatal(err)
	}
	file, err := safetensors.NewFile(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		e.Fatalf("%s: %v", name, err)
	}
	return fixture{e, file}
}

// array is a tensor of a file, of float64.
type array struct {
	Shape  []int
	Values []float64
}

func (f fixture) get(name string) array {
	t, _ := f.file.Lookup(name)
	values, err := safetensors.Values[float64](f.file, name)
	if err != nil {
		f.e.Fatal(err)
	}
	return array{t.Shape, values}
}

// ids is a tensor of int64.
func (f fixture) ids(name string) (ids, shape []int) {
	values, err := safetensors.Values[int64](f.file, name)
	if err != nil {
		f.e.Fatal(err)
	}
	for _, v := range values {
		ids = append(ids, int(v))
	}
	t, _ := f.file.Lookup(name)
	return ids, t.Shape
}

// tensor is a tensor of the file on the device.
func (f fixture) tensor(name string) *tensor.Tensor {
	t := f.get(name)
	return f.e.tensor(t.Values, t.Shape...)
}

// transposed is the values of a matrix transposed.
func (f fixture) transposed(name string) (values []float64, rows, cols int) {
	t := f.get(name)
	rows, cols = t.Shape[1], t.Shape[0]
	values = make([]float64, len(t.Values))
	for i := range values {
		values[i] = t.Values[i%cols*rows+i/cols]
	}
	return values, rows, cols
}

// roundings is how far results may be from PyTorch's: 1e-12 of the largest element in float64, 8e-6 in float32.
func (e *env) roundings() float64 {
	if e.epsilon() == 0x1p-52 {
		return 4500
	}
	return 64
}

// pytorchRecurrent holds the recurrent layers against torch.nn.RNN, LSTM and GRU, of one layer and of two, in one direction and
// in both: what they return, the states and all gradients.
func pytorchRecurrent(e *env) {
	for name, make := range map[string]func(wx, wh, bx, bh *tensor.Tensor) layers.Recurrent{
		"rnn_tanh": func(wx, wh, bx, bh *tensor.Tensor) layers.Recurrent { return layers.NewRNN(wx, wh, bx) },
		"rnn_relu": func(wx, wh, bx, bh *tensor.Tensor) layers.Recurrent { return layers.NewReLURNN(wx, wh, bx) },
		"lstm":     func(wx, wh, bx, bh *tensor.Tensor) layers.Recurrent { return layers.NewLSTM(wx, wh, bx) },
		"gru":      func(wx, wh, bx, bh *tensor.Tensor) layers.Recurrent { return layers.NewGRU(wx, wh, bx, bh) },
	} {
		for _, size := range []struct {
			name              string
			depth, directions int
		}{{"_l1", 1, 1}, {"_l1_bi", 1, 2}, {"_l2", 2, 1}, {"_l2_bi", 2, 2}} {
			e.Run(name+size.name, func(e *env) {
				f := readFixture(e, name+size.name)
				var all []layers.Recurrent // of all directions of all layers, as PyTorch counts them
				var nearWeights []func()
				var stack []layers.Layer
				for layer := range size.depth {
					for _, direction := range []string{"", "_reverse"}[:size.directions] {
						suffix := fmt.Sprintf("_l%d%s", layer, direction)
						wx, wh, bx, bh := f.weights(suffix)
						if name != "gru" { // one bias, the sum of both
							bx = layers.NewAdd().Forward(bx, bh)
							bh = bx
						}
						l := make(wx, wh, bx, bh)
						setState(l, f.states("h0", "c0", len(all)))
						setStateGrad(l, f.states("d_hn", "d_cn", len(all)))
						all = append(all, l)
						nearWeights = append(nearWeights, func() { e.Helper(); f.nearWeights(suffix, wx, wh, bx, bh) })
					}
					last := all[len(all)-size.directions:]
					if size.directions == 2 {
						stack = append(stack, layers.NewBidirectional(last[0], last[1]))
					} else {
						stack = append(stack, last[0])
					}
				}
				net := layers.NewSequential(stack...)
				e.near("y", net.Forward(f.tensor("input")), f.get("output").Values, e.roundings())
				e.near("dx", net.Backward(f.tensor("d_output")), f.get("d_input").Values, e.roundings())
				for i, l := range all {
					for j, want := range f.states("hn", "cn", i) {
						e.near(fmt.Sprintf("state %d of %d", j, i), stateOf(l)[j], e.values(want), e.roundings())
					}
					for j, want := range f.states("d_h0", "d_c0", i) {
						e.near(fmt.Sprintf("the gradient of state %d of %d", j, i), stateGradOf(l)[j], e.values(want), e.roundings())
					}
					nearWeights[i]()
				}
			})
		}
	}
}

// weights is the matrices and biases of a layer of torch.nn whose parameters end so, as ours are.
func (f fixture) weights(suffix string) (wx, wh, bx, bh *tensor.Tensor) {
	weight := func(name string) *tensor.Tensor {
		values, rows, cols := f.transposed(name + suffix)
		return f.e.tensor(values, rows, cols)
	}
	return weight("weight_ih"), weight("weight_hh"), f.tensor("bias_ih" + suffix), f.tensor("bias_hh" + suffix)
}

// nearWeights holds the gradients of weights against PyTorch's.
func (f fixture) nearWeights(suffix string, wx, wh, bx, bh *tensor.Tensor) {
	e := f.e
	e.Helper()
	dwx, _, _ := f.transposed("grad.weight_ih" + suffix)
	dwh, _, _ := f.transposed("grad.weight_hh" + suffix)
	e.near("dwx", wx.Grad(), dwx, e.roundings())
	e.near("dwh", wh.Grad(), dwh, e.roundings())
	e.near("dbx", bx.Grad(), f.get("grad.bias_ih"+suffix).Values, e.roundings())
	e.near("dbh", bh.Grad(), f.get("grad.bias_hh"+suffix).Values, e.roundings())
}

// states is what belongs to one of the layers of a module in the tensors h [layers, B, H] and, of an LSTM, c.
func (f fixture) states(h, c string, layer int) (all []*tensor.Tensor) {
	for _, name := range []string{h, c} {
		if _, ok := f.file.Lookup(name); ok {
			t := f.get(name)
			n := t.Shape[1] * t.Shape[2]
			all = append(all, f.e.tensor(t.Values[layer*n:(layer+1)*n], t.Shape[1], t.Shape[2]))
		}
	}
	return all
}

// pytorchEmbedding holds Embedding against torch.nn.functional.embedding.
func pytorchEmbedding(e *env) {
	f := readFixture(e, "embedding")
	w := f.tensor("weight")
	l := layers.NewEmbedding(w)
	ids, shape := f.ids("ids")
	e.same("y", l.Forward(ids, shape...), e.values(f.tensor("output")))
	l.Backward(f.tensor("d_output"))
	e.near("dw", w.Grad(), f.get("grad.weight").Values, e.roundings())
}

// pytorchLayerNorm holds LayerNorm against torch.nn.functional.layer_norm.
func pytorchLayerNorm(e *env) {
	f := readFixture(e, "layer_norm")
	gamma, beta := f.tensor("gamma"), f.tensor("beta")
	l := layers.NewLayerNorm(gamma, beta, 1e-5)
	e.near("y", l.Forward(f.tensor("input")), f.get("output").Values, e.roundings())
	e.near("dx", l.Backward(f.tensor("d_output")), f.get("d_input").Values, e.roundings())
	e.near("dgamma", gamma.Grad(), f.get("grad.gamma").Values, e.roundings())
	e.near("dbeta", beta.Grad(), f.get("grad.beta").Values, e.roundings())
}

// pytorchLosses holds the losses of elements against torch.nn.functional's.
func pytorchLosses(e *env) {
	f := readFixture(e, "losses")
	squared, cross := layers.NewMeanSquaredError(), layers.NewBinaryCrossEntropy()
	e.near("the mean squared error", squared.Forward(f.tensor("output"), f.tensor("target")), f.get("squared").Values, e.roundings())
	e.near("its gradient", squared.Backward(), f.get("d_output").Values, e.roundings())
	e.near("the binary cross-entropy", cross.Forward(f.tensor("logits"), f.tensor("labels")), f.get("cross").Values, e.roundings())
	e.near("its gradient", cross.Backward(), f.get("d_logits").Values, e.roundings())
}

// pytorchTwoLayerNet holds a network with a sigmoid layer and its loss against PyTorch's.
func pytorchTwoLayerNet(e *env) {
	f := readFixture(e, "two_layer_net")
	net := layers.NewSequential(
		layers.NewAffine(f.tensor("W1"), f.tensor("b1")), layers.NewSigmoid(),
		layers.NewAffine(f.tensor("W2"), f.tensor("b2")))
	target, _ := f.ids("target")
	loss := layers.NewSoftmaxCrossEntropy()
	logits := net.Forward(f.tensor("input"))
	e.near("logits", logits, f.get("logits").Values, e.roundings())
	e.near("loss", loss.Forward(logits, target), f.get("loss").Values, e.roundings())
	e.near("dx", net.Backward(loss.Backward()), f.get("d_input").Values, e.roundings())
	for i, name := range []string{"W1", "b1", "W2", "b2"} {
		e.near("the gradient of "+name, net.Params()[i].Grad, f.get("grad."+name).Values, e.roundings())
	}
}
