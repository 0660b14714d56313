// A product is C = g(D + A·B) for C [m, n], A [m, k] and B [k, n]. Each element is one chain of fused multiply-adds over
// ascending k that begins with D's, so its bits depend on nothing beside it.
//
// There is a D if start; a row of it is d_m elements after the one before, and C's own memory will do. What g is finish
// says. Elements of A are a_m elements apart along m and a_k along k, so that A may be transposed; so with B.
#define PLAIN 0    // g(v) = v
#define ACTIVATE 1 // g(v) = f(v), an activation
#define GRADIENT 2 // g(v) = v·f'(E), E [m, n] being what f returned

FUNCTION real finished(int finish, int f, real v, GLOBAL const real *e) {
	return finish == ACTIVATE ? activation(f, v) : finish == GRADIENT ? gradient(f, v, *e) : v;
}

#if CPU && defined(ROWS)
// A CPU's work-item computes tiles of ROWS rows and VECS vectors of VEC elements in registers. B comes packed in panels,
// so that it is read in the order in which it lies.
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#if DOUBLE
typedef JOIN(double, VEC) vec;
#else
typedef JOIN(float, VEC) vec;
#endif
#define LOAD JOIN(vload, VEC)
#define STORE JOIN(vstore, VEC)
#define WIDTH (VECS * VEC)

#define PACK_ROWS 32 // of a panel, which a work-item packs

// pack lays a matrix of k rows and n columns, whose elements are x_k and x_n apart, out in panels of width columns,
// [panel][k][width], and pads the last with zeros.
KERNEL void pack(OUT(panels), IN(x), index k, index n, index x_k, index x_n, index width) {
	AT(panels), AT(x);
	EACH (1, p, (n + width - 1) / width) {
		EACH (0, block, (k + PACK_ROWS - 1) / PACK_ROWS) {
			index first = block * PACK_ROWS;
			int rows = min((index)PACK_ROWS, k - first), cols = min(width, n - p * width);
			GLOBAL real *to = panels + (p * k + first) * width;
			GLOBAL const real *from = x + first * x_k + p * width * x_n;
			if (x_n == 1)
				for (int i = 0; i < rows; i++)
					for (int j = 0; j < width; j++)
						to[i * width + j] = j < cols ? from[i * x_k + j] : 0;
			else
				for (int j = 0; j < width; j++)
					for (int i = 0; i < rows; i++)
						to[i * width + j] = j < cols ? from[i * x_k + j * x_n] : 0;
		}
	}
}

// tile computes cols columns of the rows from to to-1. a, c, d and e point at its first row.
FUNCTION void tile(GLOBAL real *c, GLOBAL const real *a, GLOBAL const real *panel, GLOBAL const real *d, GLOBAL const real *e,
	int from, int to, int cols, index k, index n, index a_m, index a_k, index d_m, int start, int finish, int f) {
	vec sum[ROWS][VECS];
	real edge[ROWS][WIDTH]; // where a whole tile in registers will not do
	bool whole = from == 0 && to == ROWS && cols == WIDTH;
	if (start && whole) {
		UNROLL for (int i = 0; i < ROWS; i++)
			UNROLL for (int v = 0; v < VECS; v++)
				sum[i][v] = LOAD(v, d + i * d_m);
	} else {
		for (int i = 0; i < ROWS; i++)
			for (int j = 0; j < WIDTH; j++)
				edge[i][j] = start && i >= from && i < to && j < cols ? d[i * d_m + j] : 0;
		UNROLL for (int i = 0; i < ROWS; i++)
			UNROLL for (int v = 0; v < VECS; v++)
				sum[i][v] = LOAD(v, edge[i]);
	}
	for (index l = 0; l < k; l++) {
		vec b[VECS];
		UNROLL for (int v = 0; v < VECS; v++)
			b[v] = LOAD(v, panel + l * WIDTH);
		UNROLL for (int i = 0; i < ROWS; i++)
			UNROLL for (int v = 0; v < VECS; v++)
				sum[i][v] = fma((vec)a[i * a_m + l * a_k], b[v], sum[i][v]);
	}
	if (finish == PLAIN && whole) {
		UNROLL for (int i = 0; i < ROWS; i++)
			UNROLL for (int v = 0; v < VECS; v++)
				STORE(sum[i][v], v, c + i * n);
		return;
	}
	UNROLL for (int i = 0; i < ROWS; i++)
		UNROLL for (int v = 0; v < VECS; v++)
			STORE(sum[i][v], v, edge[i]);
	for (int i = from; i < to; i++)
		for (int j = 0; j < cols; j++)
			c[i * n + j] = finished(finish, f, edge[i][j], e + i * n + j);
}

// product takes A packed as well, in panels of ROWS columns of its transpose.
KERNEL void product(OUT(c), IN(a), IN(panels), IN(d), IN(e), index m, index n, index k, index d_m, int start, int finish, int f) {
	AT(c), AT(a), AT(panels), AT(d), AT(e);
	EACH (1, t, (m + ROWS - 1) / ROWS) {
		EACH (0, p, (n + WIDTH - 1) / WIDTH) {
			index i = t * ROWS, j = p * WIDTH;
			tile(c + i * n + j, a + i * k, panels + j * k, d + i * d_m + j, e + i * n + j,
				0, min((index)ROWS, m - i), min((index)WIDTH, n - j), k, n, 1, ROWS, d_m, start, finish, f);
		}
	}
}

