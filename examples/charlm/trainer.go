package main

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/keisan-go/keisan/data"
	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/examples/internal/program"
	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/optim"
	"github.com/keisan-go/keisan/tensor"
)

// settings is how to train.
type settings struct {
	shape
	Batch, Chunk int     // rows of text read at the same time; characters that the gradient goes back through
	Drop         float64 // the fraction that dropout leaves out
	Rate         float64 // the learning rate at its highest
	Patience     int     // stop after so many evaluations without a better one
	Steps        int     // to take; 0 for as many as there is time for
	Time         time.Duration
	Seed         uint64
}

// A trainer is a model, the text that it is trained on and what makes it better.
type trainer struct {
	*model
	chunks *data.Chunks[int]
	loss   *layers.SoftmaxCrossEntropy
	rate   func(thousandths int) float64 // when so much of the work is done
	clip   *optim.Clip
	adam   *optim.Adam
}

func newTrainer(n *network, s *settings, text []byte) *trainer {
	tokens := make([]int, len(text))
	for i, c := range text {
		tokens[i] = int(c)
	}
	return &trainer{
		model:  newModel(n, s.Chunk, s.Batch, s.Drop, s.Seed),
		chunks: data.NewChunks(tokens, s.Batch, s.Chunk),
		loss:   layers.NewSoftmaxCrossEntropy(),
		rate:   optim.WarmupCosine(s.Rate, 20, 1000),
		clip:   optim.NewClip(1),
		adam:   optim.NewAdam(s.Rate, 0.9, 0.999),
	}
}

// step trains on what the rows read next, ids, and the characters that follow: backpropagation through time, truncated at
// the state that was carried here. The loss that it returns stays on the device unless somebody reads it.
func (t *trainer) step(ids, next []int, done float64) (loss *tensor.Tensor) {
	optim.ZeroGrad(t.params)
	loss = t.loss.Forward(t.logits(ids), next)
	t.embed.Backward(t.net.Backward(t.loss.Backward()))
	t.clip.Clip(t.params)
	t.adam.LR = t.rate(int(1000 * done))
	t.adam.Step(t.params)
	return loss
}

// states is what the recurrent layers carry to the next step, by names.
func (t *trainer) states() []*layers.Param {
	var all []*layers.Param
	for i, l := range t.cells {
		add := func(name string, s *tensor.Tensor) {
			all = append(all, &layers.Param{Name: fmt.Sprint("state", i, ".", name), Value: s})
		}
		switch l := l.(type) {
		case *layers.LSTM:
			h, c := l.State()
			add("h", h)
			add("c", c)
		case *layers.GRU:
			add("h", l.State())
		case *layers.RNN:
			add("h", l.State())
		}
	}
	return all
}

// goTo goes to where so many steps were taken. What states returns can then be written over with what it was there.
func (t *trainer) goTo(taken int) {
	t.chunks.SetPosition(uint64(taken))
	for _, l := range t.drops {
		l.SetPosition(uint64(taken))
	}
	zero := tensor.New(t.wy.Device(), t.wy.DType(), t.rows, t.Hidden)
	defer zero.Free()
	for _, l := range t.cells {
		switch l := l.(type) {
		case *layers.LSTM:
			l.SetState(zero, zero)
		case *layers.GRU:
			l.SetState(zero)
		case *layers.RNN:
			l.SetState(zero)
		}
	}
}

// An experiment trains a network on one part of a text and evaluates it on another.
type experiment struct {
	*settings
	progress
	file      string // the best network's
	corpus    *corpus
	net       *network
	trainer   *trainer
	evaluator *evaluator
	writer    *writer
}

// progress is how far an experiment is.
type progress struct {
	Taken                int           // steps
	Elapsed              time.Duration // training, all runs together
	Bits                 float64       // per character of the training text, a decaying mean
	Training, Validation program.Line  // bits per character over millions of characters read
	Stopping             optim.EarlyStopping
	BestAt               int // the step of the best evaluation
}

