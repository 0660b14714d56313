//go:build unix

package files

import (
	"errors"
	"os"
	"syscall"
)

// syncDir has the names of a directory's files reach the disk.
func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := dir.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) { // from file systems that cannot
		return err
	}
	return nil
}
