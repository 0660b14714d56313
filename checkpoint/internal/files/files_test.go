package files

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// content is three pieces that write writes one by one, each longer than a sector.
func content(b byte) [][]byte {
	return [][]byte{bytes.Repeat([]byte{b}, 700), bytes.Repeat([]byte{b + 1}, 1500), bytes.Repeat([]byte{b + 2}, 513)}
}

func writer(pieces [][]byte) func(io.Writer) error {
	return func(w io.Writer) error {
		for _, p := range pieces {
			if _, err := w.Write(p); err != nil {
				return err
			}
		}
		return nil
	}
}

func TestReplace(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	if err := os.WriteFile(path+".tmp", []byte("left by a program that was killed"), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, b := range []byte{1, 2} {
		if err := Replace(path, writer(content(b))); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, slices.Concat(content(b)...)) {
			t.Errorf("the file has %d bytes, %v", len(got), err)
		}
		if err := os.Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode() != 0o600 {
		t.Errorf("the mode is %v, %v, want that of the file before", info.Mode(), err)
	}
	if err := Replace(filepath.Join(path, "y"), writer(nil)); err == nil {
		t.Error("a file is made in a file")
	}
	only(t, path)
}

// A link stays one, and what it leads to is replaced; a directory stays.
func TestReplaceLink(t *testing.T) {
	path, link := filepath.Join(t.TempDir(), "x"), filepath.Join(t.TempDir(), "link")
	if err := os.WriteFile(path, []byte("old"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(path, link); err != nil {
		t.Skipf("there are no links: %v", err) // on Windows, to most users
	}
	if err := Replace(link, writer(content(1))); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, slices.Concat(content(1)...)) {
		t.Errorf("what the link leads to has %d bytes, %v", len(got), err)
	}
	if target, err := os.Readlink(link); err != nil || target != path {
		t.Errorf("the link leads to %q, %v, want %q", target, err, path)
	}
	only(t, path)
	only(t, link)

	err := Replace(filepath.Dir(path), writer(content(1)))
	if err == nil || !strings.Contains(err.Error(), filepath.Dir(path)+" is drwx") || !strings.Contains(err.Error(), "want a file") {
		t.Errorf("a directory is replaced: %v", err)
	}
	only(t, path)
}

// only reports files beside this one.
func only(t *testing.T, path string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) != 1 {
		t.Errorf("there are %v, want %s alone", entries, filepath.Base(path))
	}
}

// broken is the operating system, whose nth act fails: what the error is, and whether all later ones fail too, as nothing
// works after a crash.
type broken struct {
	system
	n     *int
	err   error
	crash bool
}

func (d broken) fails() bool {
	*d.n--
	return *d.n == -1 || d.crash && *d.n < -1
}

func (d broken) create(path string) (file, error) {
	if d.fails() {
		return nil, d.err
	}
	f, err := d.system.create(path)
	return brokenFile{f, d}, err
}

func (d broken) rename(from, to string) error {
	if d.fails() {
		return d.err
	}
	return d.system.rename(from, to)
}

func (d broken) remove(path string) error {
	if d.fails() {
		return d.err
	}
	return d.system.remove(path)
}

func (d broken) syncDir(path string) error {
	if d.fails() {
		return d.err
	}
	return d.system.syncDir(path)
}

type brokenFile struct {
	file
	d broken
}

func (f brokenFile) Write(b []byte) (int, error) {
	if f.d.fails() {
		n, _ := f.file.Write(b[:len(b)/2])
		return n, f.d.err
	}
	return f.file.Write(b)
}

func (f brokenFile) Sync() error {
	if f.d.fails() {
		return f.d.err
	}
	return f.file.Sync()
}

func (f brokenFile) Close() error {
	err := f.file.Close()
	if f.d.fails() {
		return f.d.err
	}
	return err
}

// acts is what a replacement does: it creates, writes three times, syncs, closes, renames and syncs the directory.
const acts = 8

func TestEveryActFails(t *testing.T) {
	for _, failure := range []error{syscall.ENOSPC, syscall.EIO, errors.New("crash")} {
		crash := failure.Error() == "crash"
		for n := range acts + 1 {
			path := filepath.Join(t.TempDir(), "x")
			if err := Replace(path, writer(content(1))); err != nil {
				t.Fatal(err)
			}
			left := n
			err := replace(broken{system{0o666}, &left, failure, crash}, path, writer(content(7)))
			if n == acts && (err != nil || left != 0) {
				t.Errorf("no act fails, and there are %d more: %v", left, err)
			}
			if n < acts && !errors.Is(err, failure) {
				t.Errorf("act %d fails with %v, and Replace returns %v", n, failure, err)
			}
			want := content(1)
			if n >= acts-1 { // renamed
				want = content(7)
			}
			if got, err := os.ReadFile(path); err != nil || !bytes.Equal(got, slices.Concat(want...)) {
				t.Errorf("after act %d failed with %v the file is neither the old nor the new one: %d bytes, %v", n, failure, len(got), err)
			}
			if !crash {
				only(t, path)
			}
		}
	}
}

// A memory is a disk that loses power: what was not synced may have reached it or not, in part, and names in the order of
// their changes. Acts are counted, and after the last one nothing happens.
type memory struct {
	acts    int
	names   map[string]*inode   // as the program sees them
	durable []map[string]*inode // as they may be after the power failed
}

type inode struct {
	m      *memory
	data   []byte
	synced int
}

var errPower = errors.New("there is no power")

func (m *memory) act() error {
	if m.acts == 0 {
		return errPower
	}
	m.acts--
	return nil
}

// changed notes that names have changed, and that this need not be on the disk yet.
func (m *memory) changed() {
	now := map[string]*inode{}
	for name, i := range m.names {
		now[name] = i
	}
	m.durable = append(m.durable, now)
}

func (m *memory) create(path string) (file, error) {
	if err := m.act(); err != nil {
		return nil, err
	}
	i := &inode{m: m}
	m.names[path] = i
	m.changed()
	return i, nil
}

func (m *memory) rename(from, to string) error {
	if err := m.act(); err != nil {
		return err
	}
	m.names[to] = m.names[from]
	delete(m.names, from)
	m.changed()
	return nil
}

func (m *memory) remove(path string) error {
	if err := m.act(); err != nil {
		return err
	}
	delete(m.names, path)
	m.changed()
	return nil
}

func (m *memory) syncDir(string) error {
	if err := m.act(); err != nil {
		return err
	}
	m.durable = m.durable[len(m.durable)-1:]
	return nil
}

func (i *inode) Write(b []byte) (int, error) {
	if err := i.m.act(); err != nil {
		return 0, err
	}
	i.data = append(i.data, b...)
	return len(b), nil
}

func (i *inode) Sync() error {
	if err := i.m.act(); err != nil {
		return err
	}
	i.synced = len(i.data)
	return nil
}

func (i *inode) Close() error { return i.m.act() }

// after is what a file may hold after a power failure.
func (i *inode) after() [][]byte {
	var all [][]byte
	for n := i.synced; n < len(i.data); n += 512 {
		torn := slices.Clone(i.data[:n]) // the rest is not there, or was never written
		all = append(all, torn, append(torn, make([]byte, len(i.data)-n)...))
	}
	return append(all, i.data)
}

// stopped is a disk on which the old content is safe, after so many acts of replacing it by the new one.
func stopped(acts int, replace func(d disk, path string, write func(io.Writer) error) error) (*memory, error) {
	m := &memory{names: map[string]*inode{}}
	old := slices.Concat(content(1)...)
	m.names["x"] = &inode{m: m, data: old, synced: len(old)}
	m.changed()
	m.acts = acts
	return m, replace(m, "x", writer(content(7)))
}

// verdict tells of a state after a power failure in which x holds neither content; and, if the replacement was told to be
// done, not the new one.
func (m *memory) verdict(done bool) error {
	for _, names := range m.durable {
		if names["x"] == nil {
			return errors.New("there is no file")
		}
		for _, got := range names["x"].after() {
			switch {
			case bytes.Equal(got, slices.Concat(content(7)...)):
			case !done && bytes.Equal(got, slices.Concat(content(1)...)):
			default:
				return fmt.Errorf("the file has %d bytes, which are not what it held or should hold", len(got))
			}
		}
	}
	return nil
}

// Wherever the power fails, the old or the new content is there, whole; after Replace returned, the new one.
func TestPowerFails(t *testing.T) {
	for n := range acts + 1 {
		m, err := stopped(n, replace)
		if (n < acts) != errors.Is(err, errPower) {
			t.Errorf("the power fails after act %d, and Replace returns %v", n, err)
		}
		if err := m.verdict(err == nil); err != nil {
			t.Errorf("the power fails after act %d: %v", n, err)
		}
	}
}

// That TestPowerFails would notice: replacements that forget something.
func TestPowerFailureIsNoticed(t *testing.T) {
	for name, careless := range map[string]func(d disk, path string, write func(io.Writer) error) error{
		"in place": func(d disk, path string, write func(io.Writer) error) error {
			f, err := d.create(path)
			if err != nil {
				return err
			}
			return errors.Join(write(f), f.Sync(), f.Close(), d.syncDir("."))
		},
		"no sync": func(d disk, path string, write func(io.Writer) error) error {
			f, err := d.create(path + ".tmp")
			if err != nil {
				return err
			}
			return errors.Join(write(f), f.Close(), d.rename(path+".tmp", path), d.syncDir("."))
		},
		"no sync of the directory": func(d disk, path string, write func(io.Writer) error) error {
			f, err := d.create(path + ".tmp")
			if err != nil {
				return err
			}
			return errors.Join(write(f), f.Sync(), f.Close(), d.rename(path+".tmp", path))
		},
	} {
		noticed := false
		for n := range acts + 1 {
			m, err := stopped(n, careless)
			noticed = noticed || m.verdict(err == nil) != nil
		}
		if !noticed {
			t.Errorf("%s: nothing is noticed", name)
		}
	}
}

func TestWriteFails(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x")
	failure := errors.New("no")
	if err := Replace(path, func(io.Writer) error { return failure }); err != failure {
		t.Errorf("Replace returns %v, want %v", err, failure)
	}
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("there is a file, %v", err)
	}
	err := Replace(filepath.Join(path, "y"), writer(nil))
	if err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("the error is %v, want the path in it", err)
	}
}
