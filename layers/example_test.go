package layers_test

import (
	"fmt"
	"log"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/optim"
	"github.com/keisan-go/keisan/tensor"
)

// cpu is the device of the examples.
var cpu = func() device.Device {
	d, err := device.Open("cpu")
	if err != nil {
		log.Fatal(err)
	}
	return d
}()

// show prints tensors of float64.
func show(tensors ...*tensor.Tensor) {
	for _, t := range tensors {
		values, err := tensor.Values[float64](t)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%v %.4f\n", t.Shape(), values)
	}
}

// A network of two layers learns exclusive or.
func Example() {
	d, err := device.Open("cpu")
	if err != nil {
		log.Fatal(err)
	}
	x := tensor.From(d, []float32{0, 0, 0, 1, 1, 0, 1, 1}, 4, 2)
	target := []int{0, 1, 1, 0}

	in := layers.NewInit(d, device.Float32, 1)
	net := layers.NewSequential(
		layers.NewAffine(in.Xavier(2, 8), in.Zeros(8)), layers.NewTanh(),
		layers.NewAffine(in.Xavier(8, 2), in.Zeros(2)))
	loss, adam := layers.NewSoftmaxCrossEntropy(), optim.NewAdam(0.05, 0.9, 0.999)
	for range 200 {
		optim.ZeroGrad(net.Params())
		loss.Forward(net.Forward(x), target)
		net.Backward(loss.Backward())
		adam.Step(net.Params())
	}

	p, err := tensor.Values[float32](layers.NewSoftmax().Forward(net.Forward(x)))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("the probability of true: %.2f %.2f %.2f %.2f\n", p[1], p[3], p[5], p[7])
	// Output: the probability of true: 0.00 1.00 1.00 0.00
}

func ExampleNewAdd() {
	x, y := tensor.From(cpu, []float64{1, 2, 3, 4}, 2, 2), tensor.From(cpu, []float64{10, 20}, 2)
	add := layers.NewAdd()
	show(add.Forward(x, y)) // y is added to each row

	dz := tensor.From(cpu, []float64{1, 2, 3, 4}, 2, 2)
	show(add.Backward(dz)) // so its gradient sums over the rows
	// Output:
	// [2 2] [11.0000 22.0000 13.0000 24.0000]
	// [2 2] [1.0000 2.0000 3.0000 4.0000]
	// [2] [4.0000 6.0000]
}

func ExampleNewMul() {
	x, y := tensor.From(cpu, []float64{10}), tensor.From(cpu, []float64{20}) // scalars
	mul := layers.NewMul()
	show(mul.Forward(x, y))
	show(mul.Backward(tensor.From(cpu, []float64{1})))
	// Output:
	// [] [200.0000]
	// [] [20.0000]
	// [] [10.0000]
}

func ExampleNewDiv() {
	x, y := tensor.From(cpu, []float64{10}), tensor.From(cpu, []float64{20})
	div := layers.NewDiv()
	show(div.Forward(x, y))
	show(div.Backward(tensor.From(cpu, []float64{1})))
	// Output:
	// [] [0.5000]
	// [] [0.0500]
	// [] [-0.0250]
}

func ExampleNewSigmoid() {
	sigmoid := layers.NewSigmoid()
	show(sigmoid.Forward(tensor.From(cpu, []float64{-1, 0, 1}, 3)))
	show(sigmoid.Backward(tensor.From(cpu, []float64{1, 1, 1}, 3)))
	// Output:
	// [3] [0.2689 0.5000 0.7311]
	// [3] [0.1966 0.2500 0.1966]
}

func ExampleNewTanh() {
	tanh := layers.NewTanh()
	show(tanh.Forward(tensor.From(cpu, []float64{-1, 0, 1}, 3)))
	show(tanh.Backward(tensor.From(cpu, []float64{1, 1, 1}, 3)))
	// Output:
	// [3] [-0.7616 0.0000 0.7616]
	// [3] [0.4200 1.0000 0.4200]
}

func ExampleNewReLU() {
	relu := layers.NewReLU()
	show(relu.Forward(tensor.From(cpu, []float64{-1, 0, 2}, 3)))
	show(relu.Backward(tensor.From(cpu, []float64{5, 5, 5}, 3)))
	// Output:
	// [3] [0.0000 0.0000 2.0000]
	// [3] [0.0000 0.0000 5.0000]
}

