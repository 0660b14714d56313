//go:build !unix

package files

// syncDir does nothing: here no program can sync a directory, and Windows keeps a log of its names.
func syncDir(string) error { return nil }
