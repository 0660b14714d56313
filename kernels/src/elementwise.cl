#ifdef F
KERNEL void activate(OUT(y), IN(x), index n) {
	AT(y), AT(x);
	EACH (0, i, n)
		y[i] = activation(F, x[i]);
}

KERNEL void activate_grad(OUT(dx), IN(dy), IN(y), index n) {
	AT(dx), AT(dy), AT(y);
	EACH (0, i, n)
		dx[i] = gradient(F, dy[i], y[i]);
}
#endif

// The operators (kernels.Operator), and dz·∂z/∂own of z = x op y, where own is x or, if right, y.
#define ADD 1
#define MUL 2
#define DIV 3

FUNCTION real combine(int op, real x, real y) { return op == ADD ? x + y : op == MUL ? x * y : x / y; }

FUNCTION real term(int op, int right, real dz, real own, real other) {
	if (op == ADD)
		return dz;
	if (op == MUL)
		return dz * other;
	return right ? dz * (-other / (own * own)) : dz / other;
}

// What broadcasts is nested loops, the innermost first: loop l runs n[l] times, and each turn goes on by x[l] elements of
// one array and by y[l] of another. There are never more than eight (kernels.MaxNest).
#define LOOPS \
	index n0, index x0, index y0, index n1, index x1, index y1, index n2, index x2, index y2, index n3, index x3, index y3, \
	index n4, index x4, index y4, index n5, index x5, index y5, index n6, index x6, index y6, index n7, index x7, index y7
#define NEST(name) \
	const Nest name = {{n0, n1, n2, n3, n4, n5, n6, n7}, {x0, x1, x2, x3, x4, x5, x6, x7}, {y0, y1, y2, y3, y4, y5, y6, y7}}

typedef struct {
	index n[8], x[8], y[8];
} Nest;

// go_on adds to x and y how far they are at turn i of the loops from to to-1 together.
FUNCTION void go_on(const Nest *nest, int from, int to, index i, index *x, index *y) {
	for (int l = from; l < to; l++) {
		index turn = l == to - 1 ? i : i % nest->n[l];
		*x += turn * nest->x[l];
		*y += turn * nest->y[l];
		i /= nest->n[l];
	}
}

// How many loops there are is a constant, DEPTH and KEPT, where there are few, and elsewhere, where the constants are 0,
// told at run time.
#define CONSTANT(constant, told) ((constant) ? (constant) : (told))

#ifdef STEP_X
// binary takes a row, which is the innermost loop, after the other. In a row x and y go on by STEP_X and STEP_Y, 0 or 1.
KERNEL void binary(OUT(z), IN(x), IN(y), int op, int told, index rows, LOOPS) {
	AT(z), AT(x), AT(y);
	NEST(nest);
	EACH (1, row, rows) {
		index xi = 0, yi = 0;
		go_on(&nest, 1, CONSTANT(DEPTH, told), row, &xi, &yi);
		EACH (0, i, n0)
			z[row * n0 + i] = combine(op, x[xi + i * STEP_X], y[yi + i * STEP_Y]);
	}
}
#endif

#ifdef KEPT
// binary_grad is an operand's gradient, told from the operand itself, the other one and the result's gradient dz. The
// loops before kept go over the operand's elements; those from there on over what it was broadcast to, whose terms are
// added up. Their steps are those of dz and of the other operand.
KERNEL void binary_grad(OUT(grad), IN(dz), IN(own), IN(other), int op, int right, int told_kept, int told_depth,
	index n, index terms, LOOPS) {
	AT(grad), AT(dz), AT(own), AT(other);
	NEST(nest);
	const int kept = CONSTANT(KEPT, told_kept), depth = CONSTANT(DEPTH, told_depth);
	EACH (0, i, n) {
		index zi = 0, oi = 0;
		go_on(&nest, 0, kept, i, &zi, &oi);
		if (kept == depth) {
			grad[i] = term(op, right, dz[zi], own[i], other[oi]);
			continue;
		}
		Sum sum = NO_SUM;
		for (index j = 0; j < terms; j++) {
			index zj = zi, oj = oi;
			go_on(&nest, kept, depth, j, &zj, &oj);
			add(&sum, term(op, right, dz[zj], own[i], other[oj]));
		}
		grad[i] = total(&sum);
	}
}

// binary_grad_team is the same for a few elements with many terms each: a team adds up those of an element.
KERNEL void binary_grad_team(OUT(grad), IN(dz), IN(own), IN(other), int op, int right, int told_kept, int told_depth,
	index n, index terms, LOOPS) {
	AT(grad), AT(dz), AT(own), AT(other);
	NEST(nest);
	TEAM_MEMORY(sums);
	const int kept = CONSTANT(KEPT, told_kept), depth = CONSTANT(DEPTH, told_depth);
	EACH_TEAM (i, n) {
		index zi = 0, oi = 0;
		go_on(&nest, 0, kept, i, &zi, &oi);
		Sum sum = NO_SUM;
		EACH_LANE (j, terms) {
			index zj = zi, oj = oi;
			go_on(&nest, kept, depth, j, &zj, &oj);
			add(&sum, term(op, right, dz[zj], own[i], other[oj]));
		}
		real v = TEAM_SUM(total(&sum), sums);
		if (ITEM(0) == 0)
			grad[i] = v;
	}
}
#endif
