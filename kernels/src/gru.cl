// The steps of a GRU, whose gates [rows, 3n], in the order r z n, begin as what they get of the inputs. The others are
// [rows, n], but s, what they get of the state, and d, the gradients of that. A row takes step t if that is less than its
// length or if there are no lengths, bounded; otherwise it stays as it is.
#define TAKES(row) (!bounded || t < lengths[row])

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
		GLOBAL real *reset = gates + row * 3 * n, *update = reset + n, *cand = reset + 2 * n;
		index first = row * n;
		if (!TAKES(row)) {
			EACH (0, j, n) {
				reset[j] = update[j] = cand[j] = q[first + j] = y[first + j] = 0;
				h[first + j] = last[first + j];
			}
			continue;
		}
		EACH (0, j, n) {
			real sum;
			if (reset_before)
				sum = s[first + j];
			else {
				GLOBAL const real *s_reset = s + row * 3 * n, *s_update = s_reset + n, *s_cand = s_reset + 2 * n;
				reset[j] = sigmoid(reset[j] + s_reset[j]);
				update[j] = sigmoid(update[j] + s_update[j]);
				q[first + j] = s_cand[j];
				sum = reset[j] * s_cand[j];
			}
			real v = tanh_(cand[j] + sum), z = update[j];
			cand[j] = v;
			h[first + j] = (1 - z) * v + z * last[first + j];
			if (bounded)
				y[first + j] = h[first + j];
		}
	}
}

// gru_step_back is a step back. dh holds the gradient of the state after it; it leaves there the share of the state before
// it that went round the product. d is [dr dz dq] or, if the reset came before, dn alone, whose product dq is to be.
KERNEL void gru_step_back(OUT(dz), OUT(dq), OUT(d), OUT(dh), IN(dy), IN(gates), IN(q), IN(last), IN_INT(lengths), index rows,
	index n, index t, int bounded, int reset_before) {
	AT(dz), AT(dq), AT(d), AT(dh), AT(dy), AT(gates), AT(q), AT(last), AT(lengths);
	EACH (1, row, rows) {
		GLOBAL const real *reset = gates + row * 3 * n, *update = reset + n, *cand = reset + 2 * n;
		GLOBAL real *d_reset = dz + row * 3 * n, *d_update = d_reset + n, *d_cand = d_reset + 2 * n;
		index first = row * n;
		bool takes = TAKES(row);
		EACH (0, j, n) {
			real r = reset[j], z = update[j], v = cand[j], g = dh[first + j] + dy[first + j];
			real e = takes ? g * (1 - z) * ((1 - v) * (1 + v)) : 0;
			real u = takes ? g * (last[first + j] - v) * z * (1 - z) : 0;
			real c = takes ? e * r : 0, w = takes ? e * q[first + j] * r * (1 - r) : 0;
			d_cand[j] = e;
			d_update[j] = u;
			if (takes)
				dh[first + j] = g * z;
			if (reset_before)
				d[first + j] = e;
			else {
				dq[first + j] = c;
				d_reset[j] = w;
				d[row * 3 * n + j] = w, d[row * 3 * n + n + j] = u, d[row * 3 * n + 2 * n + j] = c;
			}
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
