package main

import (
	"crypto/sha256"
	"fmt"
)

// A corpus is a text in three parts, as numbers of an alphabet: what a network is trained on, what decides which of its
// states is the best, and what nothing but the final figure has seen.
type corpus struct {
	name                       string // as the flag -text has it
	sum                        string // a hash of the text
	letters                    *alphabet
	text                       []byte // all of it
	training, validation, test []byte
}

// readCorpus reads the text of that name. letters is the alphabet that it was read with before; nil for its own.
func readCorpus(name string, letters *alphabet) (*corpus, error) {
	text, err := readText(name)
	if err != nil {
		return nil, err
	}
	return newCorpus(name, text, letters)
}

func newCorpus(name, text string, letters *alphabet) (*corpus, error) {
	if letters == nil {
		letters = newAlphabet(text)
	}
	numbers, err := letters.encode(text)
	if err != nil {
		return nil, fmt.Errorf("-text %q: %w", name, err)
	}
	held := min(len(numbers)/20, 50_000) // of each of the two parts at the end
	test := len(numbers) - held
	validation := test - held
	return &corpus{
		name: name, sum: fmt.Sprintf("%x", sha256.Sum256([]byte(text))), letters: letters,
		text: numbers, training: numbers[:validation], validation: numbers[validation:test], test: numbers[test:],
	}, nil
}
