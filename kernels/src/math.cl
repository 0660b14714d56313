// Functions that several kernels use. Each backend puts its prelude before this file.

// An array is two parameters of a kernel, since OpenCL has no pointers into a buffer: the buffer, and where in it the
// array begins. A kernel's first line says AT(x), which makes x point there.
#define IN(x) GLOBAL const real *x, index x##_at
#define OUT(x) GLOBAL real *x, index x##_at
#define IN_INT(x) GLOBAL const int *x, index x##_at
#define OUT_INT(x) GLOBAL int *x, index x##_at
#define AT(x) x += x##_at

#define R(x) ((real)(x))
#define ISNAN(x) ((x) != (x))

// larger of two numbers, and NaN if one is NaN.
FUNCTION real larger(real x, real y) { return x > y || ISNAN(x) ? x : y; }

// exp x = 2ⁿ·exp r with n the integer nearest to x/ln 2, so |r| <= ln 2 / 2, and exp r = 1 + r + r²·p(r).
//
// ln 2 is taken in two parts, the first so short that n times it is exact (W. Cody, W. Waite, "Software manual for the
// elementary functions", 1980). In float, p is that of S. Moshier's Cephes library, expf.c; in double it is the Taylor
// series. Adding MAGIC rounds to an integer, and leaves it in the low bits.
#if DOUBLE
#define MAGIC 6755399441055744.0 // 1.5·2⁵²
#define LN2_HI 6.93147180369123816490e-01
#define LN2_LO 1.90821492927058770002e-10
#define EXP_MAX 710
#define EXP_MIN -746
#define BIAS_BITS 1023
#define FRACTION_BITS 52
FUNCTION real exp_p(real r) {
	real p = 1. / 6227020800;
	p = fma(p, r, 1. / 479001600);
	p = fma(p, r, 1. / 39916800);
	p = fma(p, r, 1. / 3628800);
	p = fma(p, r, 1. / 362880);
	p = fma(p, r, 1. / 40320);
	p = fma(p, r, 1. / 5040);
	p = fma(p, r, 1. / 720);
	p = fma(p, r, 1. / 120);
	p = fma(p, r, 1. / 24);
	p = fma(p, r, 1. / 6);
	return fma(p, r, 1. / 2);
}
#else
#define MAGIC 12582912.f // 1.5·2²³
#define LN2_HI 0.693359375f
#define LN2_LO -2.12194440e-4f
#define EXP_MAX 89
#define EXP_MIN -105
#define BIAS_BITS 127
#define FRACTION_BITS 23
FUNCTION real exp_p(real r) {
	real p = 1.9875691500e-4f;
	p = fma(p, r, 1.3981999507e-3f);
	p = fma(p, r, 8.3334519073e-3f);
	p = fma(p, r, 4.1665795894e-2f);
	p = fma(p, r, 1.6666665459e-1f);
	return fma(p, r, 5.0000001201e-1f);
}
#endif

// power_of_2 is 2ⁿ for n in the range of exponents.
FUNCTION real power_of_2(bits n) { return AS_REAL((n + BIAS_BITS) << FRACTION_BITS); }

// exp_parts returns s, with exp x = s·2ⁿ, and what the rounding of s left out.
FUNCTION real exp_parts(real x, bits *n, real *rest) {
	x = x > EXP_MAX ? EXP_MAX : x < EXP_MIN ? EXP_MIN : x; // written so that NaN stays
	real rounded = fma(x, R(1.44269504088896340736), MAGIC);
	*n = AS_BITS(rounded) - AS_BITS(MAGIC);
	real multiple = rounded - MAGIC;
	real r = fma(multiple, -LN2_LO, fma(multiple, -LN2_HI, x));
	real q = fma(r * r, exp_p(r), r);
	real s = 1 + q;
	*rest = q - (s - 1);
	return s;
}

// scaled is x·2ⁿ; in two steps, because 2ⁿ need not be a number where x·2ⁿ is one.
FUNCTION real scaled(real x, bits n) {
	bits low = n >> 1;
	return x * power_of_2(low) * power_of_2(n - low);
}

FUNCTION real exp_(real x) {
	bits n;
	real rest, s = exp_parts(x, &n, &rest);
	return scaled(s, n);
}

// sigmoid x = 1/(1+e) or, for x < 0, e/(1+e), with e = exp(-|x|), which cannot overflow. For x < 0 there are three
// roundings, of e, of 1+e and of the quotient; the first two are taken back by one step of Newton's method.
FUNCTION real sigmoid(real x) {
	bits n;
	real rest, s = exp_parts(-fabs(x), &n, &rest);
	real e = scaled(s, n);
	real sum = 1 + e;
	if (x >= 0)
		return 1 / sum;
	real e_rest = scaled(rest, n), sum_rest = e - (sum - 1);
	real y = e / sum;
	return y + (fma(-y, sum, e) + (e_rest - y * (sum_rest + e_rest))) / sum;
}

