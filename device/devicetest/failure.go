package devicetest

import (
	"errors"
	"fmt"
	"math"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

// failure are checks of a queue that stops.
var failure = []check{
	{name: "out of memory", cases: 1, run: outOfMemory},
	{name: "dead memory", cases: 1, run: deadMemory},
	{name: "closed", cases: 1, run: closed},
	{name: "closed after a failure", cases: 1, run: closedFailed},
	{name: "without float64", cases: 1, run: withoutFloat64},
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
