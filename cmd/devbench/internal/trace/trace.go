// Package trace tells what a device is asked to do and how long each thing takes.
package trace

import (
	"fmt"
	"time"

	"github.com/keisan-go/keisan/device"
)

// An Event is one kernel, or one transfer, from when it was asked for until it was done.
type Event struct {
	Name     string // "MatMul", "Upload"
	Operands string // "C float32 [32 10], A float32 [32 64], ..."
	Cost     device.Cost
	Start    time.Duration
	Took     time.Duration
}

// A Device passes everything on to another device. It waits for each kernel, so that its time can be told, which a
// program that only queues kernels would not do.
type Device struct {
	device.Device
	Now    func() time.Duration
	Events []Event

	err error // the failure to report
}

// New returns a tracer of d, with now as its clock.
func New(d device.Device, now func() time.Duration) *Device { return &Device{Device: d, Now: now} }

// Launch runs k and waits for it. Like every device it does nothing after a failure until that is reported.
func (d *Device) Launch(k device.Kernel) {
	if d.err != nil {
		return
	}
	start := d.Now()
	d.Device.Launch(k)
	d.err = d.Device.Sync()
	took := d.Now() - start
	d.Events = append(d.Events, Event{k.Name(), device.Describe(k.Operands(nil)), k.Cost(), start, took})
}

// Upload copies src to dst and waits for it.
func (d *Device) Upload(dst device.Slice, src []byte) {
	if d.err != nil {
		return
	}
	start := d.Now()
	d.Device.Upload(dst, src)
	d.err = d.Device.Sync()
	d.transfer("Upload", start, len(src))
}

// Download copies src to dst.
func (d *Device) Download(dst []byte, src device.Slice) error {
	if d.err != nil {
		return d.Sync()
	}
	start := d.Now()
	err := d.Device.Download(dst, src)
	d.transfer("Download", start, len(dst))
	return err
}

func (d *Device) transfer(name string, start time.Duration, bytes int) {
	took := d.Now() - start
	d.Events = append(d.Events, Event{name, fmt.Sprintf("%d bytes", bytes), device.Cost{Bytes: int64(bytes)}, start, took})
}

// Sync reports the failure, if there is one.
func (d *Device) Sync() error {
	if err := d.err; err != nil {
		d.err = nil
		return err
	}
	return d.Device.Sync()
}

// Cost is the sum over all kernels so far; transfers are none.
func (d *Device) Cost() (sum device.Cost) {
	for _, e := range d.Events {
		if e.Name != "Upload" && e.Name != "Download" {
			sum.Ops += e.Cost.Ops
			sum.Bytes += e.Cost.Bytes
		}
	}
	return sum
}
