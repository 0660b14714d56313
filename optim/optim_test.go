package optim_test

import (
	"errors"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/layers/layertest"
	"github.com/keisan-go/keisan/optim"
	"github.com/keisan-go/keisan/tensor"
)

func open() (device.Device, error) { return device.Open("cpu") }

// The formulas, clipping and transfers are held to account on every device, this one too.
func TestCPU(t *testing.T) { layertest.Optimizers(t, open) }

func openCPU(t *testing.T) device.Device {
	d, err := open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// param is a parameter of these values, all of whose gradients are g.
func param(d device.Device, g float64, values ...float64) *layers.Param {
	p := tensor.From(d, values, len(values))
	p.Grad().Fill(g)
	return &layers.Param{Name: "p", Value: p, Grad: p.Grad()}
}

func values(t *testing.T, p *layers.Param) []float64 {
	t.Helper()
	v, err := tensor.Values[float64](p.Value)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// An optimizer that is done with can be freed.
type freer interface {
	optim.Stateful
	Free()
}

var optimizers = map[string]func() freer{
	"SGD":      func() freer { return optim.NewSGD(0.1) },
	"Momentum": func() freer { return optim.NewMomentum(0.1, 0.9) },
	"Nesterov": func() freer { return optim.NewNesterov(0.1, 0.9) },
	"AdaGrad":  func() freer { return optim.NewAdaGrad(0.1) },
	"RMSprop":  func() freer { return optim.NewRMSprop(0.1, 0.99) },
	"Adam":     func() freer { return optim.NewAdam(0.1, 0.9, 0.999) },
	"AdamW":    func() freer { return optim.NewAdamW(0.1, 0.9, 0.999, 0.01) },
}

// A parameter has its averages and its number of steps to itself, whatever stands beside it and since when.
func TestParametersAreOnTheirOwn(t *testing.T) {
	d := openCPU(t)
	for name, create := range optimizers {
		alone := func(g float64, steps int) []float64 {
			o, p := create(), param(d, g, 1, -2)
			for range steps {
				o.Step([]*layers.Param{p})
			}
			return values(t, p)
		}
		o, first, late := create(), param(d, 0.5, 1, -2), param(d, -3, 1, -2)
		o.Step([]*layers.Param{first})
		o.Step([]*layers.Param{late, first})
		o.Step([]*layers.Param{first, late})
		o.Step([]*layers.Param{late})
		if got, want := values(t, first), alone(0.5, 3); !slices.Equal(got, want) {
			t.Errorf("%s: three steps among others lead to %v, alone to %v", name, got, want)
		}
		if got, want := values(t, late), alone(-3, 3); !slices.Equal(got, want) {
			t.Errorf("%s: three late steps lead to %v, alone to %v", name, got, want)
		}
	}
}

// A parameter is its tensor: given twice, even by another name, it takes one step.
func TestDuplicatesStepOnce(t *testing.T) {
	d := openCPU(t)
	for name, create := range optimizers {
		once, twice := param(d, 0.5, 1, -2), param(d, 0.5, 1, -2)
		alias := &layers.Param{Name: "alias", Value: twice.Value, Grad: twice.Grad}
		a, b := create(), create()
		for range 3 {
			a.Step([]*layers.Param{once})
			b.Step([]*layers.Param{twice, twice, alias})
		}
		if got, want := values(t, twice), values(t, once); !slices.Equal(got, want) {
			t.Errorf("%s: a parameter given twice goes to %v, once to %v", name, got, want)
		}
	}
}

func TestFreeForgets(t *testing.T) {
	d := openCPU(t)
	for name, create := range optimizers {
		o, p := create(), param(d, 0.5, 1, -2)
		before := d.Info().InUse
		o.Step([]*layers.Param{p})
		first := values(t, p)
		o.Step([]*layers.Param{p})
		o.Free()
		if held := d.Info().InUse - before; held != 0 {
			t.Errorf("%s holds %d bytes after Free", name, held)
		}
		tensor.Set(p.Value, []float64{1, -2})
		o.Step([]*layers.Param{p})
		if got := values(t, p); !slices.Equal(got, first) {
			t.Errorf("%s: after Free a step leads to %v, the first led to %v", name, got, first)
		}
	}
}

// An optimizer that is given another's state goes on as the other does, to the bit.
func TestRestore(t *testing.T) {
	d := openCPU(t)
	for name, create := range optimizers {
		whole, p := create(), param(d, 0.5, 1, -2)
		step := func(o optim.Optimizer, p *layers.Param, g float64) {
			p.Grad.Fill(g)
			o.Step([]*layers.Param{p})
		}
		if steps, averages := whole.State(p); steps != 0 || averages != nil || whole.Name() != name {
			t.Errorf("%s calls itself %s, and knows %d steps and %v of what it never saw", name, whole.Name(), steps, averages)
		}
		for _, g := range []float64{0.5, -0.1, 3} {
			step(whole, p, g)
		}

		resumed, q := create(), param(d, 0, values(t, p)...)
		step(resumed, q, 7) // which is to be forgotten
		tensor.Set(q.Value, values(t, p))
		steps, averages := whole.State(p)
		if steps != 3 {
			t.Errorf("%s: after 3 steps it tells of %d", name, steps)
		}
		for i, to := range resumed.Restore(q, steps) {
			to.Copy(averages[i])
		}
		if again, same := resumed.State(q); again != steps || len(same) != len(averages) || len(same) != resumed.Averages() {
			t.Errorf("%s: restored it tells of %d steps and %d averages, want %d and %d", name, again, len(same), steps, resumed.Averages())
		}
		for _, g := range []float64{-2, 0.25} {
			step(whole, p, g)
			step(resumed, q, g)
		}
		if got, want := values(t, q), values(t, p); !slices.Equal(got, want) {
			t.Errorf("%s: restored it leads to %v, without a stop to %v", name, got, want)
		}

		before := d.Info().InUse
		if resumed.Restore(q, 0) != nil || len(averages) > 0 && d.Info().InUse == before {
			t.Errorf("%s: Restore of 0 steps forgets nothing", name)
		}
		resumed.Restore(q, 0)
		fresh := param(d, 0.5, 1, -2)
		tensor.Set(q.Value, []float64{1, -2})
		step(resumed, q, 0.5)
		step(create(), fresh, 0.5)
		if got, want := values(t, q), values(t, fresh); !slices.Equal(got, want) {
			t.Errorf("%s: after it forgot, a step leads to %v, a first one to %v", name, got, want)
		}
	}
}

func TestBothTypesInOneStep(t *testing.T) {
	d := openCPU(t)
	for name, create := range optimizers {
		wide, narrow := param(d, 0.5, 1, -2), tensor.From(d, []float32{1, -2}, 2)
		narrow.Grad().Fill(0.5)
		o := create()
		for range 2 {
			o.Step([]*layers.Param{wide, {Name: "narrow", Value: narrow, Grad: narrow.Grad()}})
		}
		got, err := tensor.Values[float32](narrow)
		for i, want := range values(t, wide) {
			if err != nil || math.Abs(float64(got[i])-want) > 1e-6 {
				t.Errorf("%s: in float32 %v, %v, in float64 %v", name, got, err, values(t, wide))
			}
		}
	}
}

func TestZeroGrad(t *testing.T) {
	d := openCPU(t)
	a, b := param(d, math.NaN(), 1, 2), param(d, 3, 4)
	optim.ZeroGrad([]*layers.Param{a, b})
	for _, p := range []*layers.Param{a, b} {
		if g, err := tensor.Values[float64](p.Grad); err != nil || slices.ContainsFunc(g, func(g float64) bool { return g != 0 }) {
			t.Errorf("after ZeroGrad the gradient is %v, %v", g, err)
		}
	}
	optim.ZeroGrad(nil)
}

// A step without room for its averages is the device's failure. The next one finds room, and is the first.
func TestOutOfMemory(t *testing.T) {
	d := openCPU(t)
	for name, create := range optimizers {
		first := param(d, 0.5, 1, -2)
		create().Step([]*layers.Param{first})
		o, p, clip := create(), param(d, 0.5, 1, -2), optim.NewClip(100)
		d.Alloc(device.Float32, math.MaxInt)
		o.Step([]*layers.Param{p})
		clip.Clip([]*layers.Param{p})
		if err := d.Sync(); !errors.Is(err, device.ErrOutOfMemory) {
			t.Errorf("%s: the failure is %v, want %v", name, err, device.ErrOutOfMemory)
		}
		clip.Clip([]*layers.Param{p})
		o.Step([]*layers.Param{p})
		if got, want := values(t, p), values(t, first); !slices.Equal(got, want) {
			t.Errorf("%s: after the failure a step leads to %v, the first to %v", name, got, want)
		}
	}
}

// An optimizer keeps so many averages of each parameter, and no more.
func TestMemory(t *testing.T) {
	d := openCPU(t)
	for name, averages := range map[string]int64{
		"SGD": 0, "Momentum": 1, "Nesterov": 1, "AdaGrad": 1, "RMSprop": 1, "Adam": 2, "AdamW": 2,
	} {
		o, p := optimizers[name](), param(d, 0.5, 1, -2)
		before := d.Info().InUse
		for range 3 {
			o.Step([]*layers.Param{p})
		}
		if held, want := d.Info().InUse-before, averages*2*8; held != want {
			t.Errorf("%s holds %d bytes for two numbers of float64, want %d", name, held, want)
		}
	}
}

// A Clip follows the parameters to their type and device, and keeps one number there.
func TestClipFollows(t *testing.T) {
	d, another := openCPU(t), openCPU(t)
	wide, far, narrow := param(d, 2, 1), param(another, 2, 1), tensor.From(d, []float32{1}, 1)
	clip := optim.NewClip(1)
	before := d.Info().InUse + another.Info().InUse + 4 // narrow's gradient
	for range 2 {
		for _, p := range []*layers.Param{wide, {Name: "narrow", Value: narrow, Grad: narrow.Grad()}, far} {
			clip.Clip([]*layers.Param{p})
			allocs := p.Grad.Device().Info().Allocs
			clip.Clip([]*layers.Param{p})
			if after := p.Grad.Device().Info().Allocs; after != allocs {
				t.Errorf("the second Clip made %d allocations", after-allocs)
			}
		}
	}
	clip.Free()
	clip.Free() // does nothing
	if held := d.Info().InUse + another.Info().InUse - before; held != 0 {
		t.Errorf("%d bytes are held", held)
	}
}

func TestMisuse(t *testing.T) {
	d := openCPU(t)
	good := param(d, 1, 2)
	other := &layers.Param{Name: "w", Value: good.Value, Grad: tensor.New(d, device.Float32, 1)}
	long := &layers.Param{Name: "w", Value: good.Value, Grad: tensor.New(d, device.Float64, 3)}
	nan, inf := math.NaN(), math.Inf(1)
	cases := []struct {
		call func()
		want string
	}{
		{func() { optim.NewSGD(-0.1) }, "optim.SGD: lr is -0.1, want a finite number of 0 or more"},
		{func() { optim.NewSGD(nan) }, "optim.SGD: lr is NaN, want a finite number of 0 or more"},
		{func() { optim.NewMomentum(inf, 0.9) }, "optim.Momentum: lr is +Inf, want a finite number of 0 or more"},
		{func() { optim.NewMomentum(0.1, 1) }, "optim.Momentum: mu is 1, want it in [0, 1)"},
		{func() { optim.NewNesterov(-1, 0.9) }, "optim.Nesterov: lr is -1"},
		{func() { optim.NewNesterov(0.1, -0.5) }, "optim.Nesterov: mu is -0.5, want it in [0, 1)"},
		{func() { optim.NewAdaGrad(nan) }, "optim.AdaGrad: lr is NaN"},
		{func() { optim.NewRMSprop(-1, 0.9) }, "optim.RMSprop: lr is -1"},
		{func() { optim.NewRMSprop(0.1, 1) }, "optim.RMSprop: alpha is 1, want it in [0, 1)"},
		{func() { optim.NewAdam(-1, 0.9, 0.999) }, "optim.Adam: lr is -1"},
		{func() { optim.NewAdam(0.1, 1, 0.999) }, "optim.Adam: b1 is 1, want it in [0, 1)"},
		{func() { optim.NewAdam(0.1, 0.9, nan) }, "optim.Adam: b2 is NaN, want it in [0, 1)"},
		{func() { optim.NewAdamW(0.1, 0.9, 0.999, -0.01) }, "optim.AdamW: decay is -0.01, want a finite number of 0 or more"},
		{func() { optim.NewClip(0) }, "optim.Clip: max is 0, want it above 0"},
		{func() { optim.NewClip(nan) }, "optim.Clip: max is NaN, want it above 0"},
		{func() { optim.ZeroGrad([]*layers.Param{nil}) }, "optim: a parameter is nil"},
		{func() { optim.NewClip(1).Clip([]*layers.Param{good, {Name: "w", Value: good.Value}}) }, `optim: parameter "w" has no gradient`},
		{func() { optim.NewClip(1).Clip([]*layers.Param{good, other}) }, "kernels.SumSquares: Y is float64, want float32"},
	}
	for _, create := range optimizers {
		step := func(params ...*layers.Param) func() { return func() { create().Step(params) } }
		cases = append(cases, []struct {
			call func()
			want string
		}{
			{step(good, nil), "optim: a parameter is nil"},
			{step(&layers.Param{Name: "w", Grad: good.Grad}), `optim: parameter "w" has no value`},
			{step(&layers.Param{Name: "w", Value: good.Value}), `optim: parameter "w" has no gradient`},
			{step(other), "G is float32, want float64"},
			{step(long), "G is [3], want [1]"},
			{func() { create().State(nil) }, "optim: a parameter is nil"},
			{func() { create().Restore(nil, 1) }, "optim: a parameter is nil"},
			{func() { create().Restore(good, -1) }, `: parameter "p" took -1 steps, want 0 or more`},
		}...)
	}
	for _, c := range cases {
		if err := layers.Try(c.call); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("the misuse is %v, want %q in it", err, c.want)
		}
	}
	if err := d.Sync(); err != nil {
		t.Errorf("afterwards the device fails: %v", err)
	}
}
