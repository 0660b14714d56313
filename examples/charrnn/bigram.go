package main

import "math"

// A bigram model predicts a character from the one before it, by counting: the model to beat.
type bigram struct {
	size  int
	count []float64 // [size, size]: how often the second followed the first
	total []float64 // [size]: how often the first was followed
}

// smoothing is added to every count, so that nothing that was never seen is held to be impossible.
const smoothing = 0.05

// newBigram counts the pairs of a text of so many different characters.
func newBigram(size int, text []byte) *bigram {
	m := &bigram{size, make([]float64, size*size), make([]float64, size)}
	for i, next := range text[1:] {
		m.count[int(text[i])*size+int(next)]++
		m.total[text[i]]++
	}
	return m
}

// bits is the bits per character that the model needs to predict a text after its first character.
func (m *bigram) bits(text []byte) float64 {
	sum := 0.0
	for i, next := range text[1:] {
		first := int(text[i])
		p := (m.count[first*m.size+int(next)] + smoothing) / (m.total[first] + smoothing*float64(m.size))
		sum -= math.Log2(p)
	}
	return sum / float64(len(text)-1)
}
