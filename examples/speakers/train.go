package main

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/keisan-go/keisan/data"
	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/examples/internal/program"
	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/optim"
	"github.com/keisan-go/keisan/tensor"
)

// A network tells in each frame of an utterance who says it. It reads the frames in both directions, so that it has heard
// all of them.
//
//	h_t = [gru(x_1 ... x_t), gru(x_T ... x_t)]        p_t = softmax(h_t·w + b)
type network struct {
	net  *layers.Sequential
	loss *layers.SoftmaxCrossEntropy

	steps, rows int            // of a batch: the frames of the longest utterance there is, and utterances
	x           *tensor.Tensor // [steps, rows, coefficients]
	frames      []float32      // x on the host
	lengths     []int          // [rows]: frames
	speakers    []int          // [steps, rows]; -1 behind the end of an utterance
}

// newNetwork returns a network with initial weights. In training it leaves the part drop out of what it reads and knows.
func newNetwork(d device.Device, seed uint64, hidden, steps, rows int, drop float64) *network {
	in := layers.NewInit(d, device.Float32, seed)
	gru := func() layers.Recurrent {
		limit := 1 / math.Sqrt(float64(hidden))
		return layers.NewGRU(in.Uniform(limit, coefficients, 3*hidden), in.Uniform(limit, hidden, 3*hidden), in.Zeros(3*hidden), in.Zeros(3*hidden))
	}
	n := &network{
		loss:  layers.NewSoftmaxCrossEntropy(),
		steps: steps, rows: rows,
		x:        tensor.New(d, device.Float32, steps, rows, coefficients),
		frames:   make([]float32, steps*rows*coefficients),
		lengths:  make([]int, rows),
		speakers: make([]int, steps*rows),
	}
	n.net = layers.NewSequential(
		layers.NewSequenceDropout(drop, seed+1<<32), layers.NewBidirectional(gru(), gru()),
		layers.NewSequenceDropout(drop, seed+2<<32), layers.NewAffine(in.Xavier(2*hidden, speakers), in.Zeros(speakers)))
	return n
}

// forward listens to up to rows utterances, and returns who it takes each frame for [steps, rows, speakers], as logits,
// and the mean loss of a frame in nats. A smaller batch is filled up with rows of no length.
func (n *network) forward(batch []utterance) (logits, loss *tensor.Tensor) {
	clear(n.lengths)
	for i := range n.speakers {
		n.speakers[i] = -1
	}
	for row, u := range batch {
		n.lengths[row] = len(u.frames)
		for t, frame := range u.frames {
			at := t*n.rows + row
			copy(n.frames[at*coefficients:], frame[:])
			n.speakers[at] = u.speaker
		}
	}
	tensor.Set(n.x, n.frames) // of which the layer reads no more than the lengths
	n.net.SetLengths(n.lengths)
	n.net.ResetState()
	logits = n.net.Forward(n.x)
	return logits, n.loss.Forward(logits, n.speakers)
}

// A result is what a network makes of some utterances.
type result struct {
	loss  float64 // the mean of a frame, in nats
	right int
	heard []int // whom each utterance was taken for
}

// test lets the network listen to utterances. The speaker is the one whom the frames together make the likeliest.
func (n *network) test(utterances []utterance) (*result, error) {
	n.net.SetTraining(false)
	defer n.net.SetTraining(true)
	r, frames := &result{}, 0
	for at := 0; at < len(utterances); at += n.rows {
		batch := utterances[at:min(at+n.rows, len(utterances))]
		logits, mean := n.forward(batch)
		nats, err := tensor.Values[float32](mean)
		if err != nil {
			return nil, err
		}
		scores, err := tensor.Values[float32](logits)
		if err != nil {
			return nil, err
		}
		for row, u := range batch {
			frames += len(u.frames)
			r.loss += float64(nats[0]) * float64(len(u.frames))
			var sum [speakers]float64
			for t := range u.frames {
				cell := (t*n.rows + row) * speakers
				addLogSoftmax(&sum, scores[cell:cell+speakers])
			}
			best := 0
			for s := range sum {
				if sum[s] > sum[best] {
					best = s
				}
			}
			r.heard = append(r.heard, best)
			if best == u.speaker {
				r.right++
			}
		}
	}
	r.loss /= float64(frames)
	return r, nil
}

// addLogSoftmax adds log softmax(logits) to sum.
func addLogSoftmax(sum *[speakers]float64, logits []float32) {
	total := 0.0
	top := float64(slices.Max(logits))
	for _, v := range logits {
		total += math.Exp(float64(v) - top)
	}
	for s, v := range logits {
		sum[s] += float64(v) - top - math.Log(total)
	}
}

// A training takes a network through its utterances again and again, each time in another order.
type training struct {
	network        *network
	train, heldOut []utterance
	epochs         int
	order          *data.Shuffled
	batch          []utterance // room for one
	rate           func(step int) float64
	clip           *optim.Clip
	adam           *optim.Adam

	trained, tested     *result // of the last test, on both parts
	trainLoss, testLoss program.Line
}

func newTraining(n *network, train, heldOut []utterance, epochs int, rate float64, seed uint64) *training {
	order := data.NewShuffled(len(train), n.rows, seed)
	steps := epochs * order.PerEpoch()
	return &training{
		network: n, train: train, heldOut: heldOut, epochs: epochs, order: order,
		rate:      optim.WarmupCosine(rate, steps/20, steps),
		clip:      optim.NewClip(1),
		adam:      optim.NewAdam(rate, 0.9, 0.999),
		trainLoss: program.Line{Name: "training"},
		testLoss:  program.Line{Name: "held out"},
	}
}

// run trains until all epochs are done or ctx ends.
func (t *training) run(ctx context.Context, p *program.Progress) error {
	for t.order.Epoch() < t.epochs && ctx.Err() == nil {
		for batch := range t.order.Batches() {
			t.step(batch)
			if p.Due() {
				at := int(t.order.Position())
				p.Show(float64(at)/float64(t.epochs*t.order.PerEpoch()), at*t.network.rows, t.status())
			}
			if ctx.Err() != nil {
				break
			}
		}
		if err := t.test(); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// step trains on some of the utterances.
func (t *training) step(batch []int) {
	t.batch = t.batch[:0]
	for _, i := range batch {
		t.batch = append(t.batch, t.train[i])
	}
	params := t.network.net.Params()
	optim.ZeroGrad(params)
	t.network.forward(t.batch)
	t.network.net.Backward(t.network.loss.Backward())
	t.clip.Clip(params)
	t.adam.LR = t.rate(int(t.order.Position()) - 1)
	t.adam.Step(params)
}

// test takes the losses of both parts, with the same weights.
func (t *training) test() (err error) {
	if t.trained, err = t.network.test(t.train); err != nil {
		return err
	}
	if t.tested, err = t.network.test(t.heldOut); err != nil {
		return err
	}
	if sum := t.trained.loss + t.tested.loss; math.IsNaN(sum) || math.IsInf(sum, 0) {
		return fmt.Errorf("the loss after %d steps is %v: try a lower -lr", t.order.Position(), sum)
	}
	epochs := float64(t.order.Position()) / float64(t.order.PerEpoch())
	t.trainLoss.Add(epochs, t.trained.loss)
	t.testLoss.Add(epochs, t.tested.loss)
	return nil
}

// status is what the last test found.
func (t *training) status() string {
	if t.tested == nil {
		return "loss ?"
	}
	return fmt.Sprintf("loss %.4f, held out %.4f, %d of %d right", t.trained.loss, t.tested.loss, t.tested.right, len(t.heldOut))
}
