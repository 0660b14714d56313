package safetensors_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"log"

	"github.com/keisan-go/keisan/checkpoint/safetensors"
)

func Example() {
	var b bytes.Buffer
	err := safetensors.Write(&b, []safetensors.Tensor{
		safetensors.Of("fc.weight", []float32{1, 2, 3, 4, 5, 6}, 2, 3),
		safetensors.Of("steps", []int64{7}), // a scalar
	}, map[string]string{"format": "pt"})
	if err != nil {
		log.Fatal(err)
	}

	f, err := safetensors.NewFile(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		log.Fatal(err)
	}
	for _, t := range f.Tensors() {
		fmt.Println(t.Name, t)
	}
	weight, err := safetensors.Values[float32](f, "fc.weight")
	fmt.Println(weight, err)
	// Output:
	// fc.weight F32 [2 3]
	// steps I64 []
	// [1 2 3 4 5 6] <nil>
}

// What is wrong with a file is told by the names in it.
func ExampleNewFile() {
	header := `{"w":{"dtype":"F32","shape":[1000000000],"data_offsets":[0,40]}}`
	file := append(binary.LittleEndian.AppendUint64(nil, uint64(len(header))), header...)
	_, err := safetensors.NewFile(bytes.NewReader(file), int64(len(file)))
	fmt.Println(err)
	// Output: safetensors: tensor "w": F32 [1000000000] is 4000000000 bytes, and data_offsets are [0, 40]
}

func ExampleFloats() {
	var b bytes.Buffer
	half := safetensors.Tensor{
		Info: safetensors.Info{Name: "w", DType: safetensors.F16, Shape: []int{2}},
		Data: []byte{0x00, 0x3c, 0x00, 0xc0},
	}
	if err := safetensors.Write(&b, []safetensors.Tensor{half}, nil); err != nil {
		log.Fatal(err)
	}
	f, err := safetensors.NewFile(bytes.NewReader(b.Bytes()), int64(b.Len()))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(safetensors.Floats[float32](f, "w"))
	// Output: [1 -2] <nil>
}