func ExampleNewSoftmax() {
	logits := tensor.From(cpu, []float64{1, 2, 3, 1000, 1000, 0}, 2, 3)
	show(layers.NewSoftmax().Forward(logits))
	// Output: [2 3] [0.0900 0.2447 0.6652 0.5000 0.5000 0.0000]
}

func ExampleNewMatMul() {
	w := tensor.From(cpu, []float64{1, 2, 3, 4, 5, 6}, 2, 3)
	matmul := layers.NewMatMul(w)
	show(matmul.Forward(tensor.From(cpu, []float64{1, 2, 3, 4}, 2, 2)))
	show(matmul.Backward(tensor.From(cpu, []float64{1, 2, 3, 4, 5, 6}, 2, 3)))
	show(w.Grad())
	// Output:
	// [2 3] [9.0000 12.0000 15.0000 19.0000 26.0000 33.0000]
	// [2 2] [14.0000 32.0000 32.0000 77.0000]
	// [2 3] [13.0000 17.0000 21.0000 18.0000 24.0000 30.0000]
}

// Leading axes fold: a layer takes a vector, a batch of them, or a sequence of batches.
func ExampleNewAffine() {
	w, b := tensor.From(cpu, []float64{1, 2, 3, 4}, 2, 2), tensor.From(cpu, []float64{10, 20}, 2)
	affine := layers.NewAffine(w, b)
	show(affine.Forward(tensor.From(cpu, []float64{1, 1}, 2)))
	show(affine.Forward(tensor.From(cpu, []float64{1, 1, 0, 1}, 2, 1, 2)))
	affine.Backward(tensor.From(cpu, []float64{1, 2, 3, 4}, 2, 1, 2))
	show(b.Grad())
	// Output:
	// [2] [14.0000 26.0000]
	// [2 1 2] [14.0000 26.0000 13.0000 24.0000]
	// [2] [4.0000 6.0000]
}

func ExampleNewRNNCell() {
	wx, wh := tensor.From(cpu, []float64{1, 0.5}, 1, 2), tensor.From(cpu, []float64{0, 1, 1, 0}, 2, 2)
	cell := layers.NewRNNCell(wx, wh, tensor.New(cpu, device.Float64, 2))
	h := tensor.New(cpu, device.Float64, 1, 2)
	for _, input := range []float64{1, 0, -1} {
		h = cell.Forward(tensor.From(cpu, []float64{input}, 1, 1), h)
		show(h)
	}
	dx, dhPrev := cell.Backward(tensor.From(cpu, []float64{1, 1}, 1, 2)) // of the last step
	show(dx, dhPrev)
	// Output:
	// [1 2] [0.7616 0.4621]
	// [1 2] [0.4318 0.6420]
	// [1 2] [-0.3434 -0.0681]
	// [1 1] [1.3797]
	// [1 2] [0.9954 0.8821]
}

// An RNN carries its state from one Forward to the next, so a long sequence may come in pieces.
func ExampleNewRNN() {
	in := layers.NewInit(cpu, device.Float64, 1)
	rnn := layers.NewRNN(in.Xavier(3, 2), in.Orthogonal(2, 2), in.Zeros(2))
	x := in.Normal(1, 4, 1, 3) // four steps, one row, three inputs
	show(rnn.Forward(x))

	rnn.ResetState() // the next sequence has nothing to do with the last one
	show(rnn.Forward(x.Slice(0, 3)))
	show(rnn.Forward(x.Slice(3, 4)))
	show(rnn.State())
	// Output:
	// [4 1 2] [0.9856 0.3261 0.1869 -0.9622 -0.0298 0.9510 0.8852 0.2331]
	// [3 1 2] [0.9856 0.3261 0.1869 -0.9622 -0.0298 0.9510]
	// [1 1 2] [0.8852 0.2331]
	// [1 2] [0.8852 0.2331]
}

// SetState begins with a given state, whose gradient StateGrad tells after Backward.
func ExampleRNN_SetState() {
	wx, wh := tensor.From(cpu, []float64{1}, 1, 1), tensor.From(cpu, []float64{1}, 1, 1)
	rnn := layers.NewRNN(wx, wh, nil)
	rnn.SetState(tensor.From(cpu, []float64{0.5}, 1, 1))
	show(rnn.Forward(tensor.From(cpu, []float64{0, 0}, 2, 1, 1))) // tanh 0.5, tanh tanh 0.5
	rnn.Backward(tensor.From(cpu, []float64{0, 1}, 2, 1, 1))
	show(rnn.StateGrad())
	// Output:
	// [2 1 1] [0.4621 0.4318]
	// [1 1] [0.6398]
}

