// Package peer talks to programs that compute the same cases with other libraries, so that these can be measured by
// turns with Keisan. Such a program first writes a line "ready VERSION" to its standard output, and then answers lines
// from its standard input:
//
//	load CASE DIR TYPE    read the operands DIR/NAME, run once, write the results DIR/out.NAME: "ok"; "no REASON" for a
//	                      case or a type that the library is not for, "failed REASON" for what went wrong
//	run N                 run N times and wait: the seconds that took
//
// Files hold numbers of TYPE, float32 or float64, in the machine's order. After a "no" or "failed" the program goes on.
package peer

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/keisan-go/keisan/cmd/devbench/internal/cases"
	"github.com/keisan-go/keisan/device"
)

// ErrNot is wrapped by the error for a case that a library is not for.
var ErrNot = errors.New("no case for it")

// A Peer is such a program, running.
type Peer struct {
	Name    string
	Version string

	cmd    *exec.Cmd
	in     io.WriteCloser
	lines  chan string
	stderr *tail
	err    error // why it does not answer any more
}

// Start starts a peer. It fails with the last line that the program wrote to its standard error if that does not get ready.
func Start(name string, timeout time.Duration, command string, args ...string) (*Peer, error) {
	p := &Peer{Name: name, cmd: exec.Command(command, args...), lines: make(chan string), stderr: &tail{}}
	p.cmd.Stderr = p.stderr
	apart(p.cmd)
	in, err := p.cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	p.in = in
	go func() {
		defer close(p.lines)
		for s := bufio.NewScanner(out); s.Scan(); {
			p.lines <- s.Text()
		}
	}()
	line, err := p.read(timeout)
	if err == nil {
		var ready bool
		if p.Version, ready = strings.CutPrefix(line, "ready "); !ready {
			err = fmt.Errorf("%q, want it to be ready", line)
		}
	}
	if err != nil {
		p.Close()
		return nil, err
	}
	pause(p.cmd.Process)
	return p, nil
}

// Load has the peer load a case in a type, and checks its result.
func (p *Peer) Load(c cases.Case, problem *cases.Problem, t device.DType, timeout time.Duration) error {
	if problem.Inputs == nil {
		return fmt.Errorf("%w: it has no operands", ErrNot)
	}
	dir, err := os.MkdirTemp("", "peer")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	for name, values := range problem.Inputs {
		if err := os.WriteFile(filepath.Join(dir, name), cases.Bytes(values, t), 0o600); err != nil {
			return err
		}
	}
	answer, err := p.ask(timeout, "load %s %s %v", c, dir, t)
	if err != nil {
		return err
	}
	if reason, no := strings.CutPrefix(answer, "no "); no {
		return fmt.Errorf("%w: %s", ErrNot, reason)
	}
	if answer != "ok" {
		return errors.New(answer)
	}
	results := map[string][]float64{}
	files, _ := filepath.Glob(filepath.Join(dir, "out.*"))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		results[filepath.Ext(file)[1:]] = cases.Numbers(text, t)
	}
	largest, bound, err := agree(problem, results, t)
	if err == nil && !(largest <= bound) {
		err = fmt.Errorf("WRONG: error %.2g, bound %.2g", largest, bound)
	}
	return err
}

// agree holds results against the reference; ones that are missing or too short are an error.
func agree(problem *cases.Problem, results map[string][]float64, t device.DType) (largest, bound float64, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("its results are not those of the case: %v", r)
		}
	}()
	// Nobody else is held to bounds that were derived for our order of summation: twice as much will do.
	largest, bound = problem.Agree(results, t)
	return largest, 2 * bound, nil
}

// Run has it run the case n times and returns the seconds that took.
func (p *Peer) Run(n int, timeout time.Duration) (float64, error) {
	answer, err := p.ask(timeout, "run %d", n)
	if err != nil {
		return 0, err
	}
	return strconv.ParseFloat(answer, 64)
}

// ask is the answer to a request. Between requests the program is stopped: its threads would go on spinning for work, some
// for a fifth of a second, and take processors from the next one.
func (p *Peer) ask(timeout time.Duration, format string, args ...any) (string, error) {
	if p.err != nil {
		return "", p.err
	}
	resume(p.cmd.Process)
	defer pause(p.cmd.Process)
	if _, err := fmt.Fprintf(p.in, format+"\n", args...); err != nil {
		return "", err
	}
	return p.read(timeout)
}

func (p *Peer) read(timeout time.Duration) (string, error) {
	select {
	case line, ok := <-p.lines:
		if !ok {
			p.cmd.Wait()
			p.err = fmt.Errorf("it ended: %s", p.stderr.last())
		}
		return line, p.err
	case <-time.After(timeout):
		p.Close()
		p.err = fmt.Errorf("no answer in %v", timeout)
		return "", p.err
	}
}

// Close ends the program.
func (p *Peer) Close() {
	p.in.Close()
	p.cmd.Process.Kill()
	for range p.lines { // the last of them
	}
	p.cmd.Wait()
}

// A tail keeps the end of what is written to it.
type tail struct{ text []byte }

func (t *tail) Write(b []byte) (int, error) {
	t.text = append(t.text, b...)
	t.text = t.text[max(0, len(t.text)-4096):]
	return len(b), nil
}

// last is the last line that says something.
func (t *tail) last() string {
	lines := strings.Split(strings.TrimSpace(string(t.text)), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}
