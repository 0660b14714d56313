// Package cases is the work that devices are compared on: families of cases with sizes, such as
// matmul/m=1024/n=1024/k=1024. A case makes its operands, knows what the result must be within which bound, and loads
// itself onto a device.
package cases

import (
	"hash/fnv"
	"math/rand/v2"
	"strconv"
	"strings"

	"github.com/keisan-go/keisan/device"
)

// A Family is all cases of one kind of work.
type Family struct {
	Name  string
	About string // what is done
	Ops   string // the formula for its operations, "" if it has none
	Bytes string // and for the bytes that it has to move
	Check string // what the result is held against
	Rate  Rate
	Keys  []Key

	// elements is how many elements go in and come out, in floating point since there may be more than an int can count.
	elements func(c Case) (in, out float64)
	problem  func(c Case) *Problem
}

// A Rate is what tells how well a device does a kind of work.
type Rate int

const (
	Seconds Rate = iota // nothing but the time
	GFLOPS              // operations, to be compared with a device's multiply-adds
	GBPS                // bytes, to be compared with a device's copies
	Link                // bytes as well, but between host and device
)

// A Key is one of the values that make a case: a size, or one of some choices.
type Key struct {
	Name    string
	About   string
	Choices []string // empty for a size
	Default string
	Like    []string // a size left out is that of the first of these keys that is given
	Quiet   bool     // left out of the name where it has its default
}

// Families is every family there is.
var Families = []*Family{matMul, rnnForward, rnnTrain, lstmForward, lstmTrain, gruForward, gruTrain, elementwise, transfer, launch, trainStep}

// A Case is a family with its values.
type Case struct {
	Family *Family
	values []string // in the order of the family's keys
}

// String is the case's name, in the style of Go's benchmarks.
func (c Case) String() string {
	var b strings.Builder
	b.WriteString(c.Family.Name)
	for i, k := range c.Family.Keys {
		if !(k.Quiet && c.values[i] == k.Default) {
			b.WriteString("/" + k.Name + "=" + c.values[i])
		}
	}
	return b.String()
}

// Dims is the case's values by key, sizes as ints and choices as strings.
func (c Case) Dims() map[string]any {
	dims := map[string]any{}
	for i, k := range c.Family.Keys {
		if len(k.Choices) > 0 {
			dims[k.Name] = c.values[i]
		} else {
			dims[k.Name] = c.size(k.Name)
		}
	}
	return dims
}

func (c Case) text(key string) string {
	for i, k := range c.Family.Keys {
		if k.Name == key {
			return c.values[i]
		}
	}
	panic("cases: " + c.Family.Name + " has no key " + key)
}

func (c Case) size(key string) int {
	n, err := strconv.Atoi(c.text(key))
	if err != nil {
		panic(err) // Parse let it through
	}
	return n
}

// Need is the bytes that a case takes in a type: on the device, and beside it on the host, where the operands are made
// and the result is checked in float64.
func (c Case) Need(t device.DType) (onDevice, onHost float64) {
	in, out := c.Family.elements(c)
	size := float64(t.Size())
	return (in + out) * size, in*(4+8+size) + out*(16+size)
}

// Problem makes the operands and, when it is first needed, what the result must be.
func (c Case) Problem() *Problem { return c.Family.problem(c) }

// random is a source of numbers that depends on the case alone, so every device and every run gets the same operands.
func (c Case) random() *rand.Rand {
	h := fnv.New64a()
	h.Write([]byte(c.String()))
	return rand.New(rand.NewPCG(h.Sum64(), 0))
}

// A Problem is the operands of a case on the host. They are numbers of float32 whatever type they are loaded in, so
// one reference serves all.
type Problem struct {
	load func(l *Loaded)

	// Inputs is the operands by name, and Agree holds results by name against the reference, both for those who compute
	// the case without a device. They are nil where a case has none.
	Inputs map[string][]float32
	Agree  func(results map[string][]float64, t device.DType) (largest, bound float64)
}

// Load puts the problem into the memory of a device. Failures are the device's, and come with its next Sync.
func (p *Problem) Load(d device.Device, t device.DType) *Loaded {
	l := &Loaded{Device: d, Type: t}
	p.load(l)
	return l
}

// Loaded is a problem in the memory of a device, ready to run.
type Loaded struct {
	Device device.Device
	Type   device.DType
	Cost   device.Cost

	// Run does the work once, or queues it.
	Run func() error
	// Check holds what Run left against the reference. It returns the largest error and the bound that it must not exceed.
	Check func() (largest, bound float64, err error)
	// Moves tells whether it makes sense to time Run with its operands going to the device before it and its results
	// coming back after.
	Moves bool

	ins    []input
	outs   []device.Array
	memory []device.Slice
	free   []func()
}

