//go:build unix

package peer

import (
	"os"
	"os/exec"
	"syscall"
)

// apart keeps an interrupt that is meant for devbench away from a command.
func apart(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// pause stops a program until resume.
func pause(p *os.Process)  { p.Signal(syscall.SIGSTOP) }
func resume(p *os.Process) { p.Signal(syscall.SIGCONT) }
