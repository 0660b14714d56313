// A step of an LSTM, whose gates are computed but for σ and tanh: gates [rows, 4n] in the order i f g o, the others
// [rows, n]. If bounded a row takes step t where that is less than its length, and otherwise stays as it is.
KERNEL void lstm_step(OUT(gates), OUT(h), OUT(c), IN(last_h), IN(last_c), OUT(y), IN_INT(lengths), index rows, index n, index t,
	int bounded) {
	AT(gates), AT(h), AT(c), AT(last_h), AT(last_c), AT(y), AT(lengths);
	EACH (1, row, rows) {
		GLOBAL real *in = gates + row * 4 * n, *forget = in + n, *cand = in + 2 * n, *out = in + 3 * n;
		index first = row * n;
		if (bounded && t >= lengths[row]) {
			EACH (0, j, n) {
				in[j] = forget[j] = cand[j] = out[j] = y[first + j] = 0;
				h[first + j] = last_h[first + j];
				c[first + j] = last_c[first + j];
			}
			continue;
		}
		EACH (0, j, n) {
			real i = sigmoid(in[j]), f = sigmoid(forget[j]), g = tanh_(cand[j]), o = sigmoid(out[j]);
			real cell = f * last_c[first + j] + i * g;
			in[j] = i, forget[j] = f, cand[j] = g, out[j] = o;
			c[first + j] = cell;
			h[first + j] = o * tanh_(cell);
			if (bounded)
				y[first + j] = h[first + j];
		}
	}
}

// The same step back. dh and dc hold the gradients of the states after it; it leaves in dc that of the state before it, and
// in dh nothing: the product dz·Whᵀ is to be added there.
KERNEL void lstm_step_back(OUT(dz), OUT(dh), OUT(dc), IN(dy), IN(gates), IN(c), IN(last_c), IN_INT(lengths), index rows, index n,
	index t, int bounded) {
	AT(dz), AT(dh), AT(dc), AT(dy), AT(gates), AT(c), AT(last_c), AT(lengths);
	EACH (1, row, rows) {
		GLOBAL const real *in = gates + row * 4 * n, *forget = in + n, *cand = in + 2 * n, *out = in + 3 * n;
		GLOBAL real *d_in = dz + row * 4 * n, *d_forget = d_in + n, *d_new = d_in + 2 * n, *d_out = d_in + 3 * n;
		index first = row * n;
		if (bounded && t >= lengths[row]) {
			EACH (0, j, n)
				d_in[j] = d_forget[j] = d_new[j] = d_out[j] = 0;
			continue;
		}
		EACH (0, j, n) {
			real i = in[j], f = forget[j], g = cand[j], o = out[j], y = tanh_(c[first + j]);
			real d = dh[first + j] + dy[first + j];
			real e = dc[first + j] + d * o * ((1 - y) * (1 + y));
			d_in[j] = e * g * i * (1 - i);
			d_forget[j] = e * last_c[first + j] * f * (1 - f);
			d_new[j] = e * i * ((1 - g) * (1 + g));
			d_out[j] = d * y * o * (1 - o);
			dc[first + j] = e * f;
			dh[first + j] = 0;
		}
	}
}
