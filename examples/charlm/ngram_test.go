package main

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/keisan-go/keisan/philox"
)

// TestNgramByHand has the sums of Witten and Bell's method for a text of two characters.
func TestNgramByHand(t *testing.T) {
	m := newNgram(2, 2, []byte{0, 1, 0, 1, 0, 0})
	// Of six characters four are 0 and two are 1. After 0 came 1 twice and 0 once; after 1 came 0 twice.
	zero, one := (4+2*0.5)/(6+2), (2+2*0.5)/(6+2)
	for _, test := range []struct {
		context []byte
		next    byte
		want    float64
	}{
		{nil, 0, zero},
		{nil, 1, one},
		{[]byte{0}, 0, (1 + 2*zero) / (3 + 2)},
		{[]byte{0}, 1, (2 + 2*one) / (3 + 2)},
		{[]byte{1}, 0, (2 + 1*zero) / (2 + 1)},
		{[]byte{0, 1, 1}, 1, (0 + 1*one) / (2 + 1)},
	} {
		if p := m.probability(test.context, test.next); math.Abs(p-test.want) > 1e-15 {
			t.Errorf("p(%d | %v) is %v, want %v", test.next, test.context, p, test.want)
		}
	}
	want := -(math.Log2((1+2*zero)/5) + math.Log2((2+2*one)/5)) / 2
	if bits := m.bits([]byte{0, 0, 1}); math.Abs(bits-want) > 1e-15 {
		t.Errorf("%v bits per character, want %v", bits, want)
	}
}

// TestNgramSumsToOne has each context, seen or not, share out all of the probability.
func TestNgramSumsToOne(t *testing.T) {
	const size = 11 // of which the last never occurs
	random := rand.New(philox.New(1, 0))
	text := make([]byte, 3000)
	for i := range text {
		text[i] = byte(min(random.IntN(size-1), random.IntN(size-1)))
	}
	for order := 1; order <= 7; order++ {
		m := newNgram(size, order, text)
		for range 200 {
			start := random.IntN(len(text))
			context := text[start:min(start+random.IntN(9), len(text))]
			if random.IntN(2) == 0 && len(context) > 0 { // one that may never have been seen
				context = append([]byte(nil), context...)
				context[random.IntN(len(context))] = size - 1
			}
			sum := 0.0
			for next := range byte(size) {
				p := m.probability(context, next)
				if !(p > 0) {
					t.Fatalf("order %d: p(%d | %v) is %v, want it above 0", order, next, context, p)
				}
				sum += p
			}
			if math.Abs(sum-1) > 1e-12 {
				t.Fatalf("order %d: the probabilities after %v sum to %v, want 1", order, context, sum)
			}
		}
	}
}

// TestNgramLearns has a longer context help where there is something to know.
func TestNgramLearns(t *testing.T) {
	text := []byte(babble(4000))
	training, heldOut := text[:len(text)*3/4], text[len(text)*3/4:]
	last := math.Inf(1)
	for _, order := range []int{1, 2, 3, 5} {
		bits := newNgram(256, order, training).bits(heldOut)
		if bits > 0.95*last {
			t.Errorf("order %d needs %.3f bits/char, want fewer than the order before it, %.3f", order, bits, last)
		}
		last = bits
	}
}
