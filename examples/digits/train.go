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

// newNetwork returns a network with initial weights.
func newNetwork(d device.Device, seed uint64, hidden, rows int, rate float64) *network {
	in := layers.NewInit(d, device.Float32, seed)
	net := layers.NewSequential(
		layers.NewAffine(in.He(pixels, hidden), in.Zeros(hidden)),
		layers.NewReLU(),
		layers.NewAffine(in.Xavier(hidden, classes), in.Zeros(classes)))
	net.SkipInputGrad()
	return &network{
		layers: net,
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

// step trains on up to rows digits. Nothing comes back from the device.
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

// test lets the network read digits.
func (n *network) test(digits []digit) (*result, error) {
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

// A training takes a network through its digits again and again, each time in another order, and tests it after each
// such epoch.
type training struct {
	network        *network
	train, heldOut []digit
	epochs         int
	random         *rand.Rand
	batch          []digit // room for one

	epoch               int     // epochs begun
	result              *result // of the last test, on what was held out
	trainLoss, testLoss program.Line
}

func newTraining(n *network, all []digit, epochs int, seed uint64) *training {
	t := &training{
		network:   n,
		epochs:    epochs,
		random:    rand.New(philox.New(seed, shuffling)),
		batch:     make([]digit, 0, n.rows),
		trainLoss: program.Line{Name: "training"},
		testLoss:  program.Line{Name: "held out"},
	}
	t.train, t.heldOut = split(all, seed)
	return t
}

// run trains until all epochs are done or ctx ends.
func (t *training) run(ctx context.Context, p *program.Progress) error {
	for t.epoch < t.epochs && ctx.Err() == nil {
		t.random.Shuffle(len(t.train), func(i, j int) { t.train[i], t.train[j] = t.train[j], t.train[i] })
		for at := 0; at < len(t.train) && ctx.Err() == nil; at += t.network.rows {
			t.step(t.train[at:min(at+t.network.rows, len(t.train))])
			if p.Due() {
				seen := t.epoch*len(t.train) + at
				p.Show(float64(seen)/float64(t.epochs*len(t.train)), seen, t.status())
			}
		}
		t.epoch++
		if err := t.test(); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// status is what the last test found.
func (t *training) status() string {
	if t.result == nil {
		return "loss ?"
	}
	return fmt.Sprintf("loss %.4f, held out %.4f, %.1f%% right", t.trainLoss.Last(), t.result.loss, 100*t.result.accuracy())
}

// step trains on some digits. It moves every other one by a pixel, up, down, left or right, so that the network learns
// shapes rather than these very images.
func (t *training) step(digits []digit) {
	t.batch = t.batch[:0]
	for _, d := range digits {
		switch t.random.IntN(8) {
		case 0:
			d = d.moved(-1, 0)
		case 1:
			d = d.moved(1, 0)
		case 2:
			d = d.moved(0, -1)
		case 3:
			d = d.moved(0, 1)
		}
		t.batch = append(t.batch, d)
	}
	t.network.step(t.batch)
}

// test takes the losses of both parts, with the same weights.
func (t *training) test() error {
	train, err := t.network.test(t.train)
	if err != nil {
		return err
	}
	if t.result, err = t.network.test(t.heldOut); err != nil {
		return err
	}
	if sum := train.loss + t.result.loss; math.IsNaN(sum) || math.IsInf(sum, 0) {
		return fmt.Errorf("the loss after epoch %d is %v: try a -lr below %v", t.epoch, sum, t.network.adam.LR)
	}
	t.trainLoss.Add(float64(t.epoch), train.loss)
	t.testLoss.Add(float64(t.epoch), t.result.loss)
	return nil
}
