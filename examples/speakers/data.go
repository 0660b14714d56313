package main

import (
	"bytes"
	"compress/gzip"
	_ "embed"
	"encoding/csv"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
)

// The utterances are the data set "Japanese Vowels" by M. Kudo, J. Toyama and M. Shimbo, 1999, of the UCI Machine Learning
// Repository (https://doi.org/10.24432/C5NS47), licensed under CC BY 4.0 (https://creativecommons.org/licenses/by/4.0/), here
// rounded to thousandths. Nine men said the vowels /ae/; every 6.4 ms of that are the 12 coefficients of a cepstrum. A line
// is "train" or "test", on which occasion it was said; the speaker, from 1; and the coefficients, one frame after another.
//
//go:embed vowels.csv.gz
var file []byte

const (
	speakers     = 9
	coefficients = 12
)

// An utterance is what a speaker said: frames of coefficients each, one after another.
type utterance struct {
	speaker int // from 0
	frames  [][coefficients]float32
}

// load returns the utterances that come with this program: those to train on and those that are held out.
func load() (train, heldOut []utterance, err error) {
	unzipped, err := gzip.NewReader(bytes.NewReader(file))
	if err != nil {
		return nil, nil, err
	}
	return read(unzipped)
}

// read reads utterances, one a line.
func read(r io.Reader) (train, heldOut []utterance, err error) {
	lines := csv.NewReader(r)
	lines.FieldsPerRecord = -1 // any number
	lines.ReuseRecord = true
	for {
		fields, err := lines.Read()
		if err == io.EOF {
			return train, heldOut, nil
		}
		if err != nil {
			return nil, nil, err
		}
		line, _ := lines.FieldPos(0)
		if n := len(fields) - 2; n < coefficients || n%coefficients != 0 {
			return nil, nil, fmt.Errorf("line %d: %d fields, want 2 and %d for each frame", line, len(fields), coefficients)
		}
		part := &train
		switch fields[0] {
		case "train":
		case "test":
			part = &heldOut
		default:
			return nil, nil, fmt.Errorf("line %d: %q, want train or test", line, fields[0])
		}
		speaker, err := strconv.Atoi(fields[1])
		if err != nil || speaker < 1 || speaker > speakers {
			return nil, nil, fmt.Errorf("line %d: speaker %q, want a number from 1 to %d", line, fields[1], speakers)
		}
		u := utterance{speaker - 1, make([][coefficients]float32, (len(fields)-2)/coefficients)}
		for i, field := range fields[2:] {
			v, err := strconv.Atoi(field)
			if err != nil {
				return nil, nil, fmt.Errorf("line %d, field %d: %q, want a whole number of thousandths", line, 3+i, field)
			}
			u.frames[i/coefficients][i%coefficients] = float32(v) / 1000
		}
		*part = append(*part, u)
	}
}

// standardize moves and scales each coefficient so that over all frames to train on it has mean 0 and variance 1.
func standardize(train, heldOut []utterance) {
	var sum, squares [coefficients]float64
	frames := 0.0
	for _, u := range train {
		for _, frame := range u.frames {
			frames++
			for i, v := range frame {
				sum[i] += float64(v)
				squares[i] += float64(v) * float64(v)
			}
		}
	}
	for _, u := range slices.Concat(train, heldOut) {
		for t := range u.frames {
			for i, v := range u.frames[t] {
				mean := sum[i] / frames
				u.frames[t][i] = float32((float64(v) - mean) / math.Sqrt(squares[i]/frames-mean*mean))
			}
		}
	}
}

// longest is how many frames the longest utterance has.
func longest(utterances []utterance) int {
	most := 0
	for _, u := range utterances {
		most = max(most, len(u.frames))
	}
	return most
}
