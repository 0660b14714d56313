// Package devicetest is what every backend has to pass.
//
//	func TestConformance(t *testing.T) { devicetest.Run(t, devicetest.Require(t, "cpu")) }
//
// It launches each kernel in each element type with many shapes and options, at odd offsets, in place and between
// guards, and holds each element of the result against a slow and obvious reference in float64, within a bound of its
// own that is derived from the formula. The same launch must make the same bits, whatever GOMAXPROCS is. Misuse must
// panic and leave the device working; a failure must stop the queue, be reported once, and be over then.
//
// A subtest is named kernel/type/size:
//
//	go test ./device/cpu -run 'Conformance/MatMul/float32/3x8x17$'
package devicetest

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"testing"

	"github.com/keisan-go/keisan/device"
)

// Run is the whole suite. open opens the device under test, a new one at each call: some checks need two, or break the
// one that they get.
func Run(t *testing.T, open func() (device.Device, error)) {
	l, err := newLab(open)
	if err != nil {
		t.Fatal(err)
	}
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // there is little to keep, but much to throw away
	cases := 0
	for _, g := range groups(l.types, testing.Short() || raceEnabled()) {
		t.Run(g.name, func(t *testing.T) {
			for _, c := range g.checks {
				t.Run(c.name, func(t *testing.T) {
					cases += c.cases
					switch err := c.try(l); {
					case err == nil:
					case g.aim && l.d.Info().Kind == device.GPU:
						t.Skip("the aim is missed:", err)
					default:
						t.Error(err)
					}
				})
			}
		})
	}
	if err := l.d.Close(); err != nil {
		t.Error(err)
	}
	t.Logf("%d cases", cases)
}

// Find makes the checks of one group, such as "MatMul", until one of them finds something wrong, and returns that. It is
// for tests that plant mistakes.
func Find(open func() (device.Device, error), group string) error {
	l, err := newLab(open)
	if err != nil {
		return err
	}
	defer l.d.Close()
	for _, g := range groups(l.types, true) {
		if g.name != group {
			continue
		}
		for _, c := range g.checks {
			if err := c.try(l); err != nil {
				return fmt.Errorf("%s: %w", c.name, err)
			}
		}
	}
	return nil
}

// raceEnabled tells whether the race detector watches, under which all is some ten times as slow.
func raceEnabled() bool {
	info, ok := debug.ReadBuildInfo()
	return ok && slices.Contains(info.Settings, debug.BuildSetting{Key: "-race", Value: "true"})
}

// Require returns what opens the device with this spec, for Run. If there is no such device it skips the test or, if the
// device's backend is in KEISAN_REQUIRE, a list such as "cpu,opencl", makes it fail.
func Require(t testing.TB, spec string) func() (device.Device, error) {
	t.Helper()
	open := func() (device.Device, error) { return device.Open(spec) }
	d, err := open()
	if err == nil {
		err = d.Close()
	}
	backend, _, _ := strings.Cut(spec, ":")
	switch required := strings.Split(os.Getenv("KEISAN_REQUIRE"), ","); {
	case err == nil:
	case slices.Contains(required, backend):
		t.Fatalf("KEISAN_REQUIRE has %s: %v", backend, err)
	default:
		t.Skip(err)
	}
	return open
}

// A group is the checks of one kernel or of one thing that a device promises.
type group struct {
	name   string
	checks []check
	aim    bool // a GPU may miss it
}

// A check tells what is wrong with a device; nil if nothing is.
type check struct {
	name  string
	cases int
	run   func(l *lab) error
}

// groups is the whole suite for a device that computes in these types.
func groups(types []device.DType, short bool) []group {
	var all []group
	for _, f := range families {
		all = append(all, group{name: f.kernel, checks: f.checks(types, short)})
	}
	return append(all,
		group{name: "Workers", checks: workers(types, short)},
		group{name: "Invariance", checks: invariance(types), aim: true},
		group{name: "Memory", checks: memory},
		group{name: "Queue", checks: queue},
		group{name: "Failure", checks: failure},
		group{name: "Misuse", checks: misuse()})
}

// A family is the trials of a kernel.
type family struct {
	kernel string
	trials func(t device.DType) []*trial
}

// families is every kernel of package kernels. A test fails where one is missing.
var families = []family{
	{"MatMul", matMul},
	{"SumRows", sumRows},
	{"Activate", activate},
	{"ActivateGrad", activateGrad},
	{"Binary", binary},
	{"BinaryGrad", binaryGrad},
	{"Softmax", softmax},
	{"SoftmaxGrad", softmaxGrad},
	{"SoftmaxCrossEntropy", crossEntropy},
	{"SoftmaxCrossEntropyGrad", crossEntropyGrad},
	{"RNN", rnn},
	{"RNNGrad", rnnGrad},
	{"LSTM", lstm},
	{"LSTMGrad", lstmGrad},
	{"GRU", gru},
	{"GRUGrad", gruGrad},
	{"SGD", sgd},
	{"AdaGrad", adaGrad},
	{"RMSprop", rmsprop},
	{"Adam", adam},
	{"SumSquares", sumSquares},
	{"ClipNorm", clipNorm},
	{"Copy", copies},
	{"CopyColumns", copyColumns},
	{"Fill", fills},
	{"Gather", gather},
	{"ScatterAdd", scatterAdd},
	{"Dropout", dropout},
	{"ElementLoss", elementLoss},
	{"ElementLossGrad", elementLossGrad},
	{"LayerNorm", layerNorm},
	{"LayerNormGrad", layerNormGrad},
}

// checks is one check for each size and type.
func (f family) checks(types []device.DType, short bool) []check {
	type key struct {
		size string
		t    device.DType
	}
	trials := map[key][]*trial{}
	var order []key
	for _, t := range types {
		for _, tr := range f.trials(t) {
			if short && (tr.long || tr.large()) {
				continue
			}
			k := key{tr.size, t}
			if trials[k] == nil {
				order = append(order, k)
			}
			trials[k] = append(trials[k], tr)
		}
	}
	var all []check
	for _, k := range order {
		c := check{name: k.t.String() + "/" + k.size, run: func(l *lab) error {
			for _, tr := range trials[k] {
				if err := tr.run(l.d); err != nil {
					return err
				}
			}
			return nil
		}}
		for _, tr := range trials[k] {
			c.cases += len(tr.placements())
		}
		all = append(all, c)
	}
	return all
}

// A lab is where checks are made: a device that they share, and what opens one of their own.
type lab struct {
	open  func() (device.Device, error)
	d     device.Device
	types []device.DType
}

func newLab(open func() (device.Device, error)) (*lab, error) {
	d, err := open()
	if err != nil {
		return nil, err
	}
	l := &lab{open: open, d: d, types: []device.DType{device.Float32}}
	if d.Info().Float64 {
		l.types = append(l.types, device.Float64)
	}
	return l, nil
}

// try runs the check. Whatever happens, it must leave nothing behind: no failure, and no memory in use.
func (c check) try(l *lab) error {
	before := l.d.Info().InUse
	if err := caught(func() error { return c.run(l) }); err != nil {
		return err
	}
	if err := l.d.Sync(); err != nil {
		return fmt.Errorf("a failure is left behind: %w", err)
	}
	if after := l.d.Info().InUse; after != before {
		return fmt.Errorf("%d bytes in use before, %d after", before, after)
	}
	return nil
}

// caught is f's error, or its panic as one.
func caught(f func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return f()
}

// within opens a device for a check that may break it.
func (l *lab) within(run func(d device.Device) error) error {
	d, err := l.open()
	if err != nil {
		return err
	}
	return errors.Join(run(d), d.Close())
}
