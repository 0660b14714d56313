package debug

import "fmt"

// An operation is an upload or a kernel, by its name and its number among all.
type operation struct {
	name   string
	number int
}

func (o operation) String() string { return fmt.Sprintf("%s (operation %d)", o.name, o.number) }

// A span is elements that one operation wrote.
type span struct {
	lo, hi int
	origin
}

// An origin tells where a number comes from.
type origin struct {
	by   operation // wrote it
	root operation // made the first NaN that it follows from or, if there is none, the first Inf
}

// record says that elements lo to hi have a new origin.
func (b *block) record(lo, hi int, o origin) {
	left := b.spans[:0]
	for _, s := range b.spans {
		if s.lo < lo || s.hi > hi {
			left = append(left, s)
		}
	}
	b.spans = append(left, span{lo, hi, o})
}

// origin is where element i comes from; the zero origin for one that nobody wrote.
func (b *block) origin(i int) origin {
	for n := len(b.spans) - 1; n >= 0; n-- {
		if s := &b.spans[n]; s.lo <= i && i < s.hi {
			return s.origin
		}
	}
	return origin{}
}
