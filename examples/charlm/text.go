package main

import (
	"errors"
	"fmt"
	"go/build"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// Go's installation has Newton's "Opticks" (1704), which tests of compression read: the English book that is on every
// machine with a Go.
const opticks = "src/testdata/Isaac.Newton-Opticks.txt"

// readText returns the text that the flag -text names: the book "opticks", the standard library's source "go", or a file.
func readText(spec string) (string, error) {
	file := spec
	switch spec {
	case "opticks":
		path, err := find(opticks, build.Default.GOROOT, goEnv)
		if err != nil {
			return "", fmt.Errorf("-text %s: %w", spec, err)
		}
		file = path
	case "go":
		path, err := find("src", build.Default.GOROOT, goEnv)
		if err != nil {
			return "", fmt.Errorf("-text %s: %w", spec, err)
		}
		return readGo(path, 5<<20)
	}
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("-text %q: there is no such file; want opticks, go or the name of one", spec)
	}
	if err != nil {
		return "", fmt.Errorf("-text %q: %w", spec, err)
	}
	return string(text), nil
}

// find returns the path of what Go's installation has under a name: the one that built this program, if it is still
// there and has it, or the one that ask tells of.
func find(name, built string, ask func() (string, error)) (string, error) {
	if path := filepath.Join(built, name); built != "" && exists(path) {
		return path, nil
	}
	root, err := ask()
	if err != nil {
		return "", fmt.Errorf("no Go installation found, whose %s it is: go env GOROOT: %w; try -text FILE", name, err)
	}
	path := filepath.Join(root, name)
	if !exists(path) {
		return "", fmt.Errorf("there is no %s in the Go installation, but Debian has it in golang-src; try -text FILE", path)
	}
	return path, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func goEnv() (string, error) {
	out, err := exec.Command("go", "env", "GOROOT").Output()
	return strings.TrimSpace(string(out)), err
}

// readGo returns Go files of a folder, one after another in the order of their names, up to a size. It leaves out tests,
// commands, copies of other modules, and what is so large that it must be a table.
func readGo(folder string, limit int) (string, error) {
	const table = 100 << 10
	folder, err := filepath.EvalSymlinks(folder) // since WalkDir would not follow one, and Debian's src is one
	if err != nil {
		return "", err
	}
	var text strings.Builder
	err = filepath.WalkDir(folder, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() {
			if name == "cmd" || name == "vendor" || name == "testdata" {
				return fs.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") {
			return nil
		}
		file, err := os.ReadFile(path)
		if err != nil || len(file) > table {
			return err
		}
		if text.Len()+len(file) > limit {
			return fs.SkipAll
		}
		text.Write(file)
		return nil
	})
	return text.String(), err
}
