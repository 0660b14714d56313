//go:build opencl && linux

package opencl_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/devicetest"
	"github.com/keisan-go/keisan/device/internal/gpu"
	"github.com/keisan-go/keisan/device/internal/gpu/gputest"
	"github.com/keisan-go/keisan/device/opencl"
	"github.com/keisan-go/keisan/kernels"
)

// small is sizes of the conformance suite that Oclgrind, which interprets the kernels, gets through in a minute.
const small = "^(3x3x17|17x3|17|17,17|3x5|3x5,3x1|3x5,5|2x3x4,1x3x1|2x3x3x5)$"

// TestOclgrind runs every kernel under Oclgrind, an interpreter that watches each access to memory: it must see none out
// of bounds, and no two work-items that race. (Its check for values never written does not know all instructions of the
// compiler that it is built with; the conformance suite fills memory with NaN instead.)
func TestOclgrind(t *testing.T) {
	log, out, err := underOclgrind(t, "^TestInOclgrind$/././^float/"+small, "")
	if err != nil || log != "" {
		t.Errorf("%v\n%s\n%s", err, out, log)
	}
}

// TestOclgrindComplains plants mistakes that Oclgrind is there to find.
func TestOclgrindComplains(t *testing.T) {
	for name, m := range planted {
		t.Run(name, func(t *testing.T) {
			if log, out, _ := underOclgrind(t, "^TestInOclgrind$/"+m.class+"/"+m.kernel+"/float32/"+m.size, name); !strings.Contains(log, m.complaint) {
				t.Errorf("it does not say %q, but\n%s\n%s", m.complaint, log, out)
			}
		})
	}
}

var planted = map[string]struct {
	*mutant
	size, complaint string
}{
	"a barrier less": {&mutant{class: "GPU", kernel: "MatMul", file: "matmul",
		from: "STORE_PIECES(slab_b, next_b, BN, b_k)\n\t\tSYNC;", to: "STORE_PIECES(slab_b, next_b, BN, b_k)"}, "^3x3x17$", "data race"},
	"a barrier less between slabs": {&mutant{class: "GPU", kernel: "MatMul", file: "matmul",
		from: "sum[i][j]);\n\t\t}\n\t\tSYNC;", to: "sum[i][j]);\n\t\t}"}, "^3x3x17$", "data race"},
	"a barrier less in a recurrence": {&mutant{class: "GPU", kernel: "rest", file: "recurrence",
		from: "put(vector, next);\n\t\tSYNC;", to: "put(vector, next);"}, "", "data race"},
	"an index too far": {&mutant{class: "CPU", kernel: "Copy", file: "copy",
		from: "dst[i] = src[i];", to: "dst[i] = src[i + 1000 * n];"}, "^17,17$", "Invalid read"},
}

// underOclgrind runs tests of this program where Oclgrind is the one driver there is, with a mistake planted, and returns
// what Oclgrind says and what the tests do.
func underOclgrind(t *testing.T, run, plant string) (log, out string, err error) {
	t.Helper()
	program, err := exec.LookPath("oclgrind")
	if err != nil {
		if slices.Contains(strings.Split(os.Getenv("KEISAN_REQUIRE"), ","), "oclgrind") {
			t.Fatalf("KEISAN_REQUIRE has oclgrind: %v", err)
		}
		t.Skip(err)
	}
	logFile := filepath.Join(t.TempDir(), "log")
	cmd := exec.Command(os.Args[0], "-test.short", "-test.timeout=10m", "-test.run", run)
	cmd.Env = append(os.Environ(), "KEISAN_REQUIRE=opencl", "KEISAN_OCLGRIND=1", "KEISAN_PLANT="+plant,
		"OCL_ICD_VENDORS="+filepath.Join(filepath.Dir(program), "../lib/oclgrind/liboclgrind-rt-icd.so"), "OCLGRIND_LOG="+logFile,
		"OCLGRIND_DATA_RACES=1", "OCLGRIND_CHECK_API=1", "OCLGRIND_COMPUTE_UNITS=2", "OCLGRIND_MAX_ERRORS=5")
	output, err := cmd.CombinedOutput()
	said, e := os.ReadFile(logFile)
	if e != nil {
		t.Fatalf("Oclgrind did not run: %v, %v\n%s", e, err, output)
	}
	return string(said), string(output), err
}

// TestInOclgrind is what runs there: the conformance suite as a CPU and as a GPU, and what its small cases do not reach.
func TestInOclgrind(t *testing.T) {
	if os.Getenv("KEISAN_OCLGRIND") == "" {
		t.Skip("TestOclgrind runs it")
	}
	launched := map[string]bool{}
	for _, kind := range []device.Kind{device.CPU, device.GPU} {
		t.Run(strings.ToUpper(string(kind)), func(t *testing.T) {
			open := func(items, units int) (device.Device, error) {
				driver, err := opencl.OpenDriver(kind)
				if err != nil {
					return nil, err
				}
				limits := driver.Limits()
				limits.Items, limits.Info.Units = items, units
				driver = &limited{planted[os.Getenv("KEISAN_PLANT")].plant(driver), limits}
				return gpu.New(&witness{driver, string(kind), launched}), nil
			}
			devicetest.Run(t, func() (device.Device, error) { return open(8, 2) }) // in groups so small that it does not take hours
			t.Run("rest", func(t *testing.T) { rest(t, open) })
		})
	}
	t.Run("functions", func(t *testing.T) {
		t.Run("all", func(t *testing.T) { everyFunction(t, launched) })
	})
}

