//go:build cuda && linux

package cuda

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/keisan-go/keisan/device/internal/lazy/lazytest"
)

func TestNotLinked(t *testing.T) { lazytest.NotLinked(t) }

func TestStartsAnywhere(t *testing.T) {
	lazytest.StartsAnywhere(t, "TestAlone", "cuda=there is no NVIDIA driver", "cuda=libcuda1")
}

func TestAlone(t *testing.T) { lazytest.Unavailable(t, "cpu") }

// TestReasons tells apart what may be wrong with a driver, and with the compiler.
func TestReasons(t *testing.T) {
	dir := fakeDriver(t)
	broken := t.TempDir()
	if err := os.WriteFile(filepath.Join(broken, "libcuda.so.1"), []byte("not a library"), 0o644); err != nil {
		t.Fatal(err)
	}
	libraries, _ := exec.Command("/sbin/ldconfig", "-p").Output()
	for _, test := range []struct{ path, setting, reason string }{
		{broken, "", "the NVIDIA driver's library is broken"},
		{dir, "FAKE_INIT=100", "finds no GPU"},
		{dir, "FAKE_INIT=34", "the toolkit's stub"},
		{dir, "FAKE_INIT=803", "the NVIDIA driver does not start: CUDA error 803"},
		{dir, "FAKE_VERSION=10020", "too old: it supports CUDA 10.2, want 11.2 or newer"},
		{dir, "FAKE_COUNT=0", "finds no GPU"},
		{dir, "", "NVRTC is missing: none of libnvrtc.so.12, libnvrtc.so.11.2 is found"},
		{dir, "FAKE_VERSION=13000", "none of libnvrtc.so.13, libnvrtc.so.12"},
	} {
		if strings.Contains(test.reason, "libnvrtc") && strings.Contains(string(libraries), "libnvrtc") {
			continue // it is installed for all programs
		}
		cmd := lazytest.Again(os.Args[0], "TestAlone", "cuda="+test.reason)
		cmd.Env = append(cmd.Env, "LD_LIBRARY_PATH="+test.path, test.setting)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", test.reason, err, out)
		}
	}
}
