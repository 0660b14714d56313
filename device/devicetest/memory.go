package devicetest

import (
	"bytes"
	"fmt"

	"github.com/keisan-go/keisan/device"
)

// memory are checks of what a device holds.
var memory = []check{
	{name: "zero", cases: 1, run: zeroMemory},
	{name: "transfer", cases: 1, run: transfer},
	{name: "in use", cases: 1, run: inUse},
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
