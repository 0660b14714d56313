package program

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestReport(t *testing.T) {
	for _, test := range []struct {
		err  error
		code int
		told string
	}{
		{nil, Fine, ""},
		{flag.ErrHelp, Fine, ""},
		{fmt.Errorf("learning: %w", context.Canceled), Interrupted, "demo: interrupted\n"},
		{Usagef("-n is %d", 0), Misused, "demo: -n is 0\ndemo -help tells all flags\n"},
		{errors.New("no such file"), Failed, "demo: no such file\n"},
	} {
		var told strings.Builder
		if code := report(&told, "demo", test.err); code != test.code || told.String() != test.told {
			t.Errorf("%v: code %d and %q, want %d and %q", test.err, code, told.String(), test.code, test.told)
		}
	}
}

// demo is a program's flags, with what they are set to.
func demo() (*flag.FlagSet, func() string) {
	fs := Flags("demo", "Demo has every kind of flag.")
	dev, seed, curve := Device(fs), Seed(fs), Curve(fs, "demo.svg")
	n, x, d := Int(fs, "n", 3, 1, 10, "`rows`"), Float(fs, "x", 0.5, "`rate`"), Duration(fs, "d", time.Minute, "`time`")
	f, c := Fraction(fs, "f", 0.1, "`part`"), Choice(fs, "c", "`kind`", "gru", "rnn")
	return fs, func() string { return fmt.Sprint(*dev, *seed, " ", *curve, *n, *x, *d, *f, " ", *c) }
}

func TestFlags(t *testing.T) {
	for args, want := range map[string]string{
		"": "1 demo.svg3 0.5 1m0s 0.1 gru",
		"-device cpu -seed 7 -curve a.png -n 10 -x 1e-3 -d 90s -f 0 -c rnn": "cpu7 a.png10 0.001 1m30s 0 rnn",
	} {
		fs, values := demo()
		if err := Parse(fs, strings.Fields(args), io.Discard); err != nil || values() != want {
			t.Errorf("%q: %v, %v; want %v", args, values(), err, want)
		}
	}
}

func TestMistakes(t *testing.T) {
	for args, want := range map[string]string{
		"-n 0":       `invalid value "0" for flag -n: want a whole number from 1 to 10`,
		"-n 11":      `invalid value "11" for flag -n: want a whole number from 1 to 10`,
		"-n ten":     `invalid value "ten" for flag -n: want a whole number from 1 to 10`,
		"-x 0":       `invalid value "0" for flag -x: want a number above 0`,
		"-x NaN":     `invalid value "NaN" for flag -x: want a number above 0`,
		"-x Inf":     `invalid value "Inf" for flag -x: want a number above 0`,
		"-d 90":      `invalid value "90" for flag -d: want a time above 0 such as 90s or 2m`,
		"-seed -1":   `invalid value "-1" for flag -seed: want a whole number of 0 or more`,
		"-f 1":       `invalid value "1" for flag -f: want a number from 0 to less than 1`,
		"-f -0.1":    `invalid value "-0.1" for flag -f: want a number from 0 to less than 1`,
		"-f NaN":     `invalid value "NaN" for flag -f: want a number from 0 to less than 1`,
		"-c grm":     `invalid value "grm" for flag -c: want gru or rnn`,
		"-curve a.b": `invalid value "a.b" for flag -curve: want a name that ends in .svg or .png`,
		"-y 1":       `flag provided but not defined: -y`,
		"more":       `argument "more": want flags alone`,
	} {
		fs, _ := demo()
		err := Parse(fs, strings.Fields(args), io.Discard)
		var usage *UsageError
		if !errors.As(err, &usage) || err.Error() != want {
			t.Errorf("%q: %v, want %v", args, err, want)
		}
	}
}

func TestHelp(t *testing.T) {
	fs, _ := demo()
	var help strings.Builder
	if err := Parse(fs, []string{"-help"}, &help); err != flag.ErrHelp {
		t.Errorf("error %v, want flag.ErrHelp", err)
	}
	for _, want := range []string{"Demo has every kind of flag.", "Usage: demo [flags]", "-n rows", "(default 3)"} {
		if !strings.Contains(help.String(), want) {
			t.Errorf("the help has no %q:\n%s", want, help.String())
		}
	}
}

// at is a progress on w whose time is told by the test.
func at(w io.Writer, terminal bool) (*Progress, *time.Time) {
	p := NewProgress(w, "rows")
	now := new(time.Time)
	*now = p.start
	p.terminal, p.now = terminal, func() time.Time { return *now }
	return p, now
}

