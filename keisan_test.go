package keisan

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Who reads about a kernel finds how a CPU and a GPU do it under the same file name.
func TestSameFileNames(t *testing.T) {
	files, err := filepath.Glob("kernels/*.go")
	if err != nil || len(files) == 0 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(text), ") Name() string") || strings.HasSuffix(file, "_test.go") {
			continue
		}
		name := strings.TrimSuffix(filepath.Base(file), ".go")
		for _, other := range []string{"kernels/src/" + name + ".cl", "device/cpu/" + name + ".go", "device/internal/gpu/" + name + ".go"} {
			if _, err := os.Stat(other); err != nil {
				t.Errorf("%s has kernels, and %v", file, err)
			}
		}
	}
}

// A program that imports layers, optim or tensor links no more than it needs: the standard library's basic packages,
// gonum's BLAS and x/sys. What commands and examples use must not reach it.
func TestLibraryStaysLight(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "-f", "{{if not .Standard}}{{.ImportPath}}{{end}}", "./layers", "./optim").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, pkg := range strings.Fields(string(out)) {
		switch {
		case strings.HasPrefix(pkg, "github.com/keisan-go/keisan/"):
		case strings.HasPrefix(pkg, "gonum.org/v1/gonum/blas"), strings.HasPrefix(pkg, "gonum.org/v1/gonum/internal/"):
		case strings.HasPrefix(pkg, "golang.org/x/sys/"):
		default:
			t.Errorf("layers and optim bring in %s", pkg)
		}
	}

	out, err = exec.Command("go", "list", "-deps", "./layers", "./optim").Output()
	if err != nil {
		t.Fatal(err)
	}
	unwanted := map[string]bool{
		"C": true, "encoding/json": true, "flag": true, "html/template": true, "log": true, "math/rand": true,
		"net": true, "net/http": true, "os/exec": true, "runtime/cgo": true, "testing": true,
	}
	for _, pkg := range strings.Fields(string(out)) {
		if unwanted[pkg] {
			t.Errorf("layers and optim bring in %s", pkg)
		}
	}
}

// Imports go one way: examples and commands -> layers, optim -> tensor -> kernels -> device; a backend imports device
// and kernels alone. Whoever draws random numbers imports philox, which imports nothing.
func TestImportsGoOneWay(t *testing.T) {
	const module = "github.com/keisan-go/keisan/"
	allowed := map[string][]string{
		"device":                 {},
		"kernels":                {"device"},
		"device/internal/pool":   {"device"},
		"device/internal/queue":  {"device", "kernels", "device/internal/pool"},
		"device/cpu":             {"device", "kernels", "device/internal/queue", "device/cpu/", "philox"},
		"device/debug":           {"device", "kernels", "device/internal/queue"},
		"device/cuda":            {"device", "kernels", "device/internal/"},
		"device/opencl":          {"device", "kernels", "device/internal/"},
		"tensor":                 {"device", "kernels", "device/cpu"},
		"layers":                 {"device", "kernels", "tensor", "philox"},
		"optim":                  {"device", "kernels", "tensor", "layers"},
		"philox":                 {},
		"data":                   {"device", "philox"},
		"checkpoint":             {"device", "tensor", "layers", "optim", "checkpoint/"},
		"checkpoint/pytorch":     {"device", "tensor", "layers", "checkpoint/"},
		"checkpoint/safetensors": {},
	}
	for pkg, want := range allowed {
		out, err := exec.Command("go", "list", "-f", `{{join .Imports "\n"}}`, "./"+pkg).Output()
		if err != nil {
			t.Fatal(err)
		}
	imports:
		for _, imported := range strings.Fields(string(out)) {
			name, ours := strings.CutPrefix(imported, module)
			if !ours {
				continue
			}
			for _, w := range want {
				if name == w || strings.HasSuffix(w, "/") && strings.HasPrefix(name, w) {
					continue imports
				}
			}
			t.Errorf("%s imports %s, want only %v", pkg, name, want)
		}
	}
}
