// Package move copies memory, from some size on by the processor's own string move where that is enhanced. It is as fast
// as vectors in the caches and faster beyond them, since it need not read what it overwrites. Go's copy has it for sizes
// of no interest here, and from 1 MiB on writes past the caches.
package move

import "unsafe"

// Bytes copies len(dst) bytes of src to dst. The two must not overlap unless they are the same.
func Bytes(dst, src []byte) {
	if src = src[:len(dst)]; enhanced && len(dst) >= least && aligned(dst) && aligned(src) {
		move(&dst[0], &src[0], len(dst))
	} else {
		copy(dst, src)
	}
}

// least is from how many bytes on the string move is worth its start, some 20 ns.
const least = 4096

// aligned tells whether memory begins with a line of the cache. AMD's Zen 3 and 4 take up to 20 times as long for a string
// move of which one side does and the other does not (glibc's bug 30994).
func aligned(x []byte) bool { return uintptr(unsafe.Pointer(&x[0]))%64 == 0 }
