package cases

import (
	"bytes"
	"fmt"
	"math"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

var transfer = &Family{
	Name:  "transfer",
	About: "a copy from the host to the device (dir=h2d) or from the device to the host (dir=d2h)",
	Bytes: "bytes",
	Check: "every byte",
	Rate:  Link,
	Keys: []Key{
		{Name: "dir", About: "the direction", Choices: []string{"h2d", "d2h"}, Default: "h2d"},
		{Name: "bytes", About: "how much", Default: "16777216"},
	},
	elements: func(c Case) (in, out float64) { return float64(c.size("bytes")) / 8, float64(c.size("bytes")) / 8 },
	problem: func(c Case) *Problem {
		random := c.random()
		values := uniform(random, c.size("bytes")/4, 1)
		return &Problem{load: func(l *Loaded) {
			// The elements are of the type asked for; fewer bytes than one has are none.
			n := c.size("bytes") / l.Type.Size()
			data := device.Bytes(values)[:n*l.Type.Size()]
			back := make([]byte, len(data))
			there := l.array(n)
			l.Cost.Bytes = int64(len(data))
			if c.text("dir") == "h2d" {
				l.Run = func() error { l.Device.Upload(there.Slice, data); return nil }
			} else {
				l.Device.Upload(there.Slice, data)
				l.Run = func() error { return l.Device.Download(back, there.Slice) }
			}
			l.Check = func() (float64, float64, error) {
				if c.text("dir") == "h2d" {
					if err := l.Device.Download(back, there.Slice); err != nil {
						return 0, 0, err
					}
				}
				if !bytes.Equal(back, data) {
					return math.Inf(1), 0, nil
				}
				return 0, 0, nil
			}
		}}
	},
}

var launch = &Family{
	Name:     "launch",
	About:    "the smallest kernel, one that sets one element, launched and waited for each time: what every launch costs",
	Check:    "the element",
	Rate:     Seconds,
	elements: func(Case) (in, out float64) { return 0, 1 },
	problem: func(Case) *Problem {
		return &Problem{load: func(l *Loaded) {
			a := l.array(1)
			fill := &kernels.Fill{Dst: a, Value: 42}
			l.Run = func() error {
				l.Device.Launch(fill)
				return l.Device.Sync()
			}
			l.Check = func() (float64, float64, error) {
				got, err := l.values(a)
				if err != nil {
					return 0, 0, err
				}
				if len(got) != 1 || got[0] != 42 {
					return math.Inf(1), 0, fmt.Errorf("the element is %v, want 42", got)
				}
				return 0, 0, nil
			}
		}}
	},
}
