//go:build cuda

package cuda

// #include <cuda.h>
import "C"

import (
	"fmt"
	"reflect"
	"slices"

	"gorgonia.org/cu"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/internal/queue"
)

// A result is a code of the driver's. The binding's errors have no numbers, and no names for codes newer than it is.
type result C.CUresult

func (r result) Error() string {
	var name *C.char
	if C.cuGetErrorName(C.CUresult(r), &name) != C.CUDA_SUCCESS || name == nil {
		return fmt.Sprintf("CUDA error %d", int(r))
	}
	return fmt.Sprintf("%s (%d)", C.GoString(name), int(r))
}

const (
	success     result = C.CUDA_SUCCESS
	noDevice    result = C.CUDA_ERROR_NO_DEVICE
	stubLibrary result = C.CUDA_ERROR_STUB_LIBRARY
)

// initialize is the binding's own cuInit again, now with the driver.
func initialize() result { return result(C.cuInit(0)) }

// lost is the codes after which a context does not work any more.
var lost = []result{
	C.CUDA_ERROR_DEINITIALIZED, C.CUDA_ERROR_INVALID_CONTEXT, C.CUDA_ERROR_CONTEXT_IS_DESTROYED,
	C.CUDA_ERROR_ECC_UNCORRECTABLE, C.CUDA_ERROR_NVLINK_UNCORRECTABLE, C.CUDA_ERROR_ILLEGAL_ADDRESS,
	C.CUDA_ERROR_LAUNCH_TIMEOUT, C.CUDA_ERROR_ASSERT, C.CUDA_ERROR_HARDWARE_STACK_ERROR, C.CUDA_ERROR_ILLEGAL_INSTRUCTION,
	C.CUDA_ERROR_MISALIGNED_ADDRESS, C.CUDA_ERROR_INVALID_ADDRESS_SPACE, C.CUDA_ERROR_INVALID_PC,
	C.CUDA_ERROR_LAUNCH_FAILED, C.CUDA_ERROR_UNKNOWN,
}

// failure is a code, or an error of the binding's, with what it means to Keisan.
func failure(err error) error {
	if err == nil || err == error(success) {
		return nil
	}
	r, ours := err.(result)
	if v := reflect.ValueOf(err); !ours && v.Kind() == reflect.Int && v.Type() == reflect.TypeOf(cu.Success) {
		r, ours = result(v.Int()), true
	}
	switch {
	case !ours:
		return err
	case r == C.CUDA_ERROR_OUT_OF_MEMORY:
		return fmt.Errorf("%w: %w", device.ErrOutOfMemory, r)
	case slices.Contains(lost, r):
		return fmt.Errorf("%w: %w", queue.ErrLost, r)
	case r == C.CUDA_ERROR_UNSUPPORTED_PTX_VERSION:
		return fmt.Errorf("%w: the driver is older than NVRTC", r)
	}
	return r
}
