package devicetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

// queue are checks that what is launched happens in order, and with what it was given.
var queue = []check{
	{name: "order", cases: 1, run: order},
	{name: "free", cases: 1, run: freeEarly},
	{name: "reuse", cases: 1, run: reuse},
	{name: "allocations", cases: 1, run: allocations},
	{name: "goroutines", cases: 1, run: goroutines},
	{name: "multiply-adds", cases: 1, run: multiplyAdds},
}

// filled is new memory with n elements that are v.
func filled(d device.Device, n int, v float64) device.Array {
	a := device.Array{Slice: d.Alloc(device.Float32, n), Shape: []int{n}}
	d.Launch(kernels.Fill{Dst: a, Value: v})
	return a
}

// holds tells whether each element of a is v.
func holds(d device.Device, a device.Array, v float64) error {
	b := make([]byte, a.Len()*a.Type().Size())
	if err := d.Download(b, a.Slice); err != nil {
		return err
	}
	for i, got := range decode(a.Type(), b) {
		if got != v {
			return fmt.Errorf("element %d is %v, want %v", i, got, v)
		}
	}
	return nil
}

// order launches many kernels of which each needs the one before.
func order(l *lab) error {
	x, one := filled(l.d, 1000, 0), filled(l.d, 1, 1)
	defer l.d.Free(x.Slice)
	defer l.d.Free(one.Slice)
	for range 200 {
		l.d.Launch(kernels.Binary{Op: kernels.Add, Z: x, X: x, Y: one})
	}
	return holds(l.d, x, 200)
}

// freeEarly frees memory that queued work still needs, and takes it again at once.
func freeEarly(l *lab) error {
	sum := filled(l.d, 100_000, 0)
	defer l.d.Free(sum.Slice)
	for i := range 20 {
		x := filled(l.d, sum.Len(), float64(i))
		l.d.Launch(kernels.Binary{Op: kernels.Add, Z: sum, X: sum, Y: x})
		l.d.Free(x.Slice)
	}
	return holds(l.d, sum, 19*20/2)
}

// reuse changes a kernel's struct as soon as it is launched.
func reuse(l *lab) error {
	x, y := filled(l.d, 1000, 0), filled(l.d, 1000, 0)
	defer l.d.Free(x.Slice)
	defer l.d.Free(y.Slice)
	k := &kernels.Fill{Dst: x, Value: 1}
	l.d.Launch(k)
	k.Dst, k.Value = y, 2
	l.d.Launch(k)
	k.Dst, k.Value = x, 3
	return errors.Join(holds(l.d, x, 1), holds(l.d, y, 2))
}

// allocations launches each kernel by a pointer again and again, which may not allocate.
func allocations(l *lab) error {
	for _, f := range families {
		tr := f.sample(device.Float32)
		place := tr.place(l.d, placement{}, newSheet(tr).before)
		k := kernels.Pointer(tr.bind(place.arrays))
		n := testing.AllocsPerRun(10, func() { l.d.Launch(k) })
		err := l.d.Sync()
		place.free()
		if err != nil {
			return err
		}
		if n > 0 {
			return fmt.Errorf("%v: Launch allocates %v times", tr, n)
		}
	}
	return nil
}

// sample is a small trial that leaves no operand out.
func (f family) sample(t device.DType) *trial {
	var sample *trial
	for _, tr := range f.trials(t) {
		full := true
		for _, o := range tr.operands {
			for _, n := range o.shape {
				full = full && n > 1
			}
		}
		if full && (sample == nil || len(tr.operands) > len(sample.operands)) {
			sample = tr
		}
	}
	return sample
}

// goroutines use the device all at once, each for kernels and memory of its own.
func goroutines(l *lab) error {
	var trials []*trial
	for _, f := range families {
		for _, t := range l.types {
			trials = append(trials, f.sample(t))
		}
	}
	const users = 5
	errs := make([]error, users)
	var wg sync.WaitGroup
	for g := range users {
		wg.Go(func() {
			for i := range trials {
				tr := trials[(i+g*len(trials)/users)%len(trials)]
				if err := caught(func() error { return tr.run(l.d) }); err != nil {
					errs[g] = fmt.Errorf("beside other goroutines: %w", err)
					return
				}
				l.d.Info()
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
