package devicetest

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

// A trial is a kernel to launch, the numbers that it gets, and the reference for what it makes of them.
type trial struct {
	kernel   device.Kernel // a struct with its options; the operands come in by their names
	dtype    device.DType
	size     string // such as "3x8x17"
	variant  string // what tells it from the trials of that size with the same options
	operands []operand
	want     func(s *sheet)

	exact   bool // its numbers leave nothing to round
	zeros   bool // the reference may well be 0 for the most part
	follows bool // the reference goes on from what the device computed
	busy    bool // it is worth several processors, though its operands are not large
	long    bool // it takes too long for a short run
}

// An operand is what the host knows of a kernel's operand.
type operand struct {
	name  string
	shape []int
	fill  fill         // nil: nothing is there before the kernel writes it
	dtype device.DType // 0: the trial's
}

// begun is a fill for an operand of which the first n elements are given and the kernel writes the others.
func begun(n int, f fill) fill {
	return func(r *rand.Rand, all int) []float64 {
		return append(f(r, n), decode(device.Float64, bytes.Repeat(guard(device.Float64), all-n))...)
	}
}

// String is what tells the trial from every other.
func (tr *trial) String() string {
	return fmt.Sprintf("%s %v %s%s, %s", tr.kernel.Name(), tr.dtype, tr.size, options(tr.kernel), tr.variant)
}

// options is the fields of a kernel that are no operands, such as " TransA LR=0.1".
func options(k device.Kernel) string {
	var all string
	v := reflect.ValueOf(k)
	for i := range v.NumField() {
		name, value := v.Type().Field(i).Name, v.Field(i)
		switch {
		case value.IsZero() || value.Type() == reflect.TypeFor[device.Array]():
		case value.Kind() == reflect.Bool:
			all += " " + name
		default:
			all += fmt.Sprintf(" %s=%v", name, value)
		}
	}
	return all
}

// large tells whether the trial is worth several processors.
func (tr *trial) large() bool {
	return tr.busy || slices.ContainsFunc(tr.operands, func(o operand) bool { return kernels.Size(o.shape) >= many })
}

// operand is the trial's operand of this name; nil if it leaves it out.
func (tr *trial) operand(name string) *operand {
	for i := range tr.operands {
		if tr.operands[i].name == name {
			return &tr.operands[i]
		}
	}
	return nil
}

func (tr *trial) typeOf(o *operand) device.DType {
	if o.dtype != 0 {
		return o.dtype
	}
	return tr.dtype
}

// values are an operand's elements before the launch: the guard where nothing is there yet.
func (tr *trial) values(o *operand) []float64 {
	t, n := tr.typeOf(o), kernels.Size(o.shape)
	if o.fill == nil {
		return decode(t, bytes.Repeat(guard(t), n))
	}
	return decode(t, encode(t, o.fill(seeded(tr.String()+o.name), n)))
}

// access is what the kernel says that it does to each operand.
func (tr *trial) access() map[string]device.Access {
	all := map[string]device.Access{}
	for _, o := range tr.kernel.Operands(nil) {
		all[o.Name] = o.Access
	}
	return all
}

// bind is the trial's kernel with these operands.
func (tr *trial) bind(arrays map[string]device.Array) device.Kernel {
	k := reflect.New(reflect.TypeOf(tr.kernel)).Elem()
	k.Set(reflect.ValueOf(tr.kernel))
	for name, a := range arrays {
		k.FieldByName(name).Set(reflect.ValueOf(a))
	}
	return k.Interface().(device.Kernel)
}

// A placement is where operands lie in the device's memory: each in an allocation of its own or, between guards, within
// a larger one, and perhaps one that is written on one that is read.
type placement struct {
	guarded   bool
	out, onto string
}

func (p placement) String() string {
	switch {
	case p.out != "":
		return p.out + " in place of " + p.onto
	case p.guarded:
		return "between guards"
	}
	return "in whole allocations"
}

// placements are all the ways to place the trial.
func (tr *trial) placements() []placement {
	all := []placement{{guarded: true}, {}}
	access := tr.access()
	for i := range tr.operands {
		for j := range tr.operands {
			out, onto := &tr.operands[i], &tr.operands[j]
			if access[out.name]&device.InPlace == 0 || access[onto.name]&device.Write != 0 {
				continue
			}
			if tr.typeOf(out) == tr.typeOf(onto) && kernels.Size(out.shape) == kernels.Size(onto.shape) {
				all = append(all, placement{guarded: true, out: out.name, onto: onto.name})
			}
		}
	}
	return all
}

// run launches the trial in every placement.
func (tr *trial) run(d device.Device) error {
	s := newSheet(tr)
	for _, p := range tr.placements() {
		if err := tr.runAt(d, p, s); err != nil {
			return fmt.Errorf("%v, %v: %w", tr, p, err)
		}
	}
	return nil
}

// runAt launches the trial twice, the second time by a pointer. What the kernel does not write must be as it was, what
// it writes must be as the reference says, and the second time must be the first to the bit.
func (tr *trial) runAt(d device.Device, p placement, s *sheet) error {
	l := tr.place(d, p, s.before)
	defer l.free()
	if err := l.launch(tr.bind(l.arrays)); err != nil {
		return err
	}
	if err := l.untouched(); err != nil {
		return err
	}
	for name := range l.arrays {
		s.after[name] = decode(l.of[name].dtype, l.of[name].operand())
	}
	if err := s.judge(); err != nil {
		return err
	}
	first := l.outputs()
	if err := l.launch(kernels.Pointer(tr.bind(l.arrays))); err != nil {
		return err
	}
	if err := l.repeats(first); err != nil {
		return fmt.Errorf("the same launch twice: %w", err)
	}
	return nil
}

// outputs is what the trial's operands hold after a launch, in bits.
func (tr *trial) outputs(d device.Device) (map[string][]byte, error) {
	l := tr.place(d, placement{guarded: true}, newSheet(tr).before)
	defer l.free()
	err := l.launch(tr.bind(l.arrays))
	return l.outputs(), err
}
