package device_test

import (
	"fmt"
	"log"

	"github.com/keisan-go/keisan/device"
	_ "github.com/keisan-go/keisan/device/all" // every backend that is built in
	"github.com/keisan-go/keisan/kernels"
)

// A device by its name. The empty name stands for $KEISAN_DEVICE or else the fastest device there is.
func ExampleOpen() {
	d, err := device.Open("cpu")
	if err != nil {
		log.Fatal(err)
	}
	defer d.Close()
	fmt.Println(d.Name(), d.Info().Kind)

	_, err = device.Open("cpu:7")
	fmt.Println(err)
	// Output:
	// cpu cpu
	// device "cpu:7": there is no such device; cpu has cpu
}

func ExampleList() {
	for _, i := range device.List() {
		if i.Unavailable == "" && i.Kind == device.CPU && i.Name == "cpu" {
			fmt.Printf("%s computes in float64: %v\n", i.Name, i.Float64)
		}
	}
	// Output: cpu computes in float64: true
}

// A product of two matrices by hand; package tensor has a shorter way.
func ExampleDevice() {
	d, err := device.Open("cpu")
	if err != nil {
		log.Fatal(err)
	}
	defer d.Close()
	matrix := func(rows, cols int, values ...float32) device.Array {
		a := device.Array{Slice: d.Alloc(device.Float32, rows*cols), Shape: []int{rows, cols}}
		if values != nil {
			d.Upload(a.Slice, device.Bytes(values))
		}
		return a
	}
	a := matrix(2, 3,
		1, 2, 3,
		4, 5, 6)
	b := matrix(3, 1,
		1,
		10,
		100)
	c := matrix(2, 1)
	d.Launch(kernels.MatMul{C: c, A: a, B: b})

	product := make([]float32, 2)
	if err := d.Download(device.Bytes(product), c.Slice); err != nil {
		log.Fatal(err)
	}
	fmt.Println(product)
	// Output: [321 654]
}

// Operands that do not fit together panic with a Misuse, which tells all shapes.
func ExampleMisuse() {
	d, err := device.Open("cpu")
	if err != nil {
		log.Fatal(err)
	}
	defer d.Close()
	defer func() { fmt.Println(recover()) }()
	x := device.Array{Slice: d.Alloc(device.Float32, 6), Shape: []int{2, 3}}
	y := device.Array{Slice: d.Alloc(device.Float32, 8), Shape: []int{2, 4}}
	d.Launch(kernels.Activate{F: kernels.Tanh, Y: y, X: x})
	// Output: kernels.Activate: Y is [2 4], want [2 3] (Y float32 [2 4], X float32 [2 3])
}
