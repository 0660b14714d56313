//go:build linux

// Package lazytest tests that a program with the bindings of CUDA and OpenCL needs neither to start.
package lazytest

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/keisan-go/keisan/device"
)

// NotLinked finds that the loader is not asked for a library of CUDA's or OpenCL's.
func NotLinked(t *testing.T) {
	f, err := elf.Open(os.Args[0])
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	libraries, err := f.ImportedLibraries()
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range libraries {
		if regexp.MustCompile(`OpenCL|cuda|nvrtc|cublas`).MatchString(l) {
			t.Errorf("the program needs %s: a function is missing in the tables of device/internal/lazy, or the binding was linked before", l)
		}
	}
}

// StartsAnywhere runs a test of this program where there is nothing but the C library. The test should call Unavailable,
// for each backend that reasons tells of: "opencl=there is no OpenCL loader".
func StartsAnywhere(t *testing.T, test string, reasons ...string) {
	if os.Getuid() != 0 {
		t.Skip("only root may change the root directory")
	}
	root := t.TempDir()
	put := func(file, as string) {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(filepath.Join(root, as)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(root, as), content, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	needed, err := exec.Command("ldd", os.Args[0]).Output()
	if err != nil {
		t.Skip(err)
	}
	for _, file := range regexp.MustCompile(`/\S+`).FindAllString(string(needed), -1) {
		put(file, file)
	}
	put(os.Args[0], "/program")
	cmd := Again("/program", test, reasons...)
	cmd.Dir, cmd.SysProcAttr = "/", &syscall.SysProcAttr{Chroot: root}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

const reasonsEnv = "KEISAN_TEST_REASONS"

// Again is a program's test in a process of its own with an empty environment, for reasons as in StartsAnywhere.
func Again(program, test string, reasons ...string) *exec.Cmd {
	cmd := exec.Command(program, "-test.run", "^"+test+"$")
	cmd.Env = []string{reasonsEnv + "=" + strings.Join(reasons, "\n")}
	return cmd
}

// Unavailable finds that the backends that Again was told of are not available, for a reason with these words in it, and
// that the list says what to install; and that a device that opens works.
func Unavailable(t *testing.T, opens string) {
	reasons := os.Getenv(reasonsEnv)
	if reasons == "" {
		t.Skip("other tests run it, in a process of its own")
	}
	for _, reason := range strings.Split(reasons, "\n") {
		backend, want, _ := strings.Cut(reason, "=")
		found := false
		for _, info := range device.List() {
			if name, _, _ := strings.Cut(info.Name, ":"); name != backend {
				continue
			}
			found = true
			if !strings.Contains(info.Unavailable, want) || !strings.Contains(info.Unavailable, "install") {
				t.Errorf("%+v: want %q, and what to install, in the reason", info, want)
			}
		}
		if !found {
			t.Errorf("%s is not listed", backend)
		}
		if d, err := device.Open(backend); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Open of %s returns %v, %v, want %q", backend, d, err, want)
		}
	}
	d, err := device.Open(opens)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}
