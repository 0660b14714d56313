// Package notbuilt stands in for a backend that this build does not contain.
package notbuilt

import (
	"errors"

	"github.com/keisan-go/keisan/device"
)

type backend struct{ name, devices string }

// Register registers a backend that only says that it is not built in, and which tag will build it: its name.
func Register(name, devices string) { device.Register(backend{name, devices}) }

func (b backend) Name() string { return b.name }

func (b backend) List() []device.Info {
	return []device.Info{{Name: b.name, Unavailable: b.reason()}}
}

func (b backend) Open(int) (device.Device, error) { return nil, errors.New(b.reason()) }

func (b backend) reason() string {
	return "not built in: " + b.devices + " need a program that is built with -tags " + b.name
}
