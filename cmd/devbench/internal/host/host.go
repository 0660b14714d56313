// Package host describes the machine, and what about it may disturb a measurement. What a system does not tell is left out.
package host

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"

	"github.com/klauspost/cpuid/v2"

	"github.com/keisan-go/keisan/cmd/devbench/internal/bench"
)

// Describe describes the machine as it is now.
func Describe() bench.Host {
	return describe("/", bench.Host{
		OS: runtime.GOOS, Arch: runtime.GOARCH, Go: runtime.Version(),
		CPU: strings.TrimSpace(cpuid.CPU.BrandName), Features: features(),
		Processors: runtime.NumCPU(), GOMAXPROCS: runtime.GOMAXPROCS(0),
	})
}

// describe adds what Linux tells in files below root.
func describe(root string, h bench.Host) bench.Host {
	h.Warnings = []string{}
	warn := func(format string, args ...any) { h.Warnings = append(h.Warnings, fmt.Sprintf(format, args...)) }
	read := func(name string) string {
		text, _ := os.ReadFile(filepath.Join(root, name))
		return strings.TrimSpace(string(text))
	}

	h.Memory, h.Free = memory(read("proc/meminfo"))
	if h.CPU == "" {
		h.CPU = field(read("proc/cpuinfo"), "model name")
	}
	if h.GOMAXPROCS < h.Processors {
		warn("GOMAXPROCS is %d on %d processors", h.GOMAXPROCS, h.Processors)
	}
	if quota, period, ok := strings.Cut(read("sys/fs/cgroup/cpu.max"), " "); ok && quota != "max" {
		q, _ := strconv.ParseFloat(quota, 64)
		p, _ := strconv.ParseFloat(period, 64)
		if q > 0 && p > 0 && q/p < float64(h.Processors) {
			h.Quota = q / p
			warn("the control group grants %.3g of %d processors, by stopping the program now and then", h.Quota, h.Processors)
		}
	}
	if h.Governor = read("sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"); h.Governor != "" && h.Governor != "performance" {
		warn("the processor's governor is %q: its clock frequency varies", h.Governor)
	}
	h.Load, _ = strconv.ParseFloat(strings.SplitN(read("proc/loadavg"), " ", 2)[0], 64)
	if h.Load > 0.5+0.1*float64(h.Processors) {
		warn("the load average is %.2f: something else is running", h.Load)
	}
	supplies, _ := filepath.Glob(filepath.Join(root, "sys/class/power_supply/*/type"))
	for _, supply := range supplies {
		dir, _ := filepath.Rel(root, filepath.Dir(supply))
		if read(filepath.Join(dir, "type")) == "Battery" && read(filepath.Join(dir, "status")) == "Discharging" {
			warn("the machine runs on battery")
			break
		}
	}
	if count, _ := strconv.Atoi(read("sys/devices/system/cpu/cpu0/thermal_throttle/core_throttle_count")); count > 0 {
		warn("the processor was slowed down for its heat %d times since it started", count)
	}
	return h
}

// Free is the bytes of memory that this program may still take; a guess where the system does not tell.
func Free() float64 { return free("/") }

// free is the least that the machine, the control group and the limit of the program's own address space leave.
func free(root string) float64 {
	read := func(name string) string {
		text, _ := os.ReadFile(filepath.Join(root, name))
		return strings.TrimSpace(string(text))
	}
	least := float64(16 << 30)
	if _, free := memory(read("proc/meminfo")); free > 0 {
		least = float64(free)
	}
	leaves := func(limit string, used int64) {
		if n, err := strconv.ParseFloat(limit, 64); err == nil { // "max" and "unlimited" are none
			least = min(least, max(0, n-float64(used)))
		}
	}
	for line := range strings.Lines(read("sys/fs/cgroup/memory.stat")) {
		if text, ok := strings.CutPrefix(line, "anon "); ok { // the rest is given back when it is wanted
			used, _ := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
			leaves(read("sys/fs/cgroup/memory.max"), used)
		}
	}
	for line := range strings.Lines(read("proc/self/limits")) {
		if text, ok := strings.CutPrefix(line, "Max address space"); ok { // ulimit -v
			leaves(strings.Fields(text + " -")[0], kilobytes(read("proc/self/status"), "VmSize"))
		}
	}
	return least
}

func memory(meminfo string) (total, free int64) {
	return kilobytes(meminfo, "MemTotal"), kilobytes(meminfo, "MemAvailable")
}

// kilobytes is the bytes of a line "key : n kB".
func kilobytes(text, key string) int64 {
	n, _ := strconv.ParseInt(strings.TrimSuffix(field(text, key), " kB"), 10, 64)
	return n << 10
}

// field is the value of the first line "key : value".
func field(text, key string) string {
	for line := range strings.Lines(text) {
		if k, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == key {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// features is the processor's widest vectors.
func features() string {
	switch c := cpuid.CPU; {
	case c.Supports(cpuid.AVX512F, cpuid.AVX512DQ, cpuid.AVX512BW, cpuid.AVX512VL):
		return "AVX-512"
	case c.Supports(cpuid.AVX2, cpuid.FMA3):
		return "AVX2"
	case c.Supports(cpuid.AVX):
		return "AVX"
	case c.Supports(cpuid.SVE):
		return "SVE"
	case c.Supports(cpuid.ASIMD):
		return "NEON"
	}
	return ""
}
