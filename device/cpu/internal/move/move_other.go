//go:build !amd64 || noasm

package move

const enhanced = false

func move(dst, src *byte, n int) { panic("move: there is no string move here") }
