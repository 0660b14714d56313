package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"golang.org/x/perf/benchfmt"

	"github.com/keisan-go/keisan/cmd/devbench/internal/bench"
)

var keep = flag.String("keep", "", "keep the page and pictures of it in this folder")

// Whatever the width, no line is longer and no figure is missing that there is room for.
func TestTableFits(t *testing.T) {
	for _, columns := range []int{40, 60, 80, 100, 200} {
		var b bytes.Buffer
		Table(&b, sample(), Screen{Columns: columns})
		for line := range strings.Lines(b.String()) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > columns {
				t.Errorf("in %d columns a line has %d: %s", columns, n, line)
			}
		}
		for _, want := range []string{"matmul/m=1024/n=1024/k=1024", "WRONG", "skipped", "GFLOP/s", "18 % !"} {
			if !strings.Contains(b.String(), want) {
				t.Errorf("in %d columns there is no %q", columns, want)
			}
		}
		if strings.Contains(b.String(), "\x1b") {
			t.Error("there are colours that nobody asked for")
		}
		if marks := strings.HasPrefix(b.String(), "|"); marks != (columns >= 100) {
			t.Errorf("in %d columns: a table with rules: %v\n%s", columns, marks, b.String())
		}
	}
	var b bytes.Buffer
	Table(&b, sample(), Screen{Columns: 100, Colour: true})
	if !strings.Contains(b.String(), "\x1b[91mWRONG\x1b[0m") {
		t.Error("what is wrong has no colour")
	}
}

// The table that people see is Markdown already.
func TestTableIsMarkdown(t *testing.T) {
	var b bytes.Buffer
	if err := Markdown(&b, sample()); err != nil {
		t.Fatal(err)
	}
	var rows []string
	for line := range strings.Lines(b.String()) {
		if strings.HasPrefix(line, "|") {
			rows = append(rows, strings.TrimSpace(line))
		}
	}
	if !regexp.MustCompile(`^(\|-+)+\|$`).MatchString(rows[1]) {
		t.Errorf("below the headings: %q, want a rule", rows[1])
	}
	for _, r := range rows {
		if strings.Count(r, "|") != strings.Count(rows[0], "|") {
			t.Errorf("%q has not as many cells as %q", r, rows[0])
		}
	}
	if len(rows) != 2+len(sample().Results) {
		t.Errorf("%d lines", len(rows))
	}
}

func TestJSON(t *testing.T) {
	var b bytes.Buffer
	if err := JSON(&b, sample()); err != nil {
		t.Fatal(err)
	}
	var got map[string]any
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"host", "devices", "results", "schema", "version", "args", "started", "interrupted"} {
		if _, ok := got[key]; !ok {
			t.Errorf("there is no key %q", key)
		}
	}
	for _, r := range got["results"].([]any) {
		for _, key := range []string{"device", "case", "dtype", "dims", "seconds", "gflops", "gbps", "peak_fraction", "max_error", "ok", "samples", "bound", "repro"} {
			if _, ok := r.(map[string]any)[key]; !ok {
				t.Errorf("a result has no key %q", key)
			}
		}
		for _, key := range []string{"median", "min", "max", "runs"} {
			if _, ok := r.(map[string]any)["seconds"].(map[string]any)[key].(float64); !ok {
				t.Errorf("a result has no number of seconds %q", key)
			}
		}
	}

	file := filepath.Join(t.TempDir(), "run.json")
	os.WriteFile(file, bytes.Replace(b.Bytes(), []byte("{"), []byte(`{"unknown": [1], `), 1), 0o666)
	back, err := bench.Read(file)
	if err != nil {
		t.Fatal(err)
	}
	n := len(back.Results)
	if n != len(sample().Results) || !math.IsInf(float64(back.Results[n-1].MaxError), 1) {
		t.Errorf("%d results, the last %+v", n, back.Results[n-1])
	}
}

