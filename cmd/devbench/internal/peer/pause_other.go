//go:build !unix

package peer

import "os"

var pause, resume os.Signal