func ExampleNewReLURNN() {
	wx, wh := tensor.From(cpu, []float64{1}, 1, 1), tensor.From(cpu, []float64{1}, 1, 1)
	sum := layers.NewReLURNN(wx, wh, nil) // h = max(x + h, 0)
	show(sum.Forward(tensor.From(cpu, []float64{1, 2, -4, 5}, 4, 1, 1)))
	// Output: [4 1 1] [1.0000 3.0000 0.0000 5.0000]
}

// A step at a time is streaming: the same numbers as the whole sequence at once.
func ExampleNewLSTM() {
	in := layers.NewInit(cpu, device.Float64, 1)
	lstm := layers.NewLSTM(in.Xavier(3, 8), in.Xavier(2, 8), in.Zeros(8))
	x := in.Normal(1, 3, 1, 3) // three steps, one row, three inputs
	show(lstm.Forward(x))

	lstm.ResetState()
	for t := range 3 {
		show(lstm.Forward(x.Slice(t, t+1)))
	}
	show(lstm.State())
	// Output:
	// [3 1 2] [-0.1081 0.1962 -0.1592 0.0761 -0.1889 0.1844]
	// [1 1 2] [-0.1081 0.1962]
	// [1 1 2] [-0.1592 0.0761]
	// [1 1 2] [-0.1889 0.1844]
	// [1 2] [-0.1889 0.1844]
	// [1 2] [-0.3913 0.6477]
}

// Rows of one batch may have different lengths. Behind its end a row is zero, and its state stays what it is.
func ExampleLSTM_SetLengths() {
	in := layers.NewInit(cpu, device.Float64, 1)
	lstm := layers.NewLSTM(in.Xavier(3, 4), in.Xavier(1, 4), nil)
	lstm.SetLengths([]int{3, 1})
	show(lstm.Forward(in.Normal(1, 3, 2, 3)))
	show(lstm.State())
	// Output:
	// [3 2 1] [-0.0793 -0.0257 -0.1663 0.0000 -0.1894 0.0000]
	// [2 1] [-0.1894 -0.0257]
	// [2 1] [-0.5082 -0.0516]
}

func ExampleNewGRU() {
	in := layers.NewInit(cpu, device.Float64, 1)
	gru := layers.NewGRU(in.Xavier(3, 6), in.Xavier(2, 6), in.Zeros(6), in.Zeros(6))
	show(gru.Forward(in.Normal(1, 3, 1, 3))) // three steps, one row, three inputs
	show(gru.State())
	// Output:
	// [3 1 2] [-0.1749 -0.0579 -0.4757 -0.3098 0.0951 0.0985]
	// [1 2] [0.0951 0.0985]
}

// The reset was first published before the product.
func ExampleNewGRUResetBefore() {
	in := layers.NewInit(cpu, device.Float64, 1)
	gru := layers.NewGRUResetBefore(in.Xavier(3, 6), in.Xavier(2, 6), in.Zeros(6), in.Zeros(6))
	show(gru.Forward(in.Normal(1, 3, 1, 3)))
	// Output: [3 1 2] [-0.1749 -0.0579 -0.4751 -0.3027 0.0891 0.0843]
}

func ExampleNewBidirectional() {
	in := layers.NewInit(cpu, device.Float64, 1)
	lstm := func() *layers.LSTM { return layers.NewLSTM(in.Xavier(3, 8), in.Xavier(2, 8), in.Zeros(8)) }
	both := layers.NewBidirectional(lstm(), lstm())
	y := both.Forward(in.Normal(1, 5, 4, 3)) // five steps, four rows, three inputs
	fmt.Println(y)
	for _, p := range both.Params() {
		fmt.Println(p.Name, p.Value)
	}
	// Output:
	// float64 [5 4 4]
	// forward.wx float64 [3 8]
	// forward.wh float64 [2 8]
	// forward.b float64 [8]
	// backward.wx float64 [3 8]
	// backward.wh float64 [2 8]
	// backward.b float64 [8]
}

func ExampleNewMatMulTransposed() {
	w := tensor.From(cpu, []float64{1, 2, 3, 4, 5, 6}, 3, 2)
	product := layers.NewMatMulTransposed(w)
	show(product.Forward(tensor.From(cpu, []float64{1, -1}, 2))) // with each row of w
	// Output: [3] [-1.0000 -1.0000 -1.0000]
}

