// Each row of c elements has a team.

// A row's largest element, and the sum of exp(x-largest), which is left in y.
#define EXPONENTIALS(y, x, c, largest, sum, memory) \
	real largest = -INFINITY; \
	EACH_LANE (j, c) \
		largest = larger(largest, x[j]); \
	largest = TEAM_LARGEST(largest, memory); \
	EACH_LANE (j, c) \
		y[j] = exp_(x[j] - largest); \
	Sum terms = NO_SUM; \
	EACH_LANE (j, c) \
		add(&terms, y[j]); \
	real sum = TEAM_SUM(total(&terms), memory)

KERNEL void softmax(OUT(y), IN(x), index rows, index c) {
	AT(y), AT(x);
	TEAM_MEMORY(memory);
	EACH_TEAM (i, rows) {
		GLOBAL real *yi = y + i * c;
		GLOBAL const real *xi = x + i * c;
		EXPONENTIALS(yi, xi, c, largest, sum, memory);
		EACH_LANE (j, c)
			yi[j] /= sum;
	}
}

KERNEL void softmax_grad(OUT(dx), IN(dy), IN(y), index rows, index c) {
	AT(dx), AT(dy), AT(y);
	TEAM_MEMORY(memory);
	EACH_TEAM (i, rows) {
		Sum terms = NO_SUM;
		EACH_LANE (j, c)
			add(&terms, dy[i * c + j] * y[i * c + j]);
		real dot = TEAM_SUM(total(&terms), memory);
		EACH_LANE (j, c)
			dx[i * c + j] = y[i * c + j] * (dy[i * c + j] - dot);
	}
}

KERNEL void cross_entropy(OUT(losses), OUT(p), IN(x), IN_INT(target), index rows, index c) {
	AT(losses), AT(p), AT(x), AT(target);
	TEAM_MEMORY(memory);
	EACH_TEAM (i, rows) {
		GLOBAL real *pi = p + i * c;
		GLOBAL const real *xi = x + i * c;
		int t = target[i];
		// The loss falls to the work-item that writes p[t], which may be x[t]: it has read it before.
		bool valid = t >= 0 && t < c;
		bool mine = ITEM(0) == (valid ? t % LANES : 0);
		real right = valid && mine ? xi[t] : R(NAN);
		EXPONENTIALS(pi, xi, c, largest, sum, memory);
		EACH_LANE (j, c)
			pi[j] /= sum;
		if (mine)
			losses[i] = t == -1 ? 0 : log(sum) - (right - largest);
	}
}

KERNEL void cross_entropy_grad(OUT(dx), IN(p), IN_INT(target), real scale, index rows, index c) {
	AT(dx), AT(p), AT(target);
	EACH (1, i, rows) {
		int t = target[i];
		EACH (0, j, c) {
			real v = scale * (p[i * c + j] - (j == t));
			dx[i * c + j] = t == -1 ? 0 : t >= 0 && t < c ? v : R(NAN);
		}
	}
}
