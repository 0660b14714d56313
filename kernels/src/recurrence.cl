// What the recurrent layers share. A row takes step t if that is less than its length or if there are no lengths, bounded;
// otherwise it stays as it is.
#define TAKES(row) (!bounded || t < lengths[row])

#ifdef UNITS
// The rest is for kernels that take all steps in one launch on a GPU.
//
// A step multiplies vectors by Wh [UNITS, GATES·UNITS]: forward the states, for GATES sums of each unit; BACK the gradients of
// these sums by Whᵀ, for one sum of each unit. A sum is one chain of fused multiply-adds over ascending terms that goes on
// with what is there, as in matmul.cl: the bits are those of a product a step.
//
// A group has BATCH rows and SLICE units, whose columns of the weights it keeps in local memory for all steps. Between two
// steps it waits for the groups that have the same rows: so all groups must run at once.
#if BACK
#define SUMS 1 // of a unit
#define TERMS (GATES * UNITS)
#define W(l, q, unit) ((unit) * TERMS + (l)) // where the weight of term l for sum q of a unit lies
#define W_TERM 1                             // and how far it is to that of the next term
#else
#define SUMS GATES
#define TERMS UNITS
#define W(l, q, unit) (((l) * GATES + (q)) * UNITS + (unit))
#define W_TERM (GATES * UNITS)
#endif

// A work-item computes TILE rows of ACROSS units, ITEMS of them do; all LANES bring operands in.
#define ACROSS (SUMS > 1 ? 1 : TILE)
#define ITEMS_N (SLICE / ACROSS)
#define ITEMS (BATCH / TILE * ITEMS_N)
#define OWN_ROW(i) (ITEM(0) / ITEMS_N + (i) * (BATCH / TILE)) // of the group's
#define OWN_UNIT(j) (ITEM(0) % ITEMS_N + (j) * ITEMS_N)
#define ROW(i) (GROUP(1) * BATCH + OWN_ROW(i)) // of all
#define UNIT(j) (GROUP(0) * SLICE + OWN_UNIT(j))
#define FIRST(i, j, parts) (ROW(i) * (parts) * UNITS + UNIT(j)) // a unit's first element of [rows, parts·UNITS]
#define EACH_UNIT(i, j) \
	UNROLL for (int i = 0; i < TILE; i++) \
		UNROLL for (int j = 0; j < ACROSS; j++) \
			if (ITEM(0) < ITEMS && ROW(i) < rows && UNIT(j) < UNITS)

// Operands lie in local memory in quads, vectors of four terms: a column of the weights has QUADS of them, and a vector is
// brought in SLAB of them at a time. An odd number from one to the next keeps columns and rows out of one memory bank.
#define QUADS ((TERMS + 3) / 4)
#define PITCH(quads) ((quads) | 1)
#define COLUMNS (SUMS * SLICE)
#define PIECES ((BATCH * SLAB + LANES - 1) / LANES) // quads of a slab that a work-item brings

// quad is four elements of x that are apart, padding where fewer are left: -0 in a vector and 0 in the weights, as in
// matmul.cl.
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

// keep brings the group's columns of the weights to where they stay: sum q of the group's unit j has column q·SLICE + j.
FUNCTION void keep(LOCAL_ARG real4 weight[][PITCH(QUADS)], GLOBAL const real *wh) {
	for (int at = ITEM(0); at < COLUMNS * QUADS; at += LANES) {
		int column = at % COLUMNS, l = at / COLUMNS * 4;
		index unit = GROUP(0) * SLICE + column % SLICE;
		weight[column][l / 4] = quad(wh + W(l, column / SLICE, unit), unit < UNITS ? TERMS - l : 0, W_TERM, 0, 0);
	}
}

// fetch brings the slab that begins at quad first of the vectors x [rows, TERMS] into registers, put from there into local
// memory. The vectors are aligned if each four neighbours that begin at a multiple of four may be read as one.
FUNCTION void fetch(real4 *next, GLOBAL const real *x, int first, index rows, int aligned) {
	UNROLL for (int p = 0; p < PIECES; p++) {
		int at = ITEM(0) + p * LANES, l = (first + at % SLAB) * 4;
		index row = GROUP(1) * BATCH + at / SLAB;
		next[p] = quad(x + row * TERMS + l, at < BATCH * SLAB && row < rows ? TERMS - l : 0, 1, aligned, R(-0.0));
	}
}

FUNCTION void put(LOCAL_ARG real4 vector[][PITCH(SLAB)], const real4 *next) {
	UNROLL for (int p = 0; p < PIECES; p++) {
		int at = ITEM(0) + p * LANES;
		if (at < BATCH * SLAB)
			vector[at / SLAB][at % SLAB] = next[p];
	}
}

// add_products adds the products of the vectors x [rows, TERMS] and the weights to the sums. While it computes with one slab
// of the vectors, the next is on its way.
FUNCTION void add_products(real sum[TILE][ACROSS][SUMS], LOCAL_ARG real4 weight[][PITCH(QUADS)],
	LOCAL_ARG real4 vector[][PITCH(SLAB)], GLOBAL const real *x, index rows, int aligned) {
	real4 next[PIECES];
	fetch(next, x, 0, rows, aligned);
	for (int first = 0; first < QUADS; first += SLAB) {
		put(vector, next);
		SYNC;
		fetch(next, x, first + SLAB, rows, aligned);
		int quads = ITEM(0) < ITEMS ? min(SLAB, QUADS - first) : 0;
		_Pragma("unroll 8") for (int l = 0; l < quads; l++) {
			real4 a[TILE];
			UNROLL for (int i = 0; i < TILE; i++)
				a[i] = vector[OWN_ROW(i)][l];
			UNROLL for (int j = 0; j < ACROSS; j++)
				UNROLL for (int q = 0; q < SUMS; q++) {
					real4 b = weight[q * SLICE + OWN_UNIT(j)][first + l];
					UNROLL for (int i = 0; i < TILE; i++) {
						real s = sum[i][j][q];
						s = fma(a[i].x, b.x, s);
						s = fma(a[i].y, b.y, s);
						s = fma(a[i].z, b.z, s);
						sum[i][j][q] = fma(a[i].w, b.w, s);
					}
				}
		}
		SYNC;
	}
}

// meet waits until the groups with the same rows have been here times times. What is read before it, because no other group
// writes it, is on its way meanwhile. The arrivals are zeros, 32 for each group along axis 1, so that those of different rows
// lie in different cache lines.
FUNCTION void meet(GLOBAL int *arrivals, index times) {
	SYNC_GLOBAL;
	if (ITEM(0) == 0) {
		GLOBAL int *own = arrivals + GROUP(1) * 32;
		FENCE;
		ATOMIC_ADD(own, 1);
		while (ATOMIC_READ(own) < times * GROUPS(0))
			;
		FENCE;
	}
	SYNC;
}
#endif