func TestProgressInALog(t *testing.T) {
	var log strings.Builder
	p, now := at(&log, false)
	if p.Due() {
		t.Error("due at once")
	}
	*now = now.Add(10 * time.Second)
	if !p.Due() {
		t.Error("not due after 10 seconds")
	}
	p.Show(0.25, 123450, "loss 1.50")
	if p.Due() {
		t.Error("due again at once")
	}
	p.Println("half-way")
	p.Clear()
	want := " 25%  loss 1.50  12,345 rows/s  0:30 left\nhalf-way\n"
	if log.String() != want {
		t.Errorf("%q, want %q", log.String(), want)
	}
}

func TestProgressOnATerminal(t *testing.T) {
	var screen strings.Builder
	p, now := at(&screen, true)
	*now = now.Add(time.Second)
	p.Show(0.5, 1000, "loss 10.5")
	p.Show(0.5, 1000, "loss 1.5") // a column shorter
	p.Println("a line that stays")
	p.Clear()
	const line = " 50%  loss 1.5  1,000 rows/s  0:01 left"
	want := "\r 50%  loss 10.5  1,000 rows/s  0:01 left" +
		"\r" + line + " " +
		"\r" + strings.Repeat(" ", len(line)) + "\r" +
		"a line that stays\n"
	if screen.String() != want {
		t.Errorf("%q, want %q", screen.String(), want)
	}
	screen.Reset()
	p.Show(0.5, 1000, strings.Repeat("é", 200))
	if n := len([]rune(screen.String())); n != 1+columns {
		t.Errorf("a line of %d columns, want %d", n-1, columns)
	}
}

// TestProgressGoesOn has work go on that was half done: what is left is told by what is done since.
func TestProgressGoesOn(t *testing.T) {
	var log strings.Builder
	p, now := at(&log, false)
	p.From(0.5, 1000)
	*now = now.Add(10 * time.Second)
	p.Show(0.75, 1500, "loss 1.50")
	if want := " 75%  loss 1.50  50 rows/s  0:10 left\n"; log.String() != want {
		t.Errorf("%q, want %q", log.String(), want)
	}
}

func TestConfusion(t *testing.T) {
	c := NewConfusion(3)
	c[0][0], c[0][2], c[1][1] = 2, 1, 4
	var b strings.Builder
	c.Print(&b, "taken for", "class %d", 1)
	want := "   taken for    1    2    3    right\n" +
		"     class 1    2    .    1    66.7%\n" +
		"     class 2    .    4    .   100.0%\n" +
		"     class 3    .    .    .        -\n"
	if b.String() != want {
		t.Errorf("\n%s\nwant\n%s", b.String(), want)
	}
}

func TestNumbersForPeople(t *testing.T) {
	for x, want := range map[float64]string{0: "0", 999.4: "999", 1000: "1,000", 1234567: "1,234,567"} {
		if s := thousands(x); s != want {
			t.Errorf("thousands(%v) is %s, want %s", x, s, want)
		}
	}
	for d, want := range map[time.Duration]string{0: "0:00", 61 * time.Second: "1:01", 3725 * time.Second: "1:02:05"} {
		if s := clock(d); s != want {
			t.Errorf("clock(%v) is %s, want %s", d, s, want)
		}
	}
}

func TestSaveCurve(t *testing.T) {
	falling := Line{Name: "loss"}
	for x := range 10 {
		falling.Add(float64(x), math.Exp(-float64(x)))
	}
	level := Line{Name: "to beat", Dashed: true}
	level.Add(0, 0.5)
	level.Add(9, 0.5)
	folder := filepath.Join(t.TempDir(), "made", "for it")
	for name, start := range map[string]string{"a.svg": "<?xml", "a.png": "\x89PNG"} {
		file := filepath.Join(folder, name)
		if err := SaveCurve(file, "demo", "step", "loss", falling, level, Line{Name: "empty"}); err != nil {
			t.Fatal(err)
		}
		drawn, err := os.ReadFile(file)
		if err != nil || !strings.HasPrefix(string(drawn), start) {
			t.Errorf("%s begins with %.8q (%v), want %q", name, drawn, err, start)
		}
	}
	err := SaveCurve(filepath.Join(folder, "a.svg", "b.svg"), "demo", "step", "loss", falling)
	if err == nil || !strings.HasPrefix(err.Error(), "loss curve: ") {
		t.Errorf("a file in a file: %v, want an error", err)
	}
	falling.Add(10, math.NaN())
	if err := SaveCurve(filepath.Join(folder, "b.svg"), "demo", "step", "loss", falling); err == nil {
		t.Error("a loss that is NaN: no error")
	}
}
