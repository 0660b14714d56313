package host

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/keisan-go/keisan/cmd/devbench/internal/bench"
)

// What Linux tells in its files becomes warnings.
func TestDescribe(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"proc/meminfo":          "MemTotal:       16000000 kB\nMemFree: 1 kB\nMemAvailable:    8000000 kB\n",
		"proc/loadavg":          "3.25 1.00 0.50 2/300 4000\n",
		"sys/fs/cgroup/cpu.max": "150000 100000\n",
		"sys/devices/system/cpu/cpu0/cpufreq/scaling_governor":             "powersave\n",
		"sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count": "7\n",
		"sys/class/power_supply/BAT0/type":                                 "Battery\n",
		"sys/class/power_supply/BAT0/status":                               "Discharging\n",
	} {
		file := filepath.Join(root, name)
		os.MkdirAll(filepath.Dir(file), 0o777)
		os.WriteFile(file, []byte(text), 0o666)
	}
	h := describe(root, bench.Host{Processors: 8, GOMAXPROCS: 4})
	want := []string{
		"GOMAXPROCS is 4 on 8 processors",
		"the control group grants 1.5 of 8 processors, by stopping the program now and then",
		`the processor's governor is "powersave": its clock frequency varies`,
		"the load average is 3.25: something else is running",
		"the machine runs on battery",
		"the processor was slowed down for its heat 7 times since it started",
	}
	if !slices.Equal(h.Warnings, want) {
		t.Errorf("%q, want %q", h.Warnings, want)
	}
	if h.Memory != 16000000<<10 || h.Free != 8000000<<10 {
		t.Errorf("memory %d, free %d", h.Memory, h.Free)
	}

	// A system that tells nothing is no reason to warn.
	if h := describe(t.TempDir(), bench.Host{Processors: 8, GOMAXPROCS: 8}); len(h.Warnings) != 0 || h.Warnings == nil {
		t.Errorf("%q", h.Warnings)
	}
	if d := Describe(); d.Go == "" || d.Processors < 1 {
		t.Errorf("%+v", d)
	}
}

// The least that machine, control group and ulimit leave is free.
func TestFree(t *testing.T) {
	root := t.TempDir()
	for _, step := range []struct {
		name, text string
		want       float64
	}{
		{"proc/meminfo", "MemAvailable:    8000000 kB\n", 8000000 << 10},
		{"sys/fs/cgroup/memory.stat", "anon 1000\nfile 5000\n", 8000000 << 10},
		{"sys/fs/cgroup/memory.max", "max\n", 8000000 << 10},
		{"sys/fs/cgroup/memory.max", "2000001000\n", 2e9},
		{"proc/self/status", "VmPeak:  9 kB\nVmSize:  1000 kB\n", 2e9},
		{"proc/self/limits", "Max data size  7 7 bytes\nMax address space         unlimited            unlimited            bytes\n", 2e9},
		{"proc/self/limits", "Max address space         3000000              3000000              bytes\n", 3000000 - 1000<<10},
		{"proc/self/status", "VmSize:  1000000 kB\n", 0},
	} {
		file := filepath.Join(root, step.name)
		os.MkdirAll(filepath.Dir(file), 0o777)
		os.WriteFile(file, []byte(step.text), 0o666)
		if got := free(root); got != step.want {
			t.Errorf("with %s %q: %g free, want %g", step.name, step.text, got, step.want)
		}
	}
}
