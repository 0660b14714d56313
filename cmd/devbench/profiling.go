package main

import (
	"errors"
	"fmt"
	"os"
	"runtime/pprof"
	"runtime/trace"
)

// profiling is the flags that write what Go's own tools read.
type profiling struct {
	CPUProfile string `name:"cpuprofile" placeholder:"FILE" help:"Write a profile for go tool pprof."`
	Trace      string `placeholder:"FILE" help:"Write a trace for go tool trace."`
}

// start begins to profile; the function that it returns ends that.
func (f *profiling) start() (stop func() error, err error) {
	var ends []func() error
	for _, p := range []struct {
		flag, name string
		start      func(*os.File) error
		stop       func()
	}{
		{"cpuprofile", f.CPUProfile, func(w *os.File) error { return pprof.StartCPUProfile(w) }, pprof.StopCPUProfile},
		{"trace", f.Trace, func(w *os.File) error { return trace.Start(w) }, trace.Stop},
	} {
		if p.name == "" {
			continue
		}
		w, err := os.Create(p.name)
		if err == nil {
			err = p.start(w)
		}
		if err != nil {
			return nil, fmt.Errorf("-%s: %w", p.flag, err)
		}
		ends = append(ends, func() error {
			p.stop()
			return w.Close()
		})
	}
	return func() error {
		var errs []error
		for _, end := range ends {
			errs = append(errs, end())
		}
		return errors.Join(errs...)
	}, nil
}
