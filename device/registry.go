package device

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Info describes a device, or a backend that has none.
type Info struct {
	Name    string // what Open opens it by; the backend's name where there is no device
	Kind    Kind
	Vendor  string
	Model   string
	Driver  string // the driver's or the instruction set's name and version
	Units   int    // compute units: the processors that a CPU backend uses, a GPU's multiprocessors
	Memory  int64  // bytes that there are
	Float64 bool   // whether it computes in float64

	InUse  int64 // bytes allocated and not freed
	Allocs int64 // how often Alloc was called

	Unavailable string // why the device cannot be opened; "" if it can
}

// Kind is the kind of a device.
type Kind string

const (
	CPU Kind = "cpu"
	GPU Kind = "gpu"
)

// A Backend opens the devices of one kind of driver. Backends register themselves in their init.
type Backend interface {
	// Name is what the specs of its devices begin with: "cpu", "cuda".
	Name() string
	// List describes its devices; where there is none, one Info says why.
	List() []Info
	// Open opens the device with this number in List.
	Open(index int) (Device, error)
}

// A Debugger opens the device of a spec and puts what the environment variable KEISAN_DEBUG, here mode, asks for around
// it. open opens devices as they are.
type Debugger func(spec, mode string, open func(spec string) (Device, error)) (Device, error)

var registry struct {
	sync.Mutex
	backends []Backend // sorted by name
	debugger Debugger
}

// Register makes a backend known to Open and List. It panics if the name is taken.
func Register(b Backend) {
	registry.Lock()
	defer registry.Unlock()
	i, found := slices.BinarySearchFunc(registry.backends, b.Name(), func(b Backend, name string) int {
		return strings.Compare(b.Name(), name)
	})
	if found {
		Panicf("device: backend %q registered twice", b.Name())
	}
	registry.backends = slices.Insert(registry.backends, i, b)
}

// RegisterDebugger makes a debugger what Open uses where KEISAN_DEBUG is set. It panics if there is one already.
func RegisterDebugger(d Debugger) {
	registry.Lock()
	defer registry.Unlock()
	if registry.debugger != nil {
		Panicf("device: two debuggers, want one")
	}
	registry.debugger = d
}

func debugger() Debugger {
	registry.Lock()
	defer registry.Unlock()
	return registry.debugger
}

func backends() []Backend {
	registry.Lock()
	defer registry.Unlock()
	return slices.Clone(registry.backends)
}

// List describes every device of every backend built in, and each backend that has none, with the reason.
func List() []Info {
	var all []Info
	for _, b := range backends() {
		all = append(all, b.List()...)
	}
	return all
}

// Open opens a device by its name: "cpu", "cuda" (the first), "cuda:1", "opencl:0". An empty spec stands for
// $KEISAN_DEVICE and, where that is empty too, for the fastest device there is: a GPU before a CPU. Where $KEISAN_DEBUG is
// set, the device checks what it does; see package device/debug.
func Open(spec string) (Device, error) {
	source := ""
	if spec == "" {
		spec, source = os.Getenv("KEISAN_DEVICE"), " (from KEISAN_DEVICE)"
	}
	if spec == "" {
		spec, source = fastest(), ""
	}
	d, err := openDebugged(spec)
	if err != nil {
		return nil, fmt.Errorf("device %q%s: %w", spec, source, err)
	}
	return d, nil
}

// openDebugged opens a device as KEISAN_DEBUG asks for.
func openDebugged(spec string) (Device, error) {
	mode, debug := os.Getenv("KEISAN_DEBUG"), debugger()
	switch {
	case mode == "":
		return open(spec)
	case debug == nil:
		return nil, fmt.Errorf("KEISAN_DEBUG is %q, but no debugger is built in: import _ %q", mode, "github.com/keisan-go/keisan/device/debug")
	}
	return debug(spec, mode, open)
}

func open(spec string) (Device, error) {
	name, number, numbered := strings.Cut(spec, ":")
	for _, b := range backends() {
		if b.Name() != name {
			continue
		}
		index := 0
		if numbered {
			var err error
			if index, err = strconv.Atoi(number); err != nil || index < 0 || strconv.Itoa(index) != number {
				return nil, fmt.Errorf("the number after %q is %q, want a number from 0 on", name+":", number)
			}
		}
		infos := b.List()
		if reason := infos[min(index, len(infos)-1)].Unavailable; reason != "" {
			return nil, errors.New(reason)
		}
		if index >= len(infos) {
			return nil, fmt.Errorf("there is no such device; %s has %s", name, names(infos))
		}
		return b.Open(index)
	}
	infos := List()
	if len(infos) == 0 {
		return nil, fmt.Errorf("no backend is built in: import _ %q", "github.com/keisan-go/keisan/device/all")
	}
	return nil, fmt.Errorf("there is no such backend; want one of %s", names(infos))
}

// fastest is the name of the first GPU or, if there is none, of the first CPU; backends come in the order of their
// names, so cuda before opencl, and cpu before an OpenCL implementation on the CPU.
func fastest() string {
	infos := List()
	for _, kind := range []Kind{GPU, CPU} {
		for _, info := range infos {
			if info.Kind == kind && info.Unavailable == "" {
				return info.Name
			}
		}
	}
	return "cpu"
}

func names(infos []Info) string {
	var all []string
	for _, info := range infos {
		all = append(all, info.Name)
	}
	return strings.Join(all, ", ")
}
