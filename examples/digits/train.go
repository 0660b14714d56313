package main

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/examples/internal/program"
	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/optim"
	"github.com/keisan-go/keisan/philox"
	"github.com/keisan-go/keisan/tensor"
)

// A network tells which digit an image shows.
//
//	h = relu(x·w₁ + b₁)        p = softmax(h·w₂ + b₂)
type network struct {
	layers *layers.Sequential
	loss   *layers.SoftmaxCrossEntropy
	adam   *optim.Adam

	rows   int            // of a batch
	x      *tensor.Tensor // [rows, pixels]
	images []float32      // x on the host
	labels []int          // [rows]; -1 where a batch has no more digits
}

// newNetwork returns a network that has learned nothing yet.
func newNetwork(d device.Device, seed uint64, hidden, rows int, rate float64) *network {
	in := layers.NewInit(d, device.Float32, seed)
	return &network{
		layers: layers.NewSequential(
			layers.NewAffine(in.He(pixels, hidden), in.Zeros(hidden)),
			layers.NewReLU(),
			layers.NewAffine(in.Xavier(hidden, classes), in.Zeros(classes)),
		),
		loss:   layers.NewSoftmaxCrossEntropy(),
		adam:   optim.NewAdam(rate, 0.9, 0.999),
		rows:   rows,
		x:      tensor.New(d, device.Float32, rows, pixels),
		images: make([]float32, rows*pixels),
		labels: make([]int, rows),
	}
}

// forward looks at up to rows digits, and returns what it takes each image for [rows, classes], as logits, and the mean
// loss in nats. A smaller batch is filled up with rows that count for nothing, so that every batch fits in the same memory.
func (n *network) forward(batch []digit) (logits, loss *tensor.Tensor) {
	for i := range n.labels {
		n.labels[i] = -1
		if i < len(batch) {
			copy(n.images[i*pixels:], batch[i].image[:])
			n.labels[i] = batch[i].label
		}
	}
	tensor.Set(n.x, n.images)
	logits = n.layers.Forward(n.x)
	return logits, n.loss.Forward(logits, n.labels)
}

// step learns from up to rows digits. Nothing comes back from the device.
func (n *network) step(batch []digit) {
	optim.ZeroGrad(n.layers.Params())
	n.forward(batch)
	n.layers.Backward(n.loss.Backward())
	n.adam.Step(n.layers.Params())
}

// A result is how well a network reads some digits.
type result struct {
	loss  float64 // the mean, in nats
	right int
	read  []int // what each digit was read as
}

// accuracy is the fraction that was read right.
func (r *result) accuracy() float64 { return float64(r.right) / float64(len(r.read)) }

// examine lets the network read digits.
func (n *network) examine(digits []digit) (*result, error) {
	r := &result{}
	for at := 0; at < len(digits); at += n.rows {
		batch := digits[at:min(at+n.rows, len(digits))]
		logits, loss := n.forward(batch)
		nats, err := tensor.Values[float32](loss)
		if err != nil {
			return nil, err
		}
		scores, err := tensor.Values[float32](logits)
		if err != nil {
			return nil, err
		}
		r.loss += float64(nats[0]) * float64(len(batch)) / float64(len(digits))
		for i, d := range batch {
			best := 0
			for class, score := range scores[i*classes : (i+1)*classes] {
				if score > scores[i*classes+best] {
					best = class
				}
			}
			r.read = append(r.read, best)
			if best == d.label {
				r.right++
			}
		}
	}
	return r, nil
}

// A course is what a network goes through: the digits to learn, over and over in an order that is always another one,
// and an exam after each epoch.
type course struct {
	network     *network
	learn, exam []digit
	epochs      int
	random      *rand.Rand
	batch       []digit // room for one

	epoch            int     // epochs begun
	final            *result // of the last exam
	learned, heldOut program.Line
}

func newCourse(n *network, all []digit, epochs int, seed uint64) *course {
	c := &course{
		network: n,
		epochs:  epochs,
		random:  rand.New(philox.New(seed, shuffling)),
		batch:   make([]digit, 0, n.rows),
		learned: program.Line{Name: "digits learned"},
		heldOut: program.Line{Name: "digits held out"},
	}
	c.learn, c.exam = split(all, seed)
	return c
}

// run goes through the course until its end or that of ctx.
func (c *course) run(ctx context.Context, p *program.Progress) error {
	for c.epoch < c.epochs && ctx.Err() == nil {
		c.random.Shuffle(len(c.learn), func(i, j int) { c.learn[i], c.learn[j] = c.learn[j], c.learn[i] })
		for at := 0; at < len(c.learn) && ctx.Err() == nil; at += c.network.rows {
			c.step(c.learn[at:min(at+c.network.rows, len(c.learn))])
		}
		c.epoch++
		if err := c.examine(); err != nil {
			return err
		}
		if p.Due() {
			p.Show(float64(c.epoch)/float64(c.epochs), c.epoch*len(c.learn),
				fmt.Sprintf("loss %.4f, held out %.4f, %.1f%% right", c.learned.Last(), c.heldOut.Last(), 100*c.final.accuracy()))
		}
	}
	return ctx.Err()
}

// step learns from some digits. It moves every other one by a pixel, up, down, left or right, so that the network learns
// shapes rather than these very images.
func (c *course) step(digits []digit) {
	c.batch = c.batch[:0]
	for _, d := range digits {
		switch c.random.IntN(8) {
		case 0:
			d = d.moved(-1, 0)
		case 1:
			d = d.moved(1, 0)
		case 2:
			d = d.moved(0, -1)
		case 3:
			d = d.moved(0, 1)
		}
		c.batch = append(c.batch, d)
	}
	c.network.step(c.batch)
}

// examine takes the losses of both parts, with the same weights, and the final result.
func (c *course) examine() error {
	learned, err := c.network.examine(c.learn)
	if err != nil {
		return err
	}
	if c.final, err = c.network.examine(c.exam); err != nil {
		return err
	}
	if math.IsNaN(learned.loss) || math.IsInf(learned.loss, 0) {
		return fmt.Errorf("the loss after epoch %d is %v: try a -lr below %v", c.epoch, learned.loss, c.network.adam.LR)
	}
	c.learned.Add(float64(c.epoch), learned.loss)
	c.heldOut.Add(float64(c.epoch), c.final.loss)
	return nil
}
