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
typedef vec loose __attribute__((aligned(sizeof(real)))); // anywhere; vstore would do it in pieces
#define VECTOR(p, v) (((GLOBAL loose *)(p))[v])
#define WIDTH (VECS * VEC)

#define PACK_ROWS 16 // of a panel, which are packed at a time

// pack_panels lays a matrix of k rows and n columns, whose elements are x_k and x_n apart, out in panels [k][width], one
// after the other, with zeros where there are no columns. Each work-item reads what lies side by side in turn.
FUNCTION void pack_panels(GLOBAL real *room, GLOBAL const real *x, int width, index k, index n, index x_k, index x_n) {
	index blocks = (k + PACK_ROWS - 1) / PACK_ROWS, panels = (n + width - 1) / width, pieces = blocks * panels;
	for (index at = pieces * ID(0) / IDS(0), end = pieces * (ID(0) + 1) / IDS(0); at < end; at++) {
		index l = (x_n == 1 ? at / panels : at % blocks) * PACK_ROWS, j = (x_n == 1 ? at % panels : at / blocks) * width;
		int rows = min((index)PACK_ROWS, k - l), cols = min((index)width, n - j);
		GLOBAL real *to = room + j * k + l * width;
		GLOBAL const real *from = x + l * x_k + j * x_n;
		if (cols < width)
			for (int i = 0; i < rows; i++)
				for (int c = 0; c < width; c++)
					to[i * width + c] = c < cols ? from[i * x_k + c * x_n] : 0;
		else if (x_n == 1)
			for (int i = 0; i < rows; i++)
				UNROLL for (int c = 0; c < width; c++)
					to[i * width + c] = from[i * x_k + c];
		else
			_Pragma("clang loop vectorize(disable)") // which would scatter
			for (int i = 0; i < rows; i++)
				UNROLL for (int c = 0; c < width; c++)
					to[i * width + c] = from[i + c * x_n];
	}
}

// pack packs B in panels of WIDTH columns, and after it, unless m is 0, Aᵀ in panels of ROWS.
KERNEL void pack(OUT(room), IN(a), IN(b), index k, index m, index n, index a_m, index a_k, index b_k, index b_n) {
	AT(room), AT(a), AT(b);
	pack_panels(room, b, WIDTH, k, n, b_k, b_n);
	pack_panels(room + (n + WIDTH - 1) / WIDTH * WIDTH * k, a, ROWS, k, m, a_k, a_m);
}

