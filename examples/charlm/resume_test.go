package main

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/keisan-go/keisan/tensor"
)

// kept is the best network's weights, and what its file tells but for the time.
func kept(t *testing.T, file string) (weights [][]float32, a *about) {
	t.Helper()
	n, a, err := loadNetwork(open(t), file)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range n.params {
		values, err := tensor.Values[float32](p.Value)
		if err != nil {
			t.Fatal(err)
		}
		weights = append(weights, values)
	}
	a.Progress.Elapsed = 0
	return weights, a
}

// TestResume has Ctrl-C stop a training twice. What comes of it is what comes of one that was never stopped, to the bit:
// the best network, and all that is printed.
func TestResume(t *testing.T) {
	for _, cell := range []string{"lstm", "gru", "rnn"} {
		whole := small(t, "-steps", "90", "-cell", cell, "-layers", "2")
		want := call(t, whole...)
		stopped := slices.Clone(whole)
		stopped[5] = filepath.Join(t.TempDir(), "model.safetensors")
		resume := []string{"train", "-resume", "-device", "cpu", "-model", stopped[5], "-curve", ""}
		var out strings.Builder
		for i, args := range [][]string{stopped, resume, resume} {
			out.Reset()
			ctx := context.Context(t.Context())
			if i < 2 {
				ctx = &ending{Context: ctx, after: []int{3, 50}[i]}
			}
			if err := run(ctx, args, &out, io.Discard); i < 2 && !errors.Is(err, context.Canceled) || i == 2 && err != nil {
				t.Fatalf("%s: run %d ends with %v", cell, i, err)
			}
			if promise := strings.Contains(out.String(), "-resume goes on from here"); promise != (i < 2) {
				t.Errorf("%s: run %d prints\n%s", cell, i, out.String())
			}
		}
		if out.String() != want {
			t.Errorf("%s: it prints\n%s\nwithout a stop\n%s", cell, out.String(), want)
		}
		weights, about := kept(t, stopped[5])
		wantWeights, wantAbout := kept(t, whole[5])
		if !reflect.DeepEqual(weights, wantWeights) || !reflect.DeepEqual(about, wantAbout) {
			t.Errorf("%s: the best network is another one: %+v, without a stop %+v", cell, about, wantAbout)
		}
	}
}

func TestResumeMistakes(t *testing.T) {
	args := small(t, "-steps", "4")
	text, model := args[3], args[5]
	resume := []string{"train", "-resume", "-model", model}
	wrong := func(args []string, want string) {
		t.Helper()
		if err := run(t.Context(), args, io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", strings.Join(args, " "), err, want)
		}
	}
	wrong(resume, "there is no "+unfinished(model)+", which charlm train would make")
	wrong([]string{"sample", "-model", model}, "there is no "+model+", which charlm train would make")
	call(t, args...)
	wrong([]string{"sample", "-model", model, "-prompt", "light €"}, "-prompt \"light €\": it has the character '€'")
	short := filepath.Join(t.TempDir(), "short.txt")
	write(t, short, "l")
	wrong([]string{"eval", "-model", model, "-text", short}, "has 1 characters, want 2 or more")
	wrong([]string{"eval", "-model", model, "-text", "nosuch.txt"}, "there is no such file")
	write(t, text, babble(999))
	wrong(resume, "is not the text any more that ")
	file, err := os.ReadFile(unfinished(model))
	if err != nil {
		t.Fatal(err)
	}
	file[len(file)/2] ^= 1
	if err := os.WriteFile(unfinished(model), file, 0o666); err != nil {
		t.Fatal(err)
	}
	wrong(resume, "damaged")
	wrong(append([]string{"-model", filepath.Join(text, "x")}, "-text", text), "not a directory")
}
