package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
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

func digits(t *testing.T) []digit {
	t.Helper()
	all, err := load()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestLoad(t *testing.T) {
	all := digits(t)
	if len(all) != 1797 {
		t.Fatalf("%d digits, want 1797", len(all))
	}
	var count [classes]int
	for _, d := range all {
		count[d.label]++
	}
	if want := [classes]int{178, 182, 177, 183, 181, 182, 181, 179, 174, 180}; count != want {
		t.Errorf("%v of each, want %v", count, want)
	}
	if first := all[0]; first.label != 0 || first.image[2] != 5./16 || first.image[3] != 13./16 {
		t.Errorf("the first is %v", first)
	}
}

func TestReadMistakes(t *testing.T) {
	line := strings.Repeat("0,", pixels)
	for text, want := range map[string]string{
		line + "9\n" + line + "10\n":          `line 2, column 129: "10", want a number from 0 to 9`,
		"17" + line[1:] + "0\n":               `line 1, column 1: "17", want a number from 0 to 16`,
		strings.Replace(line, "0", "x", 1):    `line 1, column 1: "x", want a number from 0 to 16`,
		line + "0\n" + line + "0,0\n":         "record on line 2: wrong number of fields",
		line + "0\n" + strings.Repeat("0", 9): "record on line 2: wrong number of fields",
	} {
		if _, err := read(strings.NewReader(text)); err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestSplit(t *testing.T) {
	all := digits(t)
	train, heldOut := split(all, 1)
	if len(heldOut) != len(all)/4 || len(train)+len(heldOut) != len(all) {
		t.Errorf("%d and %d of %d", len(train), len(heldOut), len(all))
	}
	count := map[digit]int{}
	for _, d := range all {
		count[d]++
	}
	for _, d := range append(append([]digit{}, train...), heldOut...) {
		count[d]--
	}
	for d, n := range count {
		if n != 0 {
			t.Errorf("%d more before than after the split of %v", n, d)
		}
	}
	if _, again := split(all, 1); again[0] != heldOut[0] || again[100] != heldOut[100] {
		t.Error("the same seed gives another split")
	}
	if _, other := split(all, 2); other[0] == heldOut[0] && other[100] == heldOut[100] {
		t.Error("another seed gives the same split")
	}
}

func TestMoved(t *testing.T) {
	d := digit{label: 3}
	for i := range d.image {
		d.image[i] = float32(1 + i)
	}
	for _, by := range [][2]int{{0, 0}, {1, 0}, {-1, 0}, {0, 1}, {0, -1}, {2, -3}} {
		m := d.moved(by[0], by[1])
		for y := range side {
			for x := range side {
				fromX, fromY := x-by[0], y-by[1]
				want := float32(0)
				if fromX >= 0 && fromX < side && fromY >= 0 && fromY < side {
					want = float32(1 + fromY*side + fromX)
				}
				if got := m.image[y*side+x]; got != want || m.label != 3 {
					t.Errorf("moved by %v: (%d, %d) is %v, want %v", by, x, y, got, want)
				}
			}
		}
	}
}

// trainFor takes steps with small batches of a small network, and returns it.
func trainFor(t *testing.T, d device.Device, steps int) *training {
	t.Helper()
	c := newTraining(newNetwork(d, 1, 16, 8, 0.01), digits(t), 1, 1)
	for i := range steps {
		at := i * 8 % (len(c.train) - 8)
		c.step(c.train[at : at+8])
	}
	return c
}

func TestSteadyState(t *testing.T) {
	d := open(t)
	c := trainFor(t, d, 3)
	before := d.Info()
	perStep := testing.AllocsPerRun(1000, func() { c.step(c.train[:8]) })
	c.step(c.train[:3]) // the last batch of an epoch
	after := d.Info()
	if perStep >= 10 {
		t.Errorf("%v Go allocations in a step, want fewer than 10", perStep)
	}
	if after.Allocs != before.Allocs || after.InUse != before.InUse {
		t.Errorf("%d allocations and %d bytes in use on the device became %d and %d in 1000 steps",
			before.Allocs, before.InUse, after.Allocs, after.InUse)
	}
}

func TestSameBits(t *testing.T) {
	weights := func(processors int) (all []float32) {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
		for _, p := range trainFor(t, open(t), 50).network.layers.Params() {
			values, err := tensor.Values[float32](p.Value)
			if err != nil {
				t.Fatal(err)
			}
			all = append(all, values...)
		}
		return all
	}
	one, two := weights(1), weights(2)
	for i := range one {
		if one[i] != two[i] {
			t.Fatalf("weight %d of %d is %v on one processor and %v on two", i, len(one), one[i], two[i])
		}
	}
}

// TestPartialBatch shows that rows that fill up a batch count for nothing.
func TestPartialBatch(t *testing.T) {
	d := open(t)
	all := digits(t)
	loss := func(rows int) float64 {
		r, err := newNetwork(d, 1, 16, rows, 0.01).test(all[:10])
		if err != nil {
			t.Fatal(err)
		}
		return r.loss
	}
	whole, filled, parts := loss(10), loss(64), loss(7)
	if diff := whole - filled; diff > 1e-6 || diff < -1e-6 {
		t.Errorf("the loss of 10 digits is %v in a batch of 10 and %v in one of 64", whole, filled)
	}
	if diff := whole - parts; diff > 1e-6 || diff < -1e-6 {
		t.Errorf("the loss of 10 digits is %v in a batch of 10 and %v in two of 7", whole, parts)
	}
}

// TestDefault trains as the program does when it is given no flags.
func TestDefault(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	curve := filepath.Join(t.TempDir(), "digits.svg")
	var out, log strings.Builder
	if err := run(t.Context(), []string{"-device", "cpu", "-curve", curve}, &out, &log); err != nil {
		t.Fatal(err)
	}
	match := regexp.MustCompile(`(\d+) of 449 held-out digits read right`).FindStringSubmatch(out.String())
	if match == nil {
		t.Fatalf("no result in\n%s", out.String())
	}
	if right, _ := strconv.Atoi(match[1]); float64(right) < 0.97*449 {
		t.Errorf("%d of 449 right, want 97 %% or more", right)
	}
	if _, err := os.Stat(curve); err != nil {
		t.Error(err)
	}
	if err := run(t.Context(), []string{"-help"}, &out, &log); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-help: error %v", err)
	}
	plain(t, strings.ReplaceAll(strings.ReplaceAll(out.String(), curve, ""), "    \t", "        ")+log.String())
}

// plain checks that an output is for any terminal, and for a log.
func plain(t *testing.T, output string) {
	t.Helper()
	if strings.ContainsAny(output, "\r\x1b") {
		t.Errorf("carriage returns or escape sequences in %q", output)
	}
	for line := range strings.Lines(output) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

// An ending is a context that ends when it was asked so many times.
type ending struct {
	context.Context
	asked, after int
}

func (e *ending) Err() error {
	if e.asked++; e.asked > e.after {
		return context.Canceled
	}
	return nil
}

func TestInterrupted(t *testing.T) {
	curve := filepath.Join(t.TempDir(), "digits.png")
	var out, log strings.Builder
	ctx := &ending{Context: t.Context(), after: 100}
	err := run(ctx, []string{"-device", "cpu", "-hidden", "32", "-epochs", "1000000", "-curve", curve}, &out, &log)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the context", err)
	}
	for _, want := range []string{"after 3 epochs", "read as", "Loss curve: " + curve} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if _, err := os.Stat(curve); err != nil {
		t.Error(err)
	}
	if err := run(&ending{Context: t.Context()}, []string{"-device", "cpu"}, io.Discard, &log); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted at once: error %v, want that of the context", err)
	}
}

func TestWrongFlags(t *testing.T) {
	for args, want := range map[string]string{
		"-epochs 0":    `invalid value "0" for flag -epochs: want a whole number from 1 to 1000000`,
		"-lr none":     `invalid value "none" for flag -lr: want a number above 0`,
		"-curve a.jpg": `invalid value "a.jpg" for flag -curve: want a name that ends in .svg or .png`,
		"7":            `argument "7": want flags alone`,
	} {
		err := run(t.Context(), strings.Fields(args), io.Discard, io.Discard)
		var usage *program.UsageError
		if !errors.As(err, &usage) || err.Error() != want {
			t.Errorf("%s: error %v, want %s", args, err, want)
		}
	}
	err := run(t.Context(), []string{"-device", "abacus"}, io.Discard, io.Discard)
	if err == nil || !strings.Contains(err.Error(), `device "abacus"`) {
		t.Errorf("-device abacus: error %v, want one that names it", err)
	}
}

func TestDivergence(t *testing.T) {
	err := run(t.Context(), []string{"-device", "cpu", "-hidden", "8", "-lr", "1e30", "-curve", ""}, io.Discard, io.Discard)
	if err == nil || !strings.HasSuffix(err.Error(), "try a -lr below 1e+30") {
		t.Errorf("error %v, want advice", err)
	}
}

func Example_confusion() {
	table := confusion([]digit{{label: 1}, {label: 1}, {label: 7}}, []int{1, 7, 7})
	var b strings.Builder
	table.Print(&b, "read as", "a %d was", 0)
	for i, line := range strings.Split(b.String(), "\n") {
		if i == 0 || i == 2 || i == 8 {
			fmt.Println(line)
		}
	}
	// Output:
	//      read as    0    1    2    3    4    5    6    7    8    9    right
	//      a 1 was    .    1    .    .    .    .    .    1    .    .    50.0%
	//      a 7 was    .    .    .    .    .    .    .    1    .    .   100.0%
}

func Example_mistakes() {
	zero, one := digit{label: 0}, digit{label: 1}
	for i := range side {
		one.image[i*side+3], one.image[i*side+4] = 1, float32(i)/side
		zero.image[i*side], zero.image[i*side+side-1] = 0.5, 0.25
	}
	printMistakes(os.Stdout, []digit{one, zero, one, one}, []int{7, 8, 1, 2}, 2)
	// Output:
	//   1 read as 7       0 read as 8
	//         @@          ==            ::
	//         @@..        ==            ::
	//         @@::        ==            ::
	//         @@--        ==            ::
	//         @@==        ==            ::
	//         @@++        ==            ::
	//         @@**        ==            ::
	//         @@##        ==            ::
}
