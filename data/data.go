// Package data gives training its batches, in an order that a seed makes: of samples that are shuffled anew in each epoch, and
// of a long sequence that a recurrent network reads on and on.
//
// Both tell their position, which is one number, and can be set to it. A training loop that is to go on from a checkpoint
// keeps it there:
//
//	for order.Epoch() < epochs {
//		for batch := range order.Batches() {
//			...
//		}
//	}
package data

import (
	"iter"
	"math/bits"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/philox"
)

// A cursor counts the batches that were given.
type cursor struct {
	next     uint64
	perEpoch uint64
}

// Position is how many batches were given, that which a loop is at included.
func (c *cursor) Position() uint64 { return c.next }

// SetPosition goes to where so many batches were given. Call Batches anew afterwards.
func (c *cursor) SetPosition(batches uint64) { c.next = batches }

// Epoch is the epoch that the next batch is of, counted from 0: how many are done.
func (c *cursor) Epoch() int { return int(c.next / c.perEpoch) }

// PerEpoch is the number of batches in an epoch.
func (c *cursor) PerEpoch() int { return int(c.perEpoch) }

// Shuffled is batches of the numbers 0 to n-1, which stand for samples: each once in an epoch, in another order each time.
// What is left at the end of an epoch and is less than a batch is left out.
type Shuffled struct {
	cursor
	batch   int
	seed    uint64
	order   []int
	epochOf uint64 // whose order it is, and 1; 0 if there is none
}

// NewShuffled returns batches of so many of n samples. It panics unless there is at least one.
func NewShuffled(n, batch int, seed uint64) *Shuffled {
	if batch < 1 || batch > n {
		device.Panicf("data.Shuffled: batch is %d and n is %d, want 1 <= batch <= n", batch, n)
	}
	return &Shuffled{cursor: cursor{perEpoch: uint64(n / batch)}, batch: batch, seed: seed, order: make([]int, n)}
}

// Batches is those of the epoch that are left. Each must not be changed, and is valid until the next epoch.
func (s *Shuffled) Batches() iter.Seq[[]int] {
	return func(yield func([]int) bool) {
		for epoch := s.next / s.perEpoch; s.next/s.perEpoch == epoch; {
			s.shuffle(epoch)
			at := int(s.next%s.perEpoch) * s.batch
			s.next++
			if !yield(s.order[at : at+s.batch : at+s.batch]) {
				return
			}
		}
	}
}

// streams is the first of the seed's streams that shuffle: one for each epoch, and none that other packages take.
const streams = 1 << 48

// shuffle makes the order of an epoch: R. Durstenfeld, "Algorithm 235: random permutation", 1964. It is written out here since
// it must never change, or a checkpoint would go on with other batches.
func (s *Shuffled) shuffle(epoch uint64) {
	if s.epochOf == epoch+1 {
		return
	}
	s.epochOf = epoch + 1
	random := philox.New(s.seed, streams+epoch)
	for i := range s.order {
		s.order[i] = i
	}
	for i := len(s.order) - 1; i > 0; i-- {
		j, _ := bits.Mul64(random.Uint64(), uint64(i+1))
		s.order[i], s.order[j] = s.order[j], s.order[i]
	}
}

// Chunks is a long sequence of tokens in chunks for truncated backpropagation through time: K. Saito, "Deep learning from
// scratch 2", 2018, chapter 5. Each row of a batch reads on where it stopped in the chunk before, so that a recurrent layer can
// carry its state. The rows begin at equal distances; one that comes to the end reads on from the beginning.
type Chunks[T any] struct {
	cursor
	tokens      []T
	rows, steps int
	x, y        []T
}

// NewChunks returns chunks of so many steps for a batch of so many rows. It panics unless each row has a chunk of its own, and
// the last token of all one to predict.
func NewChunks[T any](tokens []T, rows, steps int) *Chunks[T] {
	if rows < 1 || steps < 1 || (len(tokens)-1)/rows < steps {
		device.Panicf("data.Chunks: rows is %d, steps is %d and there are %d tokens, want 1 or more, 1 or more and rows·steps+1 or more",
			rows, steps, len(tokens))
	}
	perEpoch := (len(tokens) - 1) / rows / steps
	return &Chunks[T]{
		cursor: cursor{perEpoch: uint64(perEpoch)}, tokens: tokens, rows: rows, steps: steps,
		x: make([]T, rows*steps), y: make([]T, rows*steps),
	}
}

// Batches is the chunks of the epoch that are left: the tokens x [steps, rows] and those that follow them, y [steps, rows],
// both in one dimension. They are valid until the next. With the last one of an epoch every row has come to where the next
// began, but for what is less than a chunk.
func (c *Chunks[T]) Batches() iter.Seq2[[]T, []T] {
	return func(yield func(x, y []T) bool) {
		inputs := len(c.tokens) - 1 // the last one is only to be predicted
		for epoch := c.next / c.perEpoch; c.next/c.perEpoch == epoch; {
			begin := int(c.next * uint64(c.steps) % uint64(inputs))
			for row := range c.rows {
				for step := range c.steps {
					at := (row*(inputs/c.rows) + begin + step) % inputs
					c.x[step*c.rows+row], c.y[step*c.rows+row] = c.tokens[at], c.tokens[at+1]
				}
			}
			c.next++
			if !yield(c.x, c.y) {
				return
			}
		}
	}
}
