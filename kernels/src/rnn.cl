#ifndef TERMS
// What is left to do of a step of an RNN with lengths, whose h [rows, n] is computed for all rows: one takes step t if that is
// less than its length, and otherwise stays as it is.
KERNEL void rnn_step(OUT(h), IN(last), OUT(y), IN_INT(lengths), index rows, index n, index t) {
	AT(h), AT(last), AT(y), AT(lengths);
	EACH (1, row, rows) {
		bool takes = t < lengths[row];
		EACH (0, j, n) {
			index i = row * n + j;
			if (!takes)
				h[i] = last[i];
			y[i] = takes ? h[i] : 0;
		}
	}
}

// steps_of is how many steps a row takes.
FUNCTION index steps_of(GLOBAL const int *lengths, index row, index steps, int bounded) {
	return bounded ? max((index)0, min(steps, (index)lengths[row])) : steps;
}

// A step back. dz is dy plus what it gets of the step after; at the step that a row takes last, it gets dh, if that is there.
KERNEL void rnn_step_back(OUT(dz), IN(dy), IN(dh), IN(h), IN_INT(lengths), index rows, index n, index t, index steps, int f,
	int reverse, int bounded, int has_dh) {
	AT(dz), AT(dy), AT(dh), AT(h), AT(lengths);
	EACH (1, row, rows) {
		index taken = steps_of(lengths, row, steps, bounded);
		bool last = t == (reverse ? 0 : taken - 1);
		EACH (0, j, n) {
			index i = row * n + j;
			real d = last ? dy[i] : dz[i];
			if (last && has_dh)
				d += dh[i];
			dz[i] = t < taken ? gradient(f, d, h[i]) : 0;
		}
	}
}

// rnn_first is dz at the step that each row takes first, 0 if there is none; if there is one, dh becomes 0.
KERNEL void rnn_first(OUT(first), OUT(dh), IN(dz), IN_INT(lengths), index rows, index n, index steps, int reverse) {
	AT(first), AT(dh), AT(dz), AT(lengths);
	EACH (1, row, rows) {
		index taken = steps_of(lengths, row, steps, 1), t = reverse ? taken - 1 : 0;
		EACH (0, j, n) {
			index i = row * n + j;
			first[i] = taken > 0 ? dz[(t * rows + row) * n + j] : 0;
			if (taken > 0)
				dh[i] = 0;
		}
	}
}

#elif !CPU
// A recurrence, an RNN's or its gradient's, with all steps in one launch on a GPU:
//
//	C[t] = g(D[t] + C[t-1]·W)   for t = 0 ... steps-1
//
// for C[t] and D[t] [m, TERMS] and W [TERMS, TERMS]. g is FINISH, with F, and each element a chain of fused multiply-adds, as
// for a product in matmul.cl: the bits are those of a product a step. C[t], D[t] and g's E[t] are stride elements after
// the ones before, and C[-1] is there; elements of W are w_k elements apart along the terms and w_n along the columns.
//
// A group computes BATCH rows and SLICE columns of each C[t], and keeps its columns of W in local memory for all steps.
// After a step it waits for the groups that have the same rows: so all groups must run at once.
#define ITEMS_N (SLICE / TILE) // work-items that compute, TILE×TILE elements each; all LANES of them bring operands in
#define ITEMS (BATCH / TILE * ITEMS_N)
#define ROW(i) (item / ITEMS_N + (i) * (BATCH / TILE))
#define COL(j) (item % ITEMS_N + (j) * ITEMS_N)
#define EACH_RESULT(i, j) \
	if (item < ITEMS) \
		UNROLL for (int i = 0; i < TILE; i++) \
			UNROLL for (int j = 0; j < TILE; j++)

// Operands lie in local memory in quads, vectors of four terms: a column of W has QUADS of them, and a row of C[t-1] is
// brought in SLAB of them at a time. An odd number from one to the next keeps columns and rows out of one memory bank.
#define QUADS ((TERMS + 3) / 4)
#define PITCH(quads) ((quads) | 1)
#define PIECES ((BATCH * SLAB + LANES - 1) / LANES) // quads of a slab that a work-item brings