// What is no longer right is neither slower nor lost.
func TestChangesCountsBroken(t *testing.T) {
	var b bytes.Buffer
	Changes(&b, []bench.Change{{Case: "launch", Word: bench.Broken, Notes: []string{"wrong"}}}, Screen{})
	if want := "\n0 slower, 0 faster, 0 the same, 0 unsure, 1 broken\n"; !strings.Contains(b.String(), want) {
		t.Errorf("%q is not in %q", want, b.String())
	}
}

// FuzzRead feeds compare with files that are not what they should be.
func FuzzRead(f *testing.F) {
	var b bytes.Buffer
	JSON(&b, sample())
	f.Add(b.Bytes())
	f.Add([]byte(`{"schema": 2}`))
	f.Add([]byte(`{"results": [{"ok": true, "samples": [1e308, -1, 0]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		file := filepath.Join(t.TempDir(), "run.json")
		os.WriteFile(file, text, 0o666)
		if r, err := bench.Read(file); err == nil {
			Changes(&b, bench.Changes(r, r), Screen{})
			b.Reset()
		}
	})
}

func TestCSVAndBench(t *testing.T) {
	r := sample()
	var b bytes.Buffer
	if err := CSV(&b, r); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil || len(rows) != 1+len(r.Results) {
		t.Errorf("%d rows, %v", len(rows), err)
	}

	b.Reset()
	if err := Bench(&b, r); err != nil {
		t.Fatal(err)
	}
	n, reader := 0, benchfmt.NewReader(&b, "out")
	for reader.Scan() {
		switch rec := reader.Result().(type) {
		case *benchfmt.Result:
			n++
			if _, ok := rec.Value("sec/op"); !ok {
				t.Errorf("%s has no time", rec.Name)
			}
		case *benchfmt.SyntaxError:
			t.Error(rec)
		}
	}
	if want := 5 * (len(r.Results) - 2); n != want {
		t.Errorf("%d lines, want %d: each sample of what was measured", n, want)
	}
}

func TestNumbers(t *testing.T) {
	for v, want := range map[float64]string{0: "0.00", 1.234: "1.23", 9.996: "10.0", 12.34: "12.3", 123.4: "123", 12345: "12345", 0.001: "1.0e-03"} {
		if got := Number(v); got != want {
			t.Errorf("Number(%v) = %q, want %q", v, got, want)
		}
	}
	for v, want := range map[float64]string{1.5: "1.50 s", 0.0015: "1.50 ms", 1.5e-6: "1.50 µs", 1.5e-8: "15.0 ns", 0.99999: "1.00 s"} {
		if got := Duration(v); got != want {
			t.Errorf("Duration(%v) = %q, want %q", v, got, want)
		}
	}
}

func TestVerdict(t *testing.T) {
	c := sample().Crossovers("cpu")
	if len(c) != 2 {
		t.Fatalf("%d kinds of work in several sizes, want 2", len(c))
	}
	if got, want := Verdict(&c[1]), "cuda:0 is ahead of cpu from matmul/m=512/n=512/k=512 on, transfers included; it is ahead of cpu from matmul/m=256/n=256/k=256 on, with all operands there already."; !strings.HasPrefix(got, "cuda:0 is ahead of cpu from ") {
		t.Errorf("%q, want such as %q", got, want)
	}
}

func pageOf(t *testing.T, r *bench.Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := HTML(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// The page loads nothing from anywhere.
func TestPageIsSelfContained(t *testing.T) {
	text := pageOf(t, sample())
	if found := regexp.MustCompile(`(?i)(src|href)=|url\(|@import|http`).FindString(text); found != "" {
		t.Errorf("the page has %q", found)
	}
	for _, want := range []string{"Example GPU", "governor", "matmul/m=512/n=512/k=512", "not built in", "error inf"} {
		if !strings.Contains(text, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	r := sample()
	r.Results[0].Case = `<script>alert(1)</script>`
	if strings.Contains(pageOf(t, r), "<script") {
		t.Error("a name gets into the page as markup")
	}
	pageOf(t, &bench.Report{}) // of nothing
}

// measure is added to the page by the test: it tells what sticks out.
const measure = `<script>
const out = [], e = document.documentElement;
if (e.scrollWidth > e.clientWidth) out.push("the page is " + e.scrollWidth + " wide on " + e.clientWidth);
for (const s of document.querySelectorAll("svg")) {
	const box = s.getBoundingClientRect();
	if (box.width < 200) out.push("a chart of " + box.width);
	for (const t of s.querySelectorAll("text, circle, path")) {
		const b = t.getBoundingClientRect();
		if (b.left < box.left - 1 || b.right > box.right + 1 || b.top < box.top - 1 || b.bottom > box.bottom + 1)
			out.push("outside its chart: " + t.outerHTML);
	}
}
e.dataset.charts = document.querySelectorAll("svg").length;
e.dataset.complaints = out.join("; ");
</script>`

// findBrowser is a browser of the kind that this test can steer. Where there is none it skips the test, or fails it if
// KEISAN_REQUIRE has chromium.
func findBrowser(t *testing.T) string {
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if slices.Contains(strings.Split(os.Getenv("KEISAN_REQUIRE"), ","), "chromium") {
		t.Fatal("KEISAN_REQUIRE has chromium, which is not installed")
	}
	t.Skip("chromium is not installed")
	return ""
}

// A browser finds nothing that sticks out, on a desk or on a phone, in light or in dark.
func TestPageInABrowser(t *testing.T) {
	if testing.Short() {
		t.Skip("a browser takes seconds to start")
	}
	browser := findBrowser(t)
	dir := *keep
	if dir == "" {
		dir = t.TempDir()
	}
	text := pageOf(t, sample())
	for _, c := range []struct {
		name          string
		width, height int
		dark          bool
	}{{"desk", 1200, 3600, false}, {"phone", 500, 6200, true}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			text := text
			if c.name == "phone" { // no window is as narrow as a phone, so the page is shown in a frame of its width
				text = strings.Replace(text, "<body>", `<body style="width:390px">`, 1)
			}
			file := filepath.Join(dir, c.name+".html")
			os.WriteFile(file, []byte(text+measure), 0o666)
			args := []string{"--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--disable-background-networking", "--user-data-dir=" + t.TempDir(),
				fmt.Sprintf("--window-size=%d,%d", c.width, c.height)}
			if c.dark {
				args = append(args, "--blink-settings=preferredColorScheme=0", "--force-dark-mode")
			}
			if *keep != "" {
				exec.Command(browser, append(args, "--screenshot="+filepath.Join(dir, c.name+".png"), "file://"+file)...).Run()
			}
			cmd := exec.CommandContext(t.Context(), browser, append(args, "--dump-dom", "file://"+file)...)
			cmd.WaitDelay = time.Second
			dom, err := cmd.Output()
			if err != nil {
				t.Fatal(err)
			}
			if got := regexp.MustCompile(`data-charts="(\d+)"`).FindStringSubmatch(string(dom)); got == nil || got[1] != "4" {
				t.Errorf("charts: %v, want 4", got)
			}
			if got := regexp.MustCompile(`data-complaints="([^"]*)"`).FindStringSubmatch(string(dom)); got == nil || got[1] != "" {
				t.Errorf("complaints: %v", got)
			}
		})
	}
}

// Lines that are too long go on below, further in, and a number stays beside its unit.
func TestLines(t *testing.T) {
	for _, columns := range []int{30, 31, 32, 33, 34, 60, 0} {
		var b bytes.Buffer
		Lines(&b, []string{"one two three four five six 10 % seven", "  one two three four five 10 % six seven", "! one two three four five 10 % six seven"}, Screen{Columns: columns})
		lines := strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
		for _, line := range lines {
			if n := len(line); columns > 0 && n > columns || strings.HasPrefix(strings.TrimSpace(line), "%") {
				t.Errorf("in %d columns: %q", columns, line)
			}
		}
		if want := []string{"one two three four five six", "  10 % seven", "  one two three four five", "    10 % six seven", "! one two three four five 10 %", "  six seven"}; columns == 30 && !slices.Equal(lines, want) {
			t.Errorf("%q, want %q", lines, want)
		}
	}
}
