// Charlm is a language model over characters: it learns a text with a recurrent network, and then goes on with others.
//
//	go run ./examples/charlm                           the English book that comes with Go, for a minute
//	go run ./examples/charlm train -text go -time 10m  the standard library's source; Ctrl-C stops, and
//	go run ./examples/charlm train -resume             goes on from there
//	go run ./examples/charlm train -time 5m -hidden 512 -drop 0.5 -lr 0.004
//	go run ./examples/charlm sample -prompt "Light is"
//	go run ./examples/charlm eval                      how well it predicts, beside models that count
//	go run ./examples/charlm serve                     text for HTTP clients, as it is written
//
// Each has -help. Training prints how many bits per character the network needs to predict a part of the text that it was
// not trained on, beside what a bigram and a 5-gram model need. A larger network knows more, and needs more dropout.
package main

import (
	"context"
	"io"
	"strings"
	"unicode"
	"unicode/utf8"

	_ "github.com/keisan-go/keisan/device/all"
	"github.com/keisan-go/keisan/examples/internal/program"
)

func main() { program.Main("charlm", run) }

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	commands := map[string]program.Run{"train": train, "sample": sample, "eval": eval, "serve": serve}
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		return train(ctx, args, stdout, stderr)
	}
	command, ok := commands[args[0]]
	if !ok {
		return program.Usagef("command %q: want train, sample, eval or serve", args[0])
	}
	return command(ctx, args[1:], stdout, stderr)
}

// printable is a text without what a terminal might take for a command, except line breaks and tabs.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) || r == '\n' || r == '\t' {
			return r
		}
		return '·'
	}, text)
}

// wrap indents a text, and breaks its lines where they are too long.
func wrap(text string, width int) string {
	var b strings.Builder
	for line := range strings.Lines(printable(text)) {
		line = strings.ReplaceAll(strings.TrimSuffix(line, "\n"), "\t", "    ")
		for utf8.RuneCountInString(line) > width {
			runes := []rune(line)
			b.WriteString("  " + string(runes[:width]) + "\n")
			line = string(runes[width:])
		}
		b.WriteString("  " + line + "\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// oneLine is a text without line breaks.
func oneLine(text string) string { return strings.Join(strings.Fields(printable(text)), " ") }
