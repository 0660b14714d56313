package main

import (
	"context"
	"math"
	"math/rand/v2"

	"github.com/keisan-go/keisan/philox"
	"github.com/keisan-go/keisan/tensor"
)

// A writer goes on with texts, one after another, a character at a time. It has a state of its own over the weights that
// it shares with others.
type writer struct {
	*model
	letters *alphabet
	id      [1]int // what is read
}

func newWriter(n *network, letters *alphabet) *writer {
	return &writer{model: newModel(n, 1, 1, 0, 0), letters: letters}
}

// A request is what to write.
type request struct {
	prompt      []byte // what to go on from, at the beginning of a line
	length      int    // characters
	temperature float64
	seed        uint64
}

// write passes what comes after the prompt to emit, character after character, until there are enough or ctx ends. The
// same weights, request and seed give the same text. A temperature below 1 prefers what is likely even more; 1 is what was
// learned.
func (w *writer) write(ctx context.Context, r request, emit func(c rune) error) error {
	prompt := append([]byte{w.letters.numbers['\n']}, r.prompt...) // without which the state would be one that no text leads to
	random := rand.New(philox.New(r.seed, writing))
	w.net.ResetState()
	last := len(prompt) - 1
	for _, c := range prompt[:last] {
		if err := ctx.Err(); err != nil {
			return err
		}
		w.read(c)
	}
	c := prompt[last]
	for range r.length {
		if err := ctx.Err(); err != nil {
			return err
		}
		logits, err := tensor.Values[float32](w.read(c))
		if err != nil {
			return err
		}
		c = draw(logits, r.temperature, random)
		if err := emit(w.letters.letters[c]); err != nil {
			return err
		}
	}
	return nil
}

// read reads a character and returns the logits of the next one.
func (w *writer) read(c byte) *tensor.Tensor {
	w.id[0] = int(c)
	return w.logits(w.id[:])
}

// draw returns i with a probability in proportion to exp(logits[i]/temperature).
func draw(logits []float32, temperature float64, random *rand.Rand) byte {
	// The largest of the logits, each with noise of Gumbel's distribution added, is such an i, and nothing overflows.
	best, top := 0, math.Inf(-1)
	for i, logit := range logits {
		noise := -math.Log(random.ExpFloat64())
		if v := float64(logit)/temperature + noise; v > top {
			best, top = i, v
		}
	}
	return byte(best)
}

// The streams of the seed's random numbers that no weight takes.
const writing = 1 << 32
