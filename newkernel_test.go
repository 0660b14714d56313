package keisan

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestNewKernel follows docs/new-kernel.md: it adds the page's files and lines to the source, laid over what is on the disk,
// and runs what the page says that they pass in the default build.
func TestNewKernel(t *testing.T) {
	if testing.Short() {
		t.Skip("it builds much that is not in the cache")
	}
	page, err := os.ReadFile("docs/new-kernel.md")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	replace := map[string]string{}
	put := func(name, text string) {
		to := filepath.Join(dir, strings.ReplaceAll(name, "/", "_"))
		if err := os.WriteFile(to, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		from, err := filepath.Abs(name)
		if err != nil {
			t.Fatal(err)
		}
		replace[from] = to
	}
	for _, m := range regexp.MustCompile("(?s)`([\\w/.]+)`:\n```(?:go|c)\n(.*?)```\n").FindAllStringSubmatch(string(page), -1) {
		put(m[1], m[2])
	}
	for _, m := range regexp.MustCompile("(?s)```diff\n(.*?)```\n").FindAllStringSubmatch(string(page), -1) {
		for _, file := range strings.Split("\n"+m[1], "\n--- ")[1:] {
			name, hunks, _ := strings.Cut(file, "\n")
			source, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			text := string(source)
			for _, hunk := range strings.Split(hunks, "@@\n") {
				text = patched(t, name, text, hunk)
			}
			put(name, text)
		}
	}
	if len(replace) < 10 {
		t.Fatalf("the page has only %d files", len(replace))
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	put("overlay.json", string(overlay))
	for _, args := range [][]string{
		{"-run", "Fitting|Operands|Check|Cost", "./kernels"},
		{"-run", "TestConformance/Clamp", "./device/cpu"},
		{"-run", "TestNames|TestFaults/Clamp|TestShadow.*/Clamp", "./device/devicetest"},
		{"-run", "TestGeometry", "./device/internal/gpu"},
	} {
		args = append([]string{"test", "-short", "-overlay", filepath.Join(dir, "overlay.json")}, args...)
		if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
			t.Errorf("go %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
}

// patched is a file's text with the lines of a hunk added and removed. Its other lines are in the file, once.
func patched(t *testing.T, name, text, hunk string) string {
	var before, after string
	for line := range strings.Lines(hunk) {
		if line[0] != '+' {
			before += line[1:]
		}
		if line[0] != '-' {
			after += line[1:]
		}
	}
	if n := strings.Count(text, "\n"+before); n != 1 {
		t.Fatalf("%s has this %d times, want once:\n%s", name, n, before)
	}
	return strings.Replace(text, "\n"+before, "\n"+after, 1)
}
