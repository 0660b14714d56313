#ifdef START
// product is C = f(D + A·B) for C [m, n], A [m, k] and B [k, n]. Each element is one chain of fused multiply-adds over
// ascending k that begins with D's, so its bits depend on nothing beside it.
//
// START tells whether there is a D; a row of it is d_m elements after the one before, and C's own memory will do. f is
// what FINISH says. Elements of A are a_m elements apart along m and a_k along k, so that A may be transposed.
#define PLAIN 0    // f(v) = v
#define ACTIVATE 1 // f(v) = F(v)
#define GRADIENT 2 // f(v) = v·F'(E), E [m, n] being what F returned

FUNCTION real finish(real v, GLOBAL const real *e) {
#if FINISH == ACTIVATE
	return activation(v);
#elif FINISH == GRADIENT
	return gradient(v, *e);
#else
	return v;
#endif
}

#if CPU
// A CPU's work-item computes tiles of ROWS rows and VECS vectors of VEC elements in registers. B comes packed: in panels
// of WIDTH columns, [panel][k][WIDTH], so that it is read in the order in which it lies.
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

// pack packs B, whose elements are b_k and b_n elements apart, and pads the last panel with zeros.
KERNEL void pack(OUT(panels), IN(b), index k, index n, index b_k, index b_n) {
	AT(panels), AT(b);
	EACH (1, p, (n + WIDTH - 1) / WIDTH) {
		EACH (0, block, (k + PACK_ROWS - 1) / PACK_ROWS) {
			index first = block * PACK_ROWS;
			int rows = min((index)PACK_ROWS, k - first), cols = min((index)WIDTH, n - p * WIDTH);
			GLOBAL real *to = panels + (p * k + first) * WIDTH;
			GLOBAL const real *from = b + first * b_k + p * WIDTH * b_n;
			if (b_n == 1)
				for (int i = 0; i < rows; i++)
					for (int j = 0; j < WIDTH; j++)
						to[i * WIDTH + j] = j < cols ? from[i * b_k + j] : 0;
			else
				for (int j = 0; j < WIDTH; j++)
					for (int i = 0; i < rows; i++)
						to[i * WIDTH + j] = j < cols ? from[i * b_k + j * b_n] : 0;
		}
	}
}

FUNCTION vec load_some(GLOBAL const real *p, int count) {
	real v[VEC];
	for (int j = 0; j < VEC; j++)
		v[j] = j < count ? p[j] : 0;
	return LOAD(0, v);
}

// tile computes the rows from row on, and cols columns of a panel. a, c, d and e point at the tile's first row.
FUNCTION void tile(GLOBAL real *c, GLOBAL const real *a, GLOBAL const real *panel, GLOBAL const real *d, GLOBAL const real *e,
	int row, int cols, index k, index n, index a_m, index a_k, index d_m) {
	vec sum[ROWS][VECS];
	for (int i = 0; i < ROWS; i++)
		for (int v = 0; v < VECS; v++) {
			sum[i][v] = 0;
#if START
			if (i >= row)
				sum[i][v] = cols == WIDTH ? LOAD(v, d + i * d_m) : load_some(d + i * d_m + v * VEC, cols - v * VEC);
#endif
		}
	for (index l = 0; l < k; l++) {
		vec b[VECS];
		for (int v = 0; v < VECS; v++)
			b[v] = LOAD(v, panel + l * WIDTH);
		for (int i = 0; i < ROWS; i++)
			for (int v = 0; v < VECS; v++)
				sum[i][v] = fma((vec)a[i * a_m + l * a_k], b[v], sum[i][v]);
	}
	for (int i = 0; i < ROWS; i++) {
		if (i < row)
			continue;
		if (FINISH == PLAIN && cols == WIDTH) {
			for (int v = 0; v < VECS; v++)
				STORE(sum[i][v], v, c + i * n);
			continue;
		}
		real out[WIDTH];
		for (int v = 0; v < VECS; v++)
			STORE(sum[i][v], v, out);
		for (int j = 0; j < cols; j++)
			c[i * n + j] = finish(out[j], e + i * n + j);
	}
}

// Rows are dealt out in blocks of tiles. The last tile of all ends at the last row, and leaves alone the rows that it
// shares with the one before.
KERNEL void product(OUT(c), IN(a), IN(panels), IN(d), IN(e), index m, index n, index k, index a_m, index a_k, index d_m) {
	AT(c), AT(a), AT(panels), AT(d), AT(e);
	EACH (1, t, (m + ROWS - 1) / ROWS) {
		index first = min(t * ROWS, m - ROWS);
		EACH (0, p, (n + WIDTH - 1) / WIDTH) {
			index j = p * WIDTH;
			tile(c + first * n + j, a + first * a_m, panels + p * k * WIDTH, d + first * d_m + j, e + first * n + j,
				t * ROWS - first, min((index)WIDTH, n - j), k, n, a_m, a_k, d_m);
		}
	}
}

#else
// A GPU's group computes a tile of BM×BN elements, whose operands it brings into local memory BK terms at a time. A
// work-item computes TM rows and TN columns of it in registers. Elements of B are b_k and b_n elements apart.
#define ITEMS_M (BM / TM)
#define ITEMS_N (BN / TN)
#define ITEMS (ITEMS_M * ITEMS_N)

// FETCH brings elements [first, first+count) × [term, term+BK) of an operand into local memory, [BK][count], zeros where
// there are none. Neighbouring work-items read neighbours in memory: along k if ALONG_K, else across.
#define FETCH(to, x, count, first, limit, x_i, x_k, ALONG_K) \
	for (int at = item; at < count * BK; at += ITEMS) { \
		int l = ALONG_K ? at % BK : at / count, i = ALONG_K ? at / BK : at % count; \
		bool inside = first + i < limit && term + l < k; \
		to[l][i] = inside ? x[(first + i) * x_i + (term + l) * x_k] : 0; \
	}

KERNEL void product(OUT(c), IN(a), IN(b), IN(d), IN(e), index m, index n, index k, index a_m, index a_k, index b_k, index b_n,
	index d_m) {
	AT(c), AT(a), AT(b), AT(d), AT(e);
	LOCAL real as[BK][BM], bs[BK][BN];
	int item = ITEM(0), row = item / ITEMS_N, col = item % ITEMS_N;
	index first_m = GROUP(1) * BM, first_n = GROUP(0) * BN;
	real sum[TM][TN];
	for (int i = 0; i < TM; i++)
		for (int j = 0; j < TN; j++) {
			sum[i][j] = 0;
#if START
			index y = first_m + row * TM + i, x = first_n + col * TN + j;
			if (y < m && x < n)
				sum[i][j] = d[y * d_m + x];
#endif
		}
	for (index term = 0; term < k; term += BK) {
		FETCH(as, a, BM, first_m, m, a_m, a_k, !TRANS_A)
		FETCH(bs, b, BN, first_n, n, b_n, b_k, TRANS_B)
		SYNC;
		for (int l = 0; l < BK; l++)
			for (int i = 0; i < TM; i++)
				for (int j = 0; j < TN; j++)
					sum[i][j] = fma(as[l][row * TM + i], bs[l][col * TN + j], sum[i][j]);
		SYNC;
	}
	for (int i = 0; i < TM; i++)
		for (int j = 0; j < TN; j++) {
			index y = first_m + row * TM + i, x = first_n + col * TN + j;
			if (y < m && x < n)
				c[y * n + x] = finish(sum[i][j], e + y * n + x);
		}
}
#endif
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
