package main

import "github.com/keisan-go/keisan/device"

// about is what a model's file tells beside the weights.
type about struct {
	Shape   shape
	Letters string  // the alphabet, in the order of its numbers
	Text    string  // what it learned, as the flag -text had it
	Sum     string  // a hash of that
	Steps   int     // of training
	Bits    float64 // per character of the validation part
}

// keep writes the network to its file.
func (e *experiment) keep() error {
	return saveInterim(e.file, e.net.params, about{
		e.shape, string(e.corpus.letters.letters), e.corpus.name, e.corpus.sum, e.Taken, e.Best,
	})
}

// recall reads the best network back, which is the present one if there was no evaluation yet.
func (e *experiment) recall() error {
	if e.Best == 0 {
		e.BestAt = e.Taken
		return e.keep()
	}
	return loadInterim(e.file, nil, e.net.params)
}

// loadNetwork reads a network from a file.
func loadNetwork(d device.Device, file string) (*network, *about, error) {
	var a about
	if err := loadInterim(file, &a, nil); err != nil {
		return nil, nil, err
	}
	n := newNetwork(d, 0, a.Shape)
	return n, &a, loadInterim(file, nil, n.params)
}

// alphabet is that of the text.
func (a *about) alphabet() *alphabet { return alphabetOf([]rune(a.Letters)) }

func (e *experiment) save() error { return nil }

func resumed(d device.Device, file string) (*experiment, error) { panic("later") }
