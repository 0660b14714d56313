package devicetest

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"sync"
	"testing"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

// memory are checks of what a device holds.
var memory = []check{
	{name: "zero", cases: 1, run: zeroMemory},
	{name: "transfer", cases: 1, run: transfer},
	{name: "in use", cases: 1, run: inUse},
}

// queue are checks that what is launched happens in order, and with what it was given.
var queue = []check{
	{name: "order", cases: 1, run: order},
	{name: "free", cases: 1, run: freeEarly},
	{name: "reuse", cases: 1, run: reuse},
	{name: "allocations", cases: 1, run: allocations},
	{name: "goroutines", cases: 1, run: goroutines},
}

// failure are checks of a queue that stops.
var failure = []check{
	{name: "out of memory", cases: 1, run: outOfMemory},
	{name: "dead memory", cases: 1, run: deadMemory},
	{name: "closed", cases: 1, run: closed},
	{name: "closed after a failure", cases: 1, run: closedFailed},
	{name: "without float64", cases: 1, run: withoutFloat64},
}

// filled is new memory on d with n elements of type t that are v.
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

// zeroMemory allocates, spoils and frees: what is allocated must be zero even if it was in use before.
func zeroMemory(l *lab) error {
	for _, t := range append(l.types, device.Int32) {
		for _, n := range sizes {
			for range 3 {
				s := l.d.Alloc(t, n)
				got := make([]byte, n*t.Size())
				if s.Len() != n || s.Type() != t || s.Offset() != 0 {
					return fmt.Errorf("for %d elements of %v Alloc returns %d of %v", n, t, s.Len(), s.Type())
				}
				if err := l.d.Download(got, s); err != nil {
					return err
				}
				if !bytes.Equal(got, make([]byte, len(got))) {
					return fmt.Errorf("new memory, %d elements of %v, is not 0", n, t)
				}
				l.d.Upload(s, bytes.Repeat([]byte{0xff}, len(got)))
				l.d.Free(s)
			}
		}
	}
	return nil
}

// transfer moves bytes to and fro, in whole and in part: none may change, whatever number it is a part of.
func transfer(l *lab) error {
	for _, t := range append(l.types, device.Int32) {
		const n = 1000
		s := l.d.Alloc(t, n)
		defer l.d.Free(s)
		want := make([]byte, n*t.Size())
		r := seeded(t.String())
		for _, part := range [][2]int{{0, n}, {0, 1}, {n - 1, n}, {17, 17}, {3, 514}, {255, 257}} {
			src := want[part[0]*t.Size() : part[1]*t.Size()]
			for i := range src {
				src[i] = byte(r.Uint32())
			}
			given := bytes.Clone(src)
			l.d.Upload(s.Slice(part[0], part[1]), given)
			clear(given) // which the device must be done with
			got := make([]byte, len(src))
			if err := l.d.Download(got, s.Slice(part[0], part[1])); err != nil {
				return err
			}
			if !bytes.Equal(got, src) {
				return fmt.Errorf("elements %v of %v come back changed", part, t)
			}
		}
		got := make([]byte, len(want))
		if err := l.d.Download(got, s); err != nil {
			return err
		}
		if !bytes.Equal(got, want) {
			return fmt.Errorf("uploading parts of %v changes what is beside them", t)
		}
	}
	return nil
}

