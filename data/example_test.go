package data_test

import (
	"fmt"

	"github.com/keisan-go/keisan/data"
)

// Each epoch has its own order. A loop that stops is gone on with from its position.
func ExampleShuffled() {
	order := data.NewShuffled(7, 3, 1)
	for order.Epoch() < 2 {
		for batch := range order.Batches() {
			fmt.Println(order.Position(), batch)
		}
	}

	again := data.NewShuffled(7, 3, 1)
	again.SetPosition(3)
	for batch := range again.Batches() {
		fmt.Println("again", again.Position(), batch)
	}
	// Output:
	// 1 [3 0 1]
	// 2 [6 5 2]
	// 3 [4 5 1]
	// 4 [6 0 3]
	// again 4 [6 0 3]
}

// Two rows read a text, each on from where it was, three characters at a time; x and y are [3, 2].
func ExampleChunks() {
	text := data.NewChunks([]byte("in the beginning"), 2, 3)
	for text.Epoch() < 1 {
		for x, y := range text.Batches() {
			fmt.Printf("%q %q\n", x, y)
		}
	}
	// Output:
	// "ibne g" "ne gti"
	// "tihnen" "hnen i"
}
