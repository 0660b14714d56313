package devicetest

import (
	"bytes"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

// misuse are checks that mistakes panic, say what is wrong, and leave the device as it was.
func misuse() []check {
	all := []check{{name: "memory", cases: 1, run: memoryMisuse}, {name: "options", cases: len(wrongOptions), run: optionMisuse}}
	for _, f := range families {
		all = append(all, check{name: f.kernel, cases: 1, run: f.operandMisuse})
	}
	return all
}

// mistake runs what should panic with a Misuse whose message has all these words.
func mistake(what string, run func(), words ...string) (err error) {
	defer func() {
		r := recover()
		m, ok := r.(*device.Misuse)
		if !ok {
			err = fmt.Errorf("%s: got %v, want a panic with a *device.Misuse", what, r)
			return
		}
		for _, word := range words {
			if !strings.Contains(m.Error(), word) {
				err = fmt.Errorf("%s: the message %q does not say %q", what, m, word)
			}
		}
	}()
	run()
	return nil
}

// A scene is where operands are spoilt: the device, another one, and what is allocated on the way.
type scene struct {
	d, other device.Device
	made     []device.Slice
}

func (s *scene) alloc(t device.DType, n int) device.Slice {
	m := s.d.Alloc(t, n)
	s.made = append(s.made, m)
	return m
}

func (s *scene) leave() {
	for _, m := range s.made {
		s.d.Free(m)
	}
	s.other.Close()
}

// spoilings are the ways to spoil an operand that fits, and the operands that fit all the same.
var spoilings = []struct {
	how    string
	spoil  func(s *scene, a device.Array) device.Array
	except []string
	shapes bool // the message must state all shapes
}{
	{how: "that is missing", spoil: func(*scene, device.Array) device.Array { return device.Array{} },
		except: []string{"MatMul.Bias", "RNN.Bias", "RNNGrad.DX", "RNNGrad.DBias", "RNNGrad.DHT", "RNNGrad.Lengths",
			"LSTM.Bias", "LSTMGrad.DX", "LSTMGrad.DBias", "LSTMGrad.DHT", "LSTMGrad.DCT", "LSTMGrad.Lengths",
			"GRU.BX", "GRU.BH", "GRUGrad.DX", "GRUGrad.DBX", "GRUGrad.DBH", "GRUGrad.DHT", "GRUGrad.Lengths"}},
	{how: "that was freed", spoil: func(s *scene, a device.Array) device.Array {
		m := s.d.Alloc(a.Type(), a.Len())
		s.d.Free(m)
		return device.Array{Slice: m, Shape: a.Shape}
	}},
	{how: "of another device", spoil: func(s *scene, a device.Array) device.Array {
		return device.Array{Slice: s.other.Alloc(a.Type(), a.Len()), Shape: a.Shape}
	}},
	{how: "with fewer elements than its shape says", spoil: func(s *scene, a device.Array) device.Array {
		return device.Array{Slice: a.Slice.Slice(0, a.Len()-1), Shape: a.Shape}
	}},
	{how: "with negative axes", spoil: func(s *scene, a device.Array) device.Array {
		return device.Array{Slice: a.Slice, Shape: []int{-1, -a.Len()}}
	}},
	{how: "that is longer", shapes: true, spoil: func(s *scene, a device.Array) device.Array {
		shape := append([]int(nil), a.Shape...)
		if len(shape) == 0 {
			shape = []int{1}
		}
		shape[len(shape)-1]++
		return device.Array{Slice: s.alloc(a.Type(), kernels.Size(shape)), Shape: shape}
	}, except: []string{"Fill.Dst", "SumSquares.X", "ClipNorm.X", "CopyColumns.Dst", "CopyColumns.Src"}},
	{how: "of another float type", shapes: true, spoil: func(s *scene, a device.Array) device.Array {
		return device.Array{Slice: s.alloc(device.Float64, a.Len()), Shape: a.Shape}
	}, except: []string{"Fill.Dst"}},
	{how: "of integers, or of none where they should be", shapes: true, spoil: func(s *scene, a device.Array) device.Array {
		t := device.Int32
		if a.Type() == t {
			t = device.Float32
		}
		return device.Array{Slice: s.alloc(t, a.Len()), Shape: a.Shape}
	}},
}

// operandMisuse launches a kernel with each operand spoilt in each way, and with each two that must not overlap.
func (f family) operandMisuse(l *lab) error {
	tr := f.sample(device.Float32)
	place := tr.place(l.d, placement{}, newSheet(tr).before)
	defer place.free()
	for _, b := range place.blocks {
		l.d.Upload(b.memory, b.before)
	}
	other, err := l.open()
	if err != nil {
		return err
	}
	s := &scene{d: l.d, other: other}
	defer s.leave()

	for name, a := range place.arrays {
		for _, spoiling := range spoilings {
			if slices.Contains(spoiling.except, f.kernel+"."+name) {
				continue
			}
			arrays := maps.Clone(place.arrays)
			arrays[name] = spoiling.spoil(s, a)
			words := []string{"kernels." + f.kernel, name}
			if spoiling.shapes {
				for _, a := range arrays {
					words = append(words, fmt.Sprint(a.Shape))
				}
			}
			k := tr.bind(arrays)
			if err := mistake(f.kernel+" with an operand "+name+" "+spoiling.how, func() { l.d.Launch(k) }, words...); err != nil {
				return err
			}
		}
	}
	if err := f.overlaps(s, tr, place.arrays); err != nil {
		return err
	}
	for _, b := range place.blocks {
		if err := l.d.Download(b.after, b.memory); err != nil {
			return fmt.Errorf("misuse leaves a failure behind: %w", err)
		}
		if !bytes.Equal(b.before, b.after) {
			return fmt.Errorf("%s changes %s though it panics", f.kernel, b.name)
		}
	}
	return tr.run(l.d)
}

// overlaps launches a kernel with each pair of operands of which one is written on memory that shares an element.
func (f family) overlaps(s *scene, tr *trial, fitting map[string]device.Array) error {
	access := tr.access()
	for out, w := range fitting {
		for in, r := range fitting {
			if out == in || access[out]&device.Write == 0 || w.Type() != r.Type() {
				continue
			}
			m := s.alloc(w.Type(), w.Len()+r.Len()-1)
			arrays := maps.Clone(fitting)
			arrays[out] = device.Array{Slice: m.Slice(0, w.Len()), Shape: w.Shape}
			arrays[in] = device.Array{Slice: m.Slice(w.Len()-1, m.Len()), Shape: r.Shape}
			if m.Len() == 1 && access[out]&device.InPlace != 0 {
				continue // that is in place
			}
			k := tr.bind(arrays)
			if err := mistake(f.kernel+" with "+in+" overlapping "+out, func() { s.d.Launch(k) }, "kernels."+f.kernel, in, out); err != nil {
				return err
			}
		}
	}
	return nil
}

// wrongOptions are options of kernels with operands that would fit otherwise.
var wrongOptions = []struct {
	kernel, field string
	value         any
}{
	{"Activate", "F", kernels.Activation(0)},
	{"ActivateGrad", "F", kernels.Activation(4)},
	{"RNN", "F", kernels.Activation(255)},
	{"RNNGrad", "F", kernels.Activation(0)},
	{"Binary", "Op", kernels.Operator(0)},
	{"BinaryGrad", "Op", kernels.Operator(9)},
	{"MatMul", "Acc", true}, // with a bias
	{"MatMul", "F", kernels.Activation(4)},
	{"SGD", "V", device.Array{}},
	{"Adam", "Step", 0},
	{"CopyColumns", "Cols", 1000},
	{"Adam", "Step", -1},
	{"LayerNorm", "Eps", -1.0},
	{"ElementLoss", "F", kernels.Deviation(0)},
	{"ElementLossGrad", "F", kernels.Deviation(3)},
	{"Dropout", "P", 1.0},
	{"Dropout", "Period", 4},
}

func optionMisuse(l *lab) error {
	for _, wrong := range wrongOptions {
		i := slices.IndexFunc(families, func(f family) bool { return f.kernel == wrong.kernel })
		tr := families[i].sample(device.Float32)
		place := tr.place(l.d, placement{}, newSheet(tr).before)
		defer place.free()
		k := kernels.Pointer(tr.bind(place.arrays))
		reflect.ValueOf(k).Elem().FieldByName(wrong.field).Set(reflect.ValueOf(wrong.value))
		words := []string{"kernels." + wrong.kernel}
		for name, a := range place.arrays {
			if name != wrong.field {
				words = append(words, fmt.Sprintf("%s %v %v", name, a.Type(), a.Shape))
			}
		}
		if err := mistake(fmt.Sprintf("%v with %s = %v", tr, wrong.field, wrong.value), func() { l.d.Launch(k) }, words...); err != nil {
			return err
		}
	}
	return mistake("a kernel that is not in the catalogue", func() { l.d.Launch(stranger{}) }, "stranger")
}

// stranger is a kernel that no device knows.
type stranger struct{}

func (stranger) Name() string                                   { return "stranger" }
func (stranger) Operands(ops []device.Operand) []device.Operand { return ops }
func (stranger) Check() error                                   { return nil }
func (stranger) Cost() device.Cost                              { return device.Cost{} }

func memoryMisuse(l *lab) error {
	d := l.d
	other, err := l.open()
	if err != nil {
		return err
	}
	defer other.Close()
	x, foreign, freed := filled(d, 3, 1), other.Alloc(device.Float32, 3), d.Alloc(device.Float32, 3)
	d.Free(freed)
	small, fitting := make([]byte, 11), make([]byte, 12)
	for _, m := range []struct {
		what  string
		run   func()
		words []string
	}{
		{"Alloc of -1 elements", func() { d.Alloc(device.Float32, -1) }, []string{"Alloc", "-1"}},
		{"Alloc of no type", func() { d.Alloc(0, 1) }, []string{"Alloc", "DType(0)"}},
		{"Alloc of an unknown type", func() { d.Alloc(99, 1) }, []string{"Alloc", "DType(99)"}},
		{"Upload of too few bytes", func() { d.Upload(x.Slice, small) }, []string{"Upload", "11 bytes", "12 bytes"}},
		{"Upload to freed memory", func() { d.Upload(freed, fitting) }, []string{"Upload", "freed"}},
		{"Upload to another device's memory", func() { d.Upload(foreign, fitting) }, []string{"Upload", other.Name()}},
		{"Upload to no memory", func() { d.Upload(device.Slice{}, fitting) }, []string{"Upload", "12 bytes"}},
		{"Download of too few bytes", func() { d.Download(small, x.Slice) }, []string{"Download", "11 bytes", "12 bytes"}},
		{"Download from freed memory", func() { d.Download(fitting, freed) }, []string{"Download", "freed"}},
		{"Download from another device's memory", func() { d.Download(fitting, foreign) }, []string{"Download", other.Name()}},
		{"Download from no memory", func() { d.Download(fitting, device.Slice{}) }, []string{"Download", "12 bytes"}},
		{"Free of freed memory", func() { d.Free(freed) }, []string{"Free", "float32"}},
		{"Free of a part", func() { d.Free(x.Slice.Slice(1, 3)) }, []string{"Free", "1 to 3"}},
		{"Free of another device's memory", func() { d.Free(foreign) }, []string{"Free", other.Name()}},
	} {
		if err := mistake(m.what, m.run, m.words...); err != nil {
			return err
		}
	}
	if err := holds(d, x, 1); err != nil {
		return err
	}
	d.Free(x.Slice)
	return nil
}
