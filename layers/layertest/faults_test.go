package layertest_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
	"github.com/keisan-go/keisan/layers/layertest"
)

// A faulty device runs other kernels than it is told.
type faulty struct {
	device.Device
	fault func(k device.Kernel) device.Kernel // nil if k is not to be run at all
}

func (d *faulty) Launch(k device.Kernel) {
	if k = d.fault(k); k != nil {
		d.Device.Launch(k)
	}
}

// change is a fault in the kernels of one kind.
func change[K any, P interface {
	*K
	device.Kernel
}](fault func(k *K)) func(d device.Device) device.Device {
	return func(d device.Device) device.Device {
		return &faulty{d, func(k device.Kernel) device.Kernel {
			if p, ok := kernels.Pointer(k).(P); ok {
				other := *p
				fault(&other)
				return P(&other)
			}
			return k
		}}
	}
}

// drop is the fault that kernels of one kind do nothing.
func drop(name string) func(d device.Device) device.Device {
	return func(d device.Device) device.Device {
		return &faulty{d, func(k device.Kernel) device.Kernel {
			if k.Name() == name {
				return nil
			}
			return k
		}}
	}
}

type leaking struct{ device.Device }

func (leaking) Free(device.Slice) {}

type silent struct{ device.Device }

func (d silent) Sync() error {
	_ = d.Device.Sync()
	return nil
}

