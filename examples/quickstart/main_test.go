package main

import (
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
)

func TestItLearns(t *testing.T) {
	t.Setenv("KEISAN_DEVICE", "cpu")
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout := os.Stdout
	os.Stdout = w
	main()
	os.Stdout = stdout
	w.Close()
	out, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	if !regexp.MustCompile(`(?m)^epoch 300  loss 0\.00`).Match(out) {
		t.Errorf("printed\n%s\nwant a loss below 0.01 after 300 epochs", out)
	}
}

// The README shows this program; it must not show another.
func TestREADMEShowsThisProgram(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	_, body, _ := strings.Cut(string(program), "func main() {\n")
	if !strings.Contains(string(readme), body) {
		t.Error("README.md does not show the main function of examples/quickstart as it is")
	}
}
