package debug

import (
	"fmt"
	"math"
	"reflect"
	"slices"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

// A shadow is a second device, which is asked what a kernel should have made.
type shadow struct{ d device.Device }

// numbers are operands' elements, by the operands' names.
type numbers map[string][]float64

// compare tells the first element that differs from what the shadow makes of the same operands by more than its bound.
func (s *shadow) compare(k device.Kernel, ops []device.Operand) error {
	in, got := numbers{}, numbers{}
	for i := range ops {
		o := &ops[i]
		if o.Access&device.Read != 0 {
			in[o.Name] = decode(o.Type(), before(o))
		}
		if o.Access&device.Write != 0 {
			got[o.Name] = decode(o.Type(), after(o))
		}
	}
	want, bound, err := s.expect(k, in, got)
	if err != nil {
		return fmt.Errorf("the shadow, %s: %w", s.d.Name(), err)
	}
	for i := range ops {
		o := &ops[i]
		want, bound := want[o.Name], bound[o.Name]
		for i, got := range got[o.Name] {
			if !near(got, want[i], bound[i]) {
				return fmt.Errorf("%v is %v, but on %s %v, which may differ by %.2g",
					element{o, i}, shown(o.Type(), got), s.d.Name(), shown(o.Type(), want[i]), bound[i])
			}
		}
	}
	return nil
}

// near tells whether two devices' results differ by no more than the bound. Where it is infinite, what the kernel should
// make is left open, or has overflown on the way. Where it is NaN, for an infinite operand met a 0 among the sizes, nothing
// is said of numbers.
func near(got, want, bound float64) bool {
	switch {
	case math.IsNaN(got) && math.IsNaN(want) || math.IsInf(bound, 0):
		return true
	case math.IsNaN(bound):
		return math.IsNaN(got) == math.IsNaN(want)
	case bound == 0:
		return got == want && math.Signbit(got) == math.Signbit(want)
	}
	return got == want || math.Abs(got-want) <= bound
}

// expect is what the kernel should have made, and how far off it may be. What a recurrent kernel got is where the next
// step begins.
func (s *shadow) expect(k device.Kernel, in, got numbers) (want, bound numbers, err error) {
	switch k := k.(type) {
	case *kernels.RNN:
		return s.rnn(k, in, got)
	case *kernels.RNNGrad:
		return s.rnnGrad(k, in, got)
	case *kernels.LSTM:
		return s.lstm(k, in, got)
	case *kernels.GRU:
		return s.gru(k, in, got)
	case *kernels.LSTMGrad, *kernels.GRUGrad:
		return s.recurrentGrad(k, in, got)
	}
	if want, err = s.launch(k, in); err == nil {
		bound, err = s.bound(k, in, want)
	}
	return want, bound, err
}

// launch runs a kernel on the shadow with operands of these types and shapes, wherever they are, that hold these numbers.
// It returns what the kernel writes.
func (s *shadow) launch(k device.Kernel, in numbers) (numbers, error) {
	k = kernels.Pointer(k)
	copied := reflect.New(reflect.TypeOf(k).Elem())
	copied.Elem().Set(reflect.ValueOf(k).Elem())
	ops := slices.DeleteFunc(k.Operands(nil), func(o device.Operand) bool { return o.IsZero() })
	for i := range ops {
		o := &ops[i]
		o.Array.Slice = s.d.Alloc(o.Type(), kernels.Size(o.Shape))
		defer s.d.Free(o.Slice)
		if o.Access&device.Read != 0 {
			s.d.Upload(o.Slice, encode(o.Type(), in[o.Name]))
		}
		copied.Elem().FieldByName(o.Name).Set(reflect.ValueOf(o.Array))
	}
	s.d.Launch(copied.Interface().(device.Kernel))
	out := numbers{}
	for i := range ops {
		if o := &ops[i]; o.Access&device.Write != 0 {
			b := make([]byte, o.Len()*o.Type().Size())
			if err := s.d.Download(b, o.Slice); err != nil {
				return nil, err
			}
			out[o.Name] = decode(o.Type(), b)
		}
	}
	return out, nil
}

// decode is the elements in b.
func decode(t device.DType, b []byte) []float64 {
	all := make([]float64, len(b)/t.Size())
	for i := range all {
		all[i] = number(t, b, i)
	}
	return all
}

// encode is the reverse of decode.
func encode(t device.DType, values []float64) []byte {
	switch t {
	case device.Float32:
		return encodeAs[float32](values)
	case device.Float64:
		return encodeAs[float64](values)
	}
	return encodeAs[int32](values)
}

func encodeAs[T device.Element](values []float64) []byte {
	s := make([]T, len(values))
	for i, v := range values {
		s[i] = T(v)
	}
	return device.Bytes(s)
}
