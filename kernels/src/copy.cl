KERNEL void copy(OUT(dst), IN(src), index n) {
	AT(dst), AT(src);
	EACH (0, i, n)
		dst[i] = src[i];
}

KERNEL void fill(OUT(dst), real value, index n) {
	AT(dst);
	EACH (0, i, n)
		dst[i] = value;
}
