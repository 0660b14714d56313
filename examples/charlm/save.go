package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/keisan-go/keisan/checkpoint"
	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/layers"
)

// about is what a file tells beside the tensors.
type about struct {
	Text     string // what is learned, as the flag -text had it
	Sum      string // a hash of that
	Letters  string // the alphabet, in the order of its numbers
	Settings settings
	Progress progress
}

// describing is the key that about stands under.
const describing = "charlm"

func (e *experiment) about(p progress) (map[string]string, error) {
	c := e.corpus
	text, err := json.Marshal(about{c.name, c.sum, string(c.letters.letters), *e.settings, p})
	return map[string]string{describing: string(text)}, err
}

// alphabet is that of the text.
func (a *about) alphabet() *alphabet { return alphabetOf([]rune(a.Letters)) }

// readAbout reads about from a file.
func readAbout(file string) (*about, error) {
	meta, err := checkpoint.Meta(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no %s, which charlm train would make", file)
	}
	if err != nil {
		return nil, err
	}
	a := &about{}
	if err := json.Unmarshal([]byte(meta[describing]), a); err != nil {
		return nil, fmt.Errorf("%s is not of charlm: its %q is %q: %w", file, describing, meta[describing], err)
	}
	return a, nil
}

// keep writes the network to its file, without its progress, which has the time in it: equal networks make equal files.
func (e *experiment) keep() error {
	meta, err := e.about(progress{})
	if err != nil {
		return err
	}
	return (&checkpoint.State{Params: e.net.params, Meta: meta}).Save(e.file)
}

// recall reads the best network back, which is the present one if there was no evaluation yet.
func (e *experiment) recall() error {
	if e.BestAt == 0 {
		e.BestAt = e.Taken
		return e.keep()
	}
	return checkpoint.Load(e.file, e.net.params)
}

// loadNetwork reads a network from its file.
func loadNetwork(d device.Device, file string) (*network, *about, error) {
	a, err := readAbout(file)
	if err != nil {
		return nil, nil, err
	}
	var n *network
	if err := layers.Try(func() { n = newNetwork(d, a.Settings.Seed, a.Settings.shape) }); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", file, err)
	}
	return n, a, checkpoint.Load(file, n.params)
}

// unfinished is the file of a training that can go on, beside that of its best network.
func unfinished(file string) string {
	ext := filepath.Ext(file)
	return strings.TrimSuffix(file, ext) + ".training" + ext
}

// state is all that training depends on beside the settings, the text and how many steps were taken.
func (e *experiment) state() *checkpoint.State {
	return &checkpoint.State{Params: append(e.trainer.states(), e.trainer.params...), Optimizer: e.trainer.adam}
}

// save writes what resumed needs.
func (e *experiment) save() (err error) {
	s := e.state()
	if s.Meta, err = e.about(e.progress); err != nil {
		return err
	}
	return s.Save(unfinished(e.file))
}

// resumed is an experiment that was saved, to go on as if it had never stopped.
func resumed(d device.Device, file string) (*experiment, error) {
	a, err := readAbout(unfinished(file))
	if err != nil {
		return nil, err
	}
	c, err := readCorpus(a.Text, a.alphabet())
	if err != nil {
		return nil, err
	}
	if c.sum != a.Sum {
		return nil, fmt.Errorf("-text %q is not the text any more that %s began to learn: its SHA-256 is %s, want %s", a.Text, file, c.sum, a.Sum)
	}
	var e *experiment
	if err := layers.Try(func() { e = newExperiment(d, file, &a.Settings, c) }); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	e.progress = a.Progress
	e.trainer.goTo(e.Taken)
	return e, e.state().Load(unfinished(file))
}
