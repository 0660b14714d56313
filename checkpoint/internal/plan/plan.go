// Package plan is how a file gets into tensors: all of it is checked before the first of them changes.
package plan

import (
	"errors"
	"fmt"
	"strings"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/tensor"
)

// A Plan is what is wrong with a file, and, if nothing is, what is to be done.
type Plan struct {
	wrong   []string // the first of it
	more    int      // how much there is beside
	uploads []func() device.Device
}

// most is how much of what is wrong is told: a file may have 300000 names that nobody expects.
const most = 50

// Fail notes something that is wrong. A string of the file is to be given as %.100q.
func (p *Plan) Fail(format string, args ...any) {
	if len(p.wrong) == most {
		p.more++
		return
	}
	p.wrong = append(p.wrong, fmt.Sprintf(format, args...))
}

// Err is what is wrong, if anything is.
func (p *Plan) Err() error {
	switch {
	case len(p.wrong) == 0:
		return nil
	case p.more > 0:
		return fmt.Errorf("%s; and %d more", strings.Join(p.wrong, "; "), p.more)
	}
	return errors.New(strings.Join(p.wrong, "; "))
}

// Upload plans to set the tensor that to then returns to these values, unless they could not be read.
func Upload[T device.Element](p *Plan, to func() *tensor.Tensor, values []T, err error) {
	if err != nil {
		p.Fail("%v", err)
		return
	}
	p.uploads = append(p.uploads, func() device.Device {
		t := to()
		t.Device().Upload(t.Array().Slice, device.Bytes(values))
		return t.Device()
	})
}

// Do does what is planned, and waits for it. It does nothing if something is wrong.
func (p *Plan) Do() error {
	if err := p.Err(); err != nil {
		return err
	}
	devices := map[device.Device]bool{}
	for _, upload := range p.uploads {
		devices[upload()] = true
	}
	var failed error
	for d := range devices {
		failed = errors.Join(failed, d.Sync())
	}
	return failed
}
