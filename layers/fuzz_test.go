package layers_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/tensor"
)

// A small device has no memory for tensors of more than 2¹⁶ elements, so that shapes can be as large as they like.
type small struct{ device.Device }

func (d small) Alloc(t device.DType, n int) device.Slice {
	if n > 1<<16 {
		d.Free(d.Device.Alloc(t, math.MaxInt)) // fails, and stops the queue
	}
	return d.Device.Alloc(t, n)
}

// shapeOf makes a shape of bytes, with ordinary axes and impossible ones.
func shapeOf(bytes []byte) []int {
	axes := []int{0, 1, 1, 2, 3, 4, 5, 7, 64, -1, math.MinInt, 1 << 15, 1 << 30, math.MaxInt}
	shape := []int{}
	for _, b := range bytes[:min(len(bytes), 12)] {
		shape = append(shape, axes[int(b)%len(axes)])
	}
	return shape
}

// exists tells whether there can be a tensor of this shape.
func exists(shape []int) bool {
	size := 1.0
	for _, n := range shape {
		size *= float64(max(n, 1))
		if n < 0 {
			return false
		}
	}
	return size <= math.MaxInt/8
}

// survive runs f on a small device. It fails the test if f's panic is not a Misuse, if a failure is not
// that of memory, and if the device does not work afterwards. It tells whether f got through.
func survive(t *testing.T, d device.Device, f func()) bool {
	misuse := layers.Try(f)
	failure := d.Sync()
	if failure != nil && !errors.Is(failure, device.ErrOutOfMemory) {
		t.Errorf("the failure is %v, want %v or none", failure, device.ErrOutOfMemory)
	}
	sum := layers.NewAdd()
	defer sum.Free()
	one := tensor.From(d, []float32{1, 2}, 2)
	defer one.Free()
	if got, err := tensor.Values[float32](sum.Forward(one, one)); err != nil || !slices.Equal(got, []float32{2, 4}) {
		t.Errorf("after %v and %v, 1+1 and 2+2 are %v, %v", misuse, failure, got, err)
	}
	return misuse == nil && failure == nil
}

// broadcastOf is NumPy's rule: shapes are aligned at their last axes; an axis is missing, or 1, or as long as the other.
func broadcastOf(x, y []int) (z []int, ok bool) {
	for i := 1; i <= max(len(x), len(y)); i++ {
		a, b := 1, 1
		if i <= len(x) {
			a = x[len(x)-i]
		}
		if i <= len(y) {
			b = y[len(y)-i]
		}
		if a != b && a != 1 && b != 1 {
			return nil, false
		}
		n := a
		if a == 1 {
			n = b
		}
		z = append(z, n)
	}
	slices.Reverse(z)
	return z, exists(z)
}

func FuzzBroadcast(f *testing.F) {
	for _, pair := range [][2]string{
		{"", ""}, {"\x03", ""}, {"\x03\x04", "\x04"}, {"\x03\x01\x04", "\x05\x01"}, {"\x03\x04", "\x03"}, {"\x00\x04", "\x01\x04"},
		{"\x00", "\x03"}, {"\x09", "\x01"}, {"\x0a\x0a", "\x00"}, {"\x0b\x01", "\x01\x0b"}, {"\x0c\x00\x01", "\x00\x0c"}, {"\x0d", "\x01"},
		{"\x0d\x0d", "\x0d\x0d"}, {"\x03\x01\x03\x01\x03\x01\x03\x01\x03", "\x01\x03\x01\x03\x01\x03\x01\x03\x01"},
	} {
		f.Add([]byte(pair[0]), []byte(pair[1]))
	}
	cpu := openCPU(f)
	f.Fuzz(func(t *testing.T, first, second []byte) {
		d := small{cpu}
		xs, ys := shapeOf(first), shapeOf(second)
		want, fits := broadcastOf(xs, ys)
		for _, l := range []*layers.Binary{layers.NewAdd(), layers.NewMul(), layers.NewDiv()} {
			var z *tensor.Tensor
			passed := survive(t, d, func() {
				x, y := tensor.New(d, device.Float32, xs...), tensor.New(d, device.Float32, ys...)
				defer x.Free()
				defer y.Free()
				z = l.Forward(x, y)
				dx, dy := l.Backward(z)
				if !slices.Equal(dx.Shape(), xs) || !slices.Equal(dy.Shape(), ys) {
					t.Errorf("the gradients of %v and %v are %v and %v", xs, ys, dx, dy)
				}
			})
			if passed && (!fits || !slices.Equal(z.Shape(), want)) {
				t.Errorf("%v and %v broadcast to %v, want %v, %v", xs, ys, z, want, fits)
			}
			l.Free()
		}
	})
}

