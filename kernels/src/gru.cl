// The steps of a GRU. Gates, which begin as what they get of the inputs, are [rows, 3n] in the order r z n, the others
// [rows, n], but s, what the gates get of the state, and d, the gradients of that.

// gru_unit is a step of one unit, whose gates get s of the state. If the reset came before, r and z and q are there already.
// The arrays begin with its own elements; those of its gates are n apart.
FUNCTION void gru_unit(const real *s, bool takes, int bounded, int reset_before, index n, GLOBAL real *gates, GLOBAL real *h,
	GLOBAL real *q, GLOBAL const real *last, GLOBAL real *y) {
	if (!takes) {
		gates[0] = gates[n] = gates[2 * n] = *q = *y = 0;
		*h = *last;
		return;
	}
	real r = gates[0], z = gates[n], sum = s[2];
	if (!reset_before) {
		r = sigmoid(r + s[0]);
		z = sigmoid(z + s[1]);
		sum *= r;
		*q = s[2];
	}
	real v = tanh_(gates[2 * n] + sum), state = (1 - z) * v + z * *last;
	gates[0] = r, gates[n] = z, gates[2 * n] = v;
	*h = state;
	if (bounded)
		*y = state;
}

// gru_unit_back is the same step back. dh is the gradient of the state after it; it leaves there the share of the state
// before it that went round the product. d is [dr dz dq] or, if the reset came before, dn alone, whose product dq is to be.
FUNCTION void gru_unit_back(real *dh, bool takes, int reset_before, index n, GLOBAL real *dz, GLOBAL real *dq, GLOBAL real *d,
	GLOBAL const real *dy, GLOBAL const real *gates, GLOBAL const real *q, GLOBAL const real *last) {
	if (!takes) {
		*dq = dz[0] = dz[n] = dz[2 * n] = d[0] = 0;
		if (!reset_before)
			d[n] = d[2 * n] = 0;
		return;
	}
	real r = gates[0], z = gates[n], v = gates[2 * n], g = *dh + *dy;
	real of_n = g * (1 - z) * ((1 - v) * (1 + v)), of_z = g * (*last - v) * z * (1 - z);
	*dh = g * z;
	dz[n] = of_z, dz[2 * n] = of_n;
	if (reset_before) {
		*d = of_n;
		return;
	}
	real of_q = of_n * r, of_r = of_n * *q * r * (1 - r);
	*dq = of_q, dz[0] = of_r;
	d[0] = of_r, d[n] = of_z, d[2 * n] = of_q;
}

#ifndef UNITS
// gru_reset is r and z, and q = r·h, for s [rows, 2n] of those gates.
KERNEL void gru_reset(OUT(gates), OUT(q), IN(s), IN(h), index rows, index n) {
	AT(gates), AT(q), AT(s), AT(h);
	EACH (1, row, rows) {
		GLOBAL real *reset = gates + row * 3 * n, *update = reset + n;
		GLOBAL const real *s_reset = s + row * 2 * n, *s_update = s_reset + n;
		EACH (0, j, n) {
			reset[j] = sigmoid(reset[j] + s_reset[j]);
			update[j] = sigmoid(update[j] + s_update[j]);
			q[row * n + j] = reset[j] * h[row * n + j];
		}
	}
}

// gru_step is the rest: r and z as well, for s [rows, 3n], or only n, for s [rows, n], if the reset came before.
KERNEL void gru_step(OUT(gates), OUT(h), OUT(q), IN(s), IN(last), OUT(y), IN_INT(lengths), index rows, index n, index t,
	int bounded, int reset_before) {
	AT(gates), AT(h), AT(q), AT(s), AT(last), AT(y), AT(lengths);
	EACH (1, row, rows) {
		bool takes = TAKES(row);
		EACH (0, j, n) {
			index at = row * n + j, gate = row * 3 * n + j;
			real sums[3] = {0, 0, s[reset_before ? at : gate + 2 * n]};
			if (!reset_before)
				sums[0] = s[gate], sums[1] = s[gate + n];
			gru_unit(sums, takes, bounded, reset_before, n, gates + gate, h + at, q + at, last + at, y + at);
		}
	}
}

