package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/examples/internal/program"
	"github.com/keisan-go/keisan/philox"
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

// babble is a text of few words in any order: easy to predict for who knows the words, hard for who knows pairs of letters.
func babble(words int) string {
	vocabulary := strings.Fields("light prism colour refraction ray medium glass experiment")
	random := rand.New(philox.New(1, 0))
	var b strings.Builder
	for i := range words {
		b.WriteString(vocabulary[random.IntN(len(vocabulary))])
		b.WriteByte(" \n"[max(0, i%8-6)])
	}
	return b.String()
}

// experimentOf is a small network before it is trained on babble.
func experimentOf(d device.Device, steps int) (*experiment, *bigram) {
	text := babble(4000)
	letters := newAlphabet(text)
	s := newExperiment(d, &settings{hidden: 32, batch: 8, chunk: 16, rate: 0.01, steps: steps, seed: 1}, letters, letters.encode(text))
	return s, newBigram(letters.size(), s.trainer.text)
}

func TestLearns(t *testing.T) {
	s, pairs := experimentOf(open(t), 600)
	if err := s.run(t.Context(), program.NewProgress(io.Discard, "chars")); err != nil {
		t.Fatal(err)
	}
	bits, toBeat := s.test.Last(), pairs.bits(s.heldOut)
	t.Logf("%.3f bits per character, bigram %.3f", bits, toBeat)
	if bits > 0.6*toBeat {
		t.Errorf("%.3f bits per character, want well below the bigram model's %.3f", bits, toBeat)
	}
	if n := len(s.test.Points); n != evaluations {
		t.Errorf("%d evaluations, want %d", n, evaluations)
	}
	text, err := s.sample(200, 0.5)
	if err != nil {
		t.Fatal(err)
	}
	known := 0
	words := strings.Fields(text)
	for _, word := range words {
		if strings.Contains(" light prism colour refraction ray medium glass experiment ", " "+word+" ") {
			known++
		}
	}
	if known < len(words)/2 {
		t.Errorf("%d of %d words known in %q", known, len(words), text)
	}
}

func TestSteadyState(t *testing.T) {
	d := open(t)
	s, _ := experimentOf(d, 1)
	trainer := s.trainer
	for range 3 {
		trainer.step(0.01)
	}
	before := d.Info()
	perStep := testing.AllocsPerRun(1000, func() { trainer.step(0.01) })
	after := d.Info()
	if perStep >= 10 {
		t.Errorf("%v Go allocations in a step, want fewer than 10", perStep)
	}
	if after.Allocs != before.Allocs || after.InUse != before.InUse {
		t.Errorf("%d allocations and %d bytes in use on the device became %d and %d in 1000 steps",
			before.Allocs, before.InUse, after.Allocs, after.InUse)
	}
	if _, err := s.evaluator.bits(s.heldOut); err != nil {
		t.Fatal(err)
	}
	before = d.Info()
	if _, err := s.evaluator.bits(s.heldOut); err != nil {
		t.Fatal(err)
	}
	if after := d.Info(); after.Allocs != before.Allocs || after.InUse != before.InUse {
		t.Errorf("evaluating again: %d allocations became %d", before.Allocs, after.Allocs)
	}
}

