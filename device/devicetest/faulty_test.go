package devicetest

import (
	"math"
	"slices"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

// A fault is a mistake in a backend, and the group or the check that must find it.
type fault struct {
	by, name string
	plant    func(d device.Device) device.Device
}

// faulty is a device of which some methods are replaced.
type faulty struct {
	device.Device
	alloc    func(t device.DType, n int) device.Slice
	free     func(s device.Slice)
	upload   func(dst device.Slice, src []byte)
	launch   func(k device.Kernel)
	download func(dst []byte, src device.Slice) error
	sync     func() error
	close    func() error
	info     func() device.Info
}

func (f *faulty) Alloc(t device.DType, n int) device.Slice {
	if f.alloc != nil {
		return f.alloc(t, n)
	}
	return f.Device.Alloc(t, n)
}

func (f *faulty) Free(s device.Slice) {
	if f.free != nil {
		f.free(s)
		return
	}
	f.Device.Free(s)
}

func (f *faulty) Upload(dst device.Slice, src []byte) {
	if f.upload != nil {
		f.upload(dst, src)
		return
	}
	f.Device.Upload(dst, src)
}

func (f *faulty) Launch(k device.Kernel) {
	if f.launch != nil {
		f.launch(k)
		return
	}
	f.Device.Launch(k)
}

func (f *faulty) Download(dst []byte, src device.Slice) error {
	if f.download != nil {
		return f.download(dst, src)
	}
	return f.Device.Download(dst, src)
}

func (f *faulty) Sync() error {
	if f.sync != nil {
		return f.sync()
	}
	return f.Device.Sync()
}

func (f *faulty) Close() error {
	if f.close != nil {
		return f.close()
	}
	return f.Device.Close()
}

func (f *faulty) Info() device.Info {
	if f.info != nil {
		return f.info()
	}
	return f.Device.Info()
}

// in is a fault in one kernel: launch gets a copy of the kernel, to be launched in some wrong way. Where a wrong way does
// not fit together, the kernel is launched as it is: such a fault would show without this suite.
func in[K device.Kernel](name string, launch func(d device.Device, k *K)) fault {
	var zero K
	return fault{by: zero.Name(), name: name, plant: func(d device.Device) device.Device {
		return &faulty{Device: d, launch: func(k device.Kernel) {
			p, ok := any(kernels.Pointer(k)).(*K)
			if !ok {
				d.Launch(k)
				return
			}
			c := *p
			launch(d, &c)
		}}
	}}
}

// edit is a fault in one kernel whose operands or options are mistaken for others.
func edit[K device.Kernel](name string, change func(k *K)) fault {
	return in(name, func(d device.Device, k *K) {
		c := *k
		if (*k).Check() == nil {
			change(&c)
		}
		if c.Check() == nil {
			k = &c
		}
		d.Launch(*k)
	})
}

// spoil is a fault that shows in an operand after the kernel is done: change gets its elements.
func spoil[K device.Kernel](name string, of func(k *K) device.Array, change func(k *K, d device.Device, x []float64)) fault {
	return in(name, func(d device.Device, k *K) {
		d.Launch(*k)
		a := of(k)
		x := read(d, a)
		change(k, d, x)
		write(d, a, x)
	})
}

func read(d device.Device, a device.Array) []float64 {
	b := make([]byte, a.Len()*a.Type().Size())
	d.Download(b, a.Slice)
	return decode(a.Type(), b)
}

func write(d device.Device, a device.Array, x []float64) { d.Upload(a.Slice, encode(a.Type(), x)) }

// rows is an array's rows lo to hi along its first axis.
func rows(a device.Array, lo, hi int) device.Array {
	shape := slices.Clone(a.Shape)
	shape[0] = hi - lo
	inner := kernels.Size(shape[1:])
	return device.Array{Slice: a.Slice.Slice(lo*inner, hi*inner), Shape: shape}
}

// butLast is an array without its last row; without any it is what it is.
func butLast(a device.Array) device.Array {
	if len(a.Shape) == 0 || a.Shape[0] == 0 {
		return a
	}
	return rows(a, 0, a.Shape[0]-1)
}

func square(a device.Array) bool { return len(a.Shape) == 2 && a.Shape[0] == a.Shape[1] }

// beyond is the element behind an array in its memory, or before it; false if there is none.
func beyond(a device.Array, by int) (device.Array, bool) {
	all := a.Slice.Memory().All()
	at := a.Slice.Offset() - 1
	if by > 0 {
		at = a.Slice.Offset() + a.Len()
	}
	if at < 0 || at >= all.Len() {
		return device.Array{}, false
	}
	return device.Array{Slice: all.Slice(at, at+1), Shape: []int{1}}, true
}

// nudged is a number some ulps of type t further on.
func nudged(t device.DType, v float64, ulps int) float64 {
	for range ulps {
		if t == device.Float32 {
			v = float64(math.Nextafter32(float32(v), math.MaxFloat32))
		} else {
			v = math.Nextafter(v, math.MaxFloat64)
		}
	}
	return v
}
