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

func open(t testing.TB) device.Device {
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
func experimentOf(t *testing.T, d device.Device, sh shape, steps int) *experiment {
	t.Helper()
	c, err := newCorpus("babble", babble(4000), nil)
	if err != nil {
		t.Fatal(err)
	}
	sh.Size = c.letters.size()
	s := &settings{shape: sh, Batch: 8, Chunk: 16, Drop: 0.1, Rate: 0.01, Steps: steps, Patience: evaluations, Seed: 1}
	return newExperiment(d, filepath.Join(t.TempDir(), "best.safetensors"), s, c)
}

var shapes = []shape{
	{Cell: "lstm", Layers: 1, Hidden: 32, Embed: 16},
	{Cell: "gru", Layers: 2, Hidden: 32, Embed: 16},
	{Cell: "rnn", Layers: 1, Hidden: 32, Embed: 16},
}

func TestLearns(t *testing.T) {
	for _, sh := range shapes {
		t.Run(sh.Cell, func(t *testing.T) {
			t.Parallel()
			e := experimentOf(t, open(t), sh, 200)
			if err := e.run(t.Context(), program.NewProgress(io.Discard, "chars")); err != nil {
				t.Fatal(err)
			}
			toBeat := newRivals(e.corpus)[0].model.bits(e.corpus.validation)
			t.Logf("%.3f bits per character, bigram %.3f", e.Stopping.Best, toBeat)
			if e.Stopping.Best > 0.6*toBeat {
				t.Errorf("%.3f bits per character, want well below the bigram model's %.3f", e.Stopping.Best, toBeat)
			}
			if n := len(e.Validation.Points); n != evaluations {
				t.Errorf("%d evaluations, want %d", n, evaluations)
			}
			text, err := e.sample(request{length: 200, temperature: 0.5, seed: 1})
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
		})
	}
}

// TestBestIsKept has training go astray after its best evaluation: it stops early, and what is kept is the best.
func TestBestIsKept(t *testing.T) {
	e := experimentOf(t, open(t), shapes[0], 400)
	e.Stopping.Patience = 3
	p := program.NewProgress(io.Discard, "chars")
	astray := &ending{Context: t.Context(), after: 200}
	if err := e.run(astray, p); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	best := e.Stopping.Best
	e.trainer.rate = func(int) float64 { return 10 }
	if err := e.run(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	if s := e.Stopping; s.Best != best || e.Taken >= 300 || !s.Enough() {
		t.Errorf("it stops after %d steps, %+v, want fewer than 300 and the best %v", e.Taken, s, best)
	}
	if err := e.recall(); err != nil {
		t.Fatal(err)
	}
	if bits, err := e.evaluator.bits(e.corpus.validation); bits != best || err != nil {
		t.Errorf("what was kept needs %v bits per character (%v), want %v", bits, err, best)
	}
}

func TestSteadyState(t *testing.T) {
	d := open(t)
	e := experimentOf(t, d, shapes[1], 1)
	step := func() {
		for ids, next := range e.trainer.chunks.Batches() {
			e.trainer.step(ids, next, 0.5)
			return
		}
	}
	for range 3 {
		step()
	}
	before := d.Info()
	perStep := testing.AllocsPerRun(100, step)
	after := d.Info()
	if perStep >= 10 {
		t.Errorf("%v Go allocations in a step, want fewer than 10", perStep)
	}
	if after.Allocs != before.Allocs || after.InUse != before.InUse {
		t.Errorf("%d allocations and %d bytes in use on the device became %d and %d in 100 steps",
			before.Allocs, before.InUse, after.Allocs, after.InUse)
	}
	if _, err := e.evaluator.bits(e.corpus.test); err != nil {
		t.Fatal(err)
	}
	before = d.Info()
	if _, err := e.evaluator.bits(e.corpus.test); err != nil {
		t.Fatal(err)
	}
	if after := d.Info(); after.Allocs != before.Allocs || after.InUse != before.InUse {
		t.Errorf("evaluating again: %d allocations became %d", before.Allocs, after.Allocs)
	}
}

func TestSameBits(t *testing.T) {
	weights := func(processors int) (all []float32) {
		defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(processors))
		e := experimentOf(t, open(t), shapes[1], 30)
		if err := e.run(t.Context(), program.NewProgress(io.Discard, "chars")); err != nil {
			t.Fatal(err)
		}
		for _, p := range e.net.params {
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
	numbers, err := letters.encode(text)
	if err != nil {
		t.Fatal(err)
	}
	n := newNetwork(d, 1, shape{"gru", 2, 16, 8, letters.size()})
	var all []float64
	for _, steps := range []int{1, 7, 50, len(numbers)} {
		bits, err := newEvaluator(n, steps, 3).bits(numbers)
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

// small is flags for a run of a second.
func small(t *testing.T, more ...string) []string {
	t.Helper()
	folder := t.TempDir()
	file := filepath.Join(folder, "babble.txt")
	write(t, file, babble(1000))
	return append([]string{"-device", "cpu", "-text", file, "-model", filepath.Join(folder, "model.safetensors"),
		"-hidden", "16", "-batch", "4", "-chunk", "8", "-curve", ""}, more...)
}

// columns complains of lines that are longer than a terminal's.
func columns(t *testing.T, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
}

// call runs a command and returns what it prints.
func call(t *testing.T, args ...string) string {
	t.Helper()
	var out strings.Builder
	if err := run(t.Context(), args, &out, io.Discard); err != nil {
		t.Fatalf("%s: %v", strings.Join(args, " "), err)
	}
	return out.String()
}

func TestCommands(t *testing.T) {
	curve := filepath.Join(t.TempDir(), "curve.svg")
	args := small(t, "-steps", "40", "-curve", curve)
	text, model := args[3], args[5]
	var out, log strings.Builder
	if err := run(t.Context(), args, &out, &log); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"bigram  ", "5-gram  ", "LSTM    ", "after 40 of 40 steps", "A sample at temperature 0.7", "Loss curve: " + curve} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if _, err := os.Stat(curve); err != nil {
		t.Error(err)
	}
	both := strings.NewReplacer(text, "babble.txt", curve, "curve.svg").Replace(out.String() + log.String())
	if strings.ContainsAny(both, "\r\x1b") {
		t.Errorf("carriage returns or escape sequences in %q", both)
	}
	columns(t, both)
	if again := call(t, append([]string{"train"}, args...)...); again != out.String() {
		t.Errorf("the same seed gives another result:\n%s\n%s", out.String(), again)
	}

	evaluated := call(t, "eval", "-device", "cpu", "-model", model)
	_, figures, _ := strings.Cut(out.String(), "steps:\n")
	figures, _, _ = strings.Cut(figures, "\n\n")
	if !strings.HasSuffix(evaluated, ":\n"+figures+"\n") {
		t.Errorf("eval prints\n%s\nand train\n%s", evaluated, figures)
	}
	other := filepath.Join(t.TempDir(), "other.txt")
	write(t, other, babble(300))
	if evaluated := call(t, "eval", "-device", "cpu", "-model", model, "-text", other); strings.Contains(evaluated, "gram") || !strings.Contains(evaluated, "LSTM") {
		t.Errorf("of another text eval prints\n%s", evaluated)
	}

	sample := []string{"sample", "-device", "cpu", "-model", model, "-prompt", "light prism ", "-length", "50"}
	written := call(t, sample...)
	if !strings.HasPrefix(written, "light prism ") || utf8.RuneCountInString(written) != len("light prism ")+50+1 {
		t.Errorf("sample prints %q, want the prompt, 50 characters and a line break", written)
	}
	if again := call(t, sample...); again != written {
		t.Errorf("the same seed gives %q and %q", written, again)
	}
	if other := call(t, append(sample, "-seed", "2")...); other == written {
		t.Errorf("another seed gives the same %q", written)
	}
}

func TestHelp(t *testing.T) {
	for _, args := range []string{"-help", "train -help", "sample -h", "eval -help", "serve -help"} {
		var help strings.Builder
		if err := run(t.Context(), strings.Fields(args), &help, io.Discard); !errors.Is(err, flag.ErrHelp) {
			t.Errorf("%s: error %v", args, err)
		}
		if !strings.HasPrefix(help.String(), "Charlm ") {
			t.Errorf("%s: %s", args, help.String())
		}
		columns(t, strings.ReplaceAll(help.String(), "    \t", "        "))
	}
}

func TestTime(t *testing.T) {
	start := time.Now()
	if err := run(t.Context(), small(t, "-time", "300ms", "-patience", "100"), io.Discard, io.Discard); err != nil {
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
	for _, want := range []string{"after 50 of 50 steps", "A sample at temperature 0.7"} {
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
		"-text " + short:   `-text "` + short + `" leaves 9 characters to train on, want at least 2049 for -batch 32 and -chunk 64`,
		"train opticks":    `argument "opticks": want flags alone`,
		"opticks":          `command "opticks": want train, sample, eval or serve`,
		"-drop 1":          `invalid value "1" for flag -drop: want a number from 0 to less than 1`,
		"-cell lstn":       `invalid value "lstn" for flag -cell: want lstm or gru or rnn`,
		"-resume -lr 1":    `-lr with -resume: want neither, for training goes on with the settings that it began with`,
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
