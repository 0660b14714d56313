//go:build !noasm

package move

import "golang.org/x/sys/cpu"

var enhanced = cpu.X86.HasERMS

// move is for i := range n { dst[i] = src[i] }.
//
//go:noescape
func move(dst, src *byte, n int)
