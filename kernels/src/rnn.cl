// The steps of an RNN, over arrays [rows, n].

// steps_of is how many steps a row takes.
FUNCTION index steps_of(GLOBAL const int *lengths, index row, index steps, int bounded) {
	return bounded ? max((index)0, min(steps, (index)lengths[row])) : steps;
}

// rnn_unit is a step of one unit, whose state becomes v. The arrays begin with its own elements.
FUNCTION void rnn_unit(real v, bool takes, int bounded, GLOBAL real *h, GLOBAL const real *last, GLOBAL real *y) {
	*h = takes ? v : *last;
	if (bounded)
		*y = takes ? v : 0;
}

// rnn_unit_back is dz of a unit at step t of those that its row takes. d is dy plus what it gets of the step after; at the
// last there is none, and it gets dh, if that is there.
FUNCTION real rnn_unit_back(real d, index t, index taken, int f, int reverse, int has_dh, GLOBAL const real *dy,
	GLOBAL const real *dh, GLOBAL const real *h) {
	if (t == (reverse ? 0 : taken - 1))
		d = has_dh ? *dy + *dh : *dy;
	return t < taken ? gradient(f, d, *h) : 0;
}

#ifndef UNITS
// What is left to do of a step with lengths, whose h is computed for all rows.
KERNEL void rnn_step(OUT(h), IN(last), OUT(y), IN_INT(lengths), index rows, index n, index t) {
	AT(h), AT(last), AT(y), AT(lengths);
	const int bounded = 1;
	EACH (1, row, rows) {
		bool takes = TAKES(row);
		EACH (0, j, n) {
			index i = row * n + j;
			rnn_unit(h[i], takes, bounded, h + i, last + i, y + i);
		}
	}
}

// A step back. dz holds dy plus what it gets of the step after.
KERNEL void rnn_step_back(OUT(dz), IN(dy), IN(dh), IN(h), IN_INT(lengths), index rows, index n, index t, index steps, int f,
	int reverse, int bounded, int has_dh) {
	AT(dz), AT(dy), AT(dh), AT(h), AT(lengths);
	EACH (1, row, rows) {
		index taken = steps_of(lengths, row, steps, bounded);
		EACH (0, j, n) {
			index i = row * n + j;
			dz[i] = rnn_unit_back(dz[i], t, taken, f, reverse, has_dh, dy + i, dh + i, h + i);
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

#elif !BACK
// All steps on a GPU. The states but the first hold what they get of the inputs.
KERNEL void rnn_steps(OUT(h), OUT(y), IN_INT(lengths), IN(wh), OUT_INT(arrivals), index rows, index steps, int reverse,
	int bounded, int aligned) {
	AT(h), AT(y), AT(lengths), AT(wh), AT(arrivals);
	LOCAL real4 weight[COLUMNS][PITCH(QUADS)], vector[BATCH][PITCH(SLAB)];
	const index size = rows * UNITS;

	keep(weight, wh);
	for (index s = 0; s < steps; s++) {
		index t = reverse ? steps - 1 - s : s, before = (t + reverse) * size, after = (t + !reverse) * size;
		real z[TILE][ACROSS][SUMS] = {0};
		EACH_UNIT (i, j)
			z[i][j][0] = h[after + FIRST(i, j, 1)];
		if (s > 0)
			meet(arrivals, s);
		add_products(z, weight, vector, h + before, rows, aligned);
		EACH_UNIT (i, j) {
			index at = FIRST(i, j, 1);
			rnn_unit(activation(F, z[i][j][0]), TAKES(ROW(i)), bounded, h + after + at, h + before + at, y + t * size + at);
		}
	}
}

#else
// All steps back.
KERNEL void rnn_steps_back(OUT(dz), IN(dy), IN(dh), IN(h), IN_INT(lengths), IN(wh), OUT_INT(arrivals), index rows, index steps,
	int reverse, int bounded, int aligned, int has_dh) {
	AT(dz), AT(dy), AT(dh), AT(h), AT(lengths), AT(wh), AT(arrivals);
	LOCAL real4 weight[COLUMNS][PITCH(QUADS)], vector[BATCH][PITCH(SLAB)];
	const index size = rows * UNITS;

	keep(weight, wh);
	for (index s = 1; s <= steps; s++) {
		index t = reverse ? s - 1 : steps - s, after = (t + !reverse) * size;
		real d[TILE][ACROSS][SUMS] = {0};
		EACH_UNIT (i, j)
			d[i][j][0] = dy[t * size + FIRST(i, j, 1)];
		if (s > 1) {
			meet(arrivals, s - 1);
			add_products(d, weight, vector, dz + (reverse ? t - 1 : t + 1) * size, rows, aligned);
		}
		EACH_UNIT (i, j) {
			index at = FIRST(i, j, 1), taken = steps_of(lengths, ROW(i), steps, bounded);
			dz[t * size + at] = rnn_unit_back(d[i][j][0], t, taken, F, reverse, has_dh, dy + t * size + at, dh + at, h + after + at);
		}
	}
}
#endif
