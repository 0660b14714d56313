package checkpoint_test

import (
	"errors"
	"fmt"
	"io/fs"
	"log"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/keisan-go/keisan/checkpoint"
	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/layers"
)

func TestMeta(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	saved := checkpoint.State{
		Params:   []*layers.Param{param(openCPU(t), "p", []float32{1, 2}, 2)},
		Counters: map[string]uint64{"steps": 3},
		Meta:     map[string]string{"": "empty", "hidden": "64", "note": "half\nway"},
	}
	if err := saved.Save(path); err != nil {
		t.Fatal(err)
	}
	if meta, err := checkpoint.Meta(path); err != nil || !maps.Equal(meta, saved.Meta) {
		t.Errorf("%q, %v, want %q", meta, err, saved.Meta)
	}
	file := readFile(t, path)
	file[len(file)-1] ^= 1
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := checkpoint.Meta(path); err == nil || !strings.Contains(err.Error(), `tensor "p" is damaged`) {
		t.Errorf("a damaged file: error %v", err)
	}
	if _, err := checkpoint.Meta(path + "y"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: error %v", err)
	}
}

// A program reads how large its network was before it makes one to load.
func ExampleMeta() {
	d, err := device.Open("cpu")
	if err != nil {
		log.Fatal(err)
	}
	folder, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "model.safetensors")
	in := layers.NewInit(d, device.Float32, 1)
	saved := checkpoint.State{
		Params: layers.NewMatMul(in.Xavier(3, 2)).Params(),
		Meta:   map[string]string{"inputs": "3"},
	}
	if err := saved.Save(path); err != nil {
		log.Fatal(err)
	}

	meta, err := checkpoint.Meta(path)
	if err != nil {
		log.Fatal(err)
	}
	var inputs int
	fmt.Sscan(meta["inputs"], &inputs)
	l := layers.NewMatMul(in.Zeros(inputs, 2))
	fmt.Println(inputs, checkpoint.Load(path, l.Params()))
	// Output: 3 <nil>
}
