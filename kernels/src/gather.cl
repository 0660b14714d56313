// Y[i] = W[ids[i]]: each of so many rows is a row of w [v, d].
KERNEL void gather(OUT(y), IN(w), IN_INT(ids), index rows, index v, index d) {
	AT(y), AT(w), AT(ids);
	EACH (1, i, rows) {
		index id = ids[i];
		EACH (0, j, d)
			y[i * d + j] = id >= 0 && id < v ? w[id * d + j] : R(NAN);
	}
}

// dW[ids[i]] += dY[i], in the order of i. No two work-items add to the same element.
#if CPU
// A work-item goes through all rows with columns of its own.
KERNEL void scatter_add(OUT(dw), IN(dy), IN_INT(ids), index rows, index v, index d) {
	AT(dw), AT(dy), AT(ids);
	index from = d * ID(0) / IDS(0), to = d * (ID(0) + 1) / IDS(0);
	for (index i = 0; i < rows; i++) {
		index id = ids[i];
		if (id >= 0 && id < v)
			for (index j = from; j < to; j++)
				dw[id * d + j] += dy[i * d + j];
	}
}
#else
// scatter_links tells of each row whether it is the first with its id, which must be one of a row of the table, and which
// the next one is, rows if there is none. Each work-item reads as many ids as there are rows at most.
KERNEL void scatter_links(OUT_INT(first), OUT_INT(next), IN_INT(ids), index rows, index v) {
	AT(first), AT(next), AT(ids);
	EACH (0, i, rows) {
		int id = ids[i];
		index before = i - 1, after = i + 1;
		while (before >= 0 && ids[before] != id)
			before--;
		while (after < rows && ids[after] != id)
			after++;
		first[i] = before < 0 && id >= 0 && id < v;
		next[i] = after;
	}
}

// From the first row with an id a work-item goes to all others, with one column of them.
KERNEL void scatter_add(OUT(dw), IN(dy), IN_INT(ids), IN_INT(first), IN_INT(next), index rows, index d) {
	AT(dw), AT(dy), AT(ids), AT(first), AT(next);
	EACH (1, i, rows) {
		if (!first[i])
			continue;
		EACH (0, j, d) {
			real sum = dw[ids[i] * d + j];
			for (index k = i; k < rows; k = next[k])
				sum += dy[k * d + j];
			dw[ids[i] * d + j] = sum;
		}
	}
}
#endif
