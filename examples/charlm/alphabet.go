package main

import (
	"cmp"
	"fmt"
	"slices"
	"unicode"
)

// An alphabet numbers the characters of a text. Where there are more than 256, the rarest share one number, which reads
// as the replacement character.
type alphabet struct {
	letters []rune // by number
	numbers map[rune]byte
}

const rare = unicode.ReplacementChar

// newAlphabet returns the alphabet of a text.
func newAlphabet(text string) *alphabet {
	count := map[rune]int{}
	for _, r := range text {
		count[r]++
	}
	letters := make([]rune, 0, len(count))
	for r := range count {
		letters = append(letters, r)
	}
	if len(letters) > 256 {
		delete(count, rare)
		letters = slices.DeleteFunc(letters, func(r rune) bool { return r == rare })
		slices.SortFunc(letters, func(a, b rune) int { return cmp.Or(count[b]-count[a], int(a-b)) })
		letters = append(letters[:255], rare)
	}
	slices.Sort(letters)
	return alphabetOf(letters)
}

// alphabetOf returns the alphabet of these characters, in the order of their numbers.
func alphabetOf(letters []rune) *alphabet {
	a := &alphabet{letters, map[rune]byte{}}
	for i, r := range letters {
		a.numbers[r] = byte(i)
	}
	return a
}

// size is how many different numbers there are.
func (a *alphabet) size() int { return len(a.letters) }

// encode returns the text's characters as numbers. It returns an error if the alphabet has no number for one of them.
func (a *alphabet) encode(text string) ([]byte, error) {
	numbers := make([]byte, 0, len(text))
	for _, r := range text {
		n, ok := a.numbers[r]
		if !ok {
			if n, ok = a.numbers[rare]; !ok {
				return nil, fmt.Errorf("it has the character %q, which the model does not know: it was not in the text that it learned", r)
			}
		}
		numbers = append(numbers, n)
	}
	return numbers, nil
}
