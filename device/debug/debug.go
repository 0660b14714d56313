// Package debug wraps a device in one that checks it: which kernel made the first NaN, read what it must not, wrote what
// is not its own, or computed something else than a second device does. A program that imports it, as package device/all
// does, asks for it by an environment variable:
//
//	KEISAN_DEBUG=check                 every device that device.Open returns is checked
//	KEISAN_DEBUG=check,shadow=cpu      and each kernel runs a second time on the device "cpu", and is compared
//	KEISAN_DEBUG=check,allow-nan       the program means its NaN: a kernel may make one
//
// What is found stops the queue like any failure of a device, and the next call that returns an error reports it, once:
//
//	cpu: Binary: operation 17: Z[3,5] is NaN, and no operand had one (Z float32 [4 6], X float32 [4 6], Y float32 [4 6])
//
// The operations are uploads and kernels, counted from 1 since the device was opened.
//
// # What is checked
//
// A NaN is reported where a kernel makes it of operands that have none or, if it comes from an upload or a Fill, where
// the first kernel computes with it. What follows from a NaN that was reported is not reported again. An operand that
// had an Inf is told, with the operation that it came from, for that is the usual cause.
//
// What a kernel writes is filled with a certain NaN before it runs, so that one that reads it or leaves an element out
// is found. So is what is freed: nothing may read or write it. Around each allocation lie guards, and what a kernel only
// reads, like everything else that it does not write, must be as it was.
//
// The device waits for each kernel, copies its operands to the host twice and keeps all its memory on the host once
// more. It makes the same bits as the device that it checks.
//
// # The shadow
//
// A second device gets each kernel with the operands that the first one had, so that errors do not add up from kernel to
// kernel. Each element of the result may differ by what two devices may differ that both round well: a few roundings of
// each of its terms, as bound.go states kernel by kernel. Recurrent kernels are compared step by step, each from the
// state that the checked device came to. A shadow has its own kernels' element types: one without float64 fails at the
// first kernel in it.
package debug

import (
	"fmt"
	"strings"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/internal/queue"
)

// Options is what a checked device does beyond checking.
type Options struct {
	Shadow   device.Device // runs each kernel once more; nil for none. It is closed with the device
	AllowNaN bool          // a NaN is a number like any other
}

// New returns a device that does its work on d and checks it. Nothing else may use d, nor the shadow, from now on. Closing
// it closes d.
func New(d device.Device, o Options) device.Device {
	c := newChecker(d, o.AllowNaN)
	if o.Shadow != nil {
		c.shadow = &shadow{d: o.Shadow}
	}
	return queue.New(c)
}

func init() { device.RegisterDebugger(open) }

// open is what KEISAN_DEBUG turns on.
func open(spec, mode string, open func(spec string) (device.Device, error)) (_ device.Device, err error) {
	var o Options
	items, shadow := strings.Split(mode, ","), ""
	for i, item := range items {
		value, shadowed := strings.CutPrefix(item, "shadow=")
		switch {
		case i == 0 && item == "check":
		case i > 0 && item == "allow-nan":
			o.AllowNaN = true
		case i > 0 && shadowed && value != "" && shadow == "":
			shadow = value
		default:
			return nil, fmt.Errorf("KEISAN_DEBUG is %q, want check, or with more behind it: check,allow-nan,shadow=cpu", mode)
		}
	}
	if shadow != "" {
		if o.Shadow, err = open(shadow); err != nil {
			return nil, fmt.Errorf("KEISAN_DEBUG is %q: device %q: %w", mode, shadow, err)
		}
	}
	d, err := open(spec)
	if err != nil {
		if o.Shadow != nil {
			o.Shadow.Close()
		}
		return nil, err
	}
	return New(d, o), nil
}