func FuzzMatMul(f *testing.F) {
	for _, pair := range [][2]string{
		{"\x03\x04", "\x04\x05"}, {"\x04", "\x04\x05"}, {"\x02\x03\x04", "\x04\x05"}, {"", "\x04\x05"}, {"\x03\x04", "\x05\x04"}, {"\x03", "\x03"},
		{"\x00\x03", "\x03\x04"}, {"\x03\x00", "\x00\x04"}, {"\x0c\x00", "\x00\x0c"}, {"\x0b\x03", "\x03\x0b"}, {"\x09\x03", "\x03\x03"},
		{"\x0d\x00", "\x00\x0d"}, {"\x0d\x0d\x00", "\x00\x03"},
	} {
		f.Add([]byte(pair[0]), []byte(pair[1]))
	}
	cpu := openCPU(f)
	f.Fuzz(func(t *testing.T, first, second []byte) {
		d := small{cpu}
		xs, ws := shapeOf(first), shapeOf(second)
		var l *layers.Affine
		var y *tensor.Tensor
		passed := survive(t, d, func() {
			x, w := tensor.New(d, device.Float32, xs...), tensor.New(d, device.Float32, ws...)
			defer x.Free()
			defer w.Free()
			l = layers.NewMatMul(w)
			y = l.Forward(x)
			if dx := l.Backward(y); !slices.Equal(dx.Shape(), xs) {
				t.Errorf("x is %v and its gradient %v", xs, dx)
			}
		})
		fits := exists(xs) && exists(ws) && len(xs) > 0 && len(ws) == 2 && xs[len(xs)-1] == ws[0]
		if passed && (!fits || !slices.Equal(y.Shape(), append(xs[:len(xs)-1:len(xs)-1], ws[1]))) {
			t.Errorf("the product of %v and %v is %v", xs, ws, y)
		}
		if l != nil {
			l.Free()
		}
	})
}

// FuzzRNN gives an RNN of [3, 4] inputs and states of any shape.
func FuzzRNN(f *testing.F) {
	for _, pair := range [][2]string{
		{"\x05\x03\x04", "\x03\x05"}, {"\x05\x03\x04", ""}, {"\x00\x03\x04", "\x03\x05"}, {"\x05\x00\x04", "\x00\x05"}, {"\x05\x03\x04", "\x04\x05"},
		{"\x03\x04", "\x05"}, {"\x0c\x00\x04", "\x00\x05"}, {"\x0d\x00\x04", "\x00\x05"}, {"\x0b\x0b\x04", "\x0b\x05"}, {"\x09\x03\x04", "\x03\x05"},
	} {
		f.Add([]byte(pair[0]), []byte(pair[1]))
	}
	cpu := openCPU(f)
	f.Fuzz(func(t *testing.T, first, second []byte) {
		d := small{cpu}
		xs, hs := shapeOf(first), shapeOf(second)
		in := layers.NewInit(d, device.Float32, 1)
		l := layers.NewRNN(in.Xavier(3, 4), in.Xavier(4, 4), nil)
		var y *tensor.Tensor
		passed := survive(t, d, func() {
			x, h := tensor.New(d, device.Float32, xs...), tensor.New(d, device.Float32, hs...)
			defer x.Free()
			defer h.Free()
			if len(hs) > 0 {
				l.SetState(h)
			}
			y = l.Forward(x)
			if dx := l.Backward(y); !slices.Equal(dx.Shape(), xs) {
				t.Errorf("x is %v and its gradient %v", xs, dx)
			}
		})
		fits := exists(xs) && len(xs) == 3 && xs[2] == 3 && (len(hs) == 0 || len(hs) == 2 && hs[0] == xs[1] && hs[1] == 4)
		if passed && (!fits || !slices.Equal(y.Shape(), []int{xs[0], xs[1], 4})) {
			t.Errorf("the states of %v from %v are %v", xs, hs, y)
		}
		l.Free()
		for _, p := range l.Params() {
			p.Value.Free()
		}
	})
}
