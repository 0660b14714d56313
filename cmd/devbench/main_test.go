package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/keisan-go/keisan/cmd/devbench/internal/bench"
	"github.com/keisan-go/keisan/cmd/devbench/internal/report"
	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

// little is a device that says it has so little memory that nobody looks for its peak for long.
type little struct {
	device.Device
	name   string
	launch func(device.Kernel)
}

func (d *little) Name() string { return d.name }

func (d *little) Info() device.Info {
	i := d.Device.Info()
	i.Name, i.Memory = d.name, 1<<22
	return i
}

func (d *little) Launch(k device.Kernel) {
	d.Device.Launch(k)
	if d.launch != nil {
		d.launch(k)
	}
}

// devbench runs the program with one device, or with those named beside it, and returns its exit code and what it wrote.
func devbench(t *testing.T, args ...string) (code int, out, err string) {
	t.Helper()
	return with(t, func(*program) {}, args...)
}

func with(t *testing.T, change func(*program), args ...string) (int, string, string) {
	t.Helper()
	var out, err bytes.Buffer
	p := newProgram()
	p.out, p.err, p.outScreen, p.errScreen, p.errPlain = &out, &err, report.Screen{}, report.Screen{}, true
	p.list = func() []device.Info {
		return []device.Info{{Name: "cpu", Kind: device.CPU, Model: "Example", Memory: 1 << 22, Float64: true}, {Name: "cuda", Unavailable: "no driver"}}
	}
	p.open = func(name string) (device.Device, error) {
		d, err := device.Open("cpu")
		if name == "" {
			name = "cpu"
		}
		return &little{Device: d, name: name}, err
	}
	change(p)
	code := p.run(t.Context(), args)
	return code, out.String(), err.String()
}

// two gives the program a second device, whose kernels may be followed by something.
func two(launch func(device.Device, device.Kernel)) func(*program) {
	return func(p *program) {
		list, open := p.list, p.open
		p.list = func() []device.Info {
			return append(list(), device.Info{Name: "gpu:0", Kind: device.GPU, Memory: 1 << 22, Float64: true})
		}
		p.open = func(name string) (device.Device, error) {
			d, err := open(name)
			if name == "gpu:0" && launch != nil {
				inner := d.(*little).Device
				d.(*little).launch = func(k device.Kernel) { launch(inner, k) }
			}
			return d, err
		}
	}
}

func TestRun(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	code, out, _ := devbench(t, "-time", "2ms", "-dtype", "float32,float64", "-json", file("run.json"), "-csv", file("run.csv"), "-md", file("run.md"),
		"-bench", file("run.txt"), "-html", file("run.html"), "matmul/m=8,16", "launch", "elementwise/n=0", "matmul/m=4096")
	if code != fine {
		t.Errorf("exit code %d\n%s", code, out)
	}
	for _, want := range []string{"| case", "matmul/m=16/n=16/k=16", "GFLOP/s", "float64", "skipped: needs 192 MiB, free 4 MiB", "cuda: not available: no driver"} {
		if !strings.Contains(out, want) {
			t.Errorf("there is no %q in:\n%s", want, out)
		}
	}
	for line := range strings.Lines(out) {
		if utf8.RuneCountInString(line) > 101 {
			t.Errorf("a line of %d columns: %s", utf8.RuneCountInString(line), line)
		}
	}
	for _, name := range []string{"run.json", "run.csv", "run.md", "run.txt", "run.html"} {
		if i, err := os.Stat(file(name)); err != nil || i.Size() == 0 {
			t.Errorf("%s: %v", name, err)
		}
	}
	r, err := bench.Read(file("run.json"))
	if err != nil || len(r.Results) != 10 || r.Interrupted || r.Host.Go == "" || len(r.Devices) != 2 || r.Args[0] != "-time" {
		t.Errorf("%v: %+v", err, r)
	}
	for _, res := range r.Results {
		if res.PeakFraction > 1 {
			t.Errorf("%s at %g of the peak", res.Case, res.PeakFraction)
		}
	}
	if code, out, _ := devbench(t, "compare", file("run.json"), file("run.json")); code != fine || !strings.Contains(out, "SAME") {
		t.Errorf("compared with itself: %d\n%s", code, out)
	}
}

func TestStandardOutput(t *testing.T) {
	code, out, err := devbench(t, "-time=1ms", "--json", "-", "launch")
	var r bench.Report
	if e := json.Unmarshal([]byte(out), &r); code != fine || e != nil || len(r.Results) != 1 {
		t.Errorf("%d, %v: %s", code, e, out)
	}
	if !strings.Contains(err, "| launch") {
		t.Errorf("the table is not on standard error: %s", err)
	}
}

