// libxsmm's rnncell, and its kernels for small products, which run on one thread. It has no gradient of the first state.
#include <libxsmm.h>
#include <omp.h>

#include "peer.h"

static void check(libxsmm_dnn_err_t status) {
	if (status != LIBXSMM_DNN_SUCCESS && status < LIBXSMM_DNN_ERR_GENERAL) return; // a warning
	if (status != LIBXSMM_DNN_SUCCESS) {
		fprintf(stderr, "libxsmm: %s\n", libxsmm_dnn_get_error(status));
		exit(1);
	}
}

static float *numbers(long n) {
	float *v = (float *)libxsmm_aligned_malloc((n + 1) * sizeof(float), 2 << 20);
	if (!v) exit(1);
	memset(v, 0, n * sizeof(float));
	return v;
}

// layer is a case of a recurrent layer. Everything lies as the case has it: x [T,B,I], weights [I,H] and [H,H].
static struct layer {
	long T, B, I, H;
	int train;
	float *x, *h0, *wx, *wh, *b, *dy, *y, *dx, *dwx, *dwh, *db;
	libxsmm_dnn_rnncell *cell;
} l;

static void bind(libxsmm_dnn_tensor_type type, float *data) {
	libxsmm_dnn_err_t status;
	libxsmm_dnn_tensor_datalayout *layout = libxsmm_dnn_rnncell_create_tensor_datalayout(l.cell, type, &status);
	check(status);
	libxsmm_dnn_tensor *t = libxsmm_dnn_link_tensor(layout, data, &status);
	check(status);
	libxsmm_dnn_destroy_tensor_datalayout(layout);
	check(libxsmm_dnn_rnncell_bind_tensor(l.cell, t, type));
}

// block is the largest divisor of n that is no larger than most.
static long block(long n, long most) {
	long b = most < n ? most : n;
	while (n % b) b--;
	return b;
}

// make makes the cell, with blocks of at most so many rows of the batch and elements of the state.
static void make(long rows, long elements) {
	libxsmm_dnn_err_t status;
	libxsmm_dnn_rnncell_desc d = {0};
	d.threads = omp_get_max_threads();
	d.N = l.B, d.C = l.I, d.K = l.H, d.max_T = l.T;
	d.bn = block(l.B, rows), d.bc = block(l.I, elements), d.bk = block(l.H, elements);
	d.cell_type = LIBXSMM_DNN_RNNCELL_RNN_TANH;
	d.datatype_in = d.datatype_out = LIBXSMM_DNN_DATATYPE_F32;
	d.buffer_format = LIBXSMM_DNN_TENSOR_FORMAT_NC, d.filter_format = LIBXSMM_DNN_TENSOR_FORMAT_CK;
	l.cell = libxsmm_dnn_create_rnncell(d, &status);
	check(status);
	bind(LIBXSMM_DNN_RNN_REGULAR_INPUT, l.x);
	bind(LIBXSMM_DNN_RNN_REGULAR_HIDDEN_STATE_PREV, l.h0);
	bind(LIBXSMM_DNN_RNN_REGULAR_WEIGHT, l.wx);
	bind(LIBXSMM_DNN_RNN_REGULAR_RECUR_WEIGHT, l.wh);
	bind(LIBXSMM_DNN_RNN_REGULAR_BIAS, l.b);
	bind(LIBXSMM_DNN_RNN_REGULAR_HIDDEN_STATE, l.y);
	libxsmm_dnn_compute_kind kind = LIBXSMM_DNN_COMPUTE_KIND_FWD;
	if (l.train) {
		kind = LIBXSMM_DNN_COMPUTE_KIND_ALL;
		bind(LIBXSMM_DNN_RNN_GRADIENT_HIDDEN_STATE, l.dy);
		bind(LIBXSMM_DNN_RNN_GRADIENT_INPUT, l.dx);
		bind(LIBXSMM_DNN_RNN_GRADIENT_WEIGHT, l.dwx);
		bind(LIBXSMM_DNN_RNN_GRADIENT_RECUR_WEIGHT, l.dwh);
		bind(LIBXSMM_DNN_RNN_GRADIENT_BIAS, l.db);
	}
	size_t bytes = libxsmm_dnn_rnncell_get_scratch_size(l.cell, kind, &status);
	check(status);
	check(libxsmm_dnn_rnncell_bind_scratch(l.cell, kind, numbers(bytes / sizeof(float) + 1)));
	bytes = libxsmm_dnn_rnncell_get_internalstate_size(l.cell, kind, &status);
	check(status);
	check(libxsmm_dnn_rnncell_bind_internalstate(l.cell, kind, numbers(bytes / sizeof(float) + 1)));
}

