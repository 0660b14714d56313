package devicetest

import (
	"fmt"

	"github.com/keisan-go/keisan/device"
)

// multiplyAdds checks that a device that can do nothing but multiply-adds, for cmd/devbench to see how many it does at
// best, does twice as many in twice as many rounds, and none once it is closed.
func multiplyAdds(l *lab) error {
	type adder interface {
		MultiplyAdds(t device.DType, rounds int) (operations int64)
	}
	d, err := l.open()
	if err != nil {
		return err
	}
	defer d.Close()
	a, ok := d.(adder)
	if !ok {
		return nil
	}
	for _, t := range l.types {
		once, twice := a.MultiplyAdds(t, 100), a.MultiplyAdds(t, 200)
		if err := d.Sync(); err != nil {
			return err
		}
		if once < 0 || twice != 2*once {
			return fmt.Errorf("%v: 100 rounds are %d operations and 200 rounds %d, want twice as many", t, once, twice)
		}
	}
	if err := d.Close(); err != nil {
		return err
	}
	if n := a.MultiplyAdds(device.Float32, 100); n != 0 {
		return fmt.Errorf("%d operations of a closed device, want none", n)
	}
	return nil
}
