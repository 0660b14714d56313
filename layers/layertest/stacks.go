package layertest

import (
	"fmt"

	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/tensor"
)

// bidirectional puts what two layers return side by side, the second of which runs in reverse.
func bidirectional(e *env) {
	m := e.weight(inputs, 4*hidden)
	wh, other := e.weight(hidden, 4*hidden), e.weight(hidden, 4*hidden)
	x, dy := e.normal(steps, batch, inputs), e.normal(steps, batch, 2*hidden)
	lengths := []int{0, 3, steps, 1, 2}
	both := layers.NewBidirectional(layers.NewLSTM(m, wh, nil), layers.NewLSTM(m, other, nil))
	both.SetLengths(lengths)
	y := both.Forward(x)
	e.shape("y", y, steps, batch, 2*hidden)
	ys, dx := e.values(y), e.values(both.Backward(dy))

	var sum []float64
	for i, w := range []*tensor.Tensor{wh, other} {
		l := layers.NewLSTM(m, w, nil)
		l.SetReverse(i == 1)
		l.SetLengths(lengths)
		e.same(fmt.Sprintf("direction %d", i), l.Forward(x), half(ys, i))
		d := e.values(l.Backward(e.tensor(half(e.values(dy), i), steps, batch, hidden)))
		if sum == nil {
			sum = make([]float64, len(d))
		}
		for j, v := range d {
			sum[j] += v
		}
	}
	e.near("dx", e.tensor(dx, len(dx)), sum, 1)
}

// half is the columns of one half.
func half(rows []float64, i int) (all []float64) {
	for at := i * hidden; at < len(rows); at += 2 * hidden {
		all = append(all, rows[at:at+hidden]...)
	}
	return all
}

// stack passes lengths and the direction on to each layer of a Sequential: the same as one layer after the other.
func stack(e *env) {
	wx, wh := e.weight(inputs, 4*hidden), e.weight(hidden, 4*hidden)
	above, aboveH := e.weight(hidden, hidden), e.weight(hidden, hidden)
	x, dy := e.normal(steps, batch, inputs), e.normal(steps, batch, hidden)
	lengths := []int{0, 3, steps, 1, 2}
	layersOf := func() []layers.Layer {
		return []layers.Layer{layers.NewLSTM(wx, wh, nil), layers.NewTanh(), layers.NewRNN(above, aboveH, nil)}
	}
	for _, reverse := range []bool{false, true} {
		var all layers.Recurrent = layers.NewSequential(layersOf()...)
		all.SetReverse(reverse)
		all.SetLengths(lengths)
		y := e.values(all.Forward(x))
		dx := e.values(all.Backward(dy))

		each := layersOf()
		next := x
		for _, l := range each {
			if l, ok := l.(layers.Recurrent); ok {
				l.SetReverse(reverse)
				l.SetLengths(lengths)
			}
			next = l.Forward(next)
		}
		e.same(fmt.Sprintf("reverse %v: y", reverse), next, y)
		for b, n := range lengths {
			e.zero(fmt.Sprintf("reverse %v: y behind the end of row %d", reverse, b), rowsOf(y, b, b+1)[n*hidden:])
		}
		d := dy
		for i := range each {
			d = each[len(each)-1-i].Backward(d)
		}
		e.same(fmt.Sprintf("reverse %v: dx", reverse), d, dx)
	}
}

// skipInputGrad leaves out the gradient of x, and with it its memory. Nothing else changes.
func skipInputGrad(e *env) {
	x := e.normal(steps, batch, inputs)
	size := int64(x.Len() * e.dtype.Size())
	affine := func(e *env) layers.Layer { return layers.NewAffine(e.weight(inputs, hidden), e.normal(hidden)) }
	rnn := func(e *env) layers.Recurrent {
		return layers.NewRNN(e.weight(inputs, hidden), e.weight(hidden, hidden), e.normal(hidden))
	}
	makers := map[string]func(e *env) layers.Layer{
		"Affine":        affine,
		"MatMul":        func(e *env) layers.Layer { return layers.NewMatMul(e.weight(inputs, hidden)) },
		"Bidirectional": func(e *env) layers.Layer { return layers.NewBidirectional(rnn(e), rnn(e)) },
		"Sequential": func(e *env) layers.Layer {
			return layers.NewSequential(rnn(e), layers.NewAffine(e.weight(hidden, 3), e.normal(3)))
		},
		"Tanh first": func(e *env) layers.Layer { return layers.NewSequential(layers.NewTanh(), affine(e)) },
	}
	saved := map[string]int64{"Bidirectional": 3 * size, "Tanh first": 0} // the others' is one tensor
	for _, kind := range recurrentKinds {
		makers[kind.name] = func(e *env) layers.Layer { return kind.layer(kind.weights(e, inputs, hidden)) }
	}
	for name, make := range makers {
		e.Run(name, func(e *env) {
			run := func(l layers.Layer) (y []float64, grads [][]float64, dx *tensor.Tensor, held int64) {
				dy := e.with(e.d, e.dtype).normal(l.Forward(x).Shape()...)
				dx = l.Backward(dy)
				for _, p := range l.Params() {
					grads = append(grads, e.values(p.Grad))
				}
				y, held = e.values(l.Forward(x)), e.d.Info().InUse
				l.(interface{ Free() }).Free()
				dy.Free()
				return y, grads, dx, held - e.d.Info().InUse
			}
			y, grads, dx, held := run(make(e))
			l := make(e.with(e.d, e.dtype))
			l.(interface{ SkipInputGrad() }).SkipInputGrad()
			gotY, gotGrads, gotDX, gotHeld := run(l)
			if dx == nil || gotDX != nil {
				e.Errorf("dx is %v and, left out, %v, want it and none", dx, gotDX)
			}
			want, ok := saved[name]
			if !ok {
				want = size
			}
			if held-gotHeld != want {
				e.Errorf("without dx %d bytes less are held, want %d", held-gotHeld, want)
			}
			e.same("y without dx", e.tensor(gotY, len(gotY)), y)
			for i, g := range gotGrads {
				e.same("the gradient of "+l.Params()[i].Name+" without dx", e.tensor(g, len(g)), grads[i])
			}
		})
	}
}
