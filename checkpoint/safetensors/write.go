package safetensors

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Write writes a file of these tensors and this metadata, which may be nil. The order of the tensors does not matter: those
// of larger elements come first, so that all are aligned, and among equals the names decide. The same tensors make the
// same bytes. What NewFile would not read is an error, and then nothing is written.
func Write(w io.Writer, tensors []Tensor, free map[string]string) error {
	tensors = slices.Clone(tensors)
	slices.SortFunc(tensors, func(a, b Tensor) int {
		return cmp.Or(cmp.Compare(b.DType.Size(), a.DType.Size()), cmp.Compare(a.Name, b.Name))
	})
	header, err := writeHeader(tensors, free)
	if err != nil {
		return fmt.Errorf("safetensors: %w", err)
	}
	if _, err := w.Write(header); err != nil {
		return err
	}
	for _, t := range tensors {
		if _, err := w.Write(t.Data); err != nil {
			return err
		}
	}
	return nil
}

// writeHeader returns the header of tensors in this order, its length before it.
func writeHeader(tensors []Tensor, free map[string]string) ([]byte, error) {
	b := append(make([]byte, 8), '{')
	if len(free) > maxMetadata {
		return nil, fmt.Errorf("%s: there are %d entries, want at most %d", metadata, len(free), maxMetadata)
	}
	if len(free) > 0 {
		b = append(appendText(b, metadata), ":{"...)
		for i, key := range slices.Sorted(maps.Keys(free)) {
			if !utf8.ValidString(key) || !utf8.ValidString(free[key]) {
				return nil, fmt.Errorf("%s: %s: %s is not UTF-8", metadata, quote(key), quote(free[key]))
			}
			b = appendText(comma(b, i), key)
			b = appendText(append(b, ':'), free[key])
		}
		b = append(b, '}')
	}
	names, at := map[string]bool{metadata: true}, 0
	for i, t := range tensors {
		switch size, err := t.bytes(); {
		case err != nil:
			return nil, err
		case t.Name == "" || !utf8.ValidString(t.Name):
			return nil, fmt.Errorf("tensor %s: the name is not UTF-8, or empty", quote(t.Name))
		case names[t.Name]:
			return nil, fmt.Errorf("tensor %s stands twice, or is the name of the metadata", quote(t.Name))
		case size != int64(len(t.Data)):
			return nil, fmt.Errorf("tensor %s: %v is %d bytes, and there are %d", quote(t.Name), t, size, len(t.Data))
		}
		names[t.Name] = true
		b = appendText(comma(b, i+len(free)), t.Name)
		b = append(append(append(b, `:{"dtype":"`...), t.DType...), `","shape":`...)
		b = append(appendNumbers(b, t.Shape...), `,"data_offsets":`...)
		b = append(appendNumbers(b, at, at+len(t.Data)), '}')
		at += len(t.Data)
	}
	b = append(b, '}')
	for len(b)%8 != 0 {
		b = append(b, ' ')
	}
	if len(b)-8 > maxHeader {
		return nil, fmt.Errorf("the header's length is %d, want at most %d", len(b)-8, maxHeader)
	}
	binary.LittleEndian.PutUint64(b, uint64(len(b)-8))
	return b, nil
}

// comma divides the ith element of a list from those before it.
func comma(b []byte, i int) []byte {
	if i > 0 {
		b = append(b, ',')
	}
	return b
}

func appendNumbers(b []byte, numbers ...int) []byte {
	b = append(b, '[')
	for i, n := range numbers {
		b = strconv.AppendInt(comma(b, i), int64(n), 10)
	}
	return append(b, ']')
}

// appendText appends a JSON string, as short as it can be: what is read is never too long to be written.
func appendText(b []byte, s string) []byte {
	b = append(b, '"')
	for _, c := range []byte(s) {
		switch i := strings.IndexByte("\"\\\b\f\n\r\t", c); {
		case i >= 0:
			b = append(b, '\\', `"\bfnrt`[i])
		case c < ' ':
			b = fmt.Appendf(b, `\u%04x`, c)
		default:
			b = append(b, c)
		}
	}
	return append(b, '"')
}
