package optim_test

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

// show prints the elements of a tensor of float64.
func show(t *tensor.Tensor) {
	values, err := tensor.Values[float64](t)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.4f\n", values)
}

// descend shows where four steps lead from p = 1, if the gradient of p is p itself.
func descend(o optim.Optimizer) {
	p, path := tensor.From(cpu, []float64{1}, 1), tensor.New(cpu, device.Float64, 4)
	for i := range 4 {
		p.Grad().Copy(p)
		o.Step([]*layers.Param{{Name: "p", Value: p, Grad: p.Grad()}})
		path.Slice(i, i+1).Copy(p)
	}
	show(path)
}

// A training step: gradients to zero, forward, backward, clip, step. Here a line is fitted to points.
func Example() {
	in := layers.NewInit(cpu, device.Float64, 1)
	line, minus := layers.NewAffine(in.Xavier(1, 1), in.Zeros(1)), layers.NewAdd()
	x := tensor.From(cpu, []float64{0, 1, 2, 3}, 4, 1)
	y := tensor.From(cpu, []float64{-1, -3, -5, -7}, 4, 1) // -(2x + 1)

	adam, clip := optim.NewAdam(0.1, 0.9, 0.999), optim.NewClip(10)
	for range 500 {
		optim.ZeroGrad(line.Params())
		off := minus.Forward(line.Forward(x), y)
		line.Backward(off) // the gradient of Σ off²/2
		clip.Clip(line.Params())
		adam.Step(line.Params())
	}
	for _, p := range line.Params() {
		show(p.Value)
	}
	// Output:
	// [2.0000]
	// [1.0000]
}

func ExampleNewSGD() {
	descend(optim.NewSGD(0.1))
	// Output: [0.9000 0.8100 0.7290 0.6561]
}

// LR may be changed between steps.
func ExampleSGD() {
	p := tensor.From(cpu, []float64{1}, 1)
	p.Grad().Fill(1)
	sgd := optim.NewSGD(0.1)
	for range 3 {
		sgd.Step([]*layers.Param{{Name: "p", Value: p, Grad: p.Grad()}})
		show(p)
		sgd.LR /= 2
	}
	// Output:
	// [0.9000]
	// [0.8500]
	// [0.8250]
}

func ExampleNewMomentum() {
	descend(optim.NewMomentum(0.1, 0.9))
	// Output: [0.9000 0.7200 0.4860 0.2268]
}

func ExampleNewNesterov() {
	descend(optim.NewNesterov(0.1, 0.9))
	// Output: [0.8100 0.5751 0.3273 0.0939]
}

func ExampleNewAdaGrad() {
	descend(optim.NewAdaGrad(0.1))
	// Output: [0.9000 0.8331 0.7805 0.7362]
}

func ExampleNewRMSprop() {
	descend(optim.NewRMSprop(0.01, 0.99))
	// Output: [0.9000 0.8329 0.7800 0.7354]
}

func ExampleNewAdam() {
	descend(optim.NewAdam(0.1, 0.9, 0.999))
	// Output: [0.9000 0.8004 0.7016 0.6039]
}

func ExampleNewAdamW() {
	descend(optim.NewAdamW(0.1, 0.9, 0.999, 0.5)) // each step also takes 0.1·0.5 of p
	// Output: [0.8500 0.7082 0.5750 0.4505]
}

// What Adam remembers of a parameter goes to another Adam, which then takes the step that the first would have taken.
func ExampleStateful() {
	p := tensor.From(cpu, []float64{1}, 1)
	p.Grad().Fill(1)
	params := []*layers.Param{{Name: "p", Value: p, Grad: p.Grad()}}
	first, second := optim.NewAdam(0.1, 0.9, 0.999), optim.NewAdam(0.1, 0.9, 0.999)
	first.Step(params)

	steps, averages := first.State(params[0])
	for i, average := range second.Restore(params[0], steps) {
		average.Copy(averages[i])
	}
	p.Grad().Fill(-1)
	second.Step(params)
	show(p)
	fmt.Println(second.Name())
	// Output:
	// [0.9053]
	// Adam
}

