//go:build opencl

package opencl

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/keisan-go/keisan/device"
	_ "github.com/keisan-go/keisan/device/cpu"
	"github.com/keisan-go/keisan/kernels"
)

// An operand of a kernel on two devices.
type maker struct {
	d   device.Device
	t   device.DType
	rng *rand.Rand
}

func (m *maker) array(shape ...int) device.Array {
	n := kernels.Size(shape)
	off := m.rng.IntN(5)
	s := m.d.Alloc(m.t, n+off+3)
	if m.t == device.Float32 {
		v := make([]float32, n+off+3)
		for i := range v {
			v[i] = float32(m.rng.NormFloat64())
		}
		m.d.Upload(s, device.Bytes(v))
	} else {
		v := make([]float64, n+off+3)
		for i := range v {
			v[i] = m.rng.NormFloat64()
		}
		m.d.Upload(s, device.Bytes(v))
	}
	return device.Array{Slice: s.Slice(off, off+n), Shape: shape}
}

func (m *maker) ints(limit int, shape ...int) device.Array {
	n := kernels.Size(shape)
	s := m.d.Alloc(device.Int32, n)
	v := make([]int32, n)
	for i := range v {
		v[i] = int32(m.rng.IntN(limit+1) - 1)
	}
	m.d.Upload(s, device.Bytes(v))
	return device.Array{Slice: s, Shape: shape}
}

func (m *maker) values(s device.Slice) ([]float64, error) {
	whole := s.Memory().All()
	out := make([]float64, whole.Len())
	if s.Type() == device.Float32 {
		v := make([]float32, whole.Len())
		err := m.d.Download(device.Bytes(v), whole)
		for i := range v {
			out[i] = float64(v[i])
		}
		return out, err
	}
	err := m.d.Download(device.Bytes(out), whole)
	return out, err
}

func same(t *testing.T, name string, c, g device.Device, dt device.DType, tol float64, make func(m *maker) device.Kernel) {
	t.Helper()
	var all [2][][]float64
	begin := time.Now()
	defer func() {
		if e := time.Since(begin); e > 300*time.Millisecond {
			t.Log(name, dt, e)
		}
	}()
	var kern device.Kernel
	for i, d := range []device.Device{c, g} {
		m := &maker{d, dt, rand.New(rand.NewPCG(1, 2))}
		kern = make(m)
		d.Launch(kern)
		for _, o := range kern.Operands(nil) {
			if o.Access&device.Write == 0 || o.IsZero() {
				continue
			}
			v, err := m.values(o.Slice)
			if err != nil {
				t.Fatalf("%s %v: %v", name, dt, err)
			}
			all[i] = append(all[i], v)
		}
		for _, o := range kern.Operands(nil) {
			if !o.IsZero() && !o.Memory().Freed {
				d.Free(o.Memory().All())
			}
		}
	}
	worst := 0.0
	for j := range all[0] {
		for i, want := range all[0][j] {
			got := all[1][j][i]
			e := math.Abs(got-want) / (1 + math.Abs(want))
			if math.IsNaN(got) != math.IsNaN(want) {
				e = math.Inf(1)
			}
			if e > tol {
				t.Errorf("%s %v: output %d element %d: %v, want %v", name, dt, j, i, got, want)
				break
			}
			worst = max(worst, e)
		}
	}
	_ = fmt.Sprint(worst)
}

func TestMatchesCPU(t *testing.T) {
	c, err := device.Open("cpu")
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []device.Kind{device.CPU, device.GPU} {
		g := openAs(t, kind)
		for _, dt := range []device.DType{device.Float32, device.Float64} {
			tol := 2e-6
			if dt == device.Float64 {
				tol = 1e-14
			}
			t.Run(fmt.Sprint(kind, dt), func(t *testing.T) { matches(t, c, g, dt, tol) })
		}
	}
}

