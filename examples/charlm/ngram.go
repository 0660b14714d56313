package main

import "math"

// An ngram predicts a character from the order-1 before it, by counting: the model to beat. What a context has rarely been
// followed by, it takes from the next shorter one, in the proportion of method C of I. Witten, T. Bell, "The zero-frequency
// problem", 1991. Of a context that was followed n times, by so many kinds of characters,
//
//	p(c | context) = (n(context, c) + kinds·p(c | context without its first)) / (n + kinds)
//
// and without any context left each character of the alphabet is as likely as another.
type ngram struct {
	size, order int
	counts      map[uint64]uint32 // of each context with what came after it
	contexts    map[uint64]followed
}

// followed is how often a context was, and by how many different characters.
type followed struct{ n, kinds uint32 }

// key is up to seven characters as a number. The 1 before them tells how many they are.
func key(text []byte) uint64 {
	k := uint64(1)
	for _, c := range text {
		k = k<<8 | uint64(c)
	}
	return k
}

// newNgram counts all pieces of up to order characters, 7 at most, of a text of so many different ones.
func newNgram(size, order int, text []byte) *ngram {
	m := &ngram{size, order, map[uint64]uint32{}, map[uint64]followed{}}
	for i := range text {
		for n := range min(order, i+1) {
			context, whole := key(text[i-n:i]), key(text[i-n:i+1])
			f := m.contexts[context]
			f.n++
			if m.counts[whole]++; m.counts[whole] == 1 {
				f.kinds++
			}
			m.contexts[context] = f
		}
	}
	return m
}

// probability is that of the character next after a context.
func (m *ngram) probability(context []byte, next byte) float64 {
	p := 1 / float64(m.size)
	for n := range min(m.order, len(context)+1) {
		near := key(context[len(context)-n:])
		f := m.contexts[near]
		if f.n == 0 {
			break // nor was any longer one seen
		}
		p = (float64(m.counts[near<<8|uint64(next)]) + float64(f.kinds)*p) / float64(f.n+f.kinds)
	}
	return p
}

// bits is the bits per character that the model needs to predict a text after its first character.
func (m *ngram) bits(text []byte) float64 {
	sum := 0.0
	for i, c := range text[1:] {
		sum -= math.Log2(m.probability(text[:i+1], c))
	}
	return sum / float64(len(text)-1)
}