func inUse(l *lab) error {
	before := l.d.Info()
	x, y := l.d.Alloc(device.Float32, 1000), l.d.Alloc(device.Int32, 3)
	with := l.d.Info()
	if got := with.InUse - before.InUse; got != 4012 {
		return fmt.Errorf("1000 float32 and 3 int32 are %d bytes in use, want 4012", got)
	}
	if got := with.Allocs - before.Allocs; got != 2 {
		return fmt.Errorf("2 calls of Alloc count as %d", got)
	}
	l.d.Free(x)
	if got := l.d.Info().InUse - before.InUse; got != 12 {
		return fmt.Errorf("3 int32 are %d bytes in use, want 12", got)
	}
	l.d.Free(y)
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
				if err := trials[(i+g*len(trials)/users)%len(trials)].run(l.d); err != nil {
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

// enormous is more elements than the device has room for.
func enormous(d device.Device) int { return int(d.Info().Memory/4) + 1 }

// expect tells whether err is a certain one.
func expect(what string, err, want error) error {
	if !errors.Is(err, want) {
		return fmt.Errorf("%s returns %v, want %v", what, err, want)
	}
	return nil
}

// outOfMemory asks for too much: the queue must stop there, say so once, and work again.
func outOfMemory(l *lab) error {
	return l.within(func(d device.Device) error {
		for _, n := range []int{enormous(d), math.MaxInt} {
			x, y := filled(d, 10, 1), filled(d, 10, 1)
			inUse := d.Info().InUse

			dead := d.Alloc(device.Float32, n)
			if dead.Len() != n || dead.OK() {
				return fmt.Errorf("for %d elements, which do not fit, Alloc returns %d, OK %v", n, dead.Len(), dead.OK())
			}
			// Nothing of this may happen.
			d.Launch(kernels.Fill{Dst: x, Value: 2})
			d.Upload(y.Slice, encode(device.Float32, []float64{2, 2, 2, 2, 2, 2, 2, 2, 2, 2}))
			if s := d.Alloc(device.Float32, 3); s.OK() || s.Len() != 3 {
				return fmt.Errorf("for 3 elements on a stopped queue Alloc returns %d, OK %v", s.Len(), s.OK())
			}
			got := []float32{7}
			report := d.Download(device.Bytes(got), x.Slice.Slice(0, 1))
			if err := expect("Download after an allocation that does not fit", report, device.ErrOutOfMemory); err != nil {
				return err
			}
			if got[0] != 7 {
				return errors.New("where Download returns an error, it writes to dst all the same")
			}
			if err := d.Sync(); err != nil {
				return fmt.Errorf("a failure is reported twice: %w", err)
			}
			if err := errors.Join(holds(d, x, 1), holds(d, y, 1)); err != nil {
				return fmt.Errorf("work happens on a stopped queue: %w", err)
			}

			d.Alloc(device.Float32, n)
			d.Free(x.Slice) // as it should even now
			if got := d.Info().InUse; got != inUse-40 {
				return fmt.Errorf("%d bytes in use after Free on a stopped queue, want %d", got, inUse-40)
			}
			if err := expect("Sync after an allocation that does not fit", d.Sync(), device.ErrOutOfMemory); err != nil {
				return err
			}
			if err := d.Sync(); err != nil {
				return fmt.Errorf("a failure is reported twice: %w", err)
			}
			d.Free(dead)
			d.Free(y.Slice)
		}
		return nil
	})
}

// deadMemory goes on with memory that was never allocated, after that was reported: it must fail again.
func deadMemory(l *lab) error {
	return l.within(func(d device.Device) error {
		x := filled(d, 10, 1)
		d.Alloc(device.Float32, enormous(d))
		dead := device.Array{Slice: d.Alloc(device.Float32, 10), Shape: []int{10}}
		if err := expect("Sync", d.Sync(), device.ErrOutOfMemory); err != nil {
			return err
		}
		got := []float32{7}
		for what, use := range map[string]func() error{
			"reads":   func() error { d.Launch(kernels.Copy{Dst: x, Src: dead}); return d.Sync() },
			"writes":  func() error { d.Launch(kernels.Fill{Dst: dead, Value: 2}); return d.Sync() },
			"uploads": func() error { d.Upload(dead.Slice, make([]byte, 40)); return d.Sync() },
			"downloads": func() error {
				err := d.Download(device.Bytes(got), dead.Slice.Slice(0, 1))
				return errors.Join(err, d.Sync())
			},
		} {
			if err := use(); !errors.Is(err, device.ErrOutOfMemory) {
				return fmt.Errorf("what %s memory that was never allocated: %v, want %v", what, err, device.ErrOutOfMemory)
			}
			if err := d.Sync(); err != nil {
				return fmt.Errorf("a failure is reported twice: %w", err)
			}
		}
		if got[0] != 7 {
			return errors.New("from memory that was never allocated, Download writes to dst")
		}
		d.Free(dead.Slice)
		return holds(d, x, 1)
	})
}

// closed uses a closed device: that is an error for ever, but never a crash.
func closed(l *lab) error {
	d, err := l.open()
	if err != nil {
		return err
	}
	x := filled(d, 10, 1)
	if err := d.Close(); err != nil {
		return fmt.Errorf("closing: %w", err)
	}
	if n := d.Info().InUse; n != 0 {
		return fmt.Errorf("%d bytes in use after Close", n)
	}
	for range 2 {
		d.Launch(kernels.Fill{Dst: x, Value: 2})
		d.Upload(x.Slice, make([]byte, 40))
		s := d.Alloc(device.Float32, 3)
		if s.OK() || s.Len() != 3 {
			return fmt.Errorf("for 3 elements on a closed device Alloc returns %d, OK %v", s.Len(), s.OK())
		}
		d.Free(s)
		d.Free(x.Slice)
		got := []float32{7}
		err := errors.Join(
			expect("Sync of a closed device", d.Sync(), device.ErrClosed),
			expect("Download from a closed device", d.Download(device.Bytes(got), x.Slice.Slice(0, 1)), device.ErrClosed))
		if err != nil {
			return err
		}
		if got[0] != 7 {
			return errors.New("from a closed device, Download writes to dst")
		}
		if err := d.Close(); err != nil {
			return fmt.Errorf("closing a closed device: %w", err)
		}
	}
	return nil
}

// closedFailed closes a device whose failure nobody has seen.
func closedFailed(l *lab) error {
	d, err := l.open()
	if err != nil {
		return err
	}
	d.Alloc(device.Float32, enormous(d))
	return errors.Join(
		expect("Close after a failure", d.Close(), device.ErrOutOfMemory),
		expect("Sync after that", d.Sync(), device.ErrClosed))
}

// withoutFloat64 launches a float64 kernel on a device that has none: an error, once.
func withoutFloat64(l *lab) error {
	if len(l.types) == 2 {
		return nil
	}
	return l.within(func(d device.Device) error {
		d.Launch(kernels.Fill{Dst: device.Array{Slice: d.Alloc(device.Float64, 3), Shape: []int{3}}, Value: 1})
		if d.Sync() == nil {
			return errors.New("a device without float64 runs a float64 kernel")
		}
		return d.Sync()
	})
}