func matches(t *testing.T, c, g device.Device, dt device.DType, tol float64) {
	for _, n := range []int{0, 1, 17, 256, 1000, 100000} {
		for f := kernels.Sigmoid; f <= kernels.ReLU; f++ {
			same(t, fmt.Sprint("Activate", f, n), c, g, dt, tol, func(m *maker) device.Kernel {
				return &kernels.Activate{F: f, Y: m.array(n), X: m.array(n)}
			})
			same(t, fmt.Sprint("ActivateGrad", f, n), c, g, dt, tol, func(m *maker) device.Kernel {
				return &kernels.ActivateGrad{F: f, DX: m.array(n), DY: m.array(n), Y: m.array(n)}
			})
		}
		same(t, "Copy", c, g, dt, tol, func(m *maker) device.Kernel { return &kernels.Copy{Dst: m.array(n), Src: m.array(n)} })
		same(t, "Fill", c, g, dt, tol, func(m *maker) device.Kernel { return &kernels.Fill{Dst: m.array(n), Value: 0.1} })
		same(t, "SGD", c, g, dt, tol, func(m *maker) device.Kernel { return &kernels.SGD{P: m.array(n), G: m.array(n), LR: 0.1} })
		same(t, "Momentum", c, g, dt, tol, func(m *maker) device.Kernel {
			return &kernels.SGD{P: m.array(n), G: m.array(n), V: m.array(n), LR: 0.1, Mu: 0.9}
		})
		same(t, "SumSquares", c, g, dt, 10*tol, func(m *maker) device.Kernel { return &kernels.SumSquares{Y: m.array(), X: m.array(n), Acc: n > 100} })
		same(t, "ClipNorm", c, g, dt, 10*tol, func(m *maker) device.Kernel { return &kernels.ClipNorm{X: m.array(n), SumSq: m.array(), Max: 0.3} })
	}
	for _, s := range [][3][]int{
		{{3, 4}, {3, 4}, {3, 4}}, {{3, 4}, {4}, {3, 4}}, {{3, 4}, {3, 1}, {3, 4}}, {{2, 3, 4, 5}, {2, 1, 4, 1}, {3, 1, 5}},
		{{1000, 30}, {1000, 30}, {}}, {{1000, 30}, {30}, {1000, 30}}, {{0, 3}, {0, 3}, {3}}, {{}, {}, {}}, {{5, 1, 5}, {1, 1}, {5, 1, 5}},
	} {
		for op := kernels.Add; op <= kernels.Div; op++ {
			same(t, fmt.Sprint("Binary", op, s), c, g, dt, tol, func(m *maker) device.Kernel {
				return &kernels.Binary{Op: op, Z: m.array(s[0]...), X: m.array(s[1]...), Y: m.array(s[2]...)}
			})
			same(t, fmt.Sprint("BinaryGrad", op, s), c, g, dt, 30*tol, func(m *maker) device.Kernel {
				return &kernels.BinaryGrad{Op: op, DX: m.array(s[1]...), DY: m.array(s[2]...), DZ: m.array(s[0]...), X: m.array(s[1]...), Y: m.array(s[2]...)}
			})
		}
	}
	for _, s := range [][2]int{{1, 1}, {3, 5}, {100, 257}, {2, 3000}, {0, 3}} {
		r, n := s[0], s[1]
		same(t, fmt.Sprint("Softmax", s), c, g, dt, tol, func(m *maker) device.Kernel {
			return &kernels.Softmax{Y: m.array(r, n), X: m.array(r, n)}
		})
		same(t, fmt.Sprint("SoftmaxGrad", s), c, g, dt, 100*tol, func(m *maker) device.Kernel {
			return &kernels.SoftmaxGrad{DX: m.array(r, n), DY: m.array(r, n), Y: m.array(r, n)}
		})
		same(t, fmt.Sprint("CrossEntropy", s), c, g, dt, tol, func(m *maker) device.Kernel {
			return &kernels.SoftmaxCrossEntropy{Loss: m.array(), Losses: m.array(r), P: m.array(r, n), X: m.array(r, n), Target: m.ints(n, r), Scale: 0.1}
		})
		same(t, fmt.Sprint("CrossEntropyGrad", s), c, g, dt, tol, func(m *maker) device.Kernel {
			return &kernels.SoftmaxCrossEntropyGrad{DX: m.array(r, n), P: m.array(r, n), Target: m.ints(n, r), Scale: 0.1}
		})
		same(t, fmt.Sprint("SumRows", s), c, g, dt, 10*tol, func(m *maker) device.Kernel {
			return &kernels.SumRows{Y: m.array(n), X: m.array(r, n), Acc: n == 5}
		})
	}
	sizes := []int{0, 1, 3, 17, 70}
	for _, mm := range sizes {
		for _, nn := range sizes {
			for _, kk := range sizes {
				for v := range 12 {
					ta, tb, mode := v&1 != 0, v&2 != 0, v/4
					same(t, fmt.Sprint("MatMul", mm, nn, kk, ta, tb, mode), c, g, dt, 20*tol, func(m *maker) device.Kernel {
						k := &kernels.MatMul{C: m.array(mm, nn), A: m.array(mm, kk), B: m.array(kk, nn), TransA: ta, TransB: tb}
						if ta {
							k.A = m.array(kk, mm)
						}
						if tb {
							k.B = m.array(nn, kk)
						}
						k.Acc = mode == 1
						if mode == 2 {
							k.Bias = m.array(nn)
						}
						return k
					})
				}
			}
		}
	}
	for _, s := range [][4]int{{1, 1, 1, 1}, {3, 2, 4, 5}, {7, 17, 20, 33}, {0, 2, 3, 4}, {2, 0, 3, 4}, {2, 3, 0, 4}, {2, 3, 4, 0}, {5, 1, 3, 64}, {2, 40, 3, 40}} {
		T, B, I, H := s[0], s[1], s[2], s[3]
		for f := kernels.Sigmoid; f <= kernels.ReLU; f++ {
			same(t, fmt.Sprint("RNN", f, s), c, g, dt, 100*tol, func(m *maker) device.Kernel {
				return &kernels.RNN{F: f, H: m.array(T+1, B, H), X: m.array(T, B, I), Wx: m.array(I, H), Wh: m.array(H, H), Bias: m.array(H)}
			})
			same(t, fmt.Sprint("RNNGrad", f, s), c, g, dt, 1e4*tol, func(m *maker) device.Kernel {
				k := &kernels.RNNGrad{F: f, DX: m.array(T, B, I), DH0: m.array(B, H), DWx: m.array(I, H), DWh: m.array(H, H), DBias: m.array(H), DZ: m.array(T, B, H),
					DY: m.array(T, B, H), H: m.array(T+1, B, H), X: m.array(T, B, I), Wx: m.array(I, H), Wh: m.array(H, H)}
				return k
			})
		}
	}
}