// tanh_ is x + x³·p(x²) near 0 and 1 - 2/(exp 2x + 1) elsewhere, for |x|, with the sign of x: as in Cephes, tanhf.c and
// tanh.c.
FUNCTION real tanh_(real x) {
	real size = fabs(x), z = x * x;
#if DOUBLE
	real p = fma(fma(-9.64399179425052238628e-1, z, -9.92877231001918586564e1), z, -1.61468768441708447952e3);
	p /= fma(fma(z + 1.12811678491632931402e2, z, 2.23548839060100448583e3), z, 4.84406305325125486048e3);
#else
	real p = fma(-5.70498872745e-3f, z, 2.06390887954e-2f);
	p = fma(p, z, -5.37397155531e-2f);
	p = fma(p, z, 1.33314422036e-1f);
	p = fma(p, z, -3.33332819422e-1f);
#endif
	return copysign(size < R(0.625) ? fma(size * z, p, size) : 1 - 2 / (exp_(2 * size) + 1), x);
}

// An activation (kernels.Activation), and the gradient of its argument told from its result y and that one's gradient.
// ReLU keeps NaN and gives +0 for -0.
#define SIGMOID 1
#define TANH 2
#define RELU 3

FUNCTION real activation(int f, real x) {
	if (f == SIGMOID)
		return sigmoid(x);
	if (f == TANH)
		return tanh_(x);
	return x <= 0 ? 0 : x;
}

FUNCTION real gradient(int f, real dy, real y) {
	if (f == SIGMOID)
		return dy * y * (1 - y);
	if (f == TANH)
		return dy * ((1 - y) * (1 + y)); // 1-y² loses its digits where y is near 1
	return y > 0 ? dy : 0;
}

// activate_all applies an activation to private memory. The loops are so plain that a CPU's compiler makes vectors of them.
FUNCTION void activate_all(int f, real *x, int n) {
	if (f == SIGMOID)
		for (int i = 0; i < n; i++)
			x[i] = sigmoid(x[i]);
	else if (f == TANH)
		for (int i = 0; i < n; i++)
			x[i] = tanh_(x[i]);
	else
		for (int i = 0; i < n; i++)
			x[i] = activation(f, x[i]);
}

// A sum of many terms is one of blocks of 64, so that the error grows by the number of blocks.
typedef struct {
	real total, block;
	int terms;
} Sum;

#define NO_SUM {0, 0, 0}

FUNCTION void add(Sum *s, real term) {
	s->block += term;
	if (++s->terms == 64) {
		s->total += s->block;
		s->block = 0;
		s->terms = 0;
	}
}

FUNCTION real total(Sum *s) { return s->total + s->block; }

// A team is the LANES work-items of a group; they share a row, and each takes every LANES-th element of it. A CPU's
// group is one work-item, to whom a team's result is its own.
#if CPU
#define TEAM_MEMORY(name)
#define TEAM_SUM(v, name) (v)
#define TEAM_LARGEST(v, name) (v)
#else
#define TEAM_MEMORY(name) LOCAL real name[LANES]
#define TEAM_SUM(v, name) team_sum(v, name)
#define TEAM_LARGEST(v, name) team_largest(v, name)

// The lanes' values are combined in pairs, always the same ones.
FUNCTION real team_sum(real v, LOCAL_ARG real *of) {
	of[ITEM(0)] = v;
	SYNC;
	for (int apart = LANES / 2; apart > 0; apart /= 2) {
		if (ITEM(0) < apart)
			of[ITEM(0)] += of[ITEM(0) + apart];
		SYNC;
	}
	v = of[0];
	SYNC;
	return v;
}

FUNCTION real team_largest(real v, LOCAL_ARG real *of) {
	of[ITEM(0)] = v;
	SYNC;
	for (int apart = LANES / 2; apart > 0; apart /= 2) {
		if (ITEM(0) < apart)
			of[ITEM(0)] = larger(of[ITEM(0)], of[ITEM(0) + apart]);
		SYNC;
	}
	v = of[0];
	SYNC;
	return v;
}
#endif
#define EACH_LANE(i, n) for (index i = ITEM(0); i < (n); i += LANES)
#define EACH_TEAM(i, n) for (index i = GROUP(0); i < (n); i += GROUPS(0))
