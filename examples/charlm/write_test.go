package main

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/keisan-go/keisan/philox"
)

func TestDraw(t *testing.T) {
	logits := []float32{0, float32(math.Log(2)), float32(math.Log(5)), -200}
	random := rand.New(philox.New(1, 0))
	for temperature, want := range map[float64][4]float64{
		1:    {1. / 8, 2. / 8, 5. / 8, 0},
		0.5:  {1. / 30, 4. / 30, 25. / 30, 0},
		1e-6: {0, 0, 1, 0},
	} {
		const n = 20000
		var count [4]float64
		for range n {
			count[draw(logits, temperature, random)]++
		}
		for i, c := range count {
			if math.Abs(c/n-want[i]) > 0.015 {
				t.Errorf("temperature %v: %v of %d, want fractions %v", temperature, count, n, want)
				break
			}
		}
	}
}
