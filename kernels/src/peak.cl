// multiply_adds does nothing but multiply-adds, from registers, to find out how many a device can do: rounds times REPEATS
// for each of SUMS sums, so many that none has to wait for the one before. What it writes is of no use, but no compiler
// can leave it out.
#if CPU
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#if DOUBLE
typedef JOIN(double, VEC) vec;
#else
typedef JOIN(float, VEC) vec;
#endif
#define KEEP(v) JOIN(vstore, VEC)(v, ID(0), y)
#else
typedef real vec;
#define KEEP(v) y[ID(0)] = v
#endif

KERNEL void multiply_adds(OUT(y), real factor, index rounds) {
	AT(y);
	vec x = factor, total = 0, sum[SUMS];
	UNROLL for (int i = 0; i < SUMS; i++)
		sum[i] = i;
	for (index round = 0; round < rounds; round++)
		UNROLL for (int repeat = 0; repeat < REPEATS; repeat++)
			UNROLL for (int i = 0; i < SUMS; i++)
				sum[i] = fma(sum[i], x, x);
	UNROLL for (int i = 0; i < SUMS; i++)
		total += sum[i];
	KEEP(total);
}