static void execute(libxsmm_dnn_compute_kind kind) {
#pragma omp parallel
	libxsmm_dnn_rnncell_execute_st(l.cell, kind, 0, omp_get_thread_num());
}

static void run_layer(void) {
	execute(LIBXSMM_DNN_COMPUTE_KIND_FWD);
	if (l.train) execute(LIBXSMM_DNN_COMPUTE_KIND_BWDUPD);
}

// load_layer makes the cell with the blocks that are fastest. What other cases took is not given back: they are few.
static void load_layer(const char *name, const char *folder) {
	l.T = size(name, "/t="), l.B = size(name, "/b="), l.I = size(name, "/i="), l.H = size(name, "/h=");
	l.train = !strncmp(name, "rnn_train", 9);
	l.x = operand(folder, "x", l.T * l.B * l.I), l.h0 = operand(folder, "h0", l.B * l.H), l.dy = operand(folder, "dy", l.T * l.B * l.H);
	l.wx = operand(folder, "wx", l.I * l.H), l.wh = operand(folder, "wh", l.H * l.H), l.b = operand(folder, "b", l.H);
	l.y = numbers(l.T * l.B * l.H), l.dx = numbers(l.T * l.B * l.I);
	l.dwx = numbers(l.I * l.H), l.dwh = numbers(l.H * l.H), l.db = numbers(l.H);
	static const long choices[][2] = {{6, 64}, {16, 32}, {16, 64}, {32, 64}};
	double best = 1e9;
	int fastest = 0;
	for (int i = 0; i < 4; i++) {
		make(choices[i][0], choices[i][1]);
		run_layer();
		for (int repeat = 0; repeat < 3; repeat++) {
			double start = seconds();
			run_layer();
			double took = seconds() - start;
			if (took < best) best = took, fastest = i;
		}
		check(libxsmm_dnn_destroy_rnncell(l.cell));
	}
	make(choices[fastest][0], choices[fastest][1]);
	memset(l.dwx, 0, l.I * l.H * sizeof(float)), memset(l.dwh, 0, l.H * l.H * sizeof(float)), memset(l.db, 0, l.H * sizeof(float));
	run_layer();

	float *h = numbers((l.T + 1) * l.B * l.H);
	memcpy(h, l.h0, l.B * l.H * sizeof(float)), memcpy(h + l.B * l.H, l.y, l.T * l.B * l.H * sizeof(float));
	result(folder, "h", h, (l.T + 1) * l.B * l.H);
	libxsmm_free(h);
	if (l.train) {
		result(folder, "dx", l.dx, l.T * l.B * l.I), result(folder, "db", l.db, l.H);
		result(folder, "dwx", l.dwx, l.I * l.H), result(folder, "dwh", l.dwh, l.H * l.H);
	}
}

int main(void) {
	libxsmm_init();
	printf("ready libxsmm %s, without the gradient of the first state\n", LIBXSMM_VERSION);
	fflush(stdout);
	char line[8192], name[4096], folder[4096], type[16];
	libxsmm_smmfunction product = NULL;
	float *a = NULL, *b = NULL, *c = NULL;
	long runs;
	while (fgets(line, sizeof line, stdin)) {
		if (sscanf(line, "load %4095s %4095s %15s", name, folder, type) == 3) {
			long m = size(name, "/m="), n = size(name, "/n="), k = size(name, "/k=");
			if (strcmp(type, "float32")) {
				printf("no it is measured in float32 alone\n");
			} else if (!strncmp(name, "rnn_", 4)) {
				product = NULL;
				load_layer(name, folder);
				printf("ok\n");
			} else if (!strncmp(name, "matmul/", 7) && !strstr(name, "trans") && m <= 128 && n <= 128 && k <= 128) {
				float one = 1, zero = 0;
				product = libxsmm_smmdispatch(n, m, k, NULL, NULL, NULL, &one, &zero, NULL, NULL); // columns first
				free(a), free(b), libxsmm_free(c);
				a = operand(folder, "a", m * k), b = operand(folder, "b", k * n), c = numbers(m * n);
				if (product) product(b, a, c), result(folder, "c", c, m * n);
				printf(product ? "ok\n" : "no it has no such kernel\n");
			} else {
				printf("no it has recurrent layers and small products alone\n");
			}
		} else if (sscanf(line, "run %ld", &runs) == 1) {
			double start = seconds();
			for (long i = 0; i < runs; i++) {
				if (product)
					product(b, a, c);
				else
					run_layer();
			}
			printf("%.9g\n", seconds() - start);
		}
		fflush(stdout);
	}
	return 0;
}
