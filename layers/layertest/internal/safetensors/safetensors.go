// Package safetensors reads the reference results that layertest keeps in its testdata. A file is the length of its
// header, eight bytes little-endian; the header, JSON that tells each tensor's type, shape and place; and the numbers.
package safetensors

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
)

// A Tensor is a tensor of a file, with float64 or int64 elements there, and float64 ones here.
type Tensor struct {
	Shape  []int
	Values []float64
}

// Parse returns the tensors of a file by their names.
func Parse(file []byte) (map[string]Tensor, error) {
	if len(file) < 8 || binary.LittleEndian.Uint64(file) > uint64(len(file)-8) {
		return nil, fmt.Errorf("safetensors: %d bytes, which is less than a header", len(file))
	}
	n, body := binary.LittleEndian.Uint64(file), file[8:]
	var header map[string]struct {
		DType   string
		Shape   []int
		Offsets [2]int `json:"data_offsets"`
	}
	if err := json.Unmarshal(body[:n], &header); err != nil {
		return nil, fmt.Errorf("safetensors: header: %w", err)
	}
	delete(header, "__metadata__")
	numbers := body[n:]
	tensors := map[string]Tensor{}
	for name, h := range header {
		size := 1
		for _, d := range h.Shape {
			size *= d
		}
		begin, end := h.Offsets[0], h.Offsets[1]
		if begin < 0 || end > len(numbers) || end-begin != 8*size {
			return nil, fmt.Errorf("safetensors: %s is %v at bytes %d to %d of %d", name, h.Shape, begin, end, len(numbers))
		}
		values := make([]float64, size)
		for i := range values {
			bits := binary.LittleEndian.Uint64(numbers[begin+8*i:])
			switch h.DType {
			case "F64":
				values[i] = math.Float64frombits(bits)
			case "I64":
				values[i] = float64(int64(bits))
			default:
				return nil, fmt.Errorf("safetensors: %s is %s, want F64 or I64", name, h.DType)
			}
		}
		tensors[name] = Tensor{h.Shape, values}
	}
	return tensors, nil
}
