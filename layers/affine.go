package layers

import (
	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
	"github.com/keisan-go/keisan/tensor"
)

// Affine is y = x·w + b for x [..., K], w [K, N] and b [N]. The leading axes of x fold into rows, so y is [..., N]; a
// vector x [K] gives a vector y [N]. Transposed it is y = x·wᵀ + b for w [N, K].
type Affine struct {
	weighted
	name       string
	transposed bool
	terms, n   int    // K and N
	w, b       *Param // b is nil for the plain product
	params     []*Param

	x, own *tensor.Tensor
	y      *tensor.Tensor // what Forward returned: own; or an activation's result, if that came next in a chain
	shape  []int          // of y

	forward, gradX, gradW kernels.MatMul
	gradB                 kernels.SumRows
}

// NewMatMul returns y = x·w, with dx = dy·wᵀ and dw = xᵀ·dy, summed over the leading axes.
func NewMatMul(w *tensor.Tensor) *Affine { return newAffine("MatMul", false, w, nil) }

// NewMatMulTransposed returns y = x·wᵀ, with dx = dy·w and dw = dyᵀ·x, summed over the leading axes.
func NewMatMulTransposed(w *tensor.Tensor) *Affine {
	return newAffine("MatMulTransposed", true, w, nil)
}

// NewAffine returns y = x·w + b, with dx = dy·wᵀ, dw = xᵀ·dy and db = Σ dy, summed over the leading axes.
func NewAffine(w, b *tensor.Tensor) *Affine {
	if b == nil {
		device.Panicf("layers.Affine: b is nil; NewMatMul makes a product without one")
	}
	return newAffine("Affine", false, w, b)
}

// NewAffineTransposed returns y = x·wᵀ + b, with dx = dy·w, dw = dyᵀ·x and db = Σ dy, summed over the leading axes. So the
// output layer of a language model shares w [V, D] with its Embedding: O. Press, L. Wolf, "Using the output embedding to
// improve language models", 2017.
func NewAffineTransposed(w, b *tensor.Tensor) *Affine {
	if b == nil {
		device.Panicf("layers.AffineTransposed: b is nil; NewMatMulTransposed makes a product without one")
	}
	return newAffine("AffineTransposed", true, w, b)
}

func newAffine(name string, transposed bool, w, b *tensor.Tensor) *Affine {
	l := &Affine{name: name, transposed: transposed, w: newParam(name, "w", w)}
	l.params = []*Param{l.w}
	want := "[K N]"
	if transposed {
		want = "[N K]"
	}
	if len(w.Shape()) != 2 {
		device.Panicf("layers.%s: w is %v, want %s", name, w, want)
	}
	l.terms, l.n = w.Shape()[0], w.Shape()[1]
	if transposed {
		l.terms, l.n = l.n, l.terms
	}
	if b != nil {
		compatible(name, "b", b, "w", w)
		if len(b.Shape()) != 1 || b.Shape()[0] != l.n {
			device.Panicf("layers.%s: b is %v and w is %v, want b [%d]", name, b, w, l.n)
		}
		l.b = newParam(name, "b", b)
		l.params = append(l.params, l.b)
	}
	return l
}

// Forward returns x·w + b. It panics unless the last axis of x is as long as the columns of w or, transposed, its rows.
func (l *Affine) Forward(x *tensor.Tensor) *tensor.Tensor {
	l.begin(x)
	return l.run(x, l.room(&l.own, x, l.shape...), 0)
}

// begin checks x, and tells the shape of y.
func (l *Affine) begin(x *tensor.Tensor) {
	w := l.w.Value
	compatible(l.name, "x", x, "w", w)
	l.input(l.name, "x", x)
	last := len(x.Shape()) - 1
	if last < 0 || x.Shape()[last] != l.terms {
		device.Panicf("layers.%s: x is %v and w is %v, want x [... %d]", l.name, x, w, l.terms)
	}
	l.shape = append(append(l.shape[:0], x.Shape()[:last]...), l.n)
	l.y = nil
}

// run makes y = f(x·w + b), or x·w + b without an f.
func (l *Affine) run(x, y *tensor.Tensor, f kernels.Activation) *tensor.Tensor {
	l.x, l.y = x, y
	l.forward = kernels.MatMul{C: y.Array(), A: x.Array(), B: l.w.Value.Array(), TransB: l.transposed, F: f}
	if l.b != nil {
		l.forward.Bias = l.b.Value.Array()
	}
	x.Device().Launch(&l.forward)
	return y
}

// Backward adds to the gradients of w and b, and returns that of x.
func (l *Affine) Backward(dy *tensor.Tensor) *tensor.Tensor {
	gradient(l.name, dy, l.y)
	d := dy.Device()
	dx := l.inputGrad(l.x)
	if dx != nil {
		l.gradX = kernels.MatMul{C: dx.Array(), A: dy.Array(), B: l.w.Value.Array(), TransB: !l.transposed}
		d.Launch(&l.gradX)
	}
	left, right := l.x, dy
	if l.transposed {
		left, right = dy, l.x
	}
	l.gradW = kernels.MatMul{C: l.w.Grad.Array(), A: left.Array(), B: right.Array(), TransA: true, Acc: true}
	d.Launch(&l.gradW)
	if l.b != nil {
		l.gradB = kernels.SumRows{Y: l.b.Grad.Array(), X: dy.Array(), Acc: true}
		d.Launch(&l.gradB)
	}
	return dx
}

// Free gives back the memory that the layer holds beside its parameters. The layer can be used again.
func (l *Affine) Free() {
	l.owned.Free()
	l.y = nil
}

// Params is w and, if there is one, b.
func (l *Affine) Params() []*Param { return l.params }
