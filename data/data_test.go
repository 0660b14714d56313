package data_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/keisan-go/keisan/data"
	"github.com/keisan-go/keisan/layers"
)

// take is the next n batches, each a copy.
func take(s *data.Shuffled, n int) [][]int {
	var all [][]int
	for len(all) < n {
		for batch := range s.Batches() {
			if all = append(all, slices.Clone(batch)); len(all) == n {
				break
			}
		}
	}
	return all
}

func TestShuffled(t *testing.T) {
	for _, c := range []struct{ n, batch int }{{1, 1}, {10, 1}, {10, 3}, {10, 10}, {1000, 7}} {
		s := data.NewShuffled(c.n, c.batch, 3)
		var orders [][]int
		for epoch := range 4 {
			if s.Epoch() != epoch {
				t.Errorf("%+v: before epoch %d comes %d", c, epoch, s.Epoch())
			}
			var order []int
			for batch := range s.Batches() {
				if len(batch) != c.batch {
					t.Errorf("%+v: a batch has %d", c, len(batch))
				}
				order = append(order, batch...)
			}
			if len(order) != c.n/c.batch*c.batch || len(order) != s.PerEpoch()*c.batch {
				t.Errorf("%+v: an epoch has %d samples and %d batches", c, len(order), s.PerEpoch())
			}
			seen := slices.Sorted(slices.Values(order))
			if len(slices.Compact(seen)) != len(order) || seen[0] < 0 || seen[len(seen)-1] >= c.n {
				t.Errorf("%+v: an epoch is %v, want numbers below n, each once", c, order)
			}
			for _, other := range orders {
				if c.n >= 10 && slices.Equal(order, other) {
					t.Errorf("%+v: two epochs are alike", c)
				}
			}
			orders = append(orders, order)
		}
	}
	if fmt.Sprint(take(data.NewShuffled(10, 5, 1), 2)) == fmt.Sprint(take(data.NewShuffled(10, 5, 2), 2)) {
		t.Error("two seeds shuffle alike")
	}
}

// Every place of every order is as likely for each sample.
func TestShuffledEvenly(t *testing.T) {
	const n, epochs = 5, 20000
	var count [n][n]int
	s := data.NewShuffled(n, n, 1)
	for range epochs {
		for batch := range s.Batches() {
			for place, sample := range batch {
				count[place][sample]++
			}
		}
	}
	for place := range count {
		for sample, c := range count[place] {
			if c < epochs/n-300 || c > epochs/n+300 { // five standard deviations
				t.Errorf("sample %d is %d times at place %d, want about %d", sample, c, place, epochs/n)
			}
		}
	}
}

// From any position on come the batches that came there before.
func TestPositions(t *testing.T) {
	whole := take(data.NewShuffled(10, 3, 1), 12)
	for at := range whole {
		first := data.NewShuffled(10, 3, 1)
		take(first, at)
		if first.Position() != uint64(at) {
			t.Errorf("after %d batches the position is %d", at, first.Position())
		}
		second := data.NewShuffled(10, 3, 1)
		take(second, 5) // which is to be forgotten
		second.SetPosition(first.Position())
		if got := take(second, len(whole)-at); fmt.Sprint(got) != fmt.Sprint(whole[at:]) {
			t.Errorf("from %d on come %v, want %v", at, got, whole[at:])
		}
	}

	tokens := []byte("abcdefghijklmnopqrstuvw")
	text := func(c *data.Chunks[byte], n int) []string {
		var all []string
		for len(all) < n {
			for x, y := range c.Batches() {
				if all = append(all, string(x)+" "+string(y)); len(all) == n {
					break
				}
			}
		}
		return all
	}
	all := text(data.NewChunks(tokens, 2, 3), 20)
	for at := range all {
		c := data.NewChunks(tokens, 2, 3)
		c.SetPosition(uint64(at))
		if got := text(c, len(all)-at); !slices.Equal(got, all[at:]) {
			t.Errorf("from %d on come %q, want %q", at, got, all[at:])
		}
	}
}

// Each row reads on where it stopped, from the end to the beginning too, and y is what follows x.
func TestChunks(t *testing.T) {
	for _, c := range []struct{ tokens, rows, steps int }{{2, 1, 1}, {7, 2, 3}, {24, 2, 3}, {24, 4, 5}, {101, 3, 7}} {
		tokens := make([]int, c.tokens)
		for i := range tokens {
			tokens[i] = i
		}
		chunks := data.NewChunks(tokens, c.rows, c.steps)
		inputs := c.tokens - 1
		if want := inputs / c.rows / c.steps; chunks.PerEpoch() != want {
			t.Errorf("%+v: an epoch has %d chunks, want %d", c, chunks.PerEpoch(), want)
		}
		read := 0
		for epoch := range 3 * c.rows {
			if chunks.Epoch() != epoch {
				t.Errorf("%+v: before epoch %d comes %d", c, epoch, chunks.Epoch())
			}
			for x, y := range chunks.Batches() {
				for step := range c.steps {
					for row := range c.rows {
						at := (row*(inputs/c.rows) + read + step) % inputs
						if i := step*c.rows + row; x[i] != at || y[i] != at+1 {
							t.Fatalf("%+v: in row %d after %d steps comes %d before %d, want %d", c, row, read+step, x[i], y[i], at)
						}
					}
				}
				read += c.steps
			}
		}
	}
}

func TestMisuse(t *testing.T) {
	for _, c := range []struct {
		call func()
		want string
	}{
		{func() { data.NewShuffled(10, 0, 1) }, "data.Shuffled: batch is 0 and n is 10, want 1 <= batch <= n"},
		{func() { data.NewShuffled(10, 11, 1) }, "data.Shuffled: batch is 11 and n is 10"},
		{func() { data.NewShuffled(0, 0, 1) }, "data.Shuffled: batch is 0 and n is 0"},
		{func() { data.NewChunks(make([]int, 6), 2, 3) }, "data.Chunks: rows is 2, steps is 3 and there are 6 tokens, want 1 or more, 1 or more and rows·steps+1 or more"},
		{func() { data.NewChunks([]int{}, 1, 1) }, "data.Chunks: rows is 1, steps is 1 and there are 0 tokens"},
		{func() { data.NewChunks(make([]int, 9), 0, 1) }, "data.Chunks: rows is 0, steps is 1"},
		{func() { data.NewChunks(make([]int, 9), 1, 0) }, "data.Chunks: rows is 1, steps is 0"},
	} {
		if err := layers.Try(c.call); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("the misuse is %v, want %q in it", err, c.want)
		}
	}
}

// A loop over batches allocates nothing for each.
func TestBatchesDoNotAllocate(t *testing.T) {
	s, c := data.NewShuffled(1000, 1, 1), data.NewChunks(make([]byte, 1001), 1, 1)
	all := testing.AllocsPerRun(5, func() {
		for range s.Batches() {
		}
		for range c.Batches() {
		}
	})
	if all > 10 {
		t.Errorf("%v allocations for 2000 batches", all)
	}
}
