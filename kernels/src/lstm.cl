// The steps of an LSTM. Gates are [rows, 4n], in the order i f g o, the others [rows, n].

// lstm_unit is a step of one unit, whose gates get z. The arrays begin with its own elements; those of its gates are n apart.
FUNCTION void lstm_unit(const real *z, bool takes, int bounded, index n, GLOBAL real *gates, GLOBAL real *h, GLOBAL real *c,
	GLOBAL const real *last_h, GLOBAL const real *last_c, GLOBAL real *y) {
	if (!takes) {
		gates[0] = gates[n] = gates[2 * n] = gates[3 * n] = *y = 0;
		*h = *last_h, *c = *last_c;
		return;
	}
	real i = sigmoid(z[0]), f = sigmoid(z[1]), g = tanh_(z[2]), o = sigmoid(z[3]);
	real cell = f * *last_c + i * g, state = o * tanh_(cell);
	gates[0] = i, gates[n] = f, gates[2 * n] = g, gates[3 * n] = o;
	*h = state, *c = cell;
	if (bounded)
		*y = state;
}

// lstm_unit_back is the same step back, of a row that takes it; if one does not, dz is 0. dh and dc are the gradients of the
// states after it; it leaves in dc that of the state before it, and in dh nothing: the product dz·Whᵀ is to be added there.
FUNCTION void lstm_unit_back(real *dh, real *dc, index n, GLOBAL real *dz, GLOBAL const real *dy,
	GLOBAL const real *gates, GLOBAL const real *c, GLOBAL const real *last_c) {
	real i = gates[0], f = gates[n], g = gates[2 * n], o = gates[3 * n], y = tanh_(*c);
	real d = *dh + *dy;
	real e = *dc + d * o * ((1 - y) * (1 + y));
	dz[0] = e * g * i * (1 - i);
	dz[n] = e * *last_c * f * (1 - f);
	dz[2 * n] = e * i * ((1 - g) * (1 + g));
	dz[3 * n] = d * y * o * (1 - o);
	*dc = e * f;
	*dh = 0;
}

#ifndef UNITS
// A step, whose gates are computed but for σ and tanh.
KERNEL void lstm_step(OUT(gates), OUT(h), OUT(c), IN(last_h), IN(last_c), OUT(y), IN_INT(lengths), index rows, index n, index t,
	int bounded) {
	AT(gates), AT(h), AT(c), AT(last_h), AT(last_c), AT(y), AT(lengths);
	EACH (1, row, rows) {
		bool takes = TAKES(row);
		EACH (0, j, n) {
			index at = row * n + j, gate = row * 4 * n + j;
			real z[4] = {gates[gate], gates[gate + n], gates[gate + 2 * n], gates[gate + 3 * n]};
			lstm_unit(z, takes, bounded, n, gates + gate, h + at, c + at, last_h + at, last_c + at, y + at);
		}
	}
}

KERNEL void lstm_step_back(OUT(dz), OUT(dh), OUT(dc), IN(dy), IN(gates), IN(c), IN(last_c), IN_INT(lengths), index rows, index n,
	index t, int bounded) {
	AT(dz), AT(dh), AT(dc), AT(dy), AT(gates), AT(c), AT(last_c), AT(lengths);
	EACH (1, row, rows) {
		if (!TAKES(row)) { // apart, so that a CPU's compiler makes vectors of the rest
			EACH (0, j, n) {
				index gate = row * 4 * n + j;
				dz[gate] = dz[gate + n] = dz[gate + 2 * n] = dz[gate + 3 * n] = 0;
			}
			continue;
		}
		EACH (0, j, n) {
			index at = row * n + j, gate = row * 4 * n + j;
			real d = dh[at], e = dc[at];
			lstm_unit_back(&d, &e, n, dz + gate, dy + at, gates + gate, c + at, last_c + at);
			dh[at] = d, dc[at] = e;
		}
	}
}

#elif !BACK
// All steps on a GPU. The gates hold what they get of the inputs.
KERNEL void lstm_steps(OUT(gates), OUT(h), OUT(c), OUT(y), IN_INT(lengths), IN(wh), OUT_INT(arrivals), index rows, index steps,
	int reverse, int bounded, int aligned) {
	AT(gates), AT(h), AT(c), AT(y), AT(lengths), AT(wh), AT(arrivals);
	LOCAL real4 weight[COLUMNS][PITCH(QUADS)], vector[BATCH][PITCH(SLAB)];
	const index size = rows * UNITS;

	keep(weight, wh);
	for (index s = 0; s < steps; s++) {
		index t = reverse ? steps - 1 - s : s, before = (t + reverse) * size, after = (t + !reverse) * size;
		real z[TILE][ACROSS][SUMS] = {0};
		EACH_UNIT (i, j)
			UNROLL for (int q = 0; q < SUMS; q++)
				z[i][j][q] = gates[t * 4 * size + FIRST(i, j, 4) + q * UNITS];
		if (s > 0)
			meet(arrivals, s);
		add_products(z, weight, vector, h + before, rows, aligned);
		EACH_UNIT (i, j) {
			index at = FIRST(i, j, 1);
			lstm_unit(z[i][j], TAKES(ROW(i)), bounded, UNITS, gates + t * 4 * size + FIRST(i, j, 4), h + after + at, c + after + at,
				h + before + at, c + before + at, y + t * size + at);
		}
	}
}

#else
// All steps back. dh and dc hold the gradients of the last states, and get those of the first.
KERNEL void lstm_steps_back(OUT(dz), OUT(dh), OUT(dc), IN(dy), IN(gates), IN(c), IN_INT(lengths), IN(wh), OUT_INT(arrivals),
	index rows, index steps, int reverse, int bounded, int aligned) {
	AT(dz), AT(dh), AT(dc), AT(dy), AT(gates), AT(c), AT(lengths), AT(wh), AT(arrivals);
	LOCAL real4 weight[COLUMNS][PITCH(QUADS)], vector[BATCH][PITCH(SLAB)];
	const index size = rows * UNITS;

	keep(weight, wh);
	real d[TILE][ACROSS][SUMS] = {0}, e[TILE][ACROSS] = {0};
	EACH_UNIT (i, j) {
		d[i][j][0] = dh[FIRST(i, j, 1)];
		e[i][j] = dc[FIRST(i, j, 1)];
	}
	for (index s = 1; s <= steps; s++) {
		index t = reverse ? s - 1 : steps - s, before = (t + reverse) * size, after = (t + !reverse) * size;
		EACH_UNIT (i, j) {
			index at = FIRST(i, j, 1), gate = t * 4 * size + FIRST(i, j, 4);
			if (TAKES(ROW(i)))
				lstm_unit_back(d[i][j], &e[i][j], UNITS, dz + gate, dy + t * size + at, gates + gate, c + after + at, c + before + at);
			else
				dz[gate] = dz[gate + UNITS] = dz[gate + 2 * UNITS] = dz[gate + 3 * UNITS] = 0;
		}
		meet(arrivals, s);
		add_products(d, weight, vector, dz + t * 4 * size, rows, aligned);
	}
	EACH_UNIT (i, j) {
		dh[FIRST(i, j, 1)] = d[i][j][0];
		dc[FIRST(i, j, 1)] = e[i][j];
	}
}
#endif
