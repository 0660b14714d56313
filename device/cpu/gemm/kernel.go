package gemm

import (
	"fmt"
	"os"
	"sync/atomic"
)

// A kernel is a set of instructions that a product is computed with. A processor that has one has those before it.
type kernel int32

const (
	undecided kernel = iota
	generic
	avx2
	avx512
)

var kernelNames = [...]string{generic: "generic", avx2: "avx2", avx512: "avx512"}

// inUse is decided when it is first needed. A test may set it.
var inUse atomic.Int32

// Kernel tells which instructions this package computes with: "avx512", "avx2", or "generic", which is Go. It takes the
// best that the processor has unless the environment variable KEISAN_CPU names another one. The first use of this
// package panics if KEISAN_CPU names one that the processor has not, or none at all.
func Kernel() string { return kernelNames[current()] }

// Err tells what is wrong with KEISAN_CPU; nil if nothing is.
func Err() error {
	_, err := choose(os.Getenv("KEISAN_CPU"), best())
	return err
}

func current() kernel {
	if k := kernel(inUse.Load()); k != undecided {
		return k
	}
	k, err := choose(os.Getenv("KEISAN_CPU"), best())
	if err != nil {
		panic(err.Error())
	}
	inUse.Store(int32(k))
	return k
}

// choose returns the kernel of that name, or the best one if there is no name.
func choose(name string, best kernel) (kernel, error) {
	if name == "" {
		return best, nil
	}
	for k := generic; k <= best; k++ {
		if kernelNames[k] == name {
			return k, nil
		}
	}
	return undecided, fmt.Errorf("gemm: KEISAN_CPU=%q is none of %q, which this processor has", name, kernelNames[generic:best+1])
}
