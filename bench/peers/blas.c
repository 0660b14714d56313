// blas LIBRARY FUNCTION VERSION: a cblas_sgemm of a shared library.
#include <dlfcn.h>

#include "peer.h"

typedef void gemm(int order, int ta, int tb, int m, int n, int k, float alpha, const float *a, int lda, const float *b,
                  int ldb, float beta, float *c, int ldc);

int main(int argc, char **argv) {
	void *lib = argc == 4 ? dlopen(argv[1], RTLD_NOW | RTLD_GLOBAL) : NULL;
	gemm *sgemm = lib ? (gemm *)dlsym(lib, argv[2]) : NULL;
	if (!sgemm) {
		fprintf(stderr, "%s\n", dlerror());
		return 1;
	}
	const char *core = "", *space = "";
	const char *(*corename)(void) = (const char *(*)(void))dlsym(lib, "scipy_openblas_get_corename");
	if (!corename) corename = (const char *(*)(void))dlsym(lib, "openblas_get_corename");
	if (corename) core = corename(), space = " ";
	printf("ready %s%s%s\n", argv[3], space, core);
	fflush(stdout);

	char line[8192], name[4096], folder[4096];
	long m = 0, n = 0, k = 0, runs;
	float *a = NULL, *b = NULL, *c = NULL;
	while (fgets(line, sizeof line, stdin)) {
		if (sscanf(line, "load %4095s %4095s", name, folder) == 2) {
			if (strncmp(name, "matmul/", 7) || strstr(name, "trans")) {
				printf("no it has products alone\n");
			} else {
				m = size(name, "/m="), n = size(name, "/n="), k = size(name, "/k=");
				free(a), free(b), free(c);
				a = operand(folder, "a", m * k), b = operand(folder, "b", k * n);
				c = (float *)aligned_alloc(64, (m * n * sizeof(float) + 64) / 64 * 64);
				sgemm(101, 111, 111, m, n, k, 1, a, k, b, n, 0, c, n);
				result(folder, "c", c, m * n);
				printf("ok\n");
			}
		} else if (sscanf(line, "run %ld", &runs) == 1) {
			double start = seconds();
			for (long i = 0; i < runs; i++) sgemm(101, 111, 111, m, n, k, 1, a, k, b, n, 0, c, n);
			printf("%.9g\n", seconds() - start);
		}
		fflush(stdout);
	}
	return 0;
}
