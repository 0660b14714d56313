package layers

import (
	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
	"github.com/keisan-go/keisan/tensor"
)

// Embedding is y[i] = w[ids[i]]: a row of w [V, D] for each of some numbers, such as those of words.
type Embedding struct {
	owned
	w      *Param
	params []*Param

	y, ids   *tensor.Tensor
	shape    []int   // of y
	staged   []int32 // the ids on their way to the device
	forward  kernels.Gather
	backward kernels.ScatterAdd
}

// NewEmbedding returns the layer of w [V, D], with dw[ids[i]] += dy[i]. A row that is taken several times gets its
// gradients in the order of i, so that they have the same bits on every device.
func NewEmbedding(w *tensor.Tensor) *Embedding {
	l := &Embedding{w: newParam("Embedding", "w", w)}
	if len(w.Shape()) != 2 {
		device.Panicf("layers.Embedding: w is %v, want [V D]", w)
	}
	l.params = []*Param{l.w}
	return l
}

// Forward returns rows of w in this shape, [shape..., D]; without one they are [len(ids), D]. It panics if an id is no
// row of w, and if there are not as many ids as the shape has elements. The ids are copied.
func (l *Embedding) Forward(ids []int, shape ...int) *tensor.Tensor {
	w := l.w.Value
	rows, d := w.Shape()[0], w.Shape()[1]
	l.shape = append(l.shape[:0], shape...)
	if len(shape) == 0 {
		l.shape = append(l.shape, len(ids))
	}
	l.shape = append(l.shape, d)
	batch := l.shape[:len(l.shape)-1]
	if len(ids) != kernels.Size(batch) {
		device.Panicf("layers.Embedding: %d ids and the shape %v, want %d ids", len(ids), batch, kernels.Size(batch))
	}
	l.staged = l.staged[:0]
	for i, id := range ids {
		if id < 0 || id >= rows {
			device.Panicf("layers.Embedding: id %d is %d and w is %v, want 0 to %d", i, id, w, rows-1)
		}
		l.staged = append(l.staged, int32(id))
	}
	l.roomOf(&l.ids, w.Device(), device.Int32, batch...)
	w.Device().Upload(l.ids.Array().Slice, device.Bytes(l.staged))
	y := l.room(&l.y, w, l.shape...)
	l.forward = kernels.Gather{Y: y.Array(), W: w.Array(), IDs: l.ids.Array()}
	w.Device().Launch(&l.forward)
	return y
}

// Backward adds to the gradient of w. The ids have none.
func (l *Embedding) Backward(dy *tensor.Tensor) {
	gradient("Embedding", dy, l.y)
	l.backward = kernels.ScatterAdd{DW: l.w.Grad.Array(), DY: dy.Array(), IDs: l.ids.Array()}
	dy.Device().Launch(&l.backward)
}

// Params is w.
func (l *Embedding) Params() []*Param { return l.params }
