// Package serve is what the peers in Go have in common: the conversation that package peer of devbench describes.
package serve

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
	"unsafe"
)

// A Task is a case that was prepared: Run does it once, and Results is what that left, by name.
type Task struct {
	Run     func() error
	Results func() map[string][]float32
}

// ErrNot is for a case that a library is not measured on.
var ErrNot = errors.New("it is not measured")

// A Case is a case with its operands.
type Case struct {
	Family string
	name   string
	folder string
}

// Peer answers requests for a library. load prepares a case.
func Peer(name, module string, load func(c Case) (*Task, error)) {
	fmt.Println("ready", name, versionOf(module))
	var task *Task
	for s := bufio.NewScanner(os.Stdin); s.Scan(); {
		words := strings.Fields(s.Text())
		switch words[0] {
		case "load":
			var err error
			switch task, err = start(words[1], words[2], words[3], load); {
			case err == ErrNot:
				fmt.Println("no", err)
			case err != nil:
				fmt.Println("failed", strings.ReplaceAll(err.Error(), "\n", " "))
			default:
				fmt.Println("ok")
			}
		case "run":
			n, _ := strconv.Atoi(words[1])
			begin := time.Now()
			for range n {
				if err := task.Run(); err != nil {
					fmt.Fprintln(os.Stderr, err)
					os.Exit(1)
				}
			}
			fmt.Println(time.Since(begin).Seconds())
		}
	}
}

// start loads a case, runs it once and writes its results. A library's panic is an error.
func start(name, folder, dtype string, load func(c Case) (*Task, error)) (task *Task, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v", r)
		}
	}()
	family, _, _ := strings.Cut(name, "/")
	if dtype != "float32" {
		return nil, ErrNot
	}
	if task, err = load(Case{family, name, folder}); err != nil {
		return nil, err
	}
	if err = task.Run(); err != nil {
		return nil, err
	}
	for name, v := range task.Results() {
		err = errors.Join(err, os.WriteFile(folder+"/out."+name, bytes(v), 0o600))
	}
	return task, err
}

// Size is the value of a key of the case, such as "m".
func (c Case) Size(key string) int {
	for part := range strings.SplitSeq(c.name, "/") {
		if value, ok := strings.CutPrefix(part, key+"="); ok {
			n, _ := strconv.Atoi(value)
			return n
		}
	}
	return 0
}

// Is tells whether the case has this value of a key, such as "op=tanh".
func (c Case) Is(part string) bool { return strings.Contains(c.name+"/", "/"+part+"/") }

// Operand reads an operand of n numbers.
func (c Case) Operand(name string, n int) []float32 {
	text, err := os.ReadFile(c.folder + "/" + name)
	if err != nil || len(text) != 4*n {
		panic(fmt.Sprintf("%s has %d bytes, want %d: %v", name, len(text), 4*n, err))
	}
	v := make([]float32, n)
	copy(bytes(v), text)
	return v
}

func bytes(v []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), 4*len(v))
}

// versionOf is the version of a module that the program was built with.
func versionOf(module string) string {
	info, _ := debug.ReadBuildInfo()
	for _, m := range info.Deps {
		if m.Path == module {
			return m.Version
		}
	}
	return ""
}
