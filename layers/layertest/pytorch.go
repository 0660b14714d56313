package layertest

import (
	"bytes"
	"embed"

	"github.com/keisan-go/keisan/checkpoint/safetensors"
	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/tensor"
)

// PyTorch's results, in float64, as testdata/gen_fixtures.py wrote them.
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

// state is what belongs to one of the layers of a module in a tensor [layers, B, H].
func (f fixture) state(name string, layer int) *tensor.Tensor {
	t := f.get(name)
	n := t.Shape[1] * t.Shape[2]
	return f.e.tensor(t.Values[layer*n:(layer+1)*n], t.Shape[1], t.Shape[2])
}

// pytorchLSTM holds LSTM against torch.nn.LSTM.
func pytorchLSTM(e *env) {
	f := readFixture(e, "lstm_l1")
	wx, wh, bx, bh := f.weights("_l0")
	b := layers.NewAdd().Forward(bx, bh)
	l := layers.NewLSTM(wx, wh, b)
	l.SetState(f.state("h0", 0), f.state("c0", 0))
	e.near("y", l.Forward(f.tensor("input")), f.get("output").Values, e.roundings())
	h, c := l.State()
	e.near("h", h, f.get("hn").Values, e.roundings())
	e.near("c", c, f.get("cn").Values, e.roundings())

	l.SetStateGrad(f.state("d_hn", 0), f.state("d_cn", 0))
	e.near("dx", l.Backward(f.tensor("d_output")), f.get("d_input").Values, e.roundings())
	dh, dc := l.StateGrad()
	e.near("dh", dh, f.get("d_h0").Values, e.roundings())
	e.near("dc", dc, f.get("d_c0").Values, e.roundings())
	f.nearWeights("_l0", wx, wh, b, b)
}

// pytorchGRU holds GRU against torch.nn.GRU.
func pytorchGRU(e *env) {
	f := readFixture(e, "gru_l1")
	wx, wh, bx, bh := f.weights("_l0")
	l := layers.NewGRU(wx, wh, bx, bh)
	l.SetState(f.state("h0", 0))
	e.near("y", l.Forward(f.tensor("input")), f.get("output").Values, e.roundings())
	e.near("h", l.State(), f.get("hn").Values, e.roundings())
	l.SetStateGrad(f.state("d_hn", 0))
	e.near("dx", l.Backward(f.tensor("d_output")), f.get("d_input").Values, e.roundings())
	e.near("dh", l.StateGrad(), f.get("d_h0").Values, e.roundings())
	f.nearWeights("_l0", wx, wh, bx, bh)
}

// pytorchBidirectional holds Bidirectional against torch.nn.LSTM and torch.nn.GRU.
func pytorchBidirectional(e *env) {
	for _, name := range []string{"lstm_l1_bi", "gru_l1_bi"} {
		e.Run(name, func(e *env) {
			f := readFixture(e, name)
			var directions [2]gated
			var nearWeights [2]func()
			for i, suffix := range []string{"_l0", "_l0_reverse"} {
				wx, wh, bx, bh := f.weights(suffix)
				if name == "gru_l1_bi" {
					l := layers.NewGRU(wx, wh, bx, bh)
					l.SetState(f.state("h0", i))
					l.SetStateGrad(f.state("d_hn", i))
					directions[i] = l
				} else {
					bx = layers.NewAdd().Forward(bx, bh)
					bh = bx
					l := layers.NewLSTM(wx, wh, bx)
					l.SetState(f.state("h0", i), f.state("c0", i))
					l.SetStateGrad(f.state("d_hn", i), f.state("d_cn", i))
					directions[i] = l
				}
				nearWeights[i] = func() { e.Helper(); f.nearWeights(suffix, wx, wh, bx, bh) }
			}
			l := layers.NewBidirectional(directions[0], directions[1])
			e.near("y", l.Forward(f.tensor("input")), f.get("output").Values, e.roundings())
			e.near("dx", l.Backward(f.tensor("d_output")), f.get("d_input").Values, e.roundings())
			for i, direction := range directions {
				e.near("h", stateOf(direction)[0], e.values(f.state("hn", i)), e.roundings())
				e.near("dh", stateGradOf(direction)[0], e.values(f.state("d_h0", i)), e.roundings())
				nearWeights[i]()
			}
		})
	}
}

// pytorchTwoLayerNet holds a network with a sigmoid layer and its loss against PyTorch's.
func pytorchTwoLayerNet(e *env) {
	f := readFixture(e, "two_layer_net")
	net := layers.NewSequential(
		layers.NewAffine(f.tensor("W1"), f.tensor("b1")), layers.NewSigmoid(),
		layers.NewAffine(f.tensor("W2"), f.tensor("b2")))
	classes, err := safetensors.Values[int64](f.file, "target")
	if err != nil {
		e.Fatal(err)
	}
	var target []int
	for _, class := range classes {
		target = append(target, int(class))
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