// What a file held is there until there is something else to write, and a file that cannot be written costs no other.
func TestFiles(t *testing.T) {
	dir := t.TempDir()
	file := func(name string) string { return filepath.Join(dir, name) }
	kept := strings.Repeat("what was measured before\n", 1000)
	os.WriteFile(file("kept"), []byte(kept), 0o666)
	if code, _, err := devbench(t, "-json", file("kept"), "-csv", file("no/such"), "-time", "1ms", "launch"); code != usage {
		t.Errorf("%d: %s", code, err)
	}
	if code, _, err := devbench(t, "-json", file("kept"), "-csv", file("kept"), "-time", "1ms", "launch"); code != usage {
		t.Errorf("%d: %s", code, err)
	}
	if text, _ := os.ReadFile(file("kept")); string(text) != kept {
		t.Errorf("a mistake in the arguments leaves %.40q", text)
	}
	if code, _, err := devbench(t, "-time", "1ms", "-json", file("kept"), "launch"); code != fine {
		t.Errorf("%d: %s", code, err)
	}
	if _, err := bench.Read(file("kept")); err != nil {
		t.Error(err)
	}

	written := 0
	fails := output{io.Discard, func(io.Writer, *bench.Report) error { written++; return errors.New("no space left") }}
	if err := (&files{all: []output{fails, fails}}).write(nil); err == nil || written != 2 {
		t.Errorf("%d of 2 outputs are written, %v", written, err)
	}
}

// A table that could not be written is not fine.
func TestOutputFails(t *testing.T) {
	for _, args := range [][]string{{"list"}, {"-describe"}, {"-time", "1ms", "launch"}} {
		code, _, err := with(t, func(p *program) { p.out = full{} }, args...)
		if code != wrong || !strings.Contains(err, "devbench: no space left") {
			t.Errorf("%q: %d: %s", args, code, err)
		}
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestUsage(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"matmull", `case "matmull": there is no "matmull"; want one of matmul, `},
		{"matmul/q=1", `key "q"; want m (`},
		{"-set slow", `-set "slow": there is none of that name; want one of quick, standard`},
		{"-device tpu", `-device "tpu": there is no such device; want some of cpu`},
		{"-device cuda", `-device "cuda": not available: no driver`},
		{"-device cuda:1", `-device "cuda:1": not available: no driver`},
		{"-device cpu,cpu", `want different names`},
		{"-dtype float16", `-dtype "float16": want float32, float64`},
		{"-dtype= launch", `-dtype "": want float32, float64`},
		{"-dtype float32,float32 launch", `-dtype "float32,float32": want float32, float64`},
		{"-time 0s", `-time 0s: want more than 0`},
		{"-time soon", `time`},
		{"-match ( launch", `-match "("`},
		{"-match matmul launch", `none of the 1 cases does, such as launch`},
		{"-baseline gpu launch", `-baseline "gpu": want one of the devices measured, cpu`},
		{"-fail-on-slower 5% launch", `together with -compare`},
		{"-compare nowhere.json launch", `-compare: open nowhere.json`},
		{"-json - -csv - launch", `-csv -: a FILE takes one of the outputs only`},
		{"-json /nowhere/at/all launch", `-json: open /nowhere/at/all`},
		{"-tiem 3s", `unknown flag --tiem, did you mean "--time"?`},
		{"compare main.go main.go", `main.go is not what devbench -json writes`},
		{"crossover", `a crossover is between two devices, and there is cpu alone; cuda is not available: no driver`},
		{"profile -example mnist", `"digits","charrnn"`},
		{"profile -example digits -steps 0", `-steps 0`},
		{"profile -example digits -batch 1000000", `-batch 1000000: needs 5.16 GiB, free 4 MiB`},
		{"peers -peer blas", `-peer "blas": there is no such peer; want some of openblas, `},
		{"peers -time 0s", `-time 0s: want more than 0`},
	} {
		code, out, err := devbench(t, strings.Fields(c.args)...)
		if code != usage || !strings.Contains(err, c.want) || out != "" {
			t.Errorf("%s: exit code %d, %q, %q; want %d and %q", c.args, code, out, err, usage, c.want)
		}
	}
}

func TestInformation(t *testing.T) {
	for args, want := range map[string]string{
		"list": "cuda is not available: no driver", "-describe": "2·m·n·k", "-version": "\n", "-help": "-compare run.json -fail-on-slower 5%",
	} {
		if code, out, err := devbench(t, args); code != fine || !strings.Contains(out, want) || err != "" {
			t.Errorf("%s: %d, %q, %s; want %q", args, code, out, err, want)
		}
	}
}

