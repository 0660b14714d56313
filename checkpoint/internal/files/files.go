// Package files replaces files so that, whatever stops the program or the machine, either the old content is there or the
// new one, whole.
//
// There are libraries that do, but those that are kept well neither build for Windows nor sync the directory.
package files

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// Replace makes what write writes the content of a file, that which a symbolic link leads to. It goes to a file beside it,
// whose name has ".tmp" at its end, which replaces the old one once it is on the disk. After an error the old content is still
// there; but for that of the last act, the directory's sync, after which the new content is, though perhaps not after a power
// failure. What is no file, such as a directory or a device, is not replaced.
func Replace(path string, write func(w io.Writer) error) error {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		path = target
	}
	mode := fs.FileMode(0o666)
	if old, err := os.Stat(path); err == nil {
		if !old.Mode().IsRegular() {
			return fmt.Errorf("%s is %v, want a file or nothing", path, old.Mode())
		}
		mode = old.Mode().Perm()
	}
	return replace(system{mode}, path, write)
}

// A disk is what Replace asks of a file system. Tests have some that fail.
type disk interface {
	create(path string) (file, error)
	rename(from, to string) error
	remove(path string) error
	syncDir(path string) error
}

type file interface {
	io.WriteCloser
	Sync() error
}

func replace(d disk, path string, write func(w io.Writer) error) error {
	temporary := path + ".tmp"
	f, err := d.create(temporary)
	if err != nil {
		return err
	}
	if err = write(f); err == nil {
		err = f.Sync() // before the rename, which may reach the disk first
	}
	if failed := f.Close(); err == nil {
		err = failed
	}
	if err == nil {
		err = d.rename(temporary, path)
	}
	if err != nil {
		d.remove(temporary)
		return err
	}
	return d.syncDir(filepath.Dir(path))
}

// system is the operating system's files; those that it creates have a mode.
type system struct{ mode fs.FileMode }

func (s system) create(path string) (file, error) {
	os.Remove(path) // what a program left that was killed
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, s.mode)
}

func (system) rename(from, to string) error { return os.Rename(from, to) }

func (system) remove(path string) error { return os.Remove(path) }

func (system) syncDir(path string) error { return syncDir(path) }
