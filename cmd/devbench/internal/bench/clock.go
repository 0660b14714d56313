// Package bench is the core of devbench: it checks each case on each device, measures those that are right, by turns
// and in random order, and says how well each did and how far its time can be trusted.
package bench

import "time"

// A Clock tells the time since some moment, and the smallest difference that it can tell.
type Clock struct {
	Now        func() time.Duration
	Resolution time.Duration
}

// NewClock returns the system's monotonic clock.
func NewClock() Clock {
	begin := time.Now()
	c := Clock{Now: func() time.Duration { return time.Since(begin) }, Resolution: time.Hour}
	for range 100 {
		t := c.Now()
		next := t
		for next == t {
			next = c.Now()
		}
		c.Resolution = min(c.Resolution, next-t)
	}
	return c
}
