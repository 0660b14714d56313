package optim

import (
	"math"

	"github.com/keisan-go/keisan/device"
)

// Constant is a schedule, which tells the learning rate of each step, counted from 0: here the same. A training loop begins a
// step with adam.LR = schedule(step). A schedule remembers nothing, so that a checkpoint needs the step and no more.
func Constant(lr float64) func(step int) float64 {
	wantIn("Constant", "lr", lr, 0, inf)
	return func(int) float64 { return lr }
}

// StepDecay multiplies the learning rate by a factor in (0, 1] after every so many steps; 0.5 halves it.
func StepDecay(lr, factor float64, every int) func(step int) float64 {
	wantIn("StepDecay", "lr", lr, 0, inf)
	if !(factor > 0 && factor <= 1) {
		device.Panicf("optim.StepDecay: factor is %v, want it in (0, 1]", factor)
	}
	if every < 1 {
		device.Panicf("optim.StepDecay: every is %d, want 1 or more", every)
	}
	return func(step int) float64 { return lr * math.Pow(factor, float64(step/every)) }
}

// WarmupCosine rises in a line to lr during the first warmup steps, as Adam's averages are of few gradients then, and falls
// along half a cosine to 0 at the end of all steps: I. Loshchilov, F. Hutter, "SGDR: stochastic gradient descent with warm
// restarts", 2017.
//
//	lr·(step+1)/warmup                                      before warmup
//	lr·(1 + cos(π·(step-warmup)/(steps-warmup)))/2          before steps
//	0                                                       afterwards
func WarmupCosine(lr float64, warmup, steps int) func(step int) float64 {
	wantIn("WarmupCosine", "lr", lr, 0, inf)
	if warmup < 0 || steps < warmup {
		device.Panicf("optim.WarmupCosine: warmup is %d and steps is %d, want 0 <= warmup <= steps", warmup, steps)
	}
	return func(step int) float64 {
		switch {
		case step < warmup:
			return lr * float64(step+1) / float64(warmup)
		case step < steps:
			return lr * (1 + math.Cos(math.Pi*float64(step-warmup)/float64(steps-warmup))) / 2
		}
		return 0
	}
}
