package devicetest

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/debug"
	"github.com/keisan-go/keisan/kernels"
)

// A double computes float32 kernels in float64, and rounds each result once. It differs from the device that it computes
// on as much as another device may.
type double struct{ device.Device }

func (d double) Launch(k device.Kernel) {
	wide := reflect.New(reflect.TypeOf(kernels.Pointer(k)).Elem())
	wide.Elem().Set(reflect.ValueOf(kernels.Pointer(k)).Elem())
	var ops []device.Operand // in float64, beside those of k
	for _, o := range k.Operands(nil) {
		if o.Type() == device.Float32 {
			b := make([]byte, 4*o.Len())
			d.Download(b, o.Slice)
			o.Array.Slice = d.Alloc(device.Float64, o.Len())
			defer d.Free(o.Slice)
			d.Upload(o.Slice, device.Bytes(decode(device.Float32, b)))
			wide.Elem().FieldByName(o.Name).Set(reflect.ValueOf(o.Array))
		}
		ops = append(ops, o)
	}
	d.Device.Launch(wide.Interface().(device.Kernel))
	for i, o := range k.Operands(nil) {
		if o.Type() == device.Float32 && o.Access&device.Write != 0 {
			made := make([]float64, o.Len())
			d.Download(device.Bytes(made), ops[i].Slice)
			d.Upload(o.Slice, encode(device.Float32, made))
		}
	}
}

// TestShadow runs every kernel on a device that is compared with one that rounds otherwise. Both are right, and must not be
// told apart.
func TestShadow(t *testing.T) {
	if raceEnabled() {
		t.Skip("it has nothing that runs beside it, and takes long under the race detector")
	}
	l, err := newLab(func() (device.Device, error) {
		d, err := device.Open("cpu")
		if err != nil {
			return nil, err
		}
		other, err := device.Open("cpu")
		return debug.New(d, debug.Options{Shadow: double{other}, AllowNaN: true}), err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer l.d.Close()
	for _, f := range families {
		t.Run(f.kernel, func(t *testing.T) {
			for _, c := range f.checks(l.types[:1], true) { // float32 alone, for float64 is not widened
				if err := c.try(l); err != nil {
					t.Errorf("%s: %v", c.name, err)
				}
			}
		})
	}
}

// within is the faults that two devices which both round well may differ by, or that take more elements than a short run
// has to show.
var within = []string{
	"SumRows/SumRows: rows after the 65536th are left out",
	"Activate/what is beyond 65535 groups is left out",
	"Activate/tanh is 1 too early",
	"Activate/tanh(x) is x too far out",
	"Activate/sigmoid is off by 3 ulp",
	"ActivateGrad/the slope of tanh near 1 loses its digits",
	"Dropout/P is rounded in float32",
	"ScatterAdd/the terms are added in another order",
	"SumSquares/the last element is left out", // of 4096, each as large as the error of such a sum may be
}

// TestShadowFinds plants the faults of kernels in a device that is compared with a right one. The device must tell of
// them, before the suite does.
func TestShadowFinds(t *testing.T) {
	if raceEnabled() {
		t.Skip("they are found without the race detector, in a tenth of the time")
	}
	checks := map[string][]check{}
	for _, f := range families {
		checks[f.kernel] = f.checks([]device.DType{device.Float32, device.Float64}, true)
	}
	for _, f := range slices.Concat(matMulFaults, elementwiseFaults, softmaxFaults, rnnFaults, optimFaults, copyFaults, gatherFaults, dropoutFaults, layerNormFaults, lossFaults) {
		if !slices.Contains(within, f.by+"/"+f.name) {
			t.Run(f.by+"/"+f.name, func(t *testing.T) {
				_, err := find(checks[f.by], func(d device.Device) device.Device {
					right, err := device.Open("cpu")
					if err != nil {
						t.Fatal(err)
					}
					return debug.New(f.plant(d), debug.Options{Shadow: right, AllowNaN: true})
				})
				if err == nil || !strings.Contains(err.Error(), ": operation ") {
					t.Errorf("the device does not tell; the suite finds: %v", err)
				}
			})
		}
	}
}
