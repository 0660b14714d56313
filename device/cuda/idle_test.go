//go:build cuda && linux

package cuda

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/keisan-go/keisan/device"
	_ "github.com/keisan-go/keisan/device/cpu"
	"github.com/keisan-go/keisan/device/devicetest"
	"github.com/keisan-go/keisan/device/internal/gpu"
	"github.com/keisan-go/keisan/device/internal/lazy"
	"github.com/keisan-go/keisan/layers/layertest"
)

// fakeDriver is a folder with the CUDA driver in testdata/driver.c.
func fakeDriver(t *testing.T) string {
	dir := t.TempDir()
	args := append([]string{"-shared", "-fPIC", "-o", filepath.Join(dir, "libcuda.so.1"), "testdata/driver.c"}, strings.Fields(os.Getenv("CGO_CFLAGS"))...)
	if out, err := exec.Command("gcc", args...).CombinedOutput(); err != nil {
		t.Skipf("%v\n%s", err, out)
	}
	return dir
}

// again runs a test of this program in a process of its own, with the CUDA driver in testdata/driver.c.
func again(t *testing.T, test string, env ...string) {
	t.Helper()
	dir := fakeDriver(t)
	if err := lazy.NVRTC("libnvrtc.so.12", "libnvrtc.so.11.2"); err != nil {
		if slices.Contains(strings.Split(os.Getenv("KEISAN_REQUIRE"), ","), "nvrtc") {
			t.Fatalf("KEISAN_REQUIRE has nvrtc: %v", err)
		}
		t.Skip(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^"+test+"$", "-test.skip", "./Queue/allocations", "-test.v")
	if testing.Short() {
		cmd.Args = append(cmd.Args, "-test.short")
	}
	cmd.Env = append(append(os.Environ(), "FAKE_DRIVER="+test, "LD_LIBRARY_PATH="+dir+":"+os.Getenv("LD_LIBRARY_PATH")), env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	for _, line := range strings.Split(string(out), "\n") {
		if strings.Contains(line, " launches ") {
			t.Log(strings.TrimSpace(line))
		}
	}
}

func onFake(t *testing.T) {
	if os.Getenv("FAKE_DRIVER") != t.Name() {
		t.Skip("another test runs it, in a process of its own")
	}
}

// TestLaunches runs the suites for kernels and layers on the CPU, and has the CUDA driver do each launch as well, on a GPU
// that computes nothing: checked says what must be right about a launch.
func TestLaunches(t *testing.T) {
	again(t, "TestConformanceOnFake")
	again(t, "TestLayersOnFake")
}

func TestConformanceOnFake(t *testing.T) {
	onFake(t)
	checkLaunches(t, devicetest.Run)
}

func TestLayersOnFake(t *testing.T) {
	onFake(t)
	checkLaunches(t, layertest.Run)
}

func checkLaunches(t *testing.T, suite func(*testing.T, func() (device.Device, error))) {
	if _, err := devices(); err != nil {
		t.Fatal(err)
	}
	c := &counts{ptx: map[string]string{}}
	var mu sync.Mutex
	suite(t, func() (device.Device, error) {
		mu.Lock()
		defer mu.Unlock()
		cpu, err := device.Open("cpu")
		if err != nil {
			return nil, err
		}
		d, err := open(0)
		if err != nil {
			return nil, err
		}
		return &mirror{Device: cpu, second: gpu.New(newChecked(d, c)), twins: map[*device.Memory]device.Slice{}}, nil
	})
	if len(c.ptx) < 20 || c.launches < 1000 {
		t.Errorf("only %d variants and %d launches", len(c.ptx), c.launches)
	}
	t.Logf("%d launches of %d variants, %d arrays within their buffers", c.launches, len(c.ptx), c.extents)
}
