// A CUDA driver that computes nothing. It has one GPU, whose memory is the host's; a launch only reads the parameters
// that the PTX declares, and holds the geometry against the limits of compute capability 9.0. A call on a thread without
// a context fails. The environment makes it fail in other ways: see setting.
#include <cuda.h>
#include <stdlib.h>
#include <string.h>

// setting is what the environment says of a function: the code to return, or a number to tell.
static int setting(const char *name, int otherwise) {
	const char *value = getenv(name);
	return value ? atoi(value) : otherwise;
}

static __thread CUcontext current;

#define NEED_CONTEXT if (!current) return CUDA_ERROR_INVALID_CONTEXT

CUresult cuInit(unsigned flags) { return setting("FAKE_INIT", CUDA_SUCCESS); }
CUresult cuDriverGetVersion(int *v) { *v = setting("FAKE_VERSION", 12040); return CUDA_SUCCESS; }
CUresult cuDeviceGetCount(int *n) { *n = setting("FAKE_COUNT", 1); return CUDA_SUCCESS; }
CUresult cuDeviceGet(CUdevice *d, int i) { *d = i; return CUDA_SUCCESS; }
CUresult cuDeviceGetName(char *name, int size, CUdevice d) { strncpy(name, "Idle", size); return CUDA_SUCCESS; }
CUresult cuDeviceTotalMem(size_t *bytes, CUdevice d) { *bytes = (size_t)1 << 40; return CUDA_SUCCESS; }

CUresult cuDeviceGetAttribute(int *value, CUdevice_attribute a, CUdevice d) {
	switch (a) {
	case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT: *value = 132; break;
	case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK: *value = 1024; break;
	case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK: *value = 48 << 10; break;
	case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR: *value = setting("FAKE_ARCH", 90) / 10; break;
	case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR: *value = setting("FAKE_ARCH", 90) % 10; break;
	default: return CUDA_ERROR_INVALID_VALUE;
	}
	return CUDA_SUCCESS;
}

CUresult cuGetErrorName(CUresult code, const char **name) {
	*name = code == CUDA_ERROR_ILLEGAL_ADDRESS ? "CUDA_ERROR_ILLEGAL_ADDRESS" : code == CUDA_ERROR_OUT_OF_MEMORY ? "CUDA_ERROR_OUT_OF_MEMORY" : NULL;
	return *name ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

CUresult cuCtxCreate(CUcontext *c, unsigned flags, CUdevice d) { *c = current = malloc(1); return CUDA_SUCCESS; }
CUresult cuCtxDestroy(CUcontext c) { free(c); return CUDA_SUCCESS; }
CUresult cuCtxSetCurrent(CUcontext c) { current = c; return CUDA_SUCCESS; }
CUresult cuCtxSynchronize(void) { NEED_CONTEXT; current = NULL; return CUDA_SUCCESS; } // so that each call must set it

CUresult cuMemAlloc(CUdeviceptr *p, size_t bytes) {
	NEED_CONTEXT;
	*p = (CUdeviceptr)malloc(bytes);
	return *p ? setting("FAKE_ALLOC", CUDA_SUCCESS) : CUDA_ERROR_OUT_OF_MEMORY;
}
CUresult cuMemFree(CUdeviceptr p) { free((void *)p); return CUDA_SUCCESS; }
CUresult cuMemsetD8(CUdeviceptr p, unsigned char value, size_t n) { NEED_CONTEXT; memset((void *)p, value, n); return CUDA_SUCCESS; }
CUresult cuMemcpyHtoD(CUdeviceptr p, const void *from, size_t n) { NEED_CONTEXT; memcpy((void *)p, from, n); return CUDA_SUCCESS; }
CUresult cuMemcpyDtoH(void *to, CUdeviceptr p, size_t n) { NEED_CONTEXT; memcpy(to, (void *)p, n); return CUDA_SUCCESS; }

// A module is its PTX; a function is how many parameters of how many bytes it has there.
CUresult cuModuleLoadData(CUmodule *m, const void *image) { NEED_CONTEXT; *m = (CUmodule)strdup(image); return CUDA_SUCCESS; }

struct CUfunc_st {
	int count, bytes[64];
};

CUresult cuModuleGetFunction(CUfunction *f, CUmodule m, const char *name) {
	char entry[100] = ".entry ";
	strcat(strncat(entry, name, 80), "(");
	const char *p = strstr((const char *)m, entry), *end = p ? strchr(p, ')') : NULL;
	if (!end)
		return CUDA_ERROR_NOT_FOUND;
	*f = calloc(1, sizeof **f);
	while ((p = strstr(p + 1, ".param .")) && p < end && (*f)->count < 64) // followed by a type such as u64
		(*f)->bytes[(*f)->count++] = atoi(p + strlen(".param .") + 1) / 8;
	return CUDA_SUCCESS;
}

CUresult cuLaunchKernel(CUfunction f, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by, unsigned bz,
	unsigned shared, CUstream stream, void **params, void **extra) {
	NEED_CONTEXT;
	if (!gx || !gy || gz != 1 || !bx || !by || bz != 1 || gx > 0x7fffffff || gy > 65535 || bx * by > 1024 || shared || stream || extra)
		return CUDA_ERROR_INVALID_VALUE;
	for (int i = 0; i < f->count; i++) {
		volatile unsigned long long value = 0;
		memcpy((void *)&value, params[i], f->bytes[i]);
	}
	return setting("FAKE_LAUNCH", CUDA_SUCCESS);
}

CUresult cuOccupancyMaxActiveBlocksPerMultiprocessor(int *groups, CUfunction f, int items, size_t shared) {
	NEED_CONTEXT;
	*groups = 1;
	return CUDA_SUCCESS;
}
