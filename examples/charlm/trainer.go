package main

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

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

// done is the fraction of the work that some steps in some time are.
func (s *settings) done(steps int, elapsed time.Duration) float64 {
	if s.Steps > 0 {
		return float64(steps) / float64(s.Steps)
	}
	return float64(elapsed) / float64(s.Time)
}

// rateAt is the learning rate when a fraction of the work is done. It rises at first, as Adam's averages of the gradients
// are of few yet, and then falls to 0 as half a wave of the cosine.
func (s *settings) rateAt(done float64) float64 {
	const rise = 0.02
	if done < rise {
		return s.Rate * done / rise
	}
	return s.Rate * (1 + math.Cos(math.Pi*(done-rise)/(1-rise))) / 2
}

// A trainer is a model, the text that it is trained on and what makes it better.
type trainer struct {
	*model
	text []byte
	at   int // where the next step reads on, in each row
	clip *optim.Clip
	adam *optim.Adam
}

func newTrainer(n *network, s *settings, text []byte) *trainer {
	return &trainer{
		model: newModel(n, s.Chunk, s.Batch, s.Drop, s.Seed),
		text:  text,
		clip:  optim.NewClip(1),
		adam:  optim.NewAdam(s.Rate, 0.9, 0.999),
	}
}

// step trains on the next characters of each row: backpropagation through time, truncated at the state that was carried
// here. The loss that it returns stays on the device unless somebody reads it.
func (t *trainer) step(rate float64) (loss *tensor.Tensor) {
	optim.ZeroGrad(t.params)
	loss, _ = t.forward(t.text, t.at)
	t.embed.Backward(t.net.Backward(t.loss.Backward()))
	t.clip.Clip(t.params)
	t.adam.LR = rate
	t.adam.Step(t.params)
	if t.at += t.steps; t.at >= t.rowLength(t.text) {
		t.at = 0
	}
	return loss
}

// goTo makes the trainer ready for the states after so many steps to be read into it.
func (t *trainer) goTo(taken int) {
	chunks := (t.rowLength(t.text) + t.steps - 1) / t.steps
	t.at = taken % chunks * t.steps
	for _, l := range t.drops {
		l.SetPosition(uint64(taken))
	}
	if t.at > 0 {
		t.roomForStates()
	}
}

// states is what is carried to the next step, if it is not the first of the text.
func (t *trainer) states() []*layers.Param {
	if t.at == 0 {
		return nil
	}
	return t.model.states()
}

// An experiment trains a network on one part of a text and evaluates it on another.
type experiment struct {
	*settings
	progress
	file      string // the best network's
	corpus    *corpus
	net       *network
	trainer   *trainer
	evaluator *model
	writer    *writer
}

// progress is how far an experiment is.
type progress struct {
	Taken                int           // steps
	Elapsed              time.Duration // training, all runs together
	Bits                 float64       // per character of the training text, a decaying mean
	Training, Validation program.Line  // bits per character over millions of characters read
	Best                 float64       // of the evaluations; 0 before the first
	BestAt               int           // step
	Waited               int           // evaluations since then
}

func newExperiment(d device.Device, file string, s *settings, c *corpus) *experiment {
	n := newNetwork(d, s.Seed, s.shape)
	return &experiment{
		settings:  s,
		file:      file,
		corpus:    c,
		net:       n,
		trainer:   newTrainer(n, s, c.training),
		evaluator: newEvaluator(n, c.validation),
		writer:    newWriter(n, c.letters),
		progress: progress{
			Training:   program.Line{Name: "training"},
			Validation: program.Line{Name: "validation"},
		},
	}
}

const (
	evaluations = 20 // in a whole run
	every       = 20 // the loss is read once in so many steps
)

// run trains until the work is done, ctx ends or evaluations have not become better for long.
func (e *experiment) run(ctx context.Context, p *program.Progress) error {
	start := time.Now().Add(-e.Elapsed)
	done := e.done(e.Taken, e.Elapsed)
	p.From(done, e.characters())
	for done < 1 && e.Waited < e.Patience && ctx.Err() == nil {
		loss := e.trainer.step(e.rateAt(done))
		e.Taken++
		e.Elapsed = time.Since(start)
		done = e.done(e.Taken, e.Elapsed)
		if e.Taken%every == 0 {
			if err := e.record(loss); err != nil {
				return err
			}
		}
		if p.Due() {
			p.Show(done, e.characters(), e.status())
		}
		if int(done*evaluations) > len(e.Validation.Points) {
			if err := e.evaluate(p); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
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
	e.Waited++
	if e.Best == 0 || bits < e.Best {
		e.Best, e.BestAt, e.Waited = bits, e.Taken, 0
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
