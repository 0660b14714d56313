KERNEL void copy(OUT(dst), IN(src), index n) {
	AT(dst), AT(src);
	EACH (0, i, n)
		dst[i] = src[i];
}

// copy_columns copies columns from..from+cols-1 of rows of m elements to columns of rows of n.
KERNEL void copy_columns(OUT(dst), IN(src), index n, index m, index to, index from, index cols, index rows) {
	AT(dst), AT(src);
	EACH (1, row, rows)
		EACH (0, j, cols)
			dst[row * n + to + j] = src[row * m + from + j];
}

KERNEL void fill(OUT(dst), real value, index n) {
	AT(dst);
	EACH (0, i, n)
		dst[i] = value;
}
