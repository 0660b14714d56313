// The words that the kernels' sources are written in, for OpenCL C 1.2. CPU and DOUBLE are defined as 0 or 1.

#pragma OPENCL FP_CONTRACT OFF // a·b+c is rounded twice unless it says fma: the same bits from every compiler

#define KERNEL __kernel
#define GLOBAL __global
#define LOCAL __local
#define LOCAL_ARG __local // in a parameter's type
#define FUNCTION static inline
#define SYNC barrier(CLK_LOCAL_MEM_FENCE) // the work-items of a group wait for one another
#define UNROLL _Pragma("unroll") // for loops over arrays that should be registers

typedef long index; // counts elements

#if DOUBLE
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
typedef double real;
typedef double4 real4;
typedef long bits;
#define AS_REAL(i) as_double(i)
#define AS_BITS(x) as_long(x)
#else
typedef float real;
typedef float4 real4;
typedef int bits;
#define AS_REAL(i) as_float(i)
#define AS_BITS(x) as_int(x)
#endif

#define HIGH(a, b) mul_hi(a, b) // the upper half of the product of two unsigned

#define GROUP(axis) ((index)get_group_id(axis))     // which group this is
#define GROUPS(axis) ((index)get_num_groups(axis))  // of how many
#define ITEM(axis) ((index)get_local_id(axis))      // which work-item of its group this is
#define ID(axis) ((index)get_global_id(axis))       // which work-item of all
#define IDS(axis) ((index)get_global_size(axis))    // of how many

// EACH does what follows for this work-item's share of i = 0 ... n-1. Neighbours on a GPU take neighbouring elements, so
// that their memory accesses are one; a CPU's take runs of elements, so that the compiler makes vectors of them.
#if CPU
#define EACH(axis, i, n) \
	for (index i = (n) * ID(axis) / IDS(axis), i##_end = (n) * (ID(axis) + 1) / IDS(axis); i < i##_end; i++)
#else
#define EACH(axis, i, n) for (index i = ID(axis); i < (n); i += IDS(axis))
#endif

// Where groups of one launch wait for one another. OpenCL does not promise that they run at once: only a driver that does
// is given such a launch.
#define SYNC_GLOBAL barrier(CLK_LOCAL_MEM_FENCE | CLK_GLOBAL_MEM_FENCE) // SYNC, and what each wrote anywhere is written
#define FENCE mem_fence(CLK_GLOBAL_MEM_FENCE) // what this group wrote is there for all before what it does next
#define ATOMIC_ADD(p, n) atomic_add(p, n)
#define ATOMIC_READ(p) atomic_add(p, 0)
#define FRESH(p) (*(GLOBAL const volatile real *)(p)) // what another group may have written
#define FRESH4(p) (*(GLOBAL const volatile real4 *)(p))
