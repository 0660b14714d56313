// blas LIBRARY PREFIX VERSION: cblas_sgemm and cblas_dgemm of a shared library, whose names begin with PREFIX for cblas_.
// With another word, trial, it prints how many nanoseconds a product takes, and ends.
#include <dlfcn.h>

#include "peer.h"

typedef void single(int order, int ta, int tb, int m, int n, int k, float alpha, const float *a, int lda, const float *b,
                    int ldb, float beta, float *c, int ldc);
typedef void wide(int order, int ta, int tb, int m, int n, int k, double alpha, const double *a, int lda, const double *b,
                  int ldb, double beta, double *c, int ldc);

static single *sgemm;
static wide *dgemm;

static void *named(void *lib, const char *prefix, const char *name) {
	char whole[256];
	snprintf(whole, sizeof whole, "%s%s", prefix, name);
	void *f = lib ? dlsym(lib, whole) : NULL;
	if (!f) {
		fprintf(stderr, "%s\n", dlerror());
		exit(1);
	}
	return f;
}

// The product at hand, of operands in rows.
static long m, n, k;
static int ta, tb;
static size_t bytes; // of a number
static void *a, *b, *c;

static void product(void) {
	const int order = 101, ops[] = {111, 112}, lda = ta ? m : k, ldb = tb ? k : n;
	if (bytes == sizeof(double))
		dgemm(order, ops[ta], ops[tb], m, n, k, 1, (double *)a, lda, (double *)b, ldb, 0, (double *)c, n);
	else
		sgemm(order, ops[ta], ops[tb], m, n, k, 1, (float *)a, lda, (float *)b, ldb, 0, (float *)c, n);
}

static long trial(void) {
	m = n = k = 512, bytes = sizeof(float);
	a = calloc(m * k, bytes), b = calloc(k * n, bytes), c = calloc(m * n, bytes);
	double best = 1e9;
	for (int i = 0; i < 30; i++) {
		double start = seconds();
		product();
		double took = seconds() - start;
		if (took < best) best = took;
	}
	return best * 1e9;
}

int main(int argc, char **argv) {
	if (argc < 4) return 1;
	void *lib = dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL);
	sgemm = (single *)named(lib, argv[2], "sgemm"), dgemm = (wide *)named(lib, argv[2], "dgemm");
	if (argc > 4) {
		printf("%ld\n", trial());
		return 0;
	}
	const char *core = "", *space = "";
	const char *(*corename)(void) = (const char *(*)(void))dlsym(lib, "scipy_openblas_get_corename");
	if (!corename) corename = (const char *(*)(void))dlsym(lib, "openblas_get_corename");
	if (corename) core = corename(), space = " ";
	printf("ready %s%s%s\n", argv[3], space, core);
	fflush(stdout);

	char line[8192], name[4096], folder[4096], type[16];
	long runs;
	while (fgets(line, sizeof line, stdin)) {
		if (sscanf(line, "load %4095s %4095s %15s", name, folder, type) == 3) {
			if (strncmp(name, "matmul/", 7)) {
				printf("no it has products alone\n");
			} else {
				m = size(name, "/m="), n = size(name, "/n="), k = size(name, "/k=");
				ta = transposed(name, 'a'), tb = transposed(name, 'b');
				bytes = strcmp(type, "float64") ? sizeof(float) : sizeof(double);
				free(a), free(b), free(c);
				a = numbers_of(bytes, folder, "a", m * k), b = numbers_of(bytes, folder, "b", k * n);
				c = aligned_alloc(64, (m * n * bytes + 64) / 64 * 64);
				product();
				result_of(bytes, folder, "c", c, m * n);
				printf("ok\n");
			}
		} else if (sscanf(line, "run %ld", &runs) == 1) {
			double start = seconds();
			for (long i = 0; i < runs; i++) product();
			printf("%.9g\n", seconds() - start);
		}
		fflush(stdout);
	}
	return 0;
}
