// What the peers in C and C++ have in common: the conversation that package peer of devbench describes.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double seconds(void) {
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec * 1e-9;
}

// size is the value of a key of a case, "/m=" of matmul/m=2/n=3/k=4; -1 if it has none.
static long size(const char *name, const char *key) {
	const char *at = strstr(name, key);
	return at ? atol(at + strlen(key)) : -1;
}

// transposed is whether a product's operand, 'a' or 'b', is stored transposed: trans=tn or nt.
static int transposed(const char *name, char which) {
	return strstr(name, which == 'a' ? "/trans=t" : "/trans=nt") != NULL;
}

// numbers_of reads n numbers of so many bytes from a file of a folder.
static void *numbers_of(size_t bytes, const char *folder, const char *name, long n) {
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", folder, name);
	void *v = aligned_alloc(64, (n * bytes + 64) / 64 * 64);
	FILE *f = fopen(path, "rb");
	if (!f || !v || fread(v, bytes, n, f) != (size_t)n) {
		fprintf(stderr, "cannot read %ld numbers from %s\n", n, path);
		exit(1);
	}
	fclose(f);
	return v;
}

static float *operand(const char *folder, const char *name, long n) {
	return (float *)numbers_of(sizeof(float), folder, name, n);
}

// result_of writes n numbers of so many bytes to a file of a folder.
static void result_of(size_t bytes, const char *folder, const char *name, const void *v, long n) {
	char path[4096];
	snprintf(path, sizeof path, "%s/out.%s", folder, name);
	FILE *f = fopen(path, "wb");
	if (!f || fwrite(v, bytes, n, f) != (size_t)n || fclose(f)) {
		fprintf(stderr, "cannot write %s\n", path);
		exit(1);
	}
}

static void result(const char *folder, const char *name, const float *v, long n) {
	result_of(sizeof(float), folder, name, v, n);
}