func ExampleZeroGrad() {
	w, x := tensor.From(cpu, []float64{2}, 1, 1), tensor.From(cpu, []float64{3}, 1, 1)
	l := layers.NewMatMul(w)
	for range 2 {
		l.Backward(l.Forward(x)) // adds to the gradient
		show(w.Grad())
	}
	optim.ZeroGrad(l.Params())
	show(w.Grad())
	// Output:
	// [18.0000]
	// [36.0000]
	// [0.0000]
}

func ExampleNewClip() {
	w := tensor.From(cpu, []float64{1, 2}, 2)
	tensor.Set(w.Grad(), []float64{3, 4})
	clip := optim.NewClip(1)
	clip.Clip([]*layers.Param{{Name: "w", Value: w, Grad: w.Grad()}})
	show(w.Grad())
	show(clip.NormSquare()) // as it was
	// Output:
	// [0.6000 0.8000]
	// [25.0000]
}

// A batch that is too large for the memory goes in parts: Backward adds to the gradients, and ZeroGrad is called once for all
// parts. Where the loss is a mean over a part, as that of SoftmaxCrossEntropy is, so many equal parts make as many times the
// gradient: divide the learning rate of SGD by their number, multiply the maximum of a Clip; Adam's step is the same but for Eps.
func ExampleZeroGrad_accumulate() {
	in := layers.NewInit(cpu, device.Float64, 1)
	x, target := in.Normal(1, 4, 3), []int{0, 1, 1, 0}
	train := func(parts int) *tensor.Tensor {
		w := tensor.From(cpu, []float64{1, 2, 3, 4, 5, 6}, 3, 2)
		l, loss := layers.NewMatMul(w), layers.NewSoftmaxCrossEntropy()
		sgd := optim.NewSGD(0.1 / float64(parts))
		for range 3 {
			optim.ZeroGrad(l.Params())
			for i := range parts {
				n := 4 / parts
				loss.Forward(l.Forward(x.Slice(i*n, (i+1)*n)), target[i*n:(i+1)*n])
				l.Backward(loss.Backward())
			}
			sgd.Step(l.Params())
		}
		return w
	}
	show(train(1))
	show(train(2))
	// Output:
	// [1.0069 1.9931 3.0599 3.9401 5.0201 5.9799]
	// [1.0069 1.9931 3.0599 3.9401 5.0201 5.9799]
}

func ExampleConstant() {
	schedule := optim.Constant(0.1)
	fmt.Println(schedule(0), schedule(1000))
	// Output: 0.1 0.1
}

func ExampleStepDecay() {
	schedule := optim.StepDecay(0.1, 0.5, 100) // halved every 100 steps
	for _, step := range []int{0, 99, 100, 200} {
		fmt.Print(schedule(step), " ")
	}
	// Output: 0.1 0.1 0.05 0.025
}

func ExampleWarmupCosine() {
	adam, schedule := optim.NewAdam(0, 0.9, 0.999), optim.WarmupCosine(0.1, 2, 8)
	for step := range 9 {
		adam.LR = schedule(step)
		fmt.Printf("%.3f ", adam.LR)
	}
	// Output: 0.050 0.100 0.100 0.093 0.075 0.050 0.025 0.007 0.000
}

func ExampleEarlyStopping() {
	stop := optim.EarlyStopping{Patience: 2}
	for _, loss := range []float64{0.9, 0.5, 0.6, 0.4, 0.41, 0.42, 0.1} {
		if stop.Better(loss) {
			fmt.Println("saved at", loss)
		}
		if stop.Enough() {
			break
		}
	}
	fmt.Println("the best of", stop.Evaluations, "was", stop.Best)
	// Output:
	// saved at 0.9
	// saved at 0.5
	// saved at 0.4
	// the best of 6 was 0.4
}