// quad is four elements of x that are apart, padding where fewer are left: -0 in C[t-1] and 0 in W, as in matmul.cl.
FUNCTION real4 quad(GLOBAL const real *x, index left, index apart, int aligned, real padding) {
	if (aligned && left >= 4)
		return FRESH4(x);
	real4 v;
	v.x = left > 0 ? FRESH(x) : padding;
	v.y = left > 1 ? FRESH(x + apart) : padding;
	v.z = left > 2 ? FRESH(x + 2 * apart) : padding;
	v.w = left > 3 ? FRESH(x + 3 * apart) : padding;
	return v;
}

// FETCH brings the slab that begins at quad first of C[t-1] into registers, KEEP from there into local memory.
#define FETCH(first) \
	UNROLL for (int p = 0; p < PIECES; p++) { \
		int at = item + p * LANES, l = (first) + at % SLAB; \
		index y = first_m + at / SLAB; \
		next[p] = quad(c - stride + y * TERMS + l * 4, at < BATCH * SLAB && y < m ? TERMS - l * 4 : 0, 1, aligned, R(-0.0)); \
	}
#define KEEP \
	UNROLL for (int p = 0; p < PIECES; p++) { \
		int at = item + p * LANES; \
		if (at < BATCH * SLAB) \
			state[at / SLAB][at % SLAB] = next[p]; \
	}

// meet waits until all have been here as often as makes together wanted arrivals.
FUNCTION void meet(GLOBAL int *arrivals, int wanted) {
	SYNC_GLOBAL;
	if (ITEM(0) == 0) {
		FENCE;
		ATOMIC_ADD(arrivals, 1);
		while (ATOMIC_READ(arrivals) < wanted)
			;
		FENCE;
	}
	SYNC;
}

// recurrence takes aligned if each four neighbours of a row of C that begin at a multiple of four may be read as a vector.
// The arrivals are zeros, 32 for each group along axis 1, so that those of different rows lie in different cache lines.
KERNEL void recurrence(OUT(c), IN(d), IN(e), IN(w), OUT_INT(arrivals), index m, index w_k, index w_n,
	index steps, index stride, int aligned) {
	AT(c), AT(d), AT(e), AT(w), AT(arrivals);
	LOCAL real4 weight[SLICE][PITCH(QUADS)], state[BATCH][PITCH(SLAB)];
	const int item = ITEM(0);
	const index first_m = GROUP(1) * BATCH, first_n = GROUP(0) * SLICE;

	for (int at = item; at < SLICE * QUADS; at += LANES) {
		int j = at % SLICE, l = at / SLICE;
		index x = first_n + j;
		weight[j][l] = quad(w + l * 4 * w_k + x * w_n, x < TERMS ? TERMS - l * 4 : 0, w_k, 0, 0);
	}
	for (index t = 0; t < steps; t++) {
		real sum[TILE][TILE];
		EACH_RESULT (i, j) {
			index y = first_m + ROW(i), x = first_n + COL(j);
			sum[i][j] = y < m && x < TERMS ? d[y * TERMS + x] : 0;
		}
		real4 next[PIECES];
		FETCH(0)
		for (int first = 0; first < QUADS; first += SLAB) {
			KEEP
			SYNC;
			FETCH(first + SLAB)
			int quads = item < ITEMS ? min(SLAB, QUADS - first) : 0;
			_Pragma("unroll 8") for (int l = 0; l < quads; l++) {
				real4 a[TILE], b[TILE];
				UNROLL for (int i = 0; i < TILE; i++) {
					a[i] = state[ROW(i)][l];
					b[i] = weight[COL(i)][first + l];
				}
				UNROLL for (int i = 0; i < TILE; i++)
					UNROLL for (int j = 0; j < TILE; j++) {
						real s = sum[i][j];
						s = fma(a[i].x, b[j].x, s);
						s = fma(a[i].y, b[j].y, s);
						s = fma(a[i].z, b[j].z, s);
						sum[i][j] = fma(a[i].w, b[j].w, s);
					}
			}
			SYNC;
		}
		EACH_RESULT (i, j) {
			index y = first_m + ROW(i), x = first_n + COL(j);
			if (y < m && x < TERMS)
				c[y * TERMS + x] = finished(FINISH, F, sum[i][j], e + y * TERMS + x);
		}
		c += stride, d += stride, e += stride;
		if (t + 1 < steps)
			meet(arrivals + GROUP(1) * 32, (t + 1) * GROUPS(0));
	}
}
#endif
