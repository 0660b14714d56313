package debug_test

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/debug"
	"github.com/keisan-go/keisan/kernels"
)

// A broken device does something after each kernel that it runs, or instead.
type broken struct {
	device.Device
	launch func(d device.Device, k device.Kernel)
}

func (b *broken) Launch(k device.Kernel) { b.launch(b.Device, k) }

func cpu(t testing.TB) device.Device {
	t.Helper()
	d, err := device.Open("cpu")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// floats is an array with these elements.
func floats(d device.Device, shape []int, values ...float32) device.Array {
	a := device.Array{Slice: d.Alloc(device.Float32, kernels.Size(shape)), Shape: shape}
	if values != nil {
		d.Upload(a.Slice, device.Bytes(values))
	}
	return a
}

// put changes element i of an array's memory; it may lie beyond the array.
func put(d device.Device, a device.Array, i int, v float32) {
	i += a.Offset()
	d.Upload(a.Memory().All().Slice(i, i+1), device.Bytes([]float32{v}))
}

// fault is a mistake in how a device runs the product C [2 2] = A [2 3]·B [3 2], and what the checked device says of it.
var faults = []struct {
	name   string
	launch func(d device.Device, k *kernels.MatMul)
	want   string
}{
	{"nothing", func(d device.Device, k *kernels.MatMul) { d.Launch(k) }, ""},
	{"a NaN", func(d device.Device, k *kernels.MatMul) {
		d.Launch(k)
		put(d, k.C, 3, float32(math.NaN()))
	}, "C[1,1] is NaN, and no operand had one"},
	{"what is not written", func(d device.Device, k *kernels.MatMul) {
		c := k.C
		k.C = device.Array{Slice: c.Slice.Slice(0, 2), Shape: []int{1, 2}}
		k.A = device.Array{Slice: k.A.Slice.Slice(0, 3), Shape: []int{1, 3}}
		d.Launch(k)
	}, "C[1,0] is not written, or made of what was there before"},
	{"what is read before it is written", func(d device.Device, k *kernels.MatMul) {
		k.Acc = true
		d.Launch(k)
	}, "C[0,0] is not written, or made of what was there before"},
	{"behind the end", func(d device.Device, k *kernels.MatMul) {
		d.Launch(k)
		put(d, k.C, 4, 1)
	}, "the kernel wrote what is none of its operands, in the memory of C: out of bounds, at element 4 of 4"},
	{"before the beginning", func(d device.Device, k *kernels.MatMul) {
		d.Launch(k)
		put(d, k.C, -1, 1)
	}, "the kernel wrote what is none of its operands, in the memory of C: out of bounds, at element -1 of 4"},
	{"behind the end of what it reads", func(d device.Device, k *kernels.MatMul) {
		d.Launch(k)
		put(d, k.B, 6, 1)
	}, "the kernel wrote what is none of its operands, in the memory of B: out of bounds, at element 6 of 6"},
	{"beside an operand in its memory", func(d device.Device, k *kernels.MatMul) {
		d.Launch(k)
		put(d, k.A, -1, 1)
	}, "the kernel wrote what is none of its operands, in the memory of A: element 0 of 7 is 1 and was 10 since Upload (operation 1)"},
	{"an input that changes", func(d device.Device, k *kernels.MatMul) {
		d.Launch(k)
		put(d, k.A, 5, 7)
	}, "A[1,2] is 7 and was 6, but the kernel should only read it"},
}

// TestFaults plants mistakes in a device: each must be found, named and over then.
func TestFaults(t *testing.T) {
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			found := false
			b := &broken{Device: cpu(t)}
			b.launch = func(d device.Device, k device.Kernel) {
				product, ok := k.(*kernels.MatMul)
				if !ok || found {
					d.Launch(k)
					return
				}
				found = true
				c := *product
				f.launch(d, &c)
			}
			d := debug.New(b, debug.Options{})
			defer d.Close()

			memory := floats(d, []int{7}, 10, 1, 2, 3, 4, 5, 6)
			a := device.Array{Slice: memory.Slice.Slice(1, 7), Shape: []int{2, 3}}
			w, c := floats(d, []int{3, 2}, 1, 0, 0, 1, 1, 1), floats(d, []int{2, 2}, 9, 9, 9, 9)
			d.Launch(kernels.MatMul{C: c, A: a, B: w})
			wantError(t, d.Sync(), f.want, "cpu: MatMul: operation 4: ", " (C float32 [2 2], A float32 [2 3], B float32 [3 2])")
			d.Upload(memory.Slice, device.Bytes([]float32{0, 1, 2, 3, 4, 5, 6}))
			d.Launch(kernels.MatMul{C: c, A: a, B: w})
			wantValues(t, d, c, 4, 5, 10, 11)
		})
	}
}

// wantError fails unless err is as it should be: "" for none.
func wantError(t *testing.T, err error, want, before, behind string) {
	t.Helper()
	if want != "" {
		want = before + want + behind
	}
	if got := fmt.Sprint(err); err == nil && want != "" || err != nil && got != want {
		t.Errorf("the error is\n%v\nwant\n%s", got, want)
	}
}

