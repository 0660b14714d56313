// The words that the kernels' sources are written in, for CUDA C++ without headers. CPU is 0, and DOUBLE 0 or 1. The
// compiler is told not to contract: a·b+c is rounded twice unless it says fma, the same bits as from OpenCL.

#define KERNEL extern "C" __global__
#define GLOBAL
#define LOCAL __shared__
#define LOCAL_ARG // in a parameter's type
#define FUNCTION static __device__ inline
#define SYNC __syncthreads() // the work-items of a group wait for one another
#define UNROLL _Pragma("unroll") // for loops over arrays that should be registers

typedef long long index; // counts elements

#if DOUBLE
typedef double real;
typedef double4 real4;
typedef long long bits;
#define AS_REAL(i) __longlong_as_double(i)
#define AS_BITS(x) __double_as_longlong(x)
#else
typedef float real;
typedef float4 real4;
typedef int bits;
#define AS_REAL(i) __int_as_float(i)
#define AS_BITS(x) __float_as_int(x)
#endif

#define HIGH(a, b) __umulhi(a, b) // the upper half of the product of two unsigned

#define INFINITY __int_as_float(0x7f800000)
#define NAN __int_as_float(0x7fc00000)

#define OF(axis, triple) ((index)((axis) == 0 ? triple.x : triple.y))
#define GROUP(axis) OF(axis, blockIdx)                              // which group this is
#define GROUPS(axis) OF(axis, gridDim)                              // of how many
#define ITEM(axis) OF(axis, threadIdx)                              // which work-item of its group this is
#define ID(axis) (GROUP(axis) * OF(axis, blockDim) + ITEM(axis))    // which work-item of all
#define IDS(axis) (GROUPS(axis) * OF(axis, blockDim))               // of how many

// EACH does what follows for this work-item's share of i = 0 ... n-1. Neighbours take neighbouring elements, so that their
// memory accesses are one.
#define EACH(axis, i, n) for (index i = ID(axis); i < (n); i += IDS(axis))

// Where groups of one launch wait for one another.
#define SYNC_GLOBAL SYNC // SYNC, and what each wrote anywhere is written
#define FENCE __threadfence() // what this group wrote is there for all before what it does next
#define ATOMIC_ADD(p, n) atomicAdd(p, n)
#define ATOMIC_READ(p) (*(const volatile int *)(p))
#define FRESH(p) __ldcg(p) // what another group may have written, which this multiprocessor's own cache does not see
#if DOUBLE
FUNCTION real4 fresh4(const real *p) {
	double2 low = __ldcg((const double2 *)p), high = __ldcg((const double2 *)p + 1);
	return make_double4(low.x, low.y, high.x, high.y);
}
#define FRESH4(p) fresh4(p)
#else
#define FRESH4(p) __ldcg((const real4 *)(p))
#endif
