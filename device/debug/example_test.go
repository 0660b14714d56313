package debug_test

import (
	"fmt"
	"log"

	"github.com/keisan-go/keisan/device"
	_ "github.com/keisan-go/keisan/device/cpu"
	"github.com/keisan-go/keisan/device/debug"
	"github.com/keisan-go/keisan/kernels"
)

// A program finds out which kernel made the first NaN, and from what. KEISAN_DEBUG=check does it without a change to the
// program.
func ExampleNew() {
	cpu, err := device.Open("cpu")
	if err != nil {
		log.Fatal(err)
	}
	d := debug.New(cpu, debug.Options{})
	defer d.Close()

	row := func(values ...float32) device.Array {
		a := device.Array{Slice: d.Alloc(device.Float32, len(values)), Shape: []int{1, len(values)}}
		d.Upload(a.Slice, device.Bytes(values))
		return a
	}
	x, sum, y := row(1, 3e38, 0), row(0, 0, 0), row(0, 0, 0)
	d.Launch(kernels.Binary{Op: kernels.Add, Z: sum, X: x, Y: x}) // 3e38+3e38 is more than a float32 holds
	d.Launch(kernels.Softmax{Y: y, X: sum})
	fmt.Println(d.Sync())
	// Output:
	// cpu: Softmax: operation 5: Y[0,0] is NaN, and no operand had one; X[0,1] was +Inf since Binary (operation 4) (Y float32 [1 3], X float32 [1 3])
}