// A language model whose output layer has the weights of its embedding: one parameter, which both add to the gradient of.
func ExampleNewAffineTransposed() {
	in := layers.NewInit(cpu, device.Float64, 1)
	const words, width = 10, 4
	w := in.Normal(0.1, words, width)
	embedding := layers.NewEmbedding(w)
	net := layers.NewSequential(
		layers.NewLSTM(in.Xavier(width, 4*width), in.Xavier(width, 4*width), in.Zeros(4*width)),
		layers.NewAffineTransposed(w, in.Zeros(words)))
	loss := layers.NewSoftmaxCrossEntropy()
	loss.Forward(net.Forward(embedding.Forward([]int{3, 1, 4}, 3, 1)), []int{1, 4, 1}) // three steps, one row
	embedding.Backward(net.Backward(loss.Backward()))
	for _, p := range net.Params() {
		fmt.Println(p.Name, p.Value, p.Value == w)
	}
	// Output:
	// 0.wx float64 [4 16] false
	// 0.wh float64 [4 16] false
	// 0.b float64 [16] false
	// 1.w float64 [10 4] true
	// 1.b float64 [10] false
}

func ExampleNewConcat() {
	x, y := tensor.From(cpu, []float64{1, 2, 3, 4}, 2, 2), tensor.From(cpu, []float64{5, 6}, 2, 1)
	concat := layers.NewConcat()
	z := concat.Forward(x, y)
	show(z)
	show(concat.Backward(z)...)
	// Output:
	// [2 3] [1.0000 2.0000 5.0000 3.0000 4.0000 6.0000]
	// [2 2] [1.0000 2.0000 3.0000 4.0000]
	// [2 1] [5.0000 6.0000]
}

// What Concat puts side by side, Split takes apart.
func ExampleNewSplit() {
	split := layers.NewSplit(2, 1)
	parts := split.Forward(tensor.From(cpu, []float64{1, 2, 5, 3, 4, 6}, 2, 3))
	show(parts...)
	show(split.Backward(parts...))
	// Output:
	// [2 2] [1.0000 2.0000 3.0000 4.0000]
	// [2 1] [5.0000 6.0000]
	// [2 3] [1.0000 2.0000 5.0000 3.0000 4.0000 6.0000]
}

// A classifier of sequences reads the state after each one's last step: here, in a batch of two, of three steps and of two.
func ExampleNewSelect() {
	in := layers.NewInit(cpu, device.Float64, 1)
	net := layers.NewSequential(
		layers.NewGRU(in.Xavier(1, 12), in.Xavier(4, 12), in.Zeros(12), in.Zeros(12)),
		layers.NewSelect(-1),
		layers.NewAffine(in.Xavier(4, 2), in.Zeros(2)))
	x := tensor.From(cpu, []float64{1, 4, 2, 5, 3, 0}, 3, 2, 1) // the second row's last step is padding
	net.SetLengths([]int{3, 2})
	show(net.Forward(x))
	// Output: [2 2] [0.6389 -1.0879 0.5996 -1.0332]
}

// Each row gets mean 0 and variance 1, but for eps; then gamma and beta.
func ExampleNewLayerNorm() {
	gamma, beta := tensor.From(cpu, []float64{1, 1, 10}, 3), tensor.New(cpu, device.Float64, 3)
	norm := layers.NewLayerNorm(gamma, beta, 1e-5)
	show(norm.Forward(tensor.From(cpu, []float64{1, 2, 3, 100, 300, 200}, 2, 3)))
	// Output: [2 3] [-1.2247 0.0000 12.2474 -1.2247 1.2247 0.0000]
}

// Half of the elements are dropped, and the others doubled; in an evaluation all of them stay as they are.
func ExampleNewDropout() {
	dropout := layers.NewDropout(0.5, 5)
	x := tensor.From(cpu, []float64{1, 2, 3, 4, 5, 6}, 6)
	show(dropout.Forward(x))
	show(dropout.Backward(x)) // drops the same
	show(dropout.Forward(x))  // others
	dropout.SetTraining(false)
	show(dropout.Forward(x))
	// Output:
	// [6] [2.0000 0.0000 6.0000 8.0000 0.0000 0.0000]
	// [6] [2.0000 0.0000 6.0000 8.0000 0.0000 0.0000]
	// [6] [0.0000 0.0000 6.0000 8.0000 0.0000 12.0000]
	// [6] [1.0000 2.0000 3.0000 4.0000 5.0000 6.0000]
}