func wantValues(t *testing.T, d device.Device, a device.Array, want ...float32) {
	t.Helper()
	got := make([]float32, a.Len())
	if err := d.Download(device.Bytes(got), a.Slice); err != nil {
		t.Error(err)
	} else if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("the elements are %v, want %v", got, want)
	}
}

// TestOrigin follows NaN and Inf through uploads and kernels.
func TestOrigin(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	add := func(d device.Device, z, x, y device.Array) {
		d.Launch(kernels.Binary{Op: kernels.Add, Z: z, X: x, Y: y})
	}
	const shapes = " (Z float32 [3], X float32 [3], Y float32 [3])"
	for _, c := range []struct {
		name, want string
		run        func(d device.Device, x, y, z device.Array)
	}{
		{"an upload", "operation 4: Z[1] is NaN, as Y[1] was since Upload (operation 3)" + shapes, func(d device.Device, x, y, z device.Array) {
			d.Upload(y.Slice, device.Bytes([]float32{0, nan, 0}))
			add(d, z, x, y)
		}},
		{"an upload to a part", "operation 4: Z[2] is NaN, as X[2] was since Upload (operation 3)" + shapes, func(d device.Device, x, y, z device.Array) {
			d.Upload(x.Slice.Slice(2, 3), device.Bytes([]float32{nan}))
			add(d, z, x, y)
		}},
		{"a Fill", "operation 4: Z[0] is NaN, as Y[0] was since Fill (operation 3)" + shapes, func(d device.Device, x, y, z device.Array) {
			d.Launch(kernels.Fill{Dst: y, Value: math.NaN()})
			add(d, z, x, y)
		}},
		{"an overflow on the way", "operation 6: Z[0] is NaN, and no operand had one; X[0] was +Inf since Binary (operation 4)" + shapes, func(d device.Device, x, y, z device.Array) {
			d.Upload(x.Slice, device.Bytes([]float32{3e38, 1, 1}))
			add(d, z, x, x)
			add(d, y, z, y) // hands it on
			d.Launch(kernels.Binary{Op: kernels.Div, Z: z, X: y, Y: y})
		}},
		{"an uploaded Inf", "operation 4: Z[2] is NaN, and no operand had one; X[2] was -Inf since Upload (operation 3)" + shapes, func(d device.Device, x, y, z device.Array) {
			d.Upload(x.Slice, device.Bytes([]float32{1, 2, -inf}))
			d.Launch(kernels.Binary{Op: kernels.Div, Z: z, X: x, Y: x})
		}},
		{"a division", "operation 3: Z[0] is NaN, and no operand had one" + shapes, func(d device.Device, x, y, z device.Array) {
			d.Launch(kernels.Binary{Op: kernels.Div, Z: z, X: z, Y: z})
		}},
		{"nothing", "", func(d device.Device, x, y, z device.Array) {
			d.Upload(x.Slice, device.Bytes([]float32{nan, 0, 0}))
			d.Upload(x.Slice.Slice(0, 1), device.Bytes([]float32{1}))
			add(d, z, x, y)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, allow := range []bool{false, true} {
				d := debug.New(cpu(t), debug.Options{AllowNaN: allow})
				x, y, z := floats(d, []int{3}, 1, 2, 3), floats(d, []int{3}, 4, 5, 6), floats(d, []int{3})
				c.run(d, x, y, z)
				want := c.want
				if allow {
					want = ""
				}
				wantError(t, d.Sync(), want, "cpu: Binary: ", "")
				// What follows is not news.
				add(d, y, z, x)
				add(d, x, y, z)
				wantError(t, d.Sync(), "", "", "")
				if err := d.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// TestStates finds states that a recurrent kernel leaves out or takes from memory that it should write.
func TestStates(t *testing.T) {
	b := &broken{Device: cpu(t)}
	b.launch = func(d device.Device, k device.Kernel) {
		rnn := *k.(*kernels.RNN)
		rnn.X = device.Array{Slice: rnn.X.Slice.Slice(0, 2), Shape: []int{1, 1, 2}} // one step of the two
		rnn.H = device.Array{Slice: rnn.H.Slice.Slice(0, 4), Shape: []int{2, 1, 2}}
		d.Launch(rnn)
	}
	d := debug.New(b, debug.Options{})
	defer d.Close()
	w := floats(d, []int{2, 2}, 1, 2, 3, 4)
	d.Launch(kernels.RNN{F: kernels.Tanh, H: floats(d, []int{3, 1, 2}), X: floats(d, []int{2, 1, 2}, 1, 2, 3, 4), Wx: w, Wh: w})
	wantError(t, d.Sync(), "H[1:][1,0,0] is not written, or made of what was there before", "cpu: RNN: operation 3: ",
		" (H[0] float32 [1 2], X float32 [2 1 2], Wx float32 [2 2], Wh float32 [2 2], H[1:] float32 [2 1 2])")
}

// memoryOf keeps the checked device's allocations.
type memoryOf struct {
	device.Device
	made []device.Slice
}

func (m *memoryOf) Alloc(t device.DType, n int) device.Slice {
	s := m.Device.Alloc(t, n)
	m.made = append(m.made, s)
	return s
}

// spoil writes an element of an allocation, as something that goes wrong in the device might.
func (m *memoryOf) spoil(i, at int) {
	m.Upload(m.made[i].Slice(at, at+1), device.Bytes([]float32{5}))
}

// TestStrayWrites changes memory while nothing should.
func TestStrayWrites(t *testing.T) {
	m := &memoryOf{Device: cpu(t)}
	d := debug.New(m, debug.Options{})
	const margin = 64
	x, y := floats(d, []int{3}, 1, 2, 3), floats(d, []int{3})
	m.spoil(0, margin+1)
	err := d.Download(make([]byte, 12), x.Slice)
	wantError(t, err, "element 1 of 3 is 5 and was 2 since Upload (operation 1)", "cpu: Download: ", "")
	wantValues(t, d, x, 1, 5, 3)

	m.spoil(0, margin)
	d.Launch(kernels.Copy{Dst: y, Src: x})
	wantError(t, d.Sync(), "before the kernel began, in the memory of Src: element 0 of 3 is 5 and was 1 since Upload (operation 1)",
		"cpu: Copy: operation 2: ", " (Dst float32 [3], Src float32 [3])")

	m.spoil(0, margin+3)
	d.Free(x.Slice)
	wantError(t, d.Sync(), "memory that is being freed: out of bounds, at element 3 of 3", "cpu: Sync: ", "")

	m.spoil(0, margin+2) // which is freed
	d.Alloc(device.Float32, 3)
	wantError(t, d.Sync(), "memory that is freed: element 2 of 3 is 5 and was NaN", "cpu: Alloc: ", "")
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

// TestPoison reads what is freed, as an engine may that keeps a handle for too long.
func TestPoison(t *testing.T) {
	for _, dtype := range []device.DType{device.Float32, device.Float64, device.Int32} {
		m := &memoryOf{Device: cpu(t)}
		d := debug.New(m, debug.Options{})
		x := d.Alloc(dtype, 100)
		d.Free(x)
		got := make([]byte, m.made[0].Len()*dtype.Size())
		if err := m.Download(got, m.made[0]); err != nil {
			t.Fatal(err)
		}
		if elements := numbers(dtype, got); slices.ContainsFunc(elements, func(v float64) bool { return v == v && v > -1<<29 }) {
			t.Errorf("freed memory of %v holds %v, want NaN or what is no index", dtype, elements)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}

// numbers is what b holds.
func numbers(t device.DType, b []byte) []float64 {
	switch t {
	case device.Float32:
		return numbersOf[float32](b)
	case device.Float64:
		return numbersOf[float64](b)
	}
	return numbersOf[int32](b)
}

func numbersOf[T device.Element](b []byte) []float64 {
	s := make([]T, len(b)/device.TypeOf[T]().Size())
	copy(device.Bytes(s), b)
	all := make([]float64, len(s))
	for i, v := range s {
		all[i] = float64(v)
	}
	return all
}

// TestFreesAll closes a checked device with memory in use, and freed.
func TestFreesAll(t *testing.T) {
	inner, other := &unclosed{Device: cpu(t)}, &unclosed{Device: cpu(t)}
	d := debug.New(inner, debug.Options{Shadow: other})
	x, y := floats(d, []int{100}), floats(d, []int{100})
	d.Launch(kernels.Fill{Dst: x, Value: 1})
	d.Free(y.Slice)
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	for _, u := range []*unclosed{inner, other} {
		if n := u.Info().InUse; n != 0 || !u.closed {
			t.Errorf("%d bytes in use after Close, closed %v", n, u.closed)
		}
	}
}

type unclosed struct {
	device.Device
	closed bool
}

func (u *unclosed) Close() error { u.closed = true; return nil }

// TestFailures passes on what the checked device reports.
func TestFailures(t *testing.T) {
	boom := errors.New("boom")
	f := &failing{Device: cpu(t)}
	d := debug.New(f, debug.Options{})
	defer d.Close()
	x, y := floats(d, []int{2}, 1, 2), floats(d, []int{2})
	f.err = boom
	d.Launch(kernels.Copy{Dst: y, Src: x})
	if err := d.Sync(); !errors.Is(err, boom) {
		t.Errorf("the error is %v, want boom", err)
	}
	f.err = nil
	d.Launch(kernels.Copy{Dst: y, Src: x})
	wantValues(t, d, y, 1, 2)
}

// failing is a device that fails as long as it has an error.
type failing struct {
	device.Device
	err error
}

func (f *failing) Download(dst []byte, src device.Slice) error {
	if f.err != nil {
		return f.err
	}
	return f.Device.Download(dst, src)
}
