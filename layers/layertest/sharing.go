package layertest

import (
	"slices"

	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/tensor"
)

// sharedWeights uses one weight in two layers: its gradient is the sum of those of two copies.
func sharedWeights(e *env) {
	w, first, second := e.weight(4, 4), e.weight(4, 4), e.weight(4, 4)
	first.Copy(w)
	second.Copy(w)
	x, dy := e.normal(3, 4), e.normal(3, 4)
	twice := func(a, b *tensor.Tensor) {
		net := layers.NewSequential(layers.NewMatMul(a), layers.NewTanh(), layers.NewMatMul(b))
		net.Forward(x)
		net.Backward(dy)
	}
	twice(w, w)
	twice(first, second)
	e.near("dw of two products", w.Grad(), e.values(layers.NewAdd().Forward(first.Grad(), second.Grad())), 8)

	// The table of an embedding is the output layer's weight, transposed.
	ids := []int{3, 0, 3}
	table, out := e.weight(4, 5), e.weight(4, 5)
	out.Copy(table)
	tied := func(table, out *tensor.Tensor) *tensor.Tensor {
		embedding, affine := layers.NewEmbedding(table), layers.NewAffineTransposed(out, e.in.Zeros(4))
		y := affine.Forward(embedding.Forward(ids))
		embedding.Backward(affine.Backward(dy))
		return y
	}
	apart := e.values(tied(table, out))
	sum := e.values(layers.NewAdd().Forward(table.Grad(), out.Grad()))
	table.Grad().Fill(0)
	e.same("y of a tied table", tied(table, table), apart)
	e.near("dw of a tied table", table.Grad(), sum, 8)

	m := newRNNMaker(e)
	sequences := [][2]*tensor.Tensor{
		{e.normal(steps, batch, inputs), e.normal(steps, batch, hidden)},
		{e.normal(steps, 2, inputs), e.normal(steps, 2, hidden)},
	}
	rnns := []*layers.RNN{m.rnn(), m.rnn()}
	params := rnns[0].Params()
	sums := make([][]float64, len(params))
	for i, s := range sequences {
		rnns[i].Forward(s[0])
		rnns[i].Backward(s[1])
		for j, p := range params {
			sums[j] = append(sums[j], e.values(p.Grad)...)
			p.Grad.Fill(0)
		}
	}
	for i, s := range sequences {
		rnns[i].ResetState()
		rnns[i].Forward(s[0])
	}
	for i, s := range sequences {
		rnns[i].Backward(s[1])
	}
	for j, p := range params {
		n := len(sums[j]) / 2
		for i := range n {
			sums[j][i] += sums[j][n+i]
		}
		e.near("two sequences' gradient of "+p.Name, p.Grad, sums[j][:n], 32)
	}
}

// params is about which parameters a layer has.
func params(e *env) {
	wx, wh, b, wh1 := e.weight(3, 4), e.weight(4, 4), e.normal(4), e.weight(1, 4)
	three, wh3, b3, b4 := e.weight(2, 3), e.weight(1, 3), e.normal(3), e.normal(4)
	for _, c := range []struct {
		l      interface{ Params() []*layers.Param }
		names  []string
		values []*tensor.Tensor
	}{
		{layers.NewSigmoid(), nil, nil},
		{layers.NewSoftmax(), nil, nil},
		{layers.NewDropout(0.5, 1), nil, nil},
		{layers.NewConcat(), nil, nil},
		{layers.NewSplit(1), nil, nil},
		{layers.NewSelect(0), nil, nil},
		{layers.NewLayerNorm(b, b4, 0), []string{"gamma", "beta"}, []*tensor.Tensor{b, b4}},
		{layers.NewMatMul(wx), []string{"w"}, []*tensor.Tensor{wx}},
		{layers.NewAffine(wx, b), []string{"w", "b"}, []*tensor.Tensor{wx, b}},
		{layers.NewMatMulTransposed(wx), []string{"w"}, []*tensor.Tensor{wx}},
		{layers.NewAffineTransposed(wx, b3), []string{"w", "b"}, []*tensor.Tensor{wx, b3}},
		{layers.NewEmbedding(wx), []string{"w"}, []*tensor.Tensor{wx}},
		{layers.NewRNN(wx, wh, nil), []string{"wx", "wh"}, []*tensor.Tensor{wx, wh}},
		{layers.NewRNN(wx, wh, b), []string{"wx", "wh", "b"}, []*tensor.Tensor{wx, wh, b}},
		{layers.NewReLURNN(wx, wh, b), []string{"wx", "wh", "b"}, []*tensor.Tensor{wx, wh, b}},
		{layers.NewLSTM(wx, wh1, nil), []string{"wx", "wh"}, []*tensor.Tensor{wx, wh1}},
		{layers.NewLSTM(wx, wh1, b), []string{"wx", "wh", "b"}, []*tensor.Tensor{wx, wh1, b}},
		{layers.NewGRU(three, wh3, nil, nil), []string{"wx", "wh"}, []*tensor.Tensor{three, wh3}},
		{layers.NewGRU(three, wh3, nil, b3), []string{"wx", "wh", "bh"}, []*tensor.Tensor{three, wh3, b3}},
		{layers.NewGRUResetBefore(three, wh3, b3, b3), []string{"wx", "wh", "bx", "bh"}, []*tensor.Tensor{three, wh3, b3, b3}},
		{layers.NewBidirectional(layers.NewLSTM(wx, wh1, nil), layers.NewLSTM(wx, wh1, b)),
			[]string{"forward.wx", "forward.wh", "backward.b"}, []*tensor.Tensor{wx, wh1, b}},
		{layers.NewRNNCell(wx, wh, b), []string{"wx", "wh", "b"}, []*tensor.Tensor{wx, wh, b}},
	} {
		var names []string
		var values []*tensor.Tensor
		for _, p := range c.l.Params() {
			names, values = append(names, p.Name), append(values, p.Value)
			if p.Grad != p.Value.Grad() {
				e.Errorf("%s of %T has a gradient of its own, want its value's", p.Name, c.l)
			}
		}
		if !slices.Equal(names, c.names) || !slices.Equal(values, c.values) {
			e.Errorf("%T has the parameters %q, want %q", c.l, names, c.names)
		}
	}
}