// In a sequence each row has the same elements dropped at all steps.
func ExampleNewSequenceDropout() {
	dropout := layers.NewSequenceDropout(0.5, 5)
	ones := tensor.New(cpu, device.Float64, 3, 1, 5) // three steps, one row
	ones.Fill(1)
	show(dropout.Forward(ones))
	// Output: [3 1 5] [2.0000 0.0000 2.0000 2.0000 0.0000 2.0000 0.0000 2.0000 2.0000 0.0000 2.0000 0.0000 2.0000 2.0000 0.0000]
}

// A training that goes on from a checkpoint goes on with the masks as well.
func ExampleDropout_SetPosition() {
	x := tensor.From(cpu, []float64{1, 2, 3, 4, 5, 6}, 6)
	dropout := layers.NewDropout(0.5, 5)
	dropout.Forward(x)
	position := dropout.Position() // to be saved
	show(dropout.Forward(x))

	restored := layers.NewDropout(0.5, 5)
	restored.SetPosition(position)
	show(restored.Forward(x))
	// Output:
	// [6] [0.0000 0.0000 6.0000 8.0000 0.0000 12.0000]
	// [6] [0.0000 0.0000 6.0000 8.0000 0.0000 12.0000]
}

// A network as a whole is in training or in an evaluation.
func ExampleSequential_SetTraining() {
	net := layers.NewSequential(layers.NewTanh(), layers.NewDropout(0.5, 5))
	x := tensor.From(cpu, []float64{-1, 0, 1}, 3)
	show(net.Forward(x))
	net.SetTraining(false)
	show(net.Forward(x))
	// Output:
	// [3] [-1.5232 0.0000 1.5232]
	// [3] [-0.7616 0.0000 0.7616]
}

// A row of the table for each id, in a shape that a recurrent layer takes: three steps, two rows.
func ExampleNewEmbedding() {
	w := tensor.From(cpu, []float64{0, 0.5, 1, 1.5, 2, 2.5}, 3, 2)
	embedding := layers.NewEmbedding(w)
	y := embedding.Forward([]int{2, 0, 1, 1, 1, 0}, 3, 2)
	show(y)
	embedding.Backward(y)
	show(w.Grad()) // row 1 was taken three times
	// Output:
	// [3 2 2] [2.0000 2.5000 0.0000 0.5000 1.0000 1.5000 1.0000 1.5000 1.0000 1.5000 0.0000 0.5000]
	// [3 2] [0.0000 1.0000 3.0000 4.5000 2.0000 2.5000]
}

// A target of -1 does not count.
func ExampleNewSoftmaxCrossEntropy() {
	logits := tensor.From(cpu, []float64{0, 0, 1, 0, 7, 7}, 3, 2)
	loss := layers.NewSoftmaxCrossEntropy()
	show(loss.Forward(logits, []int{0, 0, -1}))
	show(loss.Backward())
	// Output:
	// [] [0.5032]
	// [3 2] [-0.2500 0.2500 -0.1345 0.1345 0.0000 0.0000]
}

// Recurrent layers one above the other are a recurrent layer: what PyTorch makes of num_layers=2. Both get the lengths.
func ExampleSequential_SetLengths() {
	in := layers.NewInit(cpu, device.Float64, 1)
	stack := layers.NewSequential(
		layers.NewGRU(in.Xavier(3, 12), in.Xavier(4, 12), nil, nil),
		layers.NewRNN(in.Xavier(4, 1), in.Xavier(1, 1), nil))
	stack.SetLengths([]int{3, 1})
	show(stack.Forward(in.Normal(1, 3, 2, 3)))
	// Output: [3 2 1] [0.1569 0.0286 0.3666 0.0000 0.5445 0.0000]
}

// Nobody wants the gradient of a network's input.
func ExampleSequential_SkipInputGrad() {
	in := layers.NewInit(cpu, device.Float64, 1)
	net := layers.NewSequential(layers.NewRNN(in.Xavier(3, 4), in.Xavier(4, 4), nil), layers.NewMatMul(in.Xavier(4, 2)))
	net.SkipInputGrad()
	y := net.Forward(in.Normal(1, 5, 2, 3))
	fmt.Println(net.Backward(y) == nil)
	// Output: true
}

func ExampleNewMeanSquaredError() {
	y, target := tensor.From(cpu, []float64{1, 2, 3}, 3), tensor.From(cpu, []float64{1, 0, 6}, 3)
	loss := layers.NewMeanSquaredError()
	show(loss.Forward(y, target)) // (0 + 4 + 9)/3
	show(loss.Backward())
	// Output:
	// [] [4.3333]
	// [3] [0.0000 1.3333 -2.0000]
}

