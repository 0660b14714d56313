package philox_test

import (
	"fmt"
	"math/rand/v2"

	"github.com/keisan-go/keisan/philox"
)

// A stream belongs to a seed; the streams of a seed are independent of one another.
func ExampleNew() {
	shuffle := rand.New(philox.New(1, 0))
	noise := rand.New(philox.New(1, 1))
	fmt.Println(shuffle.Perm(5))
	fmt.Printf("%.4f %.4f\n", noise.NormFloat64(), noise.NormFloat64())
	// Output:
	// [3 1 2 0 4]
	// 0.0768 0.4999
}

// The nth number is a function of n: nobody has to draw those before it.
func ExampleStream_At() {
	s := philox.New(1, 0)
	fmt.Println(s.Uint64() == s.At(0), s.Uint64() == s.At(1))
	fmt.Printf("%x\n", s.At(1_000_000))
	// Output:
	// true true
	// e8fd6a0779c8436a
}

// A program that stops can go on with the same numbers, if it has noted how far it came.
func ExampleStream_SetPosition() {
	source := philox.New(1, 0)
	random := rand.New(source)
	random.Perm(100)
	position := source.Position()
	next := random.Float64()

	source = philox.New(1, 0)
	source.SetPosition(position)
	fmt.Println(rand.New(source).Float64() == next)
	// Output: true
}

// Each element of a tensor can have a number of its own, whoever computes it: here, a weight in [-1, 1).
func ExampleStream_Float64At() {
	weights := philox.New(1, 2)
	for element := range uint64(4) {
		fmt.Printf("%.3f ", 2*weights.Float64At(element)-1)
	}
	// Output: 0.101 -0.922 0.711 -0.890
}

// Where half the bits will do, a block makes twice as many numbers: here, whether dropout of a quarter keeps an element.
func ExampleStream_Uint32At() {
	mask := philox.New(1, 2)
	for element := range uint64(8) {
		fmt.Print(mask.Uint32At(element) >= 1<<30, " ")
	}
	// Output: true true false false true true true false
}

func ExampleStream_Block() {
	fmt.Printf("%08x\n", philox.New(0, 0).Block(0))
	// Output: [6627e8d5 e169c58d bc57ac4c 9b00dbd8]
}

func ExampleBlock() {
	counter, key := [4]uint32{0, 0, 0, 0}, [2]uint32{0, 0}
	fmt.Printf("%08x\n", philox.Block(counter, key))
	// Output: [6627e8d5 e169c58d bc57ac4c 9b00dbd8]
}
