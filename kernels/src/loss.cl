// The deviations (kernels.Deviation) of x from t.
#define SQUARED 1

KERNEL void element_loss(OUT(losses), IN(x), IN(target), int f, index n) {
	AT(losses), AT(x), AT(target);
	EACH (0, i, n) {
		real v = x[i], t = target[i];
		losses[i] = f == SQUARED ? (v - t) * (v - t) : (v > 0 ? v : 0) - v * t + log1p(exp_(-fabs(v)));
	}
}

KERNEL void element_loss_grad(OUT(dx), IN(x), IN(target), real scale, int f, index n) {
	AT(dx), AT(x), AT(target);
	EACH (0, i, n)
		dx[i] = scale * (f == SQUARED ? 2 * (x[i] - target[i]) : sigmoid(x[i]) - target[i]);
}
