package layertest

import (
	"maps"
	"slices"
	"testing"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/layers/gradcheck"
	"github.com/keisan-go/keisan/tensor"
)

// each runs f with every specimen.
func each(e *env, f func(e *env, s specimen)) {
	for _, s := range specimens {
		e.Run(s.name, func(e *env) { f(e, s) })
	}
}

// gradients holds every gradient against central differences.
func gradients(e *env) {
	each(e, func(e *env, s specimen) {
		if err := s.make(e).Check(); err != nil {
			e.Error(err)
		}
	})
}

// A result is what a function returned: y, and the gradients of the inputs and of the parameters.
type result struct {
	y         []float64
	gradients map[string][]float64
}

// pass runs f forward and backward, and adds to the parameters' gradients.
func pass(e *env, f gradcheck.Function) result {
	e.Helper()
	y := f.Forward()
	dy := e.with(e.d, e.dtype).apart(y.Shape()...)
	defer dy.Free()
	r := result{e.values(y), map[string][]float64{}}
	for name, g := range f.Backward(dy) {
		r.gradients[name] = e.values(g)
	}
	for _, p := range f.Params {
		r.gradients[p.Name] = e.values(p.Grad)
	}
	return r
}

// agreement holds float32 against float64.
func agreement(e *env) {
	if !e.d.Info().Float64 {
		e.Skipf("%s has no float64", e.d.Name())
	}
	each(e, func(e *env, s specimen) {
		exact := e.with(e.d, device.Float64)
		want := pass(exact, s.make(exact))
		got := pass(e, s.make(e))
		const roundings = 64
		e.near("y", e.tensor(got.y, len(got.y)), want.y, roundings)
		for _, name := range slices.Sorted(maps.Keys(want.gradients)) {
			g := got.gradients[name]
			e.near("the gradient of "+name, e.tensor(g, len(g)), want.gradients[name], roundings)
		}
	})
}

// backwardAdds runs Backward twice, which doubles the parameters' gradients and no others.
func backwardAdds(e *env) {
	each(e, func(e *env, s specimen) {
		f := s.make(e)
		once := pass(e, f)
		twice := pass(e, f)
		isParam := map[string]bool{}
		for _, p := range f.Params {
			isParam[p.Name] = true
			want := slices.Clone(once.gradients[p.Name])
			for i := range want {
				want[i] *= 2
			}
			e.near("after two Backwards the gradient of "+p.Name, p.Grad, want, 8)
		}
		for name, g := range once.gradients {
			if !isParam[name] {
				e.same("the second time the gradient of "+name, e.tensor(twice.gradients[name], len(g)), g)
			}
		}
	})
}

// steady does the same thing again and again: the results stay the same, and nothing is allocated after the first time.
func steady(e *env) {
	times := 1000
	if testing.Short() {
		times = 20
	}
	each(e, func(e *env, s specimen) {
		f := s.make(e)
		dy := e.apart(f.Forward().Shape()...)
		var y *tensor.Tensor
		var inputs gradcheck.Tensors
		again := func() {
			y = f.Forward()
			inputs = f.Backward(dy)
		}
		again()
		firstY, firstInputs := e.values(y), map[string][]float64{}
		for name, g := range inputs {
			firstInputs[name] = e.values(g)
		}
		before := e.d.Info()
		for range times {
			again()
		}
		after := e.d.Info()
		if after.Allocs != before.Allocs || after.InUse != before.InUse {
			e.Errorf("%d more times made %d allocations and hold %d bytes more, want none",
				times, after.Allocs-before.Allocs, after.InUse-before.InUse)
		}
		e.same("y in the end", y, firstY)
		for name, want := range firstInputs {
			e.same("in the end the gradient of "+name, inputs[name], want)
		}
	})
}
