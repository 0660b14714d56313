//go:build cuda

package cuda

// #include <nvrtc.h>
// #include <stdint.h>
// static nvrtcResult cubin_size(uintptr_t program, size_t *size) { return nvrtcGetCUBINSize((nvrtcProgram)program, size); }
// static nvrtcResult cubin(uintptr_t program, char *image) { return nvrtcGetCUBIN((nvrtcProgram)program, image); }
import "C"

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"unsafe"

	"gorgonia.org/cu/nvrtc"

	"github.com/keisan-go/keisan/device/internal/lazy"
)

// A compiler is a version of NVRTC, with the architectures that it knows, in ascending order.
type compiler struct {
	version version
	archs   []int
}

// nvrtcLoaded loads the NVRTC that fits the driver, once.
var nvrtcLoaded = sync.OnceValues(func() (compiler, error) { return loadNVRTC(driverVersion()) })

// libraries is the names of a library's versions that a driver can do with, its own major version first: what older ones
// make runs too, what newer ones make need not.
func libraries(driver version, names map[int]string) []string {
	var files []string
	for major := driver.major(); major > 0; major-- {
		if name := names[major]; name != "" {
			files = append(files, name)
		}
	}
	return files
}

func loadNVRTC(driver version) (c compiler, err error) {
	files := libraries(driver, map[int]string{13: "libnvrtc.so.13", 12: "libnvrtc.so.12", 11: "libnvrtc.so.11.2"})
	if err := lazy.NVRTC(files...); err != nil {
		reason := "none of " + strings.Join(files, ", ") + " is found"
		if broken := strings.Split(err.Error(), "\n"); slices.ContainsFunc(broken, func(s string) bool { return !strings.Contains(s, "No such file") }) {
			reason = strings.Join(broken, "; ")
		}
		return c, fmt.Errorf("CUDA's compiler NVRTC is missing: %s; install libnvrtc11.2 (Debian and Ubuntu), cuda-nvrtc-12-8 (NVIDIA's packages), or the wheel nvidia-cuda-nvrtc-cu12 with its lib folder in LD_LIBRARY_PATH", reason)
	}
	major, minor, err := nvrtc.Version()
	if err != nil {
		return c, fmt.Errorf("NVRTC does not tell its version: %w", err)
	}
	c.version = version(1000*major + 10*minor)
	var n C.int
	if code := C.nvrtcGetNumSupportedArchs(&n); code != C.NVRTC_SUCCESS || n == 0 {
		return c, fmt.Errorf("NVRTC %v does not tell the architectures that it knows (error %d)", c.version, int(code))
	}
	archs := make([]C.int, n)
	if code := C.nvrtcGetSupportedArchs(&archs[0]); code != C.NVRTC_SUCCESS {
		return c, fmt.Errorf("NVRTC %v does not tell the architectures that it knows (error %d)", c.version, int(code))
	}
	for _, a := range archs {
		c.archs = append(c.archs, int(a))
	}
	slices.Sort(c.archs)
	return c, nil
}

// target is the architecture to compile for, as an option of NVRTC's: the newest that it knows and the device can run. The
// driver compiles what is meant for a virtual architecture (compute_) on, unless the compiler is newer than it is;
// machine code (sm_) runs even then, but on architectures of the same major version alone.
func (c compiler) target(arch int, driver version) (string, error) {
	newest := 0
	for _, a := range c.archs {
		if a <= arch {
			newest = a
		}
	}
	switch {
	case newest == 0:
		return "", fmt.Errorf("NVRTC %v knows no architecture before sm_%d, and the GPU's is sm_%d; install NVRTC %d or older", c.version, c.archs[0], arch, c.version.major()-1)
	case c.version <= driver:
		return fmt.Sprintf("compute_%d", newest), nil
	case newest/10 == arch/10:
		return fmt.Sprintf("sm_%d", newest), nil
	}
	return "", fmt.Errorf("the driver supports CUDA %v, NVRTC is %v, which is newer, and does not know the GPU's architecture sm_%d; install a newer driver", driver, c.version, arch)
}

// compile returns what a module is made of: PTX, or machine code where the driver is older than the compiler.
func (c compiler) compile(arch int, driver version, source string) (string, error) {
	target, err := c.target(arch, driver)
	if err != nil {
		return "", err
	}
	p, err := nvrtc.CreateProgram(source, "kernels")
	if err != nil {
		return "", fmt.Errorf("NVRTC: %w", err)
	}
	defer p.Destroy()
	if err := p.Compile("--gpu-architecture="+target, "--fmad=false"); err != nil {
		log, _ := p.GetLog()
		return "", fmt.Errorf("NVRTC: %w\n%s", err, strings.TrimRight(log, "\x00\n "))
	}
	if strings.HasPrefix(target, "compute_") {
		return p.GetPTX()
	}
	return machineCode(&p)
}

// machineCode asks for what the binding does not know.
func machineCode(p *nvrtc.Program) (string, error) {
	handle := C.uintptr_t(*(*uintptr)(unsafe.Pointer(p)))
	var size C.size_t
	if code := C.cubin_size(handle, &size); code != C.NVRTC_SUCCESS {
		return "", fmt.Errorf("NVRTC: no machine code (error %d)", int(code))
	}
	image := make([]byte, size)
	if code := C.cubin(handle, (*C.char)(unsafe.Pointer(unsafe.SliceData(image)))); code != C.NVRTC_SUCCESS {
		return "", fmt.Errorf("NVRTC: no machine code (error %d)", int(code))
	}
	return string(image), nil
}