// A witness is a driver that notes the functions that it launches, by name, type and kind of device.
type witness struct {
	gpu.Driver
	kind     string
	launched map[string]bool
}

type witnessed struct {
	gpu.Program
	of string
}

type function struct {
	gpu.Function
	name string
}

func (w *witness) Compile(defines, source string) (gpu.Program, error) {
	p, err := w.Driver.Compile(defines, source)
	t := device.Float32
	if strings.Contains(defines, "#define DOUBLE 1\n") {
		t = device.Float64
	}
	return witnessed{p, fmt.Sprintf(" in %v for a %s", t, w.kind)}, err
}

func (p witnessed) Function(name string) (gpu.Function, error) {
	f, err := p.Program.Function(name)
	return function{f, name + p.of}, err
}

func (w *witness) Launch(f gpu.Function, groups, items [2]int, args []gpu.Arg) error {
	w.launched[f.(function).name] = true
	return w.Driver.Launch(f.(function).Function, groups, items, args)
}

// Residency is one group, since Oclgrind runs one after the other.
func (w *witness) Residency(gpu.Function, int) (int, error) { return 1, nil }

// everyFunction finds that each KERNEL in the sources was launched, in each type, as a CPU and as a GPU, but for those that
// are there for one of them.
func everyFunction(t *testing.T, launched map[string]bool) {
	only := map[string]device.Kind{"pack": device.CPU, "products": device.CPU, "binary_grad_team": device.GPU, "scatter_links": device.GPU}
	for _, name := range []string{"rnn_steps", "lstm_steps", "gru_steps"} {
		only[name], only[name+"_back"] = device.GPU, device.GPU
	}
	for _, file := range sources(t) {
		for _, m := range regexp.MustCompile(`(?m)^KERNEL void (\w+)\(`).FindAllStringSubmatch(file, -1) {
			for _, dtype := range []device.DType{device.Float32, device.Float64} {
				for _, kind := range []device.Kind{device.CPU, device.GPU} {
					what := fmt.Sprintf("%s in %v for a %s", m[1], dtype, kind)
					if there := only[m[1]] == "" || only[m[1]] == kind; there != launched[what] {
						t.Errorf("%s: launched %v, want %v", what, launched[what], there)
					}
				}
			}
		}
	}
}

// sources is the kernels' files.
func sources(t *testing.T) map[string]string {
	names, err := kernels.Source.ReadDir("src")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, n := range names {
		text, err := kernels.Source.ReadFile("src/" + n.Name())
		if err != nil {
			t.Fatal(err)
		}
		all[strings.TrimSuffix(n.Name(), ".cl")] = string(text)
	}
	return all
}

// rest is what those sizes do not reach: each tiling of a GPU, with an edge both ways and terms beyond a slab, aligned
// operands, a CPU that packs both, multiply-adds alone, sums by large groups, and recurrences by one group.
func rest(t *testing.T, open func(items, units int) (device.Device, error)) {
	d, err := open(256, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	for _, dtype := range []device.DType{device.Float32, device.Float64} {
		for i, size := range [][3]int{{65, 129, 9}, {33, 65, 17}, {17, 65, 17}, {17, 33, 33}, {9, 33, 33}, {12, 36, 8}, {7, 150, 260}, {7, 150, 260}} {
			m, n, k := size[0], size[1], size[2]
			mul := kernels.MatMul{C: zeros(d, dtype, m, n), A: zeros(d, dtype, m, k), B: zeros(d, dtype, k, n), Acc: true}
			if i&1 != 0 {
				mul.TransA, mul.A.Shape = true, []int{k, m}
			}
			if i&2 != 0 {
				mul.TransB, mul.B.Shape = true, []int{n, k}
			}
			d.Launch(mul)
		}
		d.(interface {
			MultiplyAdds(t device.DType, rounds int) int64
		}).MultiplyAdds(dtype, 1)
		y := zeros(d, dtype, 1100)
		d.Launch(kernels.BinaryGrad{Op: kernels.Mul, DX: zeros(d, dtype, 1), DY: zeros(d, dtype, 1100), DZ: y, X: zeros(d, dtype, 1), Y: y})
	}
	d.Launch(kernels.SumRows{Y: zeros(d, device.Float32, 40), X: zeros(d, device.Float32, 20, 40)})
	if err := d.Sync(); err != nil {
		t.Error(err)
	}
	one, err := open(64, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer one.Close()
	for _, kind := range []string{"RNN", "LSTM", "GRU"} {
		for _, dtype := range []device.DType{device.Float32, device.Float64} {
			l := layer{kind: kind, dtype: dtype, f: kernels.Tanh, steps: 3, batch: 3, hidden: 5, lengths: true, last: true, biased: true}
			l.train(t, one, new(gputest.Watch))
		}
	}
}
