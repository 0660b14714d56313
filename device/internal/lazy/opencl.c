//go:build linux && opencl

#define CL_TARGET_OPENCL_VERSION 120
#include <CL/cl_ext.h>

#define LIB opencl
#define TABLE "opencl_table.h"
#define MISSING CL_PLATFORM_NOT_FOUND_KHR
#include "lazy.h"
