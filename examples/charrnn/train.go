package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/examples/internal/program"
	"github.com/keisan-go/keisan/optim"
	"github.com/keisan-go/keisan/philox"
	"github.com/keisan-go/keisan/tensor"
)

// settings is how to train.
type settings struct {
	hidden, batch, chunk int
	rate                 float64       // the learning rate at its highest
	steps                int           // to take; 0 for as many as there is time for
	time                 time.Duration // to take, if steps is 0
	seed                 uint64
}

// done is the fraction of the work that some steps in some time are.
func (s *settings) done(steps int, elapsed time.Duration) float64 {
	if s.steps > 0 {
		return float64(steps) / float64(s.steps)
	}
	return float64(elapsed) / float64(s.time)
}

// rateAt is the learning rate when a fraction of the work is done. It rises at first, as Adam's averages of the gradients
// are of few yet, and then falls to 0.
func (s *settings) rateAt(done float64) float64 {
	const rise = 0.05
	return s.rate * min(done/rise, (1-done)/(1-rise))
}

// A trainer is a model, the text that it is trained on and what makes it better.
type trainer struct {
	*model
	text []byte
	at   int // where the next step reads on, in each row
	clip *optim.Clip
	adam *optim.Adam
}

func newTrainer(w *weights, s *settings, text []byte) *trainer {
	return &trainer{
		model: newModel(w, s.chunk, s.batch),
		text:  text,
		clip:  optim.NewClip(1),
		adam:  optim.NewAdam(s.rate, 0.9, 0.999),
	}
}

// step trains on the next characters of each row: backpropagation through time, truncated at the state that was carried
// here. The loss that it returns stays on the device unless somebody reads it.
func (t *trainer) step(rate float64) (loss *tensor.Tensor) {
	params := t.net.Params()
	optim.ZeroGrad(params)
	loss, _ = t.forward(t.text, t.at)
	t.net.Backward(t.loss.Backward())
	t.clip.Clip(params)
	t.adam.LR = rate
	t.adam.Step(params)
	if t.at += t.steps; t.at >= t.rowLength(t.text) {
		t.at = 0
	}
	return loss
}

// An experiment trains a network on one part of a text and evaluates it on another.
type experiment struct {
	*settings
	letters   *alphabet
	heldOut   []byte
	trainer   *trainer
	evaluator *model     // reads what was held out
	sampler   *model     // writes a character at a time
	random    *rand.Rand // for the sampler

	taken          int          // steps
	bits           float64      // per character of the training text, a decaying mean
	training, test program.Line // bits per character over millions of characters read
}

// newExperiment holds the last tenth of a text out, unless that is more than an evaluation needs, to train on the rest.
func newExperiment(d device.Device, s *settings, letters *alphabet, text []byte) *experiment {
	cut := len(text) - min(len(text)/10, 50_000)
	heldOut := text[cut:]
	rows := min(max(len(heldOut)/2048, 1), 64) // long ones, since each begins without a context
	const stream = 1 << 32                     // one of the seed's that no weight takes
	w := newWeights(d, s.seed, letters.size(), s.hidden)
	return &experiment{
		settings:  s,
		letters:   letters,
		heldOut:   heldOut,
		trainer:   newTrainer(w, s, text[:cut]),
		evaluator: newModel(w, s.chunk, rows),
		sampler:   newModel(w, 1, 1),
		random:    rand.New(philox.New(s.seed, stream)),
		training:  program.Line{Name: "RNN, training"},
		test:      program.Line{Name: "RNN, held out"},
	}
}

const (
	evaluations = 6  // in a whole run
	every       = 20 // the loss is read once in so many steps
)

// run trains until the work is done or ctx ends.
func (e *experiment) run(ctx context.Context, p *program.Progress) error {
	start := time.Now()
	evaluated := 0 // steps
	for done := 0.0; done < 1 && ctx.Err() == nil; {
		loss := e.trainer.step(e.rateAt(done))
		e.taken++
		done = e.done(e.taken, time.Since(start))
		if e.taken%every == 0 {
			if err := e.record(loss); err != nil {
				return err
			}
		}
		if p.Due() {
			p.Show(done, e.characters(), e.status())
		}
		if int(done*evaluations) > len(e.test.Points) {
			evaluated = e.taken
			if err := e.evaluate(p, time.Since(start)); err != nil {
				return err
			}
		}
	}
	if evaluated < e.taken { // interrupted
		if err := e.evaluate(p, time.Since(start)); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// characters is how many were read so far, again and again perhaps.
func (e *experiment) characters() int { return e.taken * e.chunk * e.batch }

// record reads the loss of a step.
func (e *experiment) record(loss *tensor.Tensor) error {
	nats, err := tensor.Values[float32](loss)
	if err != nil {
		return err
	}
	recorded := len(e.training.Points)
	e.bits += (float64(nats[0])/math.Ln2 - e.bits) / float64(min(recorded+1, 20))
	return e.add(&e.training, e.bits)
}

// evaluate reads what was held out, and prints how well that is predicted and a sample.
func (e *experiment) evaluate(p *program.Progress, elapsed time.Duration) error {
	bits, err := e.evaluator.bits(e.heldOut)
	if err != nil {
		return err
	}
	if err := e.add(&e.test, bits); err != nil {
		return err
	}
	text, err := e.sample(32, 0.5)
	if err != nil {
		return err
	}
	p.Println(fmt.Sprintf("%4.0fs  %s, held out %.3f  %s", elapsed.Seconds(), e.status(), bits, oneLine(text)))
	return nil
}

// add adds a point to a line. It returns an error if training diverged.
func (e *experiment) add(l *program.Line, bits float64) error {
	if math.IsNaN(bits) || math.IsInf(bits, 0) {
		return fmt.Errorf("after step %d there are %v bits/char: try a -lr below %v", e.taken, bits, e.rate)
	}
	l.Add(float64(e.characters())/1e6, bits)
	return nil
}

// status is how well the training text is predicted.
func (e *experiment) status() string {
	if len(e.training.Points) == 0 {
		return "bits/char ?"
	}
	return fmt.Sprintf("bits/char %.3f", e.bits)
}

// sample writes a text, from the beginning of a line if there are lines.
func (e *experiment) sample(length int, temperature float64) (string, error) {
	text, err := e.sampler.sample(e.letters.numbers['\n'], length, temperature, e.random)
	return e.letters.decode(text), err
}
