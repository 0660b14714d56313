package debug

import "github.com/keisan-go/keisan/device"

type shadow struct{ d device.Device }

func (s *shadow) compare(k device.Kernel, ops []device.Operand) error { return nil }
