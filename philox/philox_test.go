package philox

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The known answers are those of Random123, the generator's reference implementation (kat_vectors, philox4x32 10).
func TestBlockKnownAnswers(t *testing.T) {
	for _, c := range []struct {
		counter [4]uint32
		key     [2]uint32
		want    [4]uint32
	}{
		{[4]uint32{}, [2]uint32{}, [4]uint32{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
		{
			[4]uint32{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, [2]uint32{0xffffffff, 0xffffffff},
			[4]uint32{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd},
		},
		{
			[4]uint32{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, [2]uint32{0xa4093822, 0x299f31d0},
			[4]uint32{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1},
		},
	} {
		if got := Block(c.counter, c.key); got != c.want {
			t.Errorf("Block(%x, %x) = %x, want %x", c.counter, c.key, got, c.want)
		}
	}
}

func TestStream(t *testing.T) {
	s := New(7, 3)
	seen := map[uint64]bool{}
	for i := range uint64(1000) {
		v := s.Uint64()
		if v != New(7, 3).At(i) {
			t.Fatalf("number %d in turn is %x, directly %x", i, v, New(7, 3).At(i))
		}
		seen[v] = true
		seen[New(8, 3).At(i)] = true
		seen[New(7, 4).At(i)] = true
	}
	if len(seen) != 3000 {
		t.Errorf("3000 numbers of three streams are %d different ones", len(seen))
	}
	for i := range uint64(100) {
		if low, high := uint64(s.Uint32At(2*i)), uint64(s.Uint32At(2*i+1)); low|high<<32 != s.At(i) {
			t.Errorf("number %d is %x, its halves %x and %x", i, s.At(i), low, high)
		}
	}
	if s.Position() != 1000 {
		t.Errorf("after 1000 numbers the position is %d", s.Position())
	}
	s.SetPosition(17)
	if s.Uint64() != s.At(17) || s.Position() != 18 {
		t.Errorf("after SetPosition(17) and a number the position is %d", s.Position())
	}
	var source rand.Source = s
	if p := rand.New(source).Perm(5); len(p) != 5 {
		t.Error("no permutation")
	}
}

func TestFloat64At(t *testing.T) {
	s := New(1, 0)
	const n = 100_000
	sum, squares := 0.0, 0.0
	for i := range uint64(n) {
		v := s.Float64At(i)
		if v < 0 || v >= 1 {
			t.Fatalf("number %d is %v, want it in [0, 1)", i, v)
		}
		sum += v
		squares += v * v
	}
	mean := sum / n
	variance := squares/n - mean*mean
	if math.Abs(mean-0.5) > 0.005 || math.Abs(variance-1.0/12) > 0.002 {
		t.Errorf("mean %.4f and variance %.4f, want 0.5 and 0.0833", mean, variance)
	}
}
