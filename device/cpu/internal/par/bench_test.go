package par

import "testing"

// BenchmarkFor is of loops over nothing that helpers, which are awake, take part in.
func BenchmarkFor(b *testing.B) {
	var team Team
	for b.Loop() {
		team.For(1<<20, 1, &team, func(arg any, lo, hi int) {})
	}
}

// BenchmarkRelay is of steps of nothing: what it costs that two processors wait for each other.
func BenchmarkRelay(b *testing.B) {
	var relay Relay
	const steps = 1000
	for b.Loop() {
		relay.Run(steps, 2, &relay, func(arg any, step, piece int) {})
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)*1e9/steps, "ns/step")
}
