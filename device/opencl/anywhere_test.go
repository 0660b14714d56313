//go:build opencl && linux

package opencl_test

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

// TestNotLinked finds that the loader is not asked for an OpenCL library.
func TestNotLinked(t *testing.T) {
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
		if strings.Contains(l, "OpenCL") {
			t.Errorf("the program needs %s: a function is missing in device/internal/lazy/opencl_table.h, or the binding was linked before", l)
		}
	}
}

// TestStartsAnywhere starts this program where there is nothing but the C library: the CPU works, and the list of devices
// tells what is missing.
func TestStartsAnywhere(t *testing.T) {
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

	cmd := exec.Command("/program", "-test.run", "^TestAlone$")
	cmd.Dir, cmd.SysProcAttr = "/", &syscall.SysProcAttr{Chroot: root}
	cmd.Env = []string{"KEISAN_ALONE=there is no OpenCL loader"}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestNoDriver starts this program where the OpenCL loader knows no driver.
func TestNoDriver(t *testing.T) {
	if (device.List()[0].Unavailable) != "" && strings.Contains(device.List()[0].Unavailable, "no OpenCL loader") {
		t.Skip(device.List()[0].Unavailable)
	}
	cmd := exec.Command(os.Args[0], "-test.run", "^TestAlone$")
	cmd.Env = append(os.Environ(), "OCL_ICD_VENDORS="+t.TempDir(), "KEISAN_ALONE=the OpenCL loader finds no driver")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestAlone looks for OpenCL where there is none.
func TestAlone(t *testing.T) {
	want := os.Getenv("KEISAN_ALONE")
	if want == "" {
		t.Skip("TestStartsAnywhere and TestNoDriver run it")
	}
	found := false
	for _, info := range device.List() {
		if info.Name == "opencl" {
			found = true
			for _, want := range []string{want, "install", "pocl-opencl-icd"} {
				if !strings.Contains(info.Unavailable, want) {
					t.Errorf("%+v: want %q in the reason", info, want)
				}
			}
		}
	}
	if !found {
		t.Error("opencl is not listed")
	}
	if d, err := device.Open("opencl:0"); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("Open returns %v, %v, want %q", d, err, want)
	}
	d, err := device.Open("cpu")
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}