// tile computes cols columns of the rows from to to-1. a, c, d and e point at its first row.
FUNCTION void tile(GLOBAL real *c, GLOBAL const real *a, GLOBAL const real *panel, GLOBAL const real *d, GLOBAL const real *e,
	int from, int to, int cols, index k, index n, index a_m, index a_k, index d_m, int start, int finish, int f) {
	vec sum[ROWS][VECS], edge[ROWS][VECS]; // the edge is for what a whole tile in registers will not do
	real *edges = (real *)edge;
	bool whole = from == 0 && to == ROWS && cols == WIDTH;
	UNROLL for (int i = 0; i < ROWS; i++)
		UNROLL for (int v = 0; v < VECS; v++)
			sum[i][v] = start && whole ? VECTOR(d + i * d_m, v) : 0;
	if (start && !whole) {
		for (int i = 0; i < ROWS; i++)
			for (int j = 0; j < WIDTH; j++)
				edges[i * WIDTH + j] = i >= from && i < to && j < cols ? d[i * d_m + j] : 0;
		UNROLL for (int i = 0; i < ROWS; i++)
			UNROLL for (int v = 0; v < VECS; v++)
				sum[i][v] = edge[i][v];
	}
	for (index l = 0; l < k; l++) {
		vec b[VECS];
		UNROLL for (int v = 0; v < VECS; v++)
			b[v] = VECTOR(panel + l * WIDTH, v);
		UNROLL for (int i = 0; i < ROWS; i++)
			UNROLL for (int v = 0; v < VECS; v++)
				sum[i][v] = fma((vec)a[i * a_m + l * a_k], b[v], sum[i][v]);
	}
	if (finish == PLAIN && whole) {
		UNROLL for (int i = 0; i < ROWS; i++)
			UNROLL for (int v = 0; v < VECS; v++)
				VECTOR(c + i * n, v) = sum[i][v];
		return;
	}
	UNROLL for (int i = 0; i < ROWS; i++)
		UNROLL for (int v = 0; v < VECS; v++)
			edge[i][v] = sum[i][v];
	if (finish == ACTIVATE)
		activate_all(f, edges, ROWS * WIDTH);
	for (int i = from; i < to; i++) {
		if (finish == GRADIENT)
			for (int j = 0; j < cols; j++)
				edges[i * WIDTH + j] = gradient(f, edges[i * WIDTH + j], e[i * n + j]);
		for (int j = 0; j < cols; j++)
			c[i * n + j] = edges[i * WIDTH + j];
	}
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
// the rows that it shares with the tile before. A group that is alone may pack B itself.
KERNEL void products(OUT(c), IN(a), OUT(panels), IN(d), IN(e), index m, index n, index k, index d_m, int start, int finish, int f,
	index a_m, index a_k, index steps, index stride, IN(b), index b_k, index b_n, int alone) {
	AT(c), AT(a), AT(panels), AT(d), AT(e), AT(b);
	if (alone)
		pack_panels(panels, b, WIDTH, k, n, b_k, b_n);
	index first = m * ID(1) / IDS(1), last = m * (ID(1) + 1) / IDS(1);
	if (steps == 1) { // whole tiles, of which a group has several
		first -= first % ROWS;
		last -= last < m ? last % ROWS : 0;
	}
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
// A GPU's group computes a tile of BM×BN elements, whose operands it brings into local memory BK terms at a time: while it
// computes with one slab, the next is on its way into registers. A work-item computes TM rows and TN columns, four
// neighbours here and four there, so that a group's accesses lie side by side.
#define ITEMS_M (BM / TM)
#define ITEMS_N (BN / TN)
#define ITEMS (ITEMS_M * ITEMS_N)
#define ROW(i) ((i) / 4 * (4 * ITEMS_M) + item / ITEMS_N * (TM < 4 ? TM : 4) + (i) % 4)
#define COL(j) ((j) / 4 * (4 * ITEMS_N) + item % ITEMS_N * (TN < 4 ? TN : 4) + (j) % 4)

// A slab of an operand is [BK][count], with a pitch that keeps columns of it out of one memory bank. Work-item item moves
// PIECES of four neighbours of the operand; of piece p, PLACE tells the first one's place in the slab.
#define PITCH(count) (count + 4)
#define PIECES(count) (count * BK / 4 / ITEMS)
#define PLACE(p, count, along_k) \
	int at = item + p * ITEMS, l = along_k ? at % (BK / 4) * 4 : at / (count / 4), i = along_k ? at / (BK / 4) : at % (count / 4) * 4

// piece is elements (i, l) and on, along k or along i, of an operand of limit×k elements, padding where there are none. A's
// is -0 and B's 0: their product is -0, which added to a sum leaves it as it is, be it -0 itself.
FUNCTION real4 piece(GLOBAL const real *x, index i, index l, index limit, index k, index x_i, index x_k, int aligned, real padding) {
	GLOBAL const real *p = x + i * x_i + l * x_k;
	index left = x_k == 1 ? (i < limit ? k - l : 0) : (l < k ? limit - i : 0);
	if (aligned && left >= 4)
		return *(GLOBAL const real4 *)p;
	real4 v;
	v.x = left > 0 ? p[0] : padding;
	v.y = left > 1 ? p[1] : padding;
	v.z = left > 2 ? p[2] : padding;
	v.w = left > 3 ? p[3] : padding;
	return v;
}

#define FETCH(pieces, count, x, first, limit, x_i, x_k, aligned, padding) \
	UNROLL for (int p = 0; p < PIECES(count); p++) { \
		PLACE(p, count, x_k == 1); \
		pieces[p] = piece(x, first + i, term + l, limit, k, x_i, x_k, aligned, padding); \
	}
#define STORE_PIECES(slab, pieces, count, x_k) \
	UNROLL for (int p = 0; p < PIECES(count); p++) { \
		PLACE(p, count, x_k == 1); \
		int step = x_k == 1 ? PITCH(count) : 1; \
		slab[l * PITCH(count) + i] = pieces[p].x; \
		slab[l * PITCH(count) + i + step] = pieces[p].y; \
		slab[l * PITCH(count) + i + 2 * step] = pieces[p].z; \
		slab[l * PITCH(count) + i + 3 * step] = pieces[p].w; \
	}

// product takes both operands where they lie. An operand is aligned if each four neighbours that begin at a multiple of
// four may be read as a vector.
KERNEL void product(OUT(c), IN(a), IN(b), IN(d), IN(e), index m, index n, index k, index d_m, int start, int finish, int f,
	index a_m, index a_k, index b_k, index b_n, int aligned_a, int aligned_b) {
	AT(c), AT(a), AT(b), AT(d), AT(e);
	LOCAL real4 vectors_a[BK * PITCH(BM) / 4], vectors_b[BK * PITCH(BN) / 4]; // so that they are aligned
	LOCAL_ARG real *slab_a = (LOCAL_ARG real *)vectors_a, *slab_b = (LOCAL_ARG real *)vectors_b;
	int item = ITEM(0);
	index first_m = GROUP(1) * BM, first_n = GROUP(0) * BN, term = 0;

	real sum[TM][TN];
	UNROLL for (int i = 0; i < TM; i++)
		UNROLL for (int j = 0; j < TN; j++) {
			index y = first_m + ROW(i), x = first_n + COL(j);
			sum[i][j] = start && y < m && x < n ? d[y * d_m + x] : 0;
		}
	real4 next_a[PIECES(BM)], next_b[PIECES(BN)];
	FETCH(next_a, BM, a, first_m, m, a_m, a_k, aligned_a, R(-0.0))
	FETCH(next_b, BN, b, first_n, n, b_n, b_k, aligned_b, 0)
	while (term < k) {
		STORE_PIECES(slab_a, next_a, BM, a_k)
		STORE_PIECES(slab_b, next_b, BN, b_k)
		SYNC;
		term += BK;
		FETCH(next_a, BM, a, first_m, m, a_m, a_k, aligned_a, R(-0.0))
		FETCH(next_b, BN, b, first_n, n, b_n, b_k, aligned_b, 0)
		UNROLL for (int l = 0; l < BK; l++) {
			real x[TM], y[TN];
			UNROLL for (int i = 0; i < TM; i++)
				x[i] = slab_a[l * PITCH(BM) + ROW(i)];
			UNROLL for (int j = 0; j < TN; j++)
				y[j] = slab_b[l * PITCH(BN) + COL(j)];
			UNROLL for (int i = 0; i < TM; i++)
				UNROLL for (int j = 0; j < TN; j++)
					sum[i][j] = fma(x[i], y[j], sum[i][j]);
		}
		SYNC;
	}
	UNROLL for (int i = 0; i < TM; i++)
		UNROLL for (int j = 0; j < TN; j++) {
			index y = first_m + ROW(i), x = first_n + COL(j);
			if (y < m && x < n)
				c[y * n + x] = finished(finish, f, sum[i][j], e + y * n + x);
		}
}
#endif

#if defined(COLS)
// sum_rows is y = Σ x over the rows of x [rows, n], added to what y holds if acc. A group has COLS columns. On a GPU its
// work-items stand in SLICES rows, and each adds up every SLICES-th element of its column.
#if CPU
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
#endif
