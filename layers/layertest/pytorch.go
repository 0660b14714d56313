package layertest

import (
	"embed"

	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/layers/layertest/internal/safetensors"
	"github.com/keisan-go/keisan/tensor"
)

// PyTorch's results, in float64, as testdata/gen_fixtures.py wrote them.
//
//go:embed testdata/*.safetensors
var fixtures embed.FS

// fixture is the tensors of one file.
type fixture struct {
	e       *env
	tensors map[string]safetensors.Tensor
}

func readFixture(e *env, name string) fixture {
	file, err := fixtures.ReadFile("testdata/" + name + ".safetensors")
	if err != nil {
		e.Fatal(err)
	}
	tensors, err := safetensors.Parse(file)
	if err != nil {
		e.Fatalf("%s: %v", name, err)
	}
	return fixture{e, tensors}
}

func (f fixture) get(name string) safetensors.Tensor {
	t, ok := f.tensors[name]
	if !ok {
		f.e.Fatalf("there is no tensor %s", name)
	}
	return t
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

// pytorchRNN holds RNN against torch.nn.RNN, whose weights are [H, I] and whose biases are two, one for each product.
func pytorchRNN(e *env) {
	for name, newRNN := range map[string]func(wx, wh, b *tensor.Tensor) *layers.RNN{
		"rnn_tanh_l1": layers.NewRNN,
		"rnn_relu_l1": layers.NewReLURNN,
	} {
		e.Run(name, func(e *env) {
			f := readFixture(e, name)
			weight := func(name string) *tensor.Tensor {
				values, rows, cols := f.transposed(name)
				return e.tensor(values, rows, cols)
			}
			wx, wh := weight("weight_ih_l0"), weight("weight_hh_l0")
			b := layers.NewAdd().Forward(f.tensor("bias_ih_l0"), f.tensor("bias_hh_l0"))
			h0, hn, dhn := f.get("h0"), f.get("hn"), f.get("d_hn")
			batch, hidden := h0.Shape[1], h0.Shape[2]

			l := newRNN(wx, wh, b)
			l.SetState(e.tensor(h0.Values, batch, hidden))
			e.near("y", l.Forward(f.tensor("input")), f.get("output").Values, e.roundings())
			e.near("the state", l.State(), hn.Values, e.roundings())

			dy := f.get("d_output") // the last state is the last step's y, and so is its gradient
			for i, d := range dhn.Values {
				dy.Values[len(dy.Values)-batch*hidden+i] += d
			}
			e.near("dx", l.Backward(e.tensor(dy.Values, dy.Shape...)), f.get("d_input").Values, e.roundings())
			e.near("the state's gradient", l.StateGrad(), f.get("d_h0").Values, e.roundings())
			dwx, _, _ := f.transposed("grad.weight_ih_l0")
			dwh, _, _ := f.transposed("grad.weight_hh_l0")
			e.near("dwx", wx.Grad(), dwx, e.roundings())
			e.near("dwh", wh.Grad(), dwh, e.roundings())
			e.near("db", b.Grad(), f.get("grad.bias_ih_l0").Values, e.roundings())
			e.near("db", b.Grad(), f.get("grad.bias_hh_l0").Values, e.roundings())
		})
	}
}

// pytorchTwoLayerNet holds a network with a sigmoid layer and its loss against PyTorch's.
func pytorchTwoLayerNet(e *env) {
	f := readFixture(e, "two_layer_net")
	net := layers.NewSequential(
		layers.NewAffine(f.tensor("W1"), f.tensor("b1")), layers.NewSigmoid(),
		layers.NewAffine(f.tensor("W2"), f.tensor("b2")))
	var target []int
	for _, v := range f.get("target").Values {
		target = append(target, int(v))
	}
	loss := layers.NewSoftmaxCrossEntropy()
	logits := net.Forward(f.tensor("input"))
	e.near("logits", logits, f.get("logits").Values, e.roundings())
	e.near("loss", loss.Forward(logits, target), f.get("loss").Values, e.roundings())
	e.near("dx", net.Backward(loss.Backward()), f.get("d_input").Values, e.roundings())
	for i, name := range []string{"W1", "b1", "W2", "b2"} {
		e.near("the gradient of "+name, net.Params()[i].Grad, f.get("grad."+name).Values, e.roundings())
	}
}