func TestWrongResultFailsTheRun(t *testing.T) {
	spoil := func(d device.Device, k device.Kernel) {
		if m, ok := kernels.Pointer(k).(*kernels.MatMul); ok && m.C.Len() > 0 {
			d.Upload(m.C.Slice.Slice(0, 1), device.Bytes([]float32{1e6}))
		}
	}
	code, out, err := with(t, two(spoil), "-time", "1ms", "matmul/m=8")
	if code != wrong || !strings.Contains(out, "WRONG") || !strings.Contains(out, "again: devbench -device gpu:0 -dtype float32 matmul/m=8/n=8/k=8") {
		t.Errorf("%d: %s%s", code, out, err)
	}
}

func TestTwoDevices(t *testing.T) {
	code, out, _ := with(t, two(nil), "-time", "1ms", "-baseline", "gpu:0", "matmul/m=8")
	if code != fine || !strings.Contains(out, "vs gpu:0") || !strings.Contains(out, "×") {
		t.Errorf("%d: %s", code, out)
	}
	code, out, err := with(t, two(nil), "crossover", "-time", "1ms", "-baseline", "gpu", "matmul/m=4,8,16")
	if code != usage || !strings.Contains(err, `-baseline "gpu": want one of the devices measured, cpu, gpu:0`) {
		t.Errorf("%d: %s%s", code, out, err)
	}
	code, out, err = with(t, two(nil), "crossover", "-time", "1ms", "matmul/m=4,8,16")
	if code != fine || !strings.Contains(out, "transfers included") || !strings.Contains(out, "matmul/m=16/n=16/k=16") {
		t.Errorf("%d: %s%s", code, out, err)
	}
}

func TestFailingDevice(t *testing.T) {
	code, out, _ := with(t, func(p *program) {
		p.open = func(string) (device.Device, error) { return nil, errors.New("the driver is asleep") }
	}, "launch")
	if code != wrong || !strings.Contains(out, "FAILED: cannot be opened: the driver is asleep") {
		t.Errorf("%d: %s", code, out)
	}
}

func TestInterrupted(t *testing.T) {
	file := filepath.Join(t.TempDir(), "run.json")
	ctx, cancel := context.WithCancel(t.Context())
	var out, errs bytes.Buffer
	p := newProgram()
	p.out, p.err, p.errPlain = &out, &errs, true
	n := 0
	p.open = func(string) (device.Device, error) {
		d, err := device.Open("cpu")
		return &little{Device: d, name: "cpu", launch: func(k device.Kernel) {
			if f, ok := kernels.Pointer(k).(*kernels.Fill); ok && f.Value == 42 {
				if n++; n == 50000 {
					cancel()
				}
			}
		}}, err
	}
	code := p.run(ctx, []string{"-time", "1h", "-json", file, "launch"})
	r, err := bench.Read(file)
	if code != interrupted || err != nil || !r.Interrupted {
		t.Errorf("%d, %v: %s%s", code, err, out.String(), errs.String())
	}
}

func TestSlowerFailsTheComparison(t *testing.T) {
	dir := t.TempDir()
	write := func(name string, seconds float64) string {
		r := &bench.Report{Schema: 1, Results: []bench.Result{{Device: "cpu", Case: "launch", DType: "float32", OK: true}}}
		for range 10 {
			r.Results[0].Samples = append(r.Results[0].Samples, seconds)
		}
		text, _ := json.Marshal(r)
		os.WriteFile(filepath.Join(dir, name), text, 0o666)
		return filepath.Join(dir, name)
	}
	old, new := write("old", 1), write("new", 1.1)
	for _, c := range []struct {
		args []string
		code int
	}{
		{[]string{"compare", old, new}, fine},
		{[]string{"compare", "-fail-on-slower", "5%", old, new}, slower},
		{[]string{"compare", "-fail-on-slower", "0.2", old, new}, fine},
		{[]string{"compare", "-fail-on-slower", "5%", new, old}, fine},
		{[]string{"compare", "-fail-on-slower", "five", new, old}, usage},
		{[]string{"-time", "1ms", "-compare", old, "-fail-on-slower", "5%", "launch"}, fine},
		{[]string{"-time", "1ms", "-compare", old, "-fail-on-slower", "5%", "matmul/m=8"}, usage}, // nothing to compare
	} {
		if code, out, err := devbench(t, c.args...); code != c.code {
			t.Errorf("%q: %d, want %d: %s%s", c.args, code, c.code, out, err)
		}
	}
}

func TestProfile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "trace.json")
	code, out, err := devbench(t, "profile", "-example", "digits", "-steps", "2", "-batch", "4", "-trace", file)
	if code != fine || !strings.Contains(out, "MatMul") || !strings.Contains(out, "Adam") {
		t.Fatalf("%d: %s%s", code, out, err)
	}
	text, _ := os.ReadFile(file)
	var trace struct {
		TraceEvents []struct {
			Name, Ph string
			Ts, Dur  float64
			Tid      int
			Args     map[string]any
		}
	}
	if err := json.Unmarshal(text, &trace); err != nil {
		t.Fatal(err)
	}
	count := map[string]int{}
	for _, e := range trace.TraceEvents {
		count[e.Name]++
		if e.Ph == "X" && e.Tid == 2 && e.Args["operands"] == "" {
			t.Errorf("%+v has no operands", e)
		}
	}
	// Two layers: two products forward and three backward, none for the input's gradient, in each of two steps.
	if count["step 1"] != 1 || count["step 2"] != 1 || count["step 3"] != 0 || count["MatMul"] != 10 {
		t.Errorf("%v", count)
	}
}

