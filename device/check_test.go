package device_test

import (
	"testing"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

func array(m *device.Memory, shape ...int) device.Array {
	return device.Array{Slice: m.All(), Shape: shape}
}

// TestCheck spoils a product [2 3]·[3 4] in every way.
func TestCheck(t *testing.T) {
	cpu := named{"cpu"}
	float := func(shape ...int) device.Array {
		return array(memory("cpu", device.Float32, kernels.Size(shape)), shape...)
	}
	square := memory("cpu", device.Float32, 9)
	for _, c := range []struct {
		name, message string
		spoil         func(k *kernels.MatMul)
	}{
		{"nothing", "", func(k *kernels.MatMul) {}},
		{"missing", "kernels.MatMul: operand A is missing (C float32 [2 4], B float32 [3 4])",
			func(k *kernels.MatMul) { k.A = device.Array{} }},
		{"freed", "kernels.MatMul: operand A was freed (C float32 [2 4], A float32 [2 3], B float32 [3 4])",
			func(k *kernels.MatMul) { k.A.Memory().Freed = true }},
		{"of another device", "kernels.MatMul: operand B is memory of opencl:1, not of cpu (C float32 [2 4], A float32 [2 3], B float32 [3 4])",
			func(k *kernels.MatMul) { k.B = array(memory("opencl:1", device.Float32, 12), 3, 4) }},
		{"of another opening", "kernels.MatMul: operand B is memory of another opening of cpu (C float32 [2 4], A float32 [2 3], B float32 [3 4])",
			func(k *kernels.MatMul) { k.B.Memory().Device = &named{"cpu"} }},
		{"too few elements", "kernels.MatMul: operand A has shape [2 3] but 5 elements (C float32 [2 4], A float32 [2 3], B float32 [3 4])",
			func(k *kernels.MatMul) { k.A.Slice = k.A.Slice.Slice(0, 5) }},
		{"a negative axis", "kernels.MatMul: operand A has shape [-2 -3] but 6 elements (C float32 [2 4], A float32 [-2 -3], B float32 [3 4])",
			func(k *kernels.MatMul) { k.A.Shape = []int{-2, -3} }},
		{"a shape whose size overflows", "kernels.MatMul: operand A has shape [65536 65536 65536 65536] but 0 elements (C float32 [2 4], A float32 [65536 65536 65536 65536], B float32 [3 4])",
			func(k *kernels.MatMul) {
				k.A = device.Array{Slice: k.A.Slice.Slice(0, 0), Shape: []int{1 << 16, 1 << 16, 1 << 16, 1 << 16}}
			}},
		{"an empty shape that is enormous", "kernels.MatMul: C folds to [2 4], want [0 4] (C float32 [2 4], A float32 [65536 65536 0 65536 65536], B float32 [3 4])",
			func(k *kernels.MatMul) {
				k.A = device.Array{Slice: k.A.Slice.Slice(0, 0), Shape: []int{1 << 16, 1 << 16, 0, 1 << 16, 1 << 16}}
			}},
		{"another type", "kernels.MatMul: B is float64, want float32 (C float32 [2 4], A float32 [2 3], B float64 [3 4])",
			func(k *kernels.MatMul) { k.B = array(memory("cpu", device.Float64, 12), 3, 4) }},
		{"another shape", "kernels.MatMul: B folds to [4 3], want [3 4] (C float32 [2 4], A float32 [2 3], B float32 [4 3])",
			func(k *kernels.MatMul) { k.B = float(4, 3) }},
		{"C on A", "kernels.MatMul: operand A overlaps C, which the kernel writes (C float32 [3 3], A float32 [3 3], B float32 [3 3])",
			func(k *kernels.MatMul) { k.C, k.A, k.B = array(square, 3, 3), array(square, 3, 3), float(3, 3) }},
		{"A on B", "", func(k *kernels.MatMul) { k.C, k.A, k.B = float(3, 3), array(square, 3, 3), array(square, 3, 3) }},
	} {
		k := &kernels.MatMul{C: float(2, 4), A: float(2, 3), B: float(3, 4)}
		c.spoil(k)
		t.Run(c.name, func(t *testing.T) {
			if c.message != "" {
				wantMisuse(t, c.message, func() { device.Check(cpu, k, nil) })
			} else if ops, allocated := device.Check(cpu, k, nil); len(ops) != 4 || !allocated {
				t.Errorf("%d operands, allocated %v", len(ops), allocated)
			}
		})
	}
}

// TestCheckInPlace writes a sum on what it reads: on all of it or on nothing.
func TestCheckInPlace(t *testing.T) {
	cpu := named{"cpu"}
	m := memory("cpu", device.Float32, 8).All()
	part := func(i, j int) device.Array { return device.Array{Slice: m.Slice(i, j), Shape: []int{j - i}} }
	other := array(memory("cpu", device.Float32, 4), 4)
	device.Check(cpu, kernels.Binary{Op: kernels.Add, Z: part(0, 4), X: part(0, 4), Y: other}, nil)
	device.Check(cpu, kernels.Binary{Op: kernels.Add, Z: part(0, 4), X: other, Y: part(0, 4)}, nil)
	device.Check(cpu, kernels.Binary{Op: kernels.Add, Z: part(0, 4), X: part(0, 4), Y: part(0, 4)}, nil)
	device.Check(cpu, kernels.Binary{Op: kernels.Add, Z: part(0, 4), X: part(4, 8), Y: part(4, 8)}, nil)
	wantMisuse(t, "kernels.Binary: operand X overlaps Z, which the kernel writes (Z float32 [4], X float32 [4], Y float32 [4])", func() {
		device.Check(cpu, kernels.Binary{Op: kernels.Add, Z: part(0, 4), X: part(1, 5), Y: other}, nil)
	})
	wantMisuse(t, "kernels.BinaryGrad: operand DY overlaps DX, which the kernel writes (DX float32 [4], DY float32 [4], DZ float32 [4], X float32 [4], Y float32 [4])", func() {
		device.Check(cpu, kernels.BinaryGrad{Op: kernels.Add, DX: part(0, 4), DY: part(0, 4), DZ: other, X: other, Y: other}, nil)
	})
}

// TestCheckDead is told of memory that was never allocated.
func TestCheckDead(t *testing.T) {
	m := &device.Memory{Device: named{"cpu"}, Type: device.Float32, Len: 3}
	if _, allocated := device.Check(named{"cpu"}, kernels.Fill{Dst: array(m, 3)}, nil); allocated {
		t.Error("memory without a handle counts as allocated")
	}
}

// TestCheckAllocatesNothing lends Check the memory that it needs.
func TestCheckAllocatesNothing(t *testing.T) {
	k := &kernels.Fill{Dst: array(memory("cpu", device.Float32, 3), 3)}
	var d device.Device = named{"cpu"}
	var ops []device.Operand
	if n := testing.AllocsPerRun(100, func() { ops, _ = device.Check(d, k, ops) }); n != 0 {
		t.Errorf("Check allocates %v times", n)
	}
}
