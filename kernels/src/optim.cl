KERNEL void sgd(OUT(p), IN(g), real lr, index n) {
	AT(p), AT(g);
	EACH (0, i, n)
		p[i] -= lr * g[i];
}

KERNEL void momentum(OUT(p), IN(g), OUT(v), real lr, real mu, index n) {
	AT(p), AT(g), AT(v);
	EACH (0, i, n) {
		v[i] = mu * v[i] + g[i];
		p[i] -= lr * v[i];
	}
}

KERNEL void nesterov(OUT(p), IN(g), OUT(v), real lr, real mu, index n) {
	AT(p), AT(g), AT(v);
	EACH (0, i, n) {
		v[i] = mu * v[i] + g[i];
		p[i] -= lr * (g[i] + mu * v[i]);
	}
}

KERNEL void adagrad(OUT(p), IN(g), OUT(s), real lr, real eps, index n) {
	AT(p), AT(g), AT(s);
	EACH (0, i, n) {
		s[i] += g[i] * g[i];
		p[i] -= lr * g[i] / (sqrt(s[i]) + eps);
	}
}

// rmsprop keeps and takes with the weights alpha and 1-alpha.
KERNEL void rmsprop(OUT(p), IN(g), OUT(s), real lr, real keep, real take, real eps, index n) {
	AT(p), AT(g), AT(s);
	EACH (0, i, n) {
		s[i] = keep * s[i] + take * g[i] * g[i];
		p[i] -= lr * g[i] / (sqrt(s[i]) + eps);
	}
}

// adam keeps and takes with the weights beta and 1-beta of each mean; lr and root hold what corrects the means for their
// beginning at zero.
KERNEL void adam(OUT(p), IN(g), OUT(m), OUT(v), real lr, real root, real shrink, real keep1, real take1, real keep2,
	real take2, real eps, index n) {
	AT(p), AT(g), AT(m), AT(v);
	EACH (0, i, n) {
		m[i] = keep1 * m[i] + take1 * g[i];
		v[i] = keep2 * v[i] + take2 * g[i] * g[i];
		p[i] = shrink * p[i] - lr * m[i] / (sqrt(v[i]) / root + eps);
	}
}

KERNEL void clip_norm(OUT(x), IN(sum_sq), real max, index n) {
	AT(x), AT(sum_sq);
	real scale = max / (sqrt(*sum_sq) + R(1e-6));
	scale = scale >= 1 ? 1 : scale; // written so that NaN stays
	EACH (0, i, n)
		x[i] *= scale;
}

// A sum over a whole array, of its elements or of their squares, is one of as many parts as there are teams, always the
// same number.
KERNEL void sum_parts(OUT(parts), IN(x), index n, index squares) {
	AT(parts), AT(x);
	TEAM_MEMORY(memory);
	Sum sum = NO_SUM;
	EACH (0, i, n)
		add(&sum, squares ? x[i] * x[i] : x[i]);
	real part = TEAM_SUM(total(&sum), memory);
	if (ITEM(0) == 0)
		parts[GROUP(0)] = part;
}

// sum_total is y = scale·Σ parts, added to what y holds if acc.
KERNEL void sum_total(OUT(y), IN(parts), index n, real scale, index acc) {
	AT(y), AT(parts);
	TEAM_MEMORY(memory);
	Sum sum = NO_SUM;
	EACH_LANE (i, n)
		add(&sum, parts[i]);
	real v = scale * TEAM_SUM(total(&sum), memory);
	if (ITEM(0) == 0)
		*y = acc ? *y + v : v;
}