func newExperiment(d device.Device, file string, s *settings, c *corpus) *experiment {
	n := newNetwork(d, s.Seed, s.shape)
	return &experiment{
		settings:  s,
		file:      file,
		corpus:    c,
		net:       n,
		trainer:   newTrainer(n, s, c.training),
		evaluator: evaluatorOf(n, c.validation),
		writer:    newWriter(n, c.letters),
		progress: progress{
			Training:   program.Line{Name: "training"},
			Validation: program.Line{Name: "validation"},
			Stopping:   optim.EarlyStopping{Patience: s.Patience},
		},
	}
}

const (
	evaluations = 20 // in a whole run
	every       = 20 // the loss is read once in so many steps
	fresh       = 25 // the state begins anew as often, or the network would never learn how a text is begun
)

// run trains until the work is done, ctx ends or evaluations have not become better for long.
func (e *experiment) run(ctx context.Context, p *program.Progress) error {
	begin := time.Now().Add(-e.Elapsed)
	p.From(e.done(), e.characters())
	over := func() bool { return e.done() >= 1 || e.Stopping.Enough() || ctx.Err() != nil }
	for !over() {
		for ids, next := range e.trainer.chunks.Batches() {
			if e.Taken%fresh == 0 {
				e.trainer.net.ResetState()
			}
			loss := e.trainer.step(ids, next, e.done())
			e.Taken++
			e.Elapsed = time.Since(begin)
			if e.Taken%every == 0 {
				if err := e.record(loss); err != nil {
					return err
				}
			}
			if p.Due() {
				p.Show(e.done(), e.characters(), e.status())
			}
			if int(e.done()*evaluations) > len(e.Validation.Points) {
				if err := e.evaluate(p); err != nil {
					return err
				}
			}
			if over() {
				break
			}
		}
	}
	return ctx.Err()
}

// done is the fraction of the work that is done.
func (e *experiment) done() float64 {
	if e.Steps > 0 {
		return float64(e.Taken) / float64(e.Steps)
	}
	return float64(e.Elapsed) / float64(e.Time)
}

// characters is how many were read so far, again and again perhaps.
func (e *experiment) characters() int { return e.Taken * e.Chunk * e.Batch }

// record reads the loss of a step.
func (e *experiment) record(loss *tensor.Tensor) error {
	nats, err := tensor.Values[float32](loss)
	if err != nil {
		return err
	}
	recorded := len(e.Training.Points)
	e.Bits += (float64(nats[0])/math.Ln2 - e.Bits) / float64(min(recorded+1, 20))
	return e.add(&e.Training, e.Bits)
}

// evaluate reads the validation part, prints how well it is predicted and a sample, and has the best network kept.
func (e *experiment) evaluate(p *program.Progress) error {
	bits, err := e.evaluator.bits(e.corpus.validation)
	if err != nil {
		return err
	}
	if err := e.add(&e.Validation, bits); err != nil {
		return err
	}
	sample, err := e.sample(request{length: 28, temperature: 0.5, seed: e.Seed})
	if err != nil {
		return err
	}
	p.Println(fmt.Sprintf("%4.0fs  %s, validation %.3f  %s", e.Elapsed.Seconds(), e.status(), bits, oneLine(sample)))
	if e.Stopping.Better(bits) {
		e.BestAt = e.Taken
		if err := e.keep(); err != nil {
			return err
		}
	}
	return e.save()
}

// add adds a point to a line. It returns an error if training diverged.
func (e *experiment) add(l *program.Line, bits float64) error {
	if math.IsNaN(bits) || math.IsInf(bits, 0) {
		return fmt.Errorf("after step %d there are %v bits/char: try a -lr below %v", e.Taken, bits, e.Rate)
	}
	l.Add(float64(e.characters())/1e6, bits)
	return nil
}

// status is how well the training text is predicted.
func (e *experiment) status() string {
	if len(e.Training.Points) == 0 {
		return "bits/char ?"
	}
	return fmt.Sprintf("bits/char %.3f", e.Bits)
}

// sample writes a text.
func (e *experiment) sample(r request) (string, error) {
	var text strings.Builder
	err := e.writer.write(context.Background(), r, func(c rune) error {
		text.WriteRune(c)
		return nil
	})
	return text.String(), err
}