func TestSameBits(t *testing.T) {
	weights := func(processors int) (all []float32) {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
		s, _ := experimentOf(open(t), 30)
		if err := s.run(t.Context(), program.NewProgress(io.Discard, "chars")); err != nil {
			t.Fatal(err)
		}
		for _, p := range s.trainer.net.Params() {
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

// TestChunks shows that the state is carried: it does not matter how many steps are read at once.
func TestChunks(t *testing.T) {
	d := open(t)
	text := babble(200)
	letters := newAlphabet(text)
	numbers := letters.encode(text)
	w := newWeights(d, 1, letters.size(), 16)
	var all []float64
	for _, steps := range []int{1, 7, 50, len(numbers)} {
		bits, err := newModel(w, steps, 3).bits(numbers)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, bits)
	}
	for _, bits := range all[1:] {
		if math.Abs(bits-all[0]) > 1e-5 {
			t.Errorf("bits per character %v, want the same for chunks of any length", all)
		}
	}
}

func TestBigram(t *testing.T) {
	m := newBigram(2, []byte{0, 1, 0, 1, 0, 0})
	// After 0 came 1 twice and 0 once; after 1 came 0 twice.
	want := -(math.Log2(1.05/3.1) + math.Log2(2.05/3.1) + math.Log2(2.05/2.1) + math.Log2(2.05/3.1) + math.Log2(0.05/2.1)) / 5
	if bits := m.bits([]byte{0, 0, 1, 0, 1, 1}); math.Abs(bits-want) > 1e-12 {
		t.Errorf("%v bits per character, want %v", bits, want)
	}
}

func TestDraw(t *testing.T) {
	logits := []float32{0, float32(math.Log(2)), float32(math.Log(5)), -200}
	random := rand.New(philox.New(1, 0))
	for temperature, want := range map[float64][4]float64{
		1:    {1. / 8, 2. / 8, 5. / 8, 0},
		0.5:  {1. / 30, 4. / 30, 25. / 30, 0},
		1e-6: {0, 0, 1, 0},
	} {
		const n = 20000
		var count [4]float64
		for range n {
			count[draw(logits, temperature, random)]++
		}
		for i, c := range count {
			if math.Abs(c/n-want[i]) > 0.015 {
				t.Errorf("temperature %v: %v of %d, want fractions %v", temperature, count, n, want)
				break
			}
		}
	}
}

func TestAlphabet(t *testing.T) {
	text := "héllo, 世界\n"
	a := newAlphabet(text)
	if back := a.decode(a.encode(text)); back != text {
		t.Errorf("%q became %q", text, back)
	}
	var large strings.Builder
	for r := rune(0x4e00); r < 0x4e00+300; r++ {
		large.WriteString(strings.Repeat(string(r), 1+int(r)%3))
	}
	a = newAlphabet(large.String())
	if a.size() != 256 {
		t.Errorf("an alphabet of %d, want 256", a.size())
	}
	back := a.decode(a.encode(large.String()))
	if utf8.RuneCountInString(back) != utf8.RuneCountInString(large.String()) || !strings.ContainsRune(back, rare) {
		t.Error("rare characters are not replaced one by one")
	}
	if once := string(rune(0x4e00 + 299)); strings.Count(large.String(), once) == 3 && !strings.Contains(back, once) {
		t.Error("a frequent character is replaced")
	}
}

func TestFind(t *testing.T) {
	built, told := t.TempDir(), t.TempDir()
	ask := func() (string, error) { return told, nil }
	write(t, filepath.Join(told, opticks), "light")
	if path, err := find(opticks, built, ask); path != filepath.Join(told, opticks) || err != nil {
		t.Errorf("not where it was built: %s, %v", path, err)
	}
	write(t, filepath.Join(built, opticks), "light")
	if path, err := find(opticks, built, ask); path != filepath.Join(built, opticks) || err != nil {
		t.Errorf("where it was built: %s, %v", path, err)
	}
	for name, ask := range map[string]func() (string, error){
		"no go":      func() (string, error) { return "", errors.New("not found") },
		"no sources": func() (string, error) { return t.TempDir(), nil },
	} {
		if path, err := find(opticks, "", ask); err == nil || !strings.Contains(err.Error(), "-text FILE") {
			t.Errorf("%s: %q, %v, want an error with advice", name, path, err)
		}
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestReadGo(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"src/b/b.go": "b", "src/a/a.go": "a", "src/a/a_test.go": "no", "src/a/testdata/x.go": "no", "src/c/notes.txt": "no",
		"src/cmd/main.go": "no", "src/vendor/v.go": "no", "src/c/table.go": strings.Repeat("0", 200<<10), "src/d/d.go": "d",
		"src/e/e.go": "more than there is room for",
	} {
		write(t, filepath.Join(root, filepath.FromSlash(name)), text)
	}
	if text, err := readGo(filepath.Join(root, "src"), 5); text != "abd" || err != nil {
		t.Errorf("%q, %v, want abd", text, err)
	}
	link := filepath.Join(root, "link")
	if err := os.Symlink("src", link); err != nil {
		t.Skip(err)
	}
	if text, err := readGo(link, 5); text != "abd" || err != nil {
		t.Errorf("through a link: %q, %v, want abd", text, err)
	}
}

// small is flags for a run of a second.
func small(t *testing.T, more ...string) []string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "babble.txt")
	write(t, file, babble(1000))
	return append([]string{"-device", "cpu", "-text", file, "-hidden", "16", "-batch", "4", "-chunk", "8", "-curve", ""}, more...)
}

func TestRun(t *testing.T) {
	curve := filepath.Join(t.TempDir(), "curve.svg")
	args := small(t, "-steps", "40", "-curve", curve)
	var out, log strings.Builder
	if err := run(t.Context(), args, &out, &log); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"bigram  ", "RNN     ", "after 40 steps", "A sample at temperature 0.7", "Loss curve: " + curve} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if _, err := os.Stat(curve); err != nil {
		t.Error(err)
	}
	both := strings.NewReplacer(args[3], "babble.txt", curve, "curve.svg").Replace(out.String() + log.String())
	if strings.ContainsAny(both, "\r\x1b") {
		t.Errorf("carriage returns or escape sequences in %q", both)
	}
	var help strings.Builder
	if err := run(t.Context(), []string{"-help"}, &help, io.Discard); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-help: error %v", err)
	}
	for line := range strings.Lines(both + strings.ReplaceAll(help.String(), "    \t", "        ")) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	var again strings.Builder
	if err := run(t.Context(), args, &again, io.Discard); err != nil || again.String() != out.String() {
		t.Errorf("the same seed gives another result (%v):\n%s\n%s", err, out.String(), again.String())
	}
}

