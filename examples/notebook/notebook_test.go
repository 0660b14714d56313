package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/examples/internal/program"
)

func Example() {
	if err := run(context.Background(), []string{"-device", "cpu"}, os.Stdout, os.Stderr); err != nil {
		fmt.Println(err)
	}
	// Output:
	// Add: z = x + y
	// 30
	// 1 1
	//
	// Mul: z = x·y
	// 200
	// 20 10
	//
	// Div: z = x/y
	// 0.5
	// 0.05 -0.025
	//
	// Sigmoid: y = 1/(1+exp(-x))
	// 0.9999546021312976
	// 4.5395807735907655e-05
	//
	// MatMul: y = x·W
	// [[ 9 12 15]
	//  [19 26 33]]
	// [[14 32]
	//  [32 77]]
	//
	// RNN: h' = tanh(h·Wh + x·Wx + b)
	// gradient of  shape   Backward  difference  do all elements agree
	// x            [2 3]   0.221069    0.221069  yes
	// h            [2 4]   0.446911    0.446911  yes
	// Wx           [3 4]  -0.170860   -0.170860  yes
	// Wh           [4 4]  -0.268064   -0.268064  yes
	// b            [4]     1.241910    1.241910  yes
}

func TestEachDevice(t *testing.T) {
	for _, info := range device.List() {
		if info.Unavailable != "" || !info.Float64 {
			t.Logf("%s: %s", info.Name, info.Unavailable)
			continue
		}
		var out strings.Builder
		if err := run(t.Context(), []string{"-device", info.Name}, &out, io.Discard); err != nil {
			t.Errorf("%s: %v", info.Name, err)
		}
		if n := strings.Count(out.String(), " yes\n"); n != 5 {
			t.Errorf("%s: %d gradients agree, want 5:\n%s", info.Name, n, out.String())
		}
	}
}

func TestMistakes(t *testing.T) {
	var usage *program.UsageError
	if err := run(t.Context(), []string{"-seed", "1"}, io.Discard, io.Discard); !errors.As(err, &usage) {
		t.Errorf("-seed 1: error %v, want one of usage", err)
	}
	if err := run(t.Context(), []string{"-device", "abacus"}, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), `"abacus"`) {
		t.Errorf("-device abacus: error %v, want one that names it", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := run(ctx, []string{"-device", "cpu"}, io.Discard, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted: error %v, want that of the context", err)
	}
}

// TestBrokenDevice shows that nobody is shown numbers past a failure.
func TestBrokenDevice(t *testing.T) {
	d, err := device.Open("cpu")
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := lesson(t.Context(), d, &out); !errors.Is(err, device.ErrClosed) {
		t.Errorf("error %v, want %v", err, device.ErrClosed)
	}
	if out.String() != "Add: z = x + y\n" {
		t.Errorf("printed %q", out.String())
	}
}
