package main

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// decode is the text that numbers stand for.
func decode(a *alphabet, numbers []byte) string {
	var text strings.Builder
	for _, n := range numbers {
		text.WriteRune(a.letters[n])
	}
	return text.String()
}

func TestAlphabet(t *testing.T) {
	text := "héllo, 世界\n"
	a := newAlphabet(text)
	numbers, err := a.encode(text)
	if back := decode(a, numbers); back != text || err != nil {
		t.Errorf("%q became %q (%v)", text, back, err)
	}
	if numbers, err := alphabetOf(a.letters).encode(text); decode(a, numbers) != text || err != nil {
		t.Errorf("%q, read again: %v (%v)", text, numbers, err)
	}
	if _, err := a.encode("hall"); err == nil || !strings.Contains(err.Error(), "'a'") {
		t.Errorf("an unknown character: %v, want an error that names it", err)
	}
	var large strings.Builder
	for r := rune(0x4e00); r < 0x4e00+300; r++ {
		large.WriteString(strings.Repeat(string(r), 1+int(r)%3))
	}
	a = newAlphabet(large.String())
	if a.size() != 256 {
		t.Errorf("an alphabet of %d, want 256", a.size())
	}
	numbers, err = a.encode(large.String())
	if err != nil {
		t.Fatal(err)
	}
	back := decode(a, numbers)
	if utf8.RuneCountInString(back) != utf8.RuneCountInString(large.String()) || !strings.ContainsRune(back, rare) {
		t.Error("rare characters are not replaced one by one")
	}
	if once := string(rune(0x4e00 + 299)); strings.Count(large.String(), once) == 3 && !strings.Contains(back, once) {
		t.Error("a frequent character is replaced")
	}
}

func TestFind(t *testing.T) {
	built, told := t.TempDir(), t.TempDir()
	ask := func() (string, error) { return told, nil }
	write(t, filepath.Join(told, opticks), "light")
	if path, err := find(opticks, built, ask); path != filepath.Join(told, opticks) || err != nil {
		t.Errorf("not where it was built: %s, %v", path, err)
	}
	write(t, filepath.Join(built, opticks), "light")
	if path, err := find(opticks, built, ask); path != filepath.Join(built, opticks) || err != nil {
		t.Errorf("where it was built: %s, %v", path, err)
	}
	for name, ask := range map[string]func() (string, error){
		"no go":      func() (string, error) { return "", errors.New("not found") },
		"no sources": func() (string, error) { return t.TempDir(), nil },
	} {
		if path, err := find(opticks, "", ask); err == nil || !strings.Contains(err.Error(), "-text FILE") {
			t.Errorf("%s: %q, %v, want an error with advice", name, path, err)
		}
	}
}

func write(t *testing.T, file, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func TestReadGo(t *testing.T) {
	root := t.TempDir()
	for name, text := range map[string]string{
		"src/b/b.go": "b", "src/a/a.go": "a", "src/a/a_test.go": "no", "src/a/testdata/x.go": "no", "src/c/notes.txt": "no",
		"src/cmd/main.go": "no", "src/vendor/v.go": "no", "src/c/table.go": strings.Repeat("0", 200<<10), "src/d/d.go": "d",
		"src/e/e.go": "more than there is room for",
	} {
		write(t, filepath.Join(root, filepath.FromSlash(name)), text)
	}
	if text, err := readGo(filepath.Join(root, "src"), 5); text != "abd" || err != nil {
		t.Errorf("%q, %v, want abd", text, err)
	}
	link := filepath.Join(root, "link")
	if err := os.Symlink("src", link); err != nil {
		t.Skip(err)
	}
	if text, err := readGo(link, 5); text != "abd" || err != nil {
		t.Errorf("through a link: %q, %v, want abd", text, err)
	}
}