// products takes A where it lies, for steps products one after the other: each time C, A, D and E are stride elements
// further on. Where A is what the step before computed, there must be one group along axis 0: it takes its rows, at least
// ROWS, through all steps, for rows exchange nothing. The last tile of its rows ends at the last one, and leaves alone
// the rows that it shares with the tile before.
KERNEL void products(OUT(c), IN(a), IN(panels), IN(d), IN(e), index m, index n, index k, index d_m, int start, int finish, int f,
	index a_m, index a_k, index steps, index stride) {
	AT(c), AT(a), AT(panels), AT(d), AT(e);
	index first = m * ID(1) / IDS(1), last = m * (ID(1) + 1) / IDS(1);
	for (index step = 0; step < steps; step++) {
		for (index t = first; t < last; t += ROWS) {
			EACH (0, p, (n + WIDTH - 1) / WIDTH) {
				index i = min(t, last - ROWS), j = p * WIDTH;
				tile(c + i * n + j, a + i * a_m, panels + j * k, d + i * d_m + j, e + i * n + j,
					t - i, ROWS, min((index)WIDTH, n - j), k, n, a_m, a_k, d_m, start, finish, f);
			}
		}
		c += stride, a += stride, d += stride, e += stride;
	}
}

#elif !CPU && defined(BM)
// A GPU's group computes a tile of BM×BN elements, whose operands it brings into local memory BK terms at a time. A
// work-item computes TM rows and TN columns of it in registers. Elements of B are b_k and b_n elements apart.
#define ITEMS_M (BM / TM)
#define ITEMS_N (BN / TN)
#define ITEMS (ITEMS_M * ITEMS_N)

// FETCH brings elements [first, first+count) × [term, term+BK) of an operand into local memory, [BK][count], zeros where
// there are none. Neighbouring work-items read neighbours in memory.
#define FETCH(to, x, count, first, limit, x_i, x_k) \
	for (int at = item; at < count * BK; at += ITEMS) { \
		int l = x_k == 1 ? at % BK : at / count, i = x_k == 1 ? at / BK : at % count; \
		bool inside = first + i < limit && term + l < k; \
		to[l][i] = inside ? x[(first + i) * x_i + (term + l) * x_k] : 0; \
	}

KERNEL void product(OUT(c), IN(a), IN(b), IN(d), IN(e), index m, index n, index k, index d_m, int start, int finish, int f,
	index a_m, index a_k, index b_k, index b_n) {
	AT(c), AT(a), AT(b), AT(d), AT(e);
	LOCAL real as[BK][BM], bs[BK][BN];
	int item = ITEM(0), row = item / ITEMS_N, col = item % ITEMS_N;
	index first_m = GROUP(1) * BM, first_n = GROUP(0) * BN;
	real sum[TM][TN];
	UNROLL for (int i = 0; i < TM; i++)
		UNROLL for (int j = 0; j < TN; j++) {
			index y = first_m + row * TM + i, x = first_n + col * TN + j;
			sum[i][j] = start && y < m && x < n ? d[y * d_m + x] : 0;
		}
	for (index term = 0; term < k; term += BK) {
		FETCH(as, a, BM, first_m, m, a_m, a_k)
		FETCH(bs, b, BN, first_n, n, b_n, b_k)
		SYNC;
		for (int l = 0; l < BK; l++)
			UNROLL for (int i = 0; i < TM; i++)
				UNROLL for (int j = 0; j < TN; j++)
					sum[i][j] = fma(as[l][row * TM + i], bs[l][col * TN + j], sum[i][j]);
		SYNC;
	}
	UNROLL for (int i = 0; i < TM; i++)
		UNROLL for (int j = 0; j < TN; j++) {
			index y = first_m + row * TM + i, x = first_n + col * TN + j;
			if (y < m && x < n)
				c[y * n + x] = finished(finish, f, sum[i][j], e + y * n + x);
		}
}
#endif

// sum_rows is y = Σ x over the rows of x [rows, n], added to what y holds if acc. A group has COLS columns. On a GPU its
// work-items stand in SLICES rows, and each adds up every SLICES-th element of its column.
#if CPU
#define COLS 64
#define BLOCK 64 // rows, as in Sum
KERNEL void sum_rows(OUT(y), IN(x), index rows, index n, index acc) {
	AT(y), AT(x);
	EACH (0, group, (n + COLS - 1) / COLS) {
		int cols = min((index)COLS, n - group * COLS);
		GLOBAL real *to = y + group * COLS;
		GLOBAL const real *from = x + group * COLS;
		real sum[COLS];
		for (int j = 0; j < cols; j++)
			sum[j] = acc ? to[j] : 0;
		for (index first = 0; first < rows; first += BLOCK) {
			real block[COLS];
			for (int j = 0; j < cols; j++)
				block[j] = 0;
			for (index i = first; i < min(first + BLOCK, rows); i++)
				for (int j = 0; j < cols; j++)
					block[j] += from[i * n + j];
			for (int j = 0; j < cols; j++)
				sum[j] += block[j];
		}
		for (int j = 0; j < cols; j++)
			to[j] = sum[j];
	}
}
#else
#define COLS 32
#define SLICES 8
KERNEL void sum_rows(OUT(y), IN(x), index rows, index n, index acc) {
	AT(y), AT(x);
	LOCAL real sums[SLICES][COLS];
	index j = ID(0);
	Sum sum = NO_SUM;
	if (j < n)
		for (index i = ITEM(1); i < rows; i += SLICES)
			add(&sum, x[i * n + j]);
	sums[ITEM(1)][ITEM(0)] = total(&sum);
	SYNC;
	if (ITEM(1) == 0 && j < n) {
		real v = acc ? y[j] : 0;
		for (int s = 0; s < SLICES; s++)
			v += sums[s][ITEM(0)];
		y[j] = v;
	}
}
#endif