KERNEL void gru_step_back(OUT(dz), OUT(dq), OUT(d), OUT(dh), IN(dy), IN(gates), IN(q), IN(last), IN_INT(lengths), index rows,
	index n, index t, int bounded, int reset_before) {
	AT(dz), AT(dq), AT(d), AT(dh), AT(dy), AT(gates), AT(q), AT(last), AT(lengths);
	EACH (1, row, rows) {
		bool takes = TAKES(row);
		EACH (0, j, n) {
			index at = row * n + j, gate = row * 3 * n + j;
			real g = dh[at];
			gru_unit_back(&g, takes, reset_before, n, dz + gate, dq + at, d + (reset_before ? at : gate), dy + at, gates + gate,
				q + at, last + at);
			dh[at] = g;
		}
	}
}

// gru_reset_back is the rest where the reset came before: dr, the share of the state in dq, and d = [dr dz].
KERNEL void gru_reset_back(OUT(dz), OUT(d), OUT(dh), IN(dq), IN(gates), IN(last), IN_INT(lengths), index rows, index n, index t,
	int bounded) {
	AT(dz), AT(d), AT(dh), AT(dq), AT(gates), AT(last), AT(lengths);
	EACH (1, row, rows) {
		index first = row * n;
		bool takes = TAKES(row);
		EACH (0, j, n) {
			real r = gates[row * 3 * n + j], g = dq[first + j];
			real w = takes ? g * last[first + j] * r * (1 - r) : 0;
			dz[row * 3 * n + j] = w;
			d[row * 2 * n + j] = w, d[row * 2 * n + n + j] = dz[row * 3 * n + n + j];
			if (takes)
				dh[first + j] += g * r;
		}
	}
}

#elif !BACK
// All steps on a GPU, for a reset after the product. What the gates get of the state begins with the bias, if biased.
KERNEL void gru_steps(OUT(gates), OUT(h), OUT(q), OUT(y), IN(bias), IN_INT(lengths), IN(wh), OUT_INT(arrivals), index rows,
	index steps, int reverse, int bounded, int aligned, int biased) {
	AT(gates), AT(h), AT(q), AT(y), AT(bias), AT(lengths), AT(wh), AT(arrivals);
	LOCAL real4 weight[COLUMNS][PITCH(QUADS)], vector[BATCH][PITCH(SLAB)];
	const index size = rows * UNITS;

	keep(weight, wh);
	for (index k = 0; k < steps; k++) {
		index t = reverse ? steps - 1 - k : k, before = (t + reverse) * size, after = (t + !reverse) * size;
		real s[TILE][ACROSS][SUMS] = {0};
		if (biased)
			EACH_UNIT (i, j)
				UNROLL for (int g = 0; g < SUMS; g++)
					s[i][j][g] = bias[g * UNITS + UNIT(j)];
		if (k > 0)
			meet(arrivals, k);
		add_products(s, weight, vector, h + before, rows, aligned);
		EACH_UNIT (i, j) {
			index at = FIRST(i, j, 1);
			gru_unit(s[i][j], TAKES(ROW(i)), bounded, 0, UNITS, gates + t * 3 * size + FIRST(i, j, 3), h + after + at,
				q + t * size + at, h + before + at, y + t * size + at);
		}
	}
}

#else
// All steps back. dh holds the gradient of the last state, and gets that of the first.
KERNEL void gru_steps_back(OUT(dz), OUT(dq), OUT(d), OUT(dh), IN(dy), IN(gates), IN(q), IN(h), IN_INT(lengths), IN(wh),
	OUT_INT(arrivals), index rows, index steps, int reverse, int bounded, int aligned) {
	AT(dz), AT(dq), AT(d), AT(dh), AT(dy), AT(gates), AT(q), AT(h), AT(lengths), AT(wh), AT(arrivals);
	LOCAL real4 weight[COLUMNS][PITCH(QUADS)], vector[BATCH][PITCH(SLAB)];
	const index size = rows * UNITS;

	keep(weight, wh);
	real g[TILE][ACROSS][SUMS] = {0};
	EACH_UNIT (i, j)
		g[i][j][0] = dh[FIRST(i, j, 1)];
	for (index k = 1; k <= steps; k++) {
		index t = reverse ? k - 1 : steps - k, before = (t + reverse) * size;
		EACH_UNIT (i, j) {
			index at = t * size + FIRST(i, j, 1), gate = t * 3 * size + FIRST(i, j, 3);
			gru_unit_back(g[i][j], TAKES(ROW(i)), 0, UNITS, dz + gate, dq + at, d + gate, dy + at, gates + gate, q + at,
				h + before + FIRST(i, j, 1));
		}
		meet(arrivals, k);
		add_products(g, weight, vector, d + t * 3 * size, rows, aligned);
	}
	EACH_UNIT (i, j)
		dh[FIRST(i, j, 1)] = g[i][j][0];
}
#endif