// A peer that is wrong or missing is told of, and the others are measured.
func TestPeers(t *testing.T) {
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	start := `case $1 in
openblas) # which is right: the operands are there, and it copies
	echo ready Copier 1.0
	while read -r what n folder type; do
		case $what$n in
		loadelementwise/op=copy/*) cp "$folder/x" "$folder/out.z"; echo ok ;;
		load*) echo no it copies alone ;;
		*) echo 0.00$n ;;
		esac
	done ;;
mkl)
	echo ready Liar 1.0
	while read -r what n folder type; do : >"$folder/out.z"; echo ok; done ;;
*) echo "there is no $1 for $2 threads" >&2; exit 1 ;;
esac`
	os.WriteFile(filepath.Join(dir, "start"), []byte(start), 0o666)
	code, out, err := devbench(t, "peers", "-dir", dir, "-peer", "openblas,mkl,gonum", "-time", "15ms", "elementwise/op=copy,add/n=1000")
	if code != fine {
		t.Errorf("exit code %d: %s", code, err)
	}
	for _, want := range []string{
		"## elementwise\n\n| case | Keisan | openblas |\n", "- openblas: Copier 1.0\n", "- mkl at elementwise/op=add/n=1000, elementwise/op=copy/n=1000: its results are not those",
		"- gonum could not be had here: it ended: there is no gonum for ",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("there is no %q in:\n%s", want, out)
		}
	}
	if strings.Contains(out, "it copies alone") {
		t.Errorf("what a library is not for is told as a failure:\n%s", out)
	}

	// What is copied is right in the other type too.
	code, out, err = devbench(t, "peers", "-dir", dir, "-peer", "openblas", "-dtype", "float64", "-time", "15ms", "elementwise/op=copy/n=1000")
	if code != fine || !strings.Contains(out, ", in float64.\n") || !strings.Contains(out, "| case | Keisan | openblas |\n") {
		t.Errorf("exit code %d, %s: %s", code, err, out)
	}

	// A page is written anew between its marks alone; one without them is left as it is.
	page := filepath.Join(dir, "page.md")
	args := []string{"peers", "-dir", dir, "-peer", "openblas", "-time", "15ms", "-md", page, "elementwise/op=copy/n=1000"}
	for _, around := range []string{"", "by hand\n"} {
		text, _ := os.ReadFile(page)
		os.WriteFile(page, []byte(around+string(text)+around), 0o666)
		if code, _, err := devbench(t, args...); code != fine {
			t.Errorf("exit code %d: %s", code, err)
		}
		text, _ = os.ReadFile(page)
		if n := strings.Count(string(text), "| elementwise/op=copy/n=1000 |"); n != 1 {
			t.Errorf("the case is there %d times:\n%s", n, text)
		}
		if !strings.HasPrefix(string(text), around+"# Performance\n") || !strings.HasSuffix(string(text), endMark+around) {
			t.Errorf("what stood around is not there any more:\n%s", text)
		}
	}
	os.WriteFile(page, []byte("by hand\n"), 0o666)
	if code, _, err := devbench(t, args...); code != usage || !strings.Contains(err, "has no marks to write between") {
		t.Errorf("exit code %d: %s", code, err)
	}
	if text, _ := os.ReadFile(page); string(text) != "by hand\n" {
		t.Errorf("a page without marks became %q", text)
	}
}

// Crossings and profiles fit a narrow terminal.
func TestNarrow(t *testing.T) {
	narrow := func(p *program) {
		two(nil)(p)
		p.outScreen.Columns = 60
	}
	for _, args := range []string{"crossover -time 1ms matmul/m=4,8,16", "profile -example charrnn -steps 1 -batch 2", "list"} {
		code, out, err := with(t, narrow, strings.Fields(args)...)
		if code != fine {
			t.Errorf("%s: %d: %s", args, code, err)
		}
		for line := range strings.Lines(out) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 60 {
				t.Errorf("%s: a line of %d columns: %s", args, n, line)
			}
		}
	}
}

func TestTwoHyphens(t *testing.T) {
	got := strings.Join(twoHyphens([]string{"-json", "-", "-h", "--csv", "x", "-5", "--", "-md"}), " ")
	if want := "--json - -h --csv x -5 -- -md"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
