package layers_test

import (
	"math"
	"strings"
	"testing"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/layers/layertest"
	"github.com/keisan-go/keisan/tensor"
)

func open() (device.Device, error) { return device.Open("cpu") }

func TestCPU(t *testing.T) { layertest.Run(t, open) }

// TestManyRows takes rows by numbers that an Int32 would wrap to others. There are that many of no elements.
func TestManyRows(t *testing.T) {
	many := math.MaxInt32
	if many++; many < 0 {
		t.Skip("int counts no further than int32 here")
	}
	d, err := open()
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	const want = "W has 2147483648 rows, want 2147483647 or fewer"
	embedding := layers.NewEmbedding(tensor.New(d, device.Float32, many, 0))
	if err := layers.Try(func() { embedding.Forward([]int{many - 1}) }); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Embedding: %v, want that %s", err, want)
	}
	last := layers.NewSelect(-1)
	if err := layers.Try(func() { last.Forward(tensor.New(d, device.Float32, many, 1, 0)) }); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Select: %v, want that %s", err, want)
	}
}
