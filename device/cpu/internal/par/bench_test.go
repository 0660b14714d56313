package par

import "testing"

// BenchmarkFor is of loops over nothing that helpers, which are awake, take part in.
func BenchmarkFor(b *testing.B) {
	var team Team
	for b.Loop() {
		team.For(1<<20, 1, &team, func(arg any, lo, hi int) {})
	}
}
