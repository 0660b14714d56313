//go:build linux && cuda

#include <cublas_v2.h>
#include <cuda.h>
#include <nvrtc.h>

#define LIB cuda
#define TABLE "cuda_table.h"
#define MISSING CUDA_ERROR_NOT_INITIALIZED
#include "lazy.h"

#define LIB nvrtc
#define TABLE "nvrtc_table.h"
#define MISSING NVRTC_ERROR_INTERNAL_ERROR
#include "lazy.h"

#define LIB cublas
#define TABLE "cublas_table.h"
#define MISSING CUBLAS_STATUS_NOT_INITIALIZED
#include "lazy.h"
