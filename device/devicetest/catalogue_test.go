package devicetest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/keisan-go/keisan/device"
)

// cases is how many cases each group has. A change of the suite changes it, and no case vanishes unseen.
var cases = map[string]int{
	"MatMul":                  41080,
	"SumRows":                 528,
	"Activate":                306,
	"ActivateGrad":            520,
	"Binary":                  924,
	"BinaryGrad":              1692,
	"Softmax":                 714,
	"SoftmaxGrad":             600,
	"SoftmaxCrossEntropy":     1428,
	"SoftmaxCrossEntropyGrad": 600,
	"RNN":                     8684,
	"RNNGrad":                 9604,
	"LSTM":                    3680,
	"LSTMGrad":                4600,
	"GRU":                     7360,
	"GRUGrad":                 9200,
	"SGD":                     416,
	"AdaGrad":                 208,
	"RMSprop":                 208,
	"Adam":                    520,
	"SumSquares":              424,
	"ClipNorm":                480,
	"Copy":                    108,
	"CopyColumns":             32,
	"Fill":                    480,
	"Gather":                  272,
	"ScatterAdd":              272,
	"Dropout":                 408,
	"ElementLoss":             372,
	"ElementLossGrad":         364,
	"LayerNorm":               484,
	"LayerNormGrad":           200,
	"Workers":                 680,
	"Invariance":              18,
	"Memory":                  3,
	"Queue":                   6,
	"Failure":                 5,
	"Misuse":                  50,
}

func TestCases(t *testing.T) {
	got := map[string]int{}
	total := 0
	for _, g := range groups([]device.DType{device.Float32, device.Float64}, false) {
		for _, c := range g.checks {
			got[g.name] += c.cases
			total += c.cases
		}
	}
	for name := range maps.Keys(got) {
		if got[name] != cases[name] {
			t.Errorf("%q: %d, not %d", name, got[name], cases[name])
		}
	}
	if len(got) != len(cases) {
		t.Errorf("there are %d groups, not %d", len(got), len(cases))
	}
	if total < 20_000 {
		t.Errorf("%d cases, want 20,000 or more", total)
	}
}

// TestEveryKernel finds the kernels in the source of package kernels: each must have its trials, large ones among them,
// and a small one with all operands; and mistakes that these find.
func TestEveryKernel(t *testing.T) {
	var declared []string
	files, err := filepath.Glob("../../kernels/*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, source, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && f.Recv != nil && f.Name.Name == "Operands" {
				kernel := f.Recv.List[0].Type
				if pointer, ok := kernel.(*ast.StarExpr); ok {
					kernel = pointer.X
				}
				declared = append(declared, kernel.(*ast.Ident).Name)
			}
		}
	}
	var tested []string
	for _, f := range families {
		tested = append(tested, f.kernel)
		for _, dtype := range []device.DType{device.Float32, device.Float64} {
			large := 0
			for _, tr := range f.trials(dtype) {
				if tr.kernel.Name() != f.kernel || tr.dtype != dtype {
					t.Fatalf("among the trials of %s in %v: %v", f.kernel, dtype, tr)
				}
				if tr.large() {
					large++
				}
			}
			if large == 0 {
				t.Errorf("%s in %v has no trial that is worth several processors", f.kernel, dtype)
			}
		}
		sample := f.sample(device.Float32)
		if sample == nil {
			t.Errorf("%s has no small trial with all operands", f.kernel)
		} else if got, want := len(sample.operands), len(sample.kernel.Operands(nil)); got != want {
			t.Errorf("the sample %v has %d operands of %d", sample, got, want)
		}
		if !slices.ContainsFunc(faults, func(planted fault) bool { return planted.by == f.kernel }) {
			t.Errorf("%s has no planted faults", f.kernel)
		}
	}
	for _, kernel := range declared {
		if !slices.Contains(tested, kernel) {
			t.Errorf("package kernels has %s, and families has not", kernel)
		}
	}
	if len(tested) != len(declared) {
		t.Errorf("package kernels has %d kernels, families %d", len(declared), len(tested))
	}
}

// TestNames looks for two trials of one name, which would get the same numbers and could not be told apart.
func TestNames(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range families {
		for _, tr := range f.trials(device.Float32) {
			if seen[tr.String()] {
				t.Errorf("%v is there twice", tr)
			}
			seen[tr.String()] = true
		}
	}
}

// TestExact holds the exact functions against each other and against what is known.
func TestExact(t *testing.T) {
	for _, c := range []struct{ got, want float64 }{
		{first(exactSigmoid(0)), 0.5}, {first(exactTanh(0)), 0}, {first(exactTanh(1)), 0.7615941559557649},
		{first(exactSigmoid(1)), 0.7310585786300049}, {first(exactSigmoid(-745)), 5e-324}, {first(exactTanh(0x1p-29)), 0x1p-29},
	} {
		if c.got != c.want {
			t.Errorf("got %v, want %v", c.got, c.want)
		}
	}
}

func first(hi, _ float64) float64 { return hi }
