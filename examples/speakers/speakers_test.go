package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/examples/internal/program"
	"github.com/keisan-go/keisan/tensor"
)

func open(t *testing.T) device.Device {
	t.Helper()
	d, err := device.Open("cpu")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

// utterances is both parts, standardized.
func utterances(t *testing.T) (train, heldOut []utterance) {
	t.Helper()
	train, heldOut, err := load()
	if err != nil {
		t.Fatal(err)
	}
	standardize(train, heldOut)
	return train, heldOut
}

func TestLoad(t *testing.T) {
	train, heldOut, err := load()
	if err != nil {
		t.Fatal(err)
	}
	count := func(all []utterance) (n [speakers]int) {
		for _, u := range all {
			n[u.speaker]++
			if frames := len(u.frames); frames < 7 || frames > 29 {
				t.Errorf("an utterance of %d frames, want 7 to 29", frames)
			}
		}
		return n
	}
	if n := count(train); n != [speakers]int{30, 30, 30, 30, 30, 30, 30, 30, 30} {
		t.Errorf("%v to train on", n)
	}
	if n := count(heldOut); n != [speakers]int{31, 35, 88, 44, 29, 24, 40, 50, 29} {
		t.Errorf("%v held out", n)
	}
	if u := train[0]; len(u.frames) != 20 || u.frames[0][0] != 1.861 || u.frames[1][0] != 1.892 || u.frames[0][1] != -0.207 {
		t.Errorf("the first is %v", u)
	}
	standardize(train, heldOut)
	for i := range coefficients {
		sum, squares, n := 0.0, 0.0, 0.0
		for _, u := range train {
			for _, frame := range u.frames {
				sum, squares, n = sum+float64(frame[i]), squares+float64(frame[i])*float64(frame[i]), n+1
			}
		}
		if mean := sum / n; mean < -1e-3 || mean > 1e-3 || squares/n < 0.999 || squares/n > 1.001 {
			t.Errorf("coefficient %d has the mean %v and the mean square %v, want 0 and 1", i, mean, squares/n)
		}
	}
}

func TestReadMistakes(t *testing.T) {
	frame := strings.Repeat(",0", coefficients)
	for text, want := range map[string]string{
		"train,1" + frame + "\ntest,10" + frame:  `line 2: speaker "10", want a number from 1 to 9`,
		"train,0" + frame:                        `line 1: speaker "0", want a number from 1 to 9`,
		"trial,1" + frame:                        `line 1: "trial", want train or test`,
		"train,1" + frame + ",0":                 `line 1: 15 fields, want 2 and 12 for each frame`,
		"train,1":                                `line 1: 2 fields, want 2 and 12 for each frame`,
		"train,1" + frame[:len(frame)-1] + "1.5": `line 1, field 14: "1.5", want a whole number of thousandths`,
	} {
		if _, _, err := read(strings.NewReader(text)); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestMeans(t *testing.T) {
	at := func(speaker int, values ...float32) utterance {
		u := utterance{speaker: speaker}
		for _, v := range values {
			u.frames = append(u.frames, [coefficients]float32{3: v})
		}
		return u
	}
	m := newMeans([]utterance{at(2, 1, 3), at(2, 6), at(5, -1), at(0, 100), at(1, 100), at(3, 100), at(4, 100), at(6, 100), at(7, 100), at(8, 100)})
	if m[2][3] != 4 || m[5][3] != -1 {
		t.Errorf("the means are %v and %v, want 4 and -1", m[2][3], m[5][3])
	}
	if right := m.right([]utterance{at(2, 0, 4), at(5, 0), at(2, 1)}); right != 2 {
		t.Errorf("%d right, want the first two", right)
	}
}

// trained is a small network after some epochs.
func trained(t *testing.T, d device.Device, epochs int) *training {
	t.Helper()
	train, heldOut := utterances(t)
	c := newTraining(newNetwork(d, 1, 16, 29, 15, 0.1), train, heldOut, epochs, 0.02, 1)
	if err := c.run(t.Context(), program.NewProgress(io.Discard, "utterances")); err != nil {
		t.Fatal(err)
	}
	return c
}

func TestLearns(t *testing.T) {
	c := trained(t, open(t), 8)
	toBeat := newMeans(c.train).right(c.heldOut)
	t.Logf("%d right, by means %d", c.tested.right, toBeat)
	if toBeat < 330 || c.tested.right < 355 {
		t.Errorf("%d of 370 are right, and by means %d; want 355 or more, and 330", c.tested.right, toBeat)
	}
	if n := len(c.testLoss.Points); n != 8 {
		t.Errorf("%d points in the curve, want 8", n)
	}
}

// TestAlone has each utterance heard as it is among others, which are longer.
func TestAlone(t *testing.T) {
	c := trained(t, open(t), 1)
	for i, u := range c.heldOut[:40] {
		alone, err := c.network.test([]utterance{u})
		if err != nil {
			t.Fatal(err)
		}
		if alone.heard[0] != c.tested.heard[i] {
			t.Errorf("utterance %d is speaker %d's alone and %d's among others", i, alone.heard[0], c.tested.heard[i])
		}
	}
}

func TestSteadyState(t *testing.T) {
	d := open(t)
	c := trained(t, d, 1)
	batch := []int{0, 31, 62}
	c.step(batch)
	before := d.Info()
	perStep := testing.AllocsPerRun(100, func() { c.step(batch) })
	after := d.Info()
	if perStep >= 10 {
		t.Errorf("%v Go allocations in a step, want fewer than 10", perStep)
	}
	if after.Allocs != before.Allocs || after.InUse != before.InUse {
		t.Errorf("%d allocations and %d bytes in use on the device became %d and %d in 100 steps",
			before.Allocs, before.InUse, after.Allocs, after.InUse)
	}
}

func TestSameBits(t *testing.T) {
	weights := func(processors int) (all [][]float32) {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
		for _, p := range trained(t, open(t), 1).network.net.Params() {
			values, err := tensor.Values[float32](p.Value)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, values)
		}
		return all
	}
	if !reflect.DeepEqual(weights(1), weights(2)) {
		t.Error("one processor and two give other weights")
	}
}

func TestRun(t *testing.T) {
	curve := filepath.Join(t.TempDir(), "curve.svg")
	args := []string{"-device", "cpu", "-epochs", "2", "-hidden", "16", "-curve", curve}
	var out, log strings.Builder
	if err := run(t.Context(), args, &out, &log); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"270 utterances to train on, 370 held out", "nearest mean  342 of 370  92.4%", "GRU  ", "speaker 9 ", "Loss curve: " + curve} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if _, err := os.Stat(curve); err != nil {
		t.Error(err)
	}
	var help strings.Builder
	if err := run(t.Context(), []string{"-help"}, &help, io.Discard); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-help: error %v", err)
	}
	both := strings.ReplaceAll(out.String()+log.String(), curve, "curve.svg")
	if strings.ContainsAny(both, "\r\x1b") {
		t.Errorf("carriage returns or escape sequences in %q", both)
	}
	for line := range strings.Lines(both + strings.ReplaceAll(help.String(), "    \t", "        ")) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	var again strings.Builder
	if err := run(t.Context(), args, &again, io.Discard); err != nil {
		t.Fatal(err)
	}
	seconds := regexp.MustCompile(`in [0-9.]+s`)
	if a, b := seconds.ReplaceAllString(out.String(), ""), seconds.ReplaceAllString(again.String(), ""); a != b {
		t.Errorf("the same seed gives another result:\n%s\n%s", a, b)
	}
}

func TestMistakes(t *testing.T) {
	for args, want := range map[string]string{
		"-batch 271": `invalid value "271" for flag -batch: want a whole number from 1 to 270`,
		"-drop 1":    `invalid value "1" for flag -drop: want a number from 0 to less than 1`,
		"vowels":     `argument "vowels": want flags alone`,
	} {
		err := run(t.Context(), strings.Fields(args), io.Discard, io.Discard)
		if err == nil || err.Error() != want {
			t.Errorf("%s: error %v, want %s", args, err, want)
		}
	}
	err := run(t.Context(), []string{"-device", "cpu", "-lr", "1e38", "-epochs", "3", "-hidden", "4"}, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "try a lower -lr") {
		t.Errorf("-lr 1e38: error %v, want advice", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := run(ctx, []string{"-device", "cpu"}, io.Discard, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted at once: error %v, want that of the context", err)
	}
}