func TestTime(t *testing.T) {
	start := time.Now()
	if err := run(t.Context(), small(t, "-time", "300ms"), io.Discard, io.Discard); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took < 300*time.Millisecond {
		t.Errorf("it took %v, want 300ms or more", took)
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
	var out strings.Builder
	args := small(t, "-time", "1h")
	if err := run(&ending{Context: t.Context(), after: 50}, args, &out, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that of the context", err)
	}
	for _, want := range []string{"after 50 steps", "A sample at temperature 0.7"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if err := run(&ending{Context: t.Context()}, args, io.Discard, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("interrupted at once: error %v, want that of the context", err)
	}
}

func TestMistakes(t *testing.T) {
	short := filepath.Join(t.TempDir(), "short.txt")
	write(t, short, "too short")
	for args, want := range map[string]string{
		"-chunk 0":         `invalid value "0" for flag -chunk: want a whole number from 1 to 4096`,
		"-time 60":         `invalid value "60" for flag -time: want a time above 0 such as 90s or 2m`,
		"-temperature 0":   `invalid value "0" for flag -temperature: want a number above 0`,
		"-text nosuch.txt": `-text "nosuch.txt": there is no such file; want opticks, go or the name of one`,
		"-text " + short:   `-text "` + short + `" has 9 characters, want at least 285 for -batch 16 and -chunk 16`,
		"opticks":          `argument "opticks": want flags alone`,
	} {
		err := run(t.Context(), strings.Fields(args), io.Discard, io.Discard)
		if err == nil || err.Error() != want {
			t.Errorf("%s: error %v, want %s", args, err, want)
		}
	}
	if err := run(t.Context(), small(t, "-lr", "1e38", "-steps", "100"), io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), "try a -lr below") {
		t.Errorf("-lr 1e38: error %v, want advice", err)
	}
	if err := run(t.Context(), small(t, "-device", "abacus"), io.Discard, io.Discard); err == nil || !strings.Contains(err.Error(), `"abacus"`) {
		t.Errorf("-device abacus: error %v, want one that names it", err)
	}
}

func TestWrap(t *testing.T) {
	if got, want := wrap("ab\n\tcdé\x1b[2J\n\nend", 5), "  ab\n      c\n  dé·[2\n  J\n  \n  end"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
