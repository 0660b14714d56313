// Package philox is Philox4x32-10, a counter-based random number generator: J. K. Salmon, M. A. Moraes, R. O. Dror,
// D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11.
//
// The nth number is a function of n and of a key, so every element of a tensor can have a number of its own whoever
// computes it, in whatever order. Keisan keys it by seed, stream and element: initial weights, masks and samples are the
// same on every device.
package philox

import "math/bits"

// Block is the four numbers that the generator makes of a counter and a key.
func Block(counter [4]uint32, key [2]uint32) [4]uint32 {
	const (
		m0, m1 = 0xD2511F53, 0xCD9E8D57 // the round's multipliers
		w0, w1 = 0x9E3779B9, 0xBB67AE85 // the key schedule's Weyl constants
	)
	for range 10 {
		hi0, lo0 := bits.Mul32(m0, counter[0])
		hi1, lo1 := bits.Mul32(m1, counter[2])
		counter = [4]uint32{hi1 ^ counter[1] ^ key[0], lo1, hi0 ^ counter[3] ^ key[1], lo0}
		key[0] += w0
		key[1] += w1
	}
	return counter
}

// A Stream is one of 2⁶⁴ independent sequences of numbers that belong to a seed. It is a rand.Source of math/rand/v2,
// which makes permutations, normal numbers and the rest of it; At goes to a number directly.
type Stream struct {
	seed, stream, next uint64
}

// New returns a stream at its first number.
func New(seed, stream uint64) *Stream { return &Stream{seed: seed, stream: stream} }

// Block is the ith four of the stream's numbers of 32 bits.
func (s *Stream) Block(i uint64) [4]uint32 {
	return Block(
		[4]uint32{uint32(i), uint32(i >> 32), uint32(s.stream), uint32(s.stream >> 32)},
		[2]uint32{uint32(s.seed), uint32(s.seed >> 32)})
}

// Uint32At is the ith number of 32 bits; two of them, the lower one first, are a number of 64.
func (s *Stream) Uint32At(i uint64) uint32 { return s.Block(i / 4)[i%4] }

// At is the ith number.
func (s *Stream) At(i uint64) uint64 {
	block := s.Block(i / 2)
	pair := i % 2 * 2
	return uint64(block[pair]) | uint64(block[pair+1])<<32
}

// Float64At is the ith number as one of the multiples of 2⁻⁵³ in [0, 1).
func (s *Stream) Float64At(i uint64) float64 { return float64(s.At(i)>>11) / (1 << 53) }

// Uint64 is the next number.
func (s *Stream) Uint64() uint64 {
	s.next++
	return s.At(s.next - 1)
}

// Position is how many numbers Uint64 gave, which SetPosition goes back to.
func (s *Stream) Position() uint64 { return s.next }

// SetPosition makes the ith number the next one.
func (s *Stream) SetPosition(i uint64) { s.next = i }
