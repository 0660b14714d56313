package layers

import (
	"reflect"
	"slices"
	"strconv"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/tensor"
)

// Sequential is layers one after another. If they are recurrent layers, with or without others in between that take each step
// for itself, such as Affine, it is a Recurrent: a stack. An Affine and the Activation that comes next take one pass over
// memory together. Do not give a chain its own result as x if a Backward is to follow: its layers write over it.
type Sequential struct {
	layers  []Layer
	params  []*Param
	skipped bool // nobody wants the gradient of x
}

// NewSequential returns the chain of these layers, each of which must be another one, and so must be those that they contain.
// A parameter's name is that of its layer's with the layer's number before it, as in "0.w"; one that several layers share
// stands once, under its first name.
func NewSequential(layers ...Layer) *Sequential {
	s := &Sequential{layers: slices.Clone(layers)}
	all, seen := map[Layer]int{}, map[*tensor.Tensor]bool{}
	for i, l := range layers {
		if l == nil {
			device.Panicf("layers.Sequential: layer %d is nil", i)
		}
		claim("Sequential", all, l, i)
		for _, p := range l.Params() {
			if !seen[p.Value] {
				seen[p.Value] = true
				s.params = append(s.params, &Param{Name: strconv.Itoa(i) + "." + p.Name, Value: p.Value, Grad: p.Grad})
			}
		}
	}
	return s
}

// claim adds layer i of a layer that contains others, and those that it contains in its turn, to all that it contains. It
// panics if one is there already, for a layer remembers one Forward alone.
func claim(where string, all map[Layer]int, l Layer, i int) {
	if !reflect.ValueOf(l).Comparable() {
		return // a caller's own, of a type that cannot tell
	}
	if j, ok := all[l]; ok {
		device.Panicf("layers.%s: layers %d and %d are or contain the same one; make two of the same parameters", where, j, i)
	}
	all[l] = i
	if l, ok := l.(interface{ contained() []Layer }); ok {
		for _, l := range l.contained() {
			claim(where, all, l, i)
		}
	}
}

func (s *Sequential) contained() []Layer { return s.layers }

// Forward passes x through the layers.
func (s *Sequential) Forward(x *tensor.Tensor) *tensor.Tensor {
	for i := 0; i < len(s.layers); i++ {
		if a, f := s.activated(i); f != nil {
			x = f.after(a, x)
			i++
		} else {
			x = s.layers[i].Forward(x)
		}
	}
	return x
}

// activated is layer i and the one that comes next if that is an activation of a product; nil otherwise.
func (s *Sequential) activated(i int) (*Affine, *Activation) {
	if i+1 == len(s.layers) {
		return nil, nil
	}
	a, product := s.layers[i].(*Affine)
	f, activation := s.layers[i+1].(*Activation)
	if !product || !activation {
		return nil, nil
	}
	return a, f
}

// Backward passes dy back through the layers and returns the gradient of x.
func (s *Sequential) Backward(dy *tensor.Tensor) *tensor.Tensor {
	last := len(s.layers) - 1
	for i := last; i >= 0; i-- {
		if dy == nil && i < last {
			device.Panicf("layers.Sequential: layer %d returned no gradient for layer %d, want SkipInputGrad of the first layer alone", i+1, i)
		}
		dy = s.layers[i].Backward(dy)
	}
	if s.skipped {
		return nil
	}
	return dy
}

// SkipInputGrad has Backward return nil in the place of the gradient of x from now on. The first layer does not compute it,
// if it has a method SkipInputGrad.
func (s *Sequential) SkipInputGrad() {
	s.skipped = true
	if len(s.layers) > 0 {
		if l, ok := s.layers[0].(interface{ SkipInputGrad() }); ok {
			l.SkipInputGrad()
		}
	}
}

// SetReverse has the recurrent layers, those that have a method SetReverse, run from the last step to the first, or onwards
// again.
func (s *Sequential) SetReverse(reverse bool) {
	for _, l := range s.layers {
		if l, ok := l.(interface{ SetReverse(bool) }); ok {
			l.SetReverse(reverse)
		}
	}
}

// SetLengths gives the rows of the batches from now on a length each in the recurrent layers, those that have a method
// SetLengths.
func (s *Sequential) SetLengths(lengths []int) {
	for _, l := range s.layers {
		if l, ok := l.(interface{ SetLengths([]int) }); ok {
			l.SetLengths(lengths)
		}
	}
}

// ResetState makes the layers that carry a state begin with zero, those that have a method ResetState.
func (s *Sequential) ResetState() {
	for _, l := range s.layers {
		if l, ok := l.(interface{ ResetState() }); ok {
			l.ResetState()
		}
	}
}

// SetTraining makes the layers behave as in training or as in an evaluation, those that have a method SetTraining.
func (s *Sequential) SetTraining(training bool) {
	for _, l := range s.layers {
		setTraining(l, training)
	}
}

// Free gives back the memory that the layers hold beside their parameters, as far as they have a method Free.
func (s *Sequential) Free() {
	for _, l := range s.layers {
		if l, ok := l.(interface{ Free() }); ok {
			l.Free()
		}
	}
}

// Params is the parameters of all layers, each once.
func (s *Sequential) Params() []*Param { return s.params }