type input struct {
	to   device.Slice
	data []byte
}

// in is an array that holds these values, to be loaded again by Move.
func (l *Loaded) in(values []float32, shape ...int) device.Array {
	a := l.array(shape...)
	data := Bytes(values, l.Type)
	l.Device.Upload(a.Slice, data)
	l.ins = append(l.ins, input{a.Slice, data})
	return a
}

// out is an array for a result.
func (l *Loaded) out(shape ...int) device.Array {
	a := l.array(shape...)
	l.outs = append(l.outs, a)
	return a
}

func (l *Loaded) array(shape ...int) device.Array {
	n := 1
	for _, s := range shape {
		n *= s
	}
	s := l.Device.Alloc(l.Type, n)
	l.memory = append(l.memory, s)
	return device.Array{Slice: s, Shape: shape}
}

// launches makes a kernel the work.
func (l *Loaded) launches(ks ...device.Kernel) {
	for _, k := range ks {
		l.Cost.Ops += k.Cost().Ops
		l.Cost.Bytes += k.Cost().Bytes
	}
	l.Moves = true
	l.Run = func() error {
		for _, k := range ks {
			l.Device.Launch(k)
		}
		return nil
	}
}

// agrees makes the check one of results, which are these arrays.
func (l *Loaded) agrees(p *Problem, results map[string]device.Array) {
	l.Check = func() (float64, float64, error) {
		got := map[string][]float64{}
		for name, a := range results {
			var err error
			if got[name], err = l.values(a); err != nil {
				return 0, 0, err
			}
		}
		largest, bound := p.Agree(got, l.Type)
		return largest, bound, nil
	}
}

// Move takes the operands to the device, runs and takes the results back: what a program pays that has them on the host.
func (l *Loaded) Move() error {
	for _, in := range l.ins {
		l.Device.Upload(in.to, in.data)
	}
	if err := l.Run(); err != nil {
		return err
	}
	for _, out := range l.outs {
		if _, err := l.values(out); err != nil {
			return err
		}
	}
	return nil
}

// Forget lets go of all that is kept on the host for Check and Move, neither of which works any more.
func (l *Loaded) Forget() { l.Check, l.ins, l.outs = nil, nil, nil }

// values copies an array to the host.
func (l *Loaded) values(a device.Array) ([]float64, error) { return values(l.Device, a) }

func values(d device.Device, a device.Array) ([]float64, error) {
	data := make([]byte, a.Len()*a.Type().Size())
	err := d.Download(data, a.Slice)
	return Numbers(data, a.Type()), err
}

// Bytes is values as they lie in memory in a type.
func Bytes(values []float32, t device.DType) []byte {
	if t == device.Float64 {
		return device.Bytes(widen(values))
	}
	return device.Bytes(values)
}

// Numbers is what lies in memory in a type.
func Numbers(data []byte, t device.DType) []float64 {
	if t == device.Float64 {
		v := make([]float64, len(data)/t.Size())
		copy(device.Bytes(v), data)
		return v
	}
	v := make([]float32, len(data)/t.Size())
	copy(device.Bytes(v), data)
	return widen(v)
}

// Free gives the memory back.
func (l *Loaded) Free() {
	for _, s := range l.memory {
		l.Device.Free(s)
	}
	for _, f := range l.free {
		f()
	}
}

// An arena is a device that gives back at once all memory that was allocated of it, for work that keeps some of its own.
type arena struct {
	device.Device
	live map[device.Slice]bool
}

func newArena(d device.Device) *arena { return &arena{d, map[device.Slice]bool{}} }

func (a *arena) release() {
	for s := range a.live {
		a.Device.Free(s)
	}
	clear(a.live)
}

func (a *arena) Alloc(t device.DType, n int) device.Slice {
	s := a.Device.Alloc(t, n)
	a.live[s] = true
	return s
}

func (a *arena) Free(s device.Slice) {
	delete(a.live, s)
	a.Device.Free(s)
}

func widen(v []float32) []float64 {
	w := make([]float64, len(v))
	for i, x := range v {
		w[i] = float64(x)
	}
	return w
}

// unit is the rounding error of a type: half the distance from 1 to the next number.
func unit(t device.DType) float64 {
	if t == device.Float64 {
		return 1.0 / (1 << 53)
	}
	return 1.0 / (1 << 24)
}
