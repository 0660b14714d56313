package main

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/csv"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"

	"github.com/keisan-go/keisan/philox"
)

// The handwritten digits are the test part of the data set "Optical Recognition of Handwritten Digits" by E. Alpaydin
// and C. Kaynak, 1998, of the UCI Machine Learning Repository (https://doi.org/10.24432/C50P49), licensed under
// CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/). A line is 64 pixels, of which each counts the dots of ink
// in a field of 4x4, and the digit.
//
//go:embed digits.csv.gz
var file []byte

const (
	side    = 8           // an image is side x side pixels
	pixels  = side * side // of an image
	ink     = 16          // a pixel that is all ink
	classes = 10
)

// A digit is an image, its pixels from 0, paper, to 1, ink, and the number that it shows.
type digit struct {
	image [pixels]float32
	label int
}

// moved is the digit moved to the right and down; what comes in is paper.
func (d digit) moved(right, down int) digit {
	to := digit{label: d.label}
	for y := max(0, down); y < min(side, side+down); y++ {
		for x := max(0, right); x < min(side, side+right); x++ {
			to.image[y*side+x] = d.image[(y-down)*side+x-right]
		}
	}
	return to
}

// load returns the digits that come with this program.
func load() ([]digit, error) {
	unzipped, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	return read(unzipped)
}

// read reads digits, one a line.
func read(r io.Reader) ([]digit, error) {
	lines := csv.NewReader(r)
	lines.FieldsPerRecord = pixels + 1
	lines.ReuseRecord = true
	var all []digit
	for {
		fields, err := lines.Read()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		var d digit
		for i, field := range fields {
			most := ink
			if i == pixels {
				most = classes - 1
			}
			v, err := strconv.Atoi(field)
			if err != nil || v < 0 || v > most {
				line, column := lines.FieldPos(i)
				return nil, fmt.Errorf("line %d, column %d: %q, want a number from 0 to %d", line, column, field, most)
			}
			if i < pixels {
				d.image[i] = float32(v) / ink
			} else {
				d.label = v
			}
		}
		all = append(all, d)
	}
}

// split deals the digits out by a seed: three quarters to train on, one to hold out.
func split(all []digit, seed uint64) (train, heldOut []digit) {
	dealt := make([]digit, len(all))
	for i, j := range rand.New(philox.New(seed, splitting)).Perm(len(all)) {
		dealt[i] = all[j]
	}
	quarter := len(all) / 4
	return dealt[quarter:], dealt[:quarter]
}

// The streams of the seed's random numbers that no weight takes.
const (
	splitting = 1<<32 + iota
	shuffling
)
