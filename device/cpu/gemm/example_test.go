package gemm_test

import (
	"fmt"

	"github.com/keisan-go/keisan/device/cpu/gemm"
	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
)

func ExampleMultiplier_Mul() {
	a := []float32{
		1, 2, 3,
		4, 5, 6,
	}
	b := []float32{
		1, 0,
		0, 1,
		1, 1,
	}
	c := make([]float32, 2*2)
	var g gemm.Multiplier[float32]
	g.Mul(false, false, 2, 2, 3, a, 3, b, 2, false, c, 2) // C = A·B
	fmt.Println(c)
	g.Mul(false, true, 2, 2, 3, a, 3, a, 3, true, c, 2) // C += A·Aᵀ
	fmt.Println(c)
	// Output:
	// [4 5 10 11]
	// [18 37 42 88]
}

func ExampleMultiplier_MulFinish() {
	a := []float32{
		1, 2,
		3, 4,
	}
	b := []float32{
		1, -1,
		1, 1,
	}
	relu := func(c []float32) {
		for i, v := range c {
			c[i] = max(v, 0)
		}
	}
	c := make([]float32, 2*2)
	var g gemm.Multiplier[float32]
	if !g.MulFinish(false, false, 2, 2, 2, a, 2, b, 2, []float32{-4, 0}, relu, c, 2) { // C = max(A·B + bias, 0)
		relu(c)
	}
	fmt.Println(c)
	// Output: [0 1 3 1]
}

// A recurrence h = x + h·W uses the same W at every step.
func ExamplePacked() {
	w := []float64{
		0, 1,
		1, 0,
	}
	x := [][]float64{{1, 2}, {10, 20}, {100, 200}}
	var p gemm.Packed[float64]
	p.Set(false, 2, 2, w, 2)
	h := []float64{0, 0}
	for _, x := range x {
		p.MulRows(1, h, 2, true, x, 2) // x += h·W
		h = x
		fmt.Println(h)
	}
	// Output:
	// [1 2]
	// [12 21]
	// [121 212]
}

func ExampleImplementation() {
	blas32.Use(gemm.Implementation{})
	a := blas32.General{Rows: 2, Cols: 2, Stride: 2, Data: []float32{1, 2, 3, 4}}
	c := blas32.General{Rows: 2, Cols: 2, Stride: 2, Data: []float32{1, 1, 1, 1}}
	blas32.Gemm(blas.NoTrans, blas.NoTrans, 2, a, a, -1, c) // C = 2·A·A - C
	fmt.Println(c.Data)
	// Output: [13 19 29 43]
}