// sequential is about the parameters of a chain, and its results beside those of its layers one by one.
func sequential(e *env) {
	w, b, last := e.weight(4, 4), e.normal(4), e.weight(4, 3)
	m := rnnMaker{e.weight(4, 4), w, b}
	net := layers.NewSequential(
		layers.NewAffine(w, b), layers.NewTanh(), m.rnn(),
		layers.NewSequential(layers.NewReLU(), layers.NewMatMul(last), layers.NewMatMul(e.weight(3, 2))))
	var names []string
	for _, p := range net.Params() {
		names = append(names, p.Name)
		if p.Grad != p.Value.Grad() {
			e.Errorf("%s has a gradient of its own, want its value's", p.Name)
		}
	}
	if want := []string{"0.w", "0.b", "2.wx", "3.1.w", "3.2.w"}; !slices.Equal(names, want) {
		e.Errorf("the parameters are %q, want %q", names, want)
	}
	if got := net.Params(); got[0].Value != w || got[1].Value != b || got[3].Value != last {
		e.Error("the parameters are not the layers' own")
	}

	x, dy := e.normal(3, 2, 4), e.normal(3, 2, 2)
	affine, tanh, rnn := layers.NewAffine(w, b), layers.NewTanh(), m.rnn()
	relu, product, end := layers.NewReLU(), layers.NewMatMul(last), layers.NewMatMul(net.Params()[4].Value)
	want := e.values(end.Forward(product.Forward(relu.Forward(rnn.Forward(tanh.Forward(affine.Forward(x)))))))
	wantDX := e.values(affine.Backward(tanh.Backward(rnn.Backward(relu.Backward(product.Backward(end.Backward(dy)))))))
	e.same("y", net.Forward(x), want)
	e.same("dx", net.Backward(dy), wantDX)

	none := layers.NewSequential()
	if none.Forward(x) != x || none.Backward(dy) != dy || len(none.Params()) != 0 {
		e.Error("a chain of no layers changes what passes through it")
	}
}

// fused holds a chain, whose products do what the activations after them would, against its layers one by one.
func fused(e *env) {
	w, wT, b := e.weight(4, 5), e.weight(5, 4), e.normal(5)
	x, dy := e.normal(3, 2, 4), e.normal(3, 2, 5)
	for name, newProduct := range map[string]func() *layers.Affine{
		"MatMul":           func() *layers.Affine { return layers.NewMatMul(w) },
		"Affine":           func() *layers.Affine { return layers.NewAffine(w, b) },
		"MatMulTransposed": func() *layers.Affine { return layers.NewMatMulTransposed(wT) },
		"AffineTransposed": func() *layers.Affine { return layers.NewAffineTransposed(wT, b) },
	} {
		for _, newActivation := range []func() *layers.Activation{layers.NewSigmoid, layers.NewTanh, layers.NewReLU} {
			product, activation, last := newProduct(), newActivation(), newActivation()
			net := layers.NewSequential(product, activation, last)
			// run is all that two passes make, back through what forward did.
			run := func(forward, backward func(*tensor.Tensor) *tensor.Tensor) (all []float64) {
				for _, p := range product.Params() {
					p.Grad.Fill(0)
				}
				for range 2 {
					all = append(append(all, e.values(forward(x))...), e.values(backward(dy))...)
				}
				for _, p := range product.Params() {
					all = append(all, e.values(p.Grad)...)
				}
				return all
			}
			alone, f, g := newProduct(), newActivation(), newActivation()
			want := run(
				func(x *tensor.Tensor) *tensor.Tensor { return g.Forward(f.Forward(alone.Forward(x))) },
				func(dy *tensor.Tensor) *tensor.Tensor { return alone.Backward(f.Backward(g.Backward(dy))) })
			got := run(net.Forward, net.Backward)
			e.same(name+" in a chain", e.tensor(got, len(got)), want)

			sums := e.values(alone.Forward(x))
			y := net.Forward(x)
			values := e.values(y)
			e.same(name+" by itself", product.Forward(x), sums)
			e.same(name+" in the chain after that", y, values)
			got = run(net.Forward, net.Backward)
			e.same(name+" in a chain again", e.tensor(got, len(got)), want)
		}
	}

	// What a chain returned, it may get; its layers, that have no more than one result each, work in turns then.
	square, b4 := e.weight(4, 4), e.normal(4)
	net := layers.NewSequential(layers.NewAffine(square, b4), layers.NewTanh())
	affine, tanh := layers.NewAffine(square, b4), layers.NewTanh()
	once := e.clone(net.Forward(x))
	want := e.values(tanh.Forward(affine.Forward(once)))
	e.same("a chain of its own result", net.Forward(net.Forward(x)), want)

	net.Free()
	if err := layers.Try(func() { affine.Free(); affine.Backward(once) }); err == nil {
		e.Error("Backward after Free is no misuse")
	}
	e.same("a chain after Free", net.Forward(x), e.values(once))
}
