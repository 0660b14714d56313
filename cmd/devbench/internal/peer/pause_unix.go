//go:build unix

package peer

import (
	"os"
	"syscall"
)

var pause, resume os.Signal = syscall.SIGSTOP, syscall.SIGCONT