// Whether something is there, for each of three things: logits, of which 0 means that one may as well toss a coin.
func ExampleNewBinaryCrossEntropy() {
	logits, target := tensor.From(cpu, []float64{0, 5, -5}, 3), tensor.From(cpu, []float64{1, 1, 0}, 3)
	loss := layers.NewBinaryCrossEntropy()
	show(loss.Forward(logits, target))
	show(loss.Backward())
	// Output:
	// [] [0.2355]
	// [3] [-0.1667 -0.0022 0.0022]
}

func ExampleNewSequential() {
	in := layers.NewInit(cpu, device.Float64, 1)
	net := layers.NewSequential(
		layers.NewAffine(in.Xavier(3, 4), in.Zeros(4)), layers.NewTanh(),
		layers.NewAffine(in.Xavier(4, 2), in.Zeros(2)))
	for _, p := range net.Params() {
		fmt.Println(p.Name, p.Value)
	}
	show(net.Forward(in.Zeros(1, 3)))
	// Output:
	// 0.w float64 [3 4]
	// 0.b float64 [4]
	// 2.w float64 [4 2]
	// 2.b float64 [2]
	// [1 2] [0.0000 0.0000]
}

// Free gives back what the layers hold beside their parameters, for whoever makes networks often.
func ExampleSequential_Free() {
	in := layers.NewInit(cpu, device.Float32, 1)
	net, x := layers.NewSequential(layers.NewMatMul(in.Xavier(3, 4)), layers.NewTanh()), in.Normal(1, 5, 3)
	before := cpu.Info().InUse
	net.Forward(x) // a result of 5×4 elements
	fmt.Println(cpu.Info().InUse-before, "bytes")
	net.Free()
	fmt.Println(cpu.Info().InUse-before, "bytes")
	// Output:
	// 80 bytes
	// 0 bytes
}

// The numbers belong to the seed: they are the same on every device and, but for rounding, in every type.
func ExampleNewInit() {
	show(layers.NewInit(cpu, device.Float64, 1).Normal(1, 3))
	show(layers.NewInit(cpu, device.Float64, 1).Normal(1, 3))
	show(layers.NewInit(cpu, device.Float64, 2).Normal(1, 3))
	// Output:
	// [3] [-0.5113 -1.1326 1.1235]
	// [3] [-0.5113 -1.1326 1.1235]
	// [3] [-0.9466 -0.7244 -0.1599]
}

func ExampleInit_Zeros() {
	show(layers.NewInit(cpu, device.Float64, 1).Zeros(3))
	// Output: [3] [0.0000 0.0000 0.0000]
}

func ExampleInit_Uniform() {
	show(layers.NewInit(cpu, device.Float64, 1).Uniform(0.1, 3)) // in [-0.1, 0.1)
	// Output: [3] [0.0789 0.0423 0.0748]
}

func ExampleInit_Normal() {
	show(layers.NewInit(cpu, device.Float64, 1).Normal(0.1, 3)) // of standard deviation 0.1
	// Output: [3] [-0.0511 -0.1133 0.1124]
}

// Xavier is for weights before a sigmoid or tanh.
func ExampleInit_Xavier() {
	show(layers.NewInit(cpu, device.Float64, 1).Xavier(2, 4)) // in ±√(6/(2+4)) = ±1
	// Output: [2 4] [0.7894 0.4225 0.7482 0.3122 0.1130 0.8432 -0.9269 -0.8923]
}

// He is for weights before a ReLU.
func ExampleInit_He() {
	show(layers.NewInit(cpu, device.Float64, 1).He(2, 3)) // of standard deviation √(2/2) = 1
	// Output: [2 3] [-0.5113 -1.1326 1.1235 0.2574 0.7425 -0.0546]
}

// Orthogonal is for recurrent weights: w·wᵀ is the identity.
func ExampleInit_Orthogonal() {
	show(layers.NewInit(cpu, device.Float64, 1).Orthogonal(2, 2))
	// Output: [2 2] [-0.4114 -0.9114 0.9114 -0.4114]
}

// A server that takes shapes from outside turns misuse into errors.
func ExampleTry() {
	matmul := layers.NewMatMul(tensor.New(cpu, device.Float32, 3, 4))
	err := layers.Try(func() {
		matmul.Forward(tensor.New(cpu, device.Float32, 2, 5))
	})
	fmt.Println(err)
	// Output: layers.MatMul: x is float32 [2 5] and w is float32 [3 4], want x [... 3]
}
