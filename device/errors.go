package device

import (
	"errors"
	"fmt"
)

var (
	// ErrOutOfMemory is wrapped by what Sync and Download return after an allocation that did not fit.
	ErrOutOfMemory = errors.New("out of memory")
	// ErrClosed is wrapped by what a closed device returns.
	ErrClosed = errors.New("device is closed")
)

// A Misuse is a mistake in the program: operands whose shapes, types or devices do not fit together, memory used after
// it was freed. Functions panic with it; layers.Try turns it into an error.
type Misuse struct{ message string }

func (m *Misuse) Error() string { return m.message }

// Panicf panics with a Misuse. The message should name the thing, its value and what was wanted.
func Panicf(format string, args ...any) {
	panic(&Misuse{fmt.Sprintf(format, args...)})
}
