// Each row of c elements has a team.

KERNEL void layer_norm(OUT(y), OUT(mean), OUT(rstd), IN(x), IN(gamma), IN(beta), real eps, index rows, index c) {
	AT(y), AT(mean), AT(rstd), AT(x), AT(gamma), AT(beta);
	TEAM_MEMORY(memory);
	EACH_TEAM (i, rows) {
		GLOBAL const real *xi = x + i * c;
		Sum sum = NO_SUM, squares = NO_SUM;
		EACH_LANE (j, c)
			add(&sum, xi[j]);
		real m = TEAM_SUM(total(&sum), memory) / c;
		EACH_LANE (j, c)
			add(&squares, (xi[j] - m) * (xi[j] - m));
		real r = 1 / sqrt(TEAM_SUM(total(&squares), memory) / c + eps);
		EACH_LANE (j, c)
			y[i * c + j] = (xi[j] - m) * r * gamma[j] + beta[j];
		if (ITEM(0) == 0) {
			mean[i] = m;
			rstd[i] = r;
		}
	}
}

// layer_norm_grad leaves in terms what the sum over the rows is the gradient of gamma.
KERNEL void layer_norm_grad(OUT(dx), OUT(terms), IN(dy), IN(x), IN(mean), IN(rstd), IN(gamma), index rows, index c) {
	AT(dx), AT(terms), AT(dy), AT(x), AT(mean), AT(rstd), AT(gamma);
	TEAM_MEMORY(memory);
	EACH_TEAM (i, rows) {
		real m = mean[i], r = rstd[i];
		Sum sum = NO_SUM, products = NO_SUM;
		EACH_LANE (j, c) {
			index at = i * c + j;
			real normal = (x[at] - m) * r, g = dy[at] * gamma[j];
			terms[at] = dy[at] * normal;
			add(&sum, g);
			add(&products, g * normal);
		}
		real of_g = TEAM_SUM(total(&sum), memory) / c, of_products = TEAM_SUM(total(&products), memory) / c;
		EACH_LANE (j, c) {
			index at = i * c + j;
			dx[at] = r * (dy[at] * gamma[j] - of_g - (x[at] - m) * r * of_products);
		}
	}
}