// faults is what the tests must notice, and none, which they must not.
var faults = map[string]func(d device.Device) device.Device{
	"none":                           change(func(*kernels.MatMul) {}),
	"MatMul overwrites":              change(func(k *kernels.MatMul) { k.Acc = false }),
	"MatMul forgets the bias":        change(func(k *kernels.MatMul) { k.Bias = kernels.Array{} }),
	"MatMul forgets its function":    change(func(k *kernels.MatMul) { k.F = 0 }),
	"SumRows overwrites":             change(func(k *kernels.SumRows) { k.Acc = false }),
	"ReLU for tanh":                  change(func(k *kernels.Activate) { k.F = max(k.F, kernels.ReLU) }),
	"the sigmoid's derivative":       change(func(k *kernels.ActivateGrad) { k.F = kernels.Sigmoid }),
	"quotients are products":         change(func(k *kernels.Binary) { k.Op = min(k.Op, kernels.Mul) }),
	"quotients have no gradient":     change(func(k *kernels.BinaryGrad) { k.Op = min(k.Op, kernels.Mul) }),
	"Gather does nothing":            drop("Gather"),
	"Dropout has always one mask":    change(func(k *kernels.Dropout) { k.Stream = 0 }),
	"Dropout forgets its period":     change(func(k *kernels.Dropout) { k.Period = 0 }),
	"Dropout drops nothing":          change(func(k *kernels.Dropout) { k.P = 0 }),
	"LayerNorm has another epsilon":  change(func(k *kernels.LayerNorm) { k.Eps *= 1.01 }),
	"LayerNormGrad mistakes a sum":   change(func(k *kernels.LayerNormGrad) { k.DGamma, k.DBeta = k.DBeta, k.DGamma }),
	"ScatterAdd does nothing":        drop("ScatterAdd"),
	"RNN with a sigmoid":             change(func(k *kernels.RNN) { k.F = kernels.Sigmoid }),
	"RNN forgets the bias":           change(func(k *kernels.RNN) { k.Bias = kernels.Array{} }),
	"RNNGrad forgets the bias":       change(func(k *kernels.RNNGrad) { k.DBias = kernels.Array{} }),
	"RNNGrad mistakes its function":  change(func(k *kernels.RNNGrad) { k.F = kernels.Tanh }),
	"RNN never runs in reverse":      change(func(k *kernels.RNN) { k.Reverse = false }),
	"RNNGrad never runs in reverse":  change(func(k *kernels.RNNGrad) { k.Reverse = false }),
	"RNNGrad forgets the lengths":    change(func(k *kernels.RNNGrad) { k.Lengths = kernels.Array{} }),
	"RNNGrad forgets the last h":     change(func(k *kernels.RNNGrad) { k.DHT = kernels.Array{} }),
	"LSTM forgets the bias":          change(func(k *kernels.LSTM) { k.Bias = kernels.Array{} }),
	"LSTM never runs in reverse":     change(func(k *kernels.LSTM) { k.Reverse = false }),
	"LSTMGrad never runs in reverse": change(func(k *kernels.LSTMGrad) { k.Reverse = false }),
	"LSTMGrad forgets the lengths":   change(func(k *kernels.LSTMGrad) { k.Lengths = kernels.Array{} }),
	"LSTMGrad forgets the last c":    change(func(k *kernels.LSTMGrad) { k.DCT = kernels.Array{} }),
	"GRU resets after the product":   change(func(k *kernels.GRU) { k.ResetBefore = false }),
	"GRU forgets a bias":             change(func(k *kernels.GRU) { k.BH = kernels.Array{} }),
	"GRU never runs in reverse":      change(func(k *kernels.GRU) { k.Reverse = false }),
	"GRUGrad forgets a bias":         change(func(k *kernels.GRUGrad) { k.DBH = kernels.Array{} }),
	"GRUGrad forgets the lengths":    change(func(k *kernels.GRUGrad) { k.Lengths = kernels.Array{} }),
	"GRUGrad forgets the last h":     change(func(k *kernels.GRUGrad) { k.DHT = kernels.Array{} }),
	"the loss is a sum":              change(func(k *kernels.SoftmaxCrossEntropy) { k.Scale = 1 }),
	"the loss's gradient is a sum's": change(func(k *kernels.SoftmaxCrossEntropyGrad) { k.Scale = 1 }),
	"element losses are sums":        change(func(k *kernels.ElementLoss) { k.Scale = 1 }),
	"element gradients are sums'":    change(func(k *kernels.ElementLossGrad) { k.Scale = 1 }),
	"element losses are squares":     change(func(k *kernels.ElementLoss) { k.F = kernels.Squared }),
	"Softmax has no gradient":        drop("SoftmaxGrad"),
	"Fill does nothing":              drop("Fill"),
	"Copy does nothing":              drop("Copy"),
	"SGD has another momentum":       change(func(k *kernels.SGD) { k.Mu *= 0.999999 }),
	"SGD forgets Nesterov":           change(func(k *kernels.SGD) { k.Nesterov = false }),
	"AdaGrad has another epsilon":    change(func(k *kernels.AdaGrad) { k.Eps = 1e-8 }),
	"RMSprop has another epsilon":    change(func(k *kernels.RMSprop) { k.Eps = 1e-10 }),
	"Adam has another epsilon":       change(func(k *kernels.Adam) { k.Eps *= 1.001 }),
	"Adam counts from 2":             change(func(k *kernels.Adam) { k.Step++ }),
	"AdamW forgets its decay":        change(func(k *kernels.Adam) { k.Decay = 0 }),
	"norms of one tensor":            change(func(k *kernels.SumSquares) { k.Acc = false }),
	"no clipping":                    drop("ClipNorm"),
	"nothing is freed":               func(d device.Device) device.Device { return leaking{d} },
	"failures are not reported":      func(d device.Device) device.Device { return silent{d} },
}

const plant = "KEISAN_TEST_FAULT"

// TestFaultsAreFound runs the tests again for each fault, in a process of its own, which must fail.
func TestFaultsAreFound(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the tests many times")
	}
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name := range faults {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(binary, "-test.run=^TestWithFault$", "-test.short", "-test.failfast")
			cmd.Env = append(os.Environ(), plant+"="+name)
			out, err := cmd.CombinedOutput()
			switch failed := strings.Contains(string(out), "--- FAIL"); {
			case name == "none" && err != nil:
				t.Errorf("the tests fail: %v\n%s", err, out)
			case name != "none" && !failed:
				t.Errorf("the tests pass: %v\n%s", err, out)
			}
		})
	}
}

func TestWithFault(t *testing.T) {
	fault, planted := faults[os.Getenv(plant)]
	if !planted {
		t.Skip("TestFaultsAreFound runs it")
	}
	layertest.Run(t, func() (device.Device, error) {
		d, err := device.Open("cpu")
		if err != nil {
			return nil, err
		}
		return fault(d), nil
	})
}
