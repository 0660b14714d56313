package tensor_test

import (
	"errors"
	"fmt"
	"log"
	"math"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
	"github.com/keisan-go/keisan/tensor"
)

// cpu is the device of the examples.
var cpu = func() device.Device {
	d, err := device.Open("cpu")
	if err != nil {
		log.Fatal(err)
	}
	return d
}()

// show prints the shape and the elements of a tensor of float64.
func show(t *tensor.Tensor) {
	values, err := tensor.Values[float64](t)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%v %.4f\n", t.Shape(), values)
}

func Example() {
	d, err := device.Open("cpu")
	if err != nil {
		log.Fatal(err)
	}
	x := tensor.From(d, []float32{1, 2, 3, 4, 5, 6}, 2, 3)
	values, err := tensor.Values[float32](x.Slice(1, 2))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(x, values)
	// Output: float32 [2 3] [4 5 6]
}

func ExampleNew() {
	fmt.Println(tensor.New(cpu, device.Float32, 2, 3))
	fmt.Println(tensor.New(cpu, device.Float64)) // a scalar
	// Output:
	// float32 [2 3]
	// float64 []
}

func ExampleFrom() {
	show(tensor.From(cpu, []float64{1, 2, 3, 4, 5, 6}, 2, 3)) // row by row
	show(tensor.From(cpu, []float64{0.5}))                    // a scalar
	// Output:
	// [2 3] [1.0000 2.0000 3.0000 4.0000 5.0000 6.0000]
	// [] [0.5000]
}

// A training loop sets its inputs anew instead of making new tensors.
func ExampleSet() {
	x := tensor.New(cpu, device.Float64, 2)
	for _, batch := range [][]float64{{1, 2}, {3, 4}} {
		tensor.Set(x, batch)
		show(x)
	}
	// Output:
	// [2] [1.0000 2.0000]
	// [2] [3.0000 4.0000]
}

// Values waits for what was queued, and reports its first failure.
func ExampleValues() {
	x := tensor.From(cpu, []float64{1, 2}, 2)
	tensor.New(cpu, device.Float64, math.MaxInt/8) // too much for any memory
	_, err := tensor.Values[float64](x)
	fmt.Println(errors.Is(err, device.ErrOutOfMemory))

	v, err := tensor.Values[float64](x) // once it is reported, all goes on
	fmt.Println(v, err)
	// Output:
	// true
	// [1 2] <nil>
}

func ExampleTensor_Reshape() {
	x := tensor.From(cpu, []float64{1, 2, 3, 4, 5, 6}, 2, 3)
	column := x.Reshape(6, 1)
	column.Fill(7) // the same memory
	show(x)
	// Output: [2 3] [7.0000 7.0000 7.0000 7.0000 7.0000 7.0000]
}

func ExampleTensor_Slice() {
	sequence := tensor.From(cpu, []float64{1, 2, 3, 4, 5, 6}, 3, 1, 2) // [time, batch, feature]
	show(sequence.Slice(1, 3))
	// Output: [2 1 2] [3.0000 4.0000 5.0000 6.0000]
}

func ExampleTensor_Fill() {
	x := tensor.New(cpu, device.Float64, 3)
	x.Fill(math.Pi)
	show(x)
	// Output: [3] [3.1416 3.1416 3.1416]
}

func ExampleTensor_Copy() {
	x := tensor.New(cpu, device.Float64, 2, 2)
	x.Copy(tensor.From(cpu, []float64{1, 2, 3, 4}, 4))
	show(x)
	// Output: [2 2] [1.0000 2.0000 3.0000 4.0000]
}

func ExampleTensor_Grad() {
	w := tensor.From(cpu, []float64{1, 2}, 2)
	show(w.Grad()) // zero, until a layer that has w as a parameter adds to it
	// Output: [2] [0.0000 0.0000]
}

// Nothing collects a device's memory: what is not freed is held until the device is closed.
func ExampleTensor_Free() {
	before := cpu.Info().InUse
	x := tensor.New(cpu, device.Float32, 100)
	fmt.Println(cpu.Info().InUse-before, "bytes")
	x.Free()
	fmt.Println(cpu.Info().InUse-before, "bytes", x.OK())
	// Output:
	// 400 bytes
	// 0 bytes false
}

// A layer of one's own launches kernels on the arrays of tensors.
func ExampleTensor_Array() {
	x, y := tensor.From(cpu, []float64{1, 2, 3, 4}, 2, 2), tensor.New(cpu, device.Float64, 2, 2)
	y.Device().Launch(&kernels.MatMul{C: y.Array(), A: x.Array(), B: x.Array(), TransB: true})
	show(y)
	// Output: [2 2] [5.0000 11.0000 11.0000 25.0000]
}
