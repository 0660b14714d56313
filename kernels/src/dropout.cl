// philox is the four numbers of a counter and a key: package philox.
FUNCTION uint4 philox(unsigned c0, unsigned c1, unsigned c2, unsigned c3, unsigned k0, unsigned k1) {
	const unsigned m0 = 0xD2511F53u, m1 = 0xCD9E8D57u;
	for (int round = 0; round < 10; round++) {
		unsigned high0 = HIGH(m0, c0), low0 = m0 * c0, high1 = HIGH(m1, c2), low1 = m1 * c2;
		c0 = high1 ^ c1 ^ k0;
		c1 = low1;
		c2 = high0 ^ c3 ^ k1;
		c3 = low0;
		k0 += 0x9E3779B9u;
		k1 += 0xBB67AE85u;
	}
	uint4 words;
	words.x = c0;
	words.y = c1;
	words.z = c2;
	words.w = c3;
	return words;
}

// A work-item does the four neighbours whose numbers come together. They are dropped if those are below the threshold.
KERNEL void dropout(OUT(y), IN(x), real scale, int threshold, int seed_low, int seed_high, int stream_low, int stream_high,
	index times, index period) {
	AT(y), AT(x);
	EACH (1, t, times) {
		EACH (0, four, (period + 3) / 4) {
			uint4 words = philox(four, four >> 32, stream_low, stream_high, seed_low, seed_high);
			unsigned word[4] = {words.x, words.y, words.z, words.w};
			index at = t * period + four * 4;
			for (int i = 0; i < min((index)4, period - four * 4); i++)
				y[at + i] = word[i] < (unsigned)threshold ? 0 : x[at + i] * scale;
		}
	}
}
