package kernels_test

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"testing"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

// Kernels whose operands fit together.
func fitting() []device.Kernel {
	return []device.Kernel{
		&kernels.MatMul{C: f32(2, 4), A: f32(2, 3), B: f32(3, 4), Bias: f32(4)},
		&kernels.SumRows{Y: f32(3), X: f32(5, 2, 3)},
		&kernels.Activate{F: kernels.Tanh, Y: f32(2, 3), X: f32(2, 3)},
		&kernels.ActivateGrad{F: kernels.ReLU, DX: f32(2, 3), DY: f32(2, 3), Y: f32(2, 3)},
		&kernels.Binary{Op: kernels.Add, Z: f32(2, 3), X: f32(2, 3), Y: f32(3)},
		&kernels.BinaryGrad{Op: kernels.Div, DX: f32(2, 3), DY: f32(3), DZ: f32(2, 3), X: f32(2, 3), Y: f32(3)},
		&kernels.Copy{Dst: f64(6), Src: f64(2, 3)},
		&kernels.CopyColumns{To: 1, From: 2, Cols: 3, Dst: f32(5, 2, 4), Src: f32(10, 6)},
		&kernels.Fill{Dst: f64()},
		&kernels.Gather{Y: f32(5, 2, 3), W: f32(7, 3), IDs: i32(5, 2)},
		&kernels.ScatterAdd{DW: f32(7, 3), DY: f32(5, 2, 3), IDs: i32(5, 2)},
		&kernels.Dropout{P: 0.5, Period: 2, Y: f32(2, 3), X: f32(2, 3)},
		&kernels.Softmax{Y: f32(2, 3), X: f32(2, 3)},
		&kernels.SoftmaxGrad{DX: f32(2, 3), DY: f32(2, 3), Y: f32(2, 3)},
		&kernels.SoftmaxCrossEntropy{Loss: f64(), Losses: f64(5, 2), P: f64(5, 2, 3), X: f64(5, 2, 3), Target: i32(5, 2)},
		&kernels.SoftmaxCrossEntropyGrad{DX: f64(2, 3), P: f64(2, 3), Target: i32(2)},
		&kernels.LayerNorm{Y: f64(5, 2, 3), Mean: f64(5, 2), RStd: f64(5, 2), X: f64(5, 2, 3), Gamma: f64(3), Beta: f64(3), Eps: 1e-5},
		&kernels.LayerNormGrad{DX: f64(5, 2, 3), DGamma: f64(3), DBeta: f64(3), DY: f64(5, 2, 3), X: f64(5, 2, 3),
			Mean: f64(5, 2), RStd: f64(5, 2), Gamma: f64(3)},
		&kernels.ElementLoss{F: kernels.Squared, Loss: f64(), Losses: f64(2, 3), X: f64(2, 3), Target: f64(2, 3)},
		&kernels.ElementLossGrad{F: kernels.CrossEntropy, DX: f64(2, 3), X: f64(2, 3), Target: f64(2, 3)},
		rnn(), rnnGrad(), lstm(), lstmGrad(), gru(), gruGrad(),
		&kernels.SGD{P: f32(6), G: f32(6), V: f32(6), Mu: 0.9},
		&kernels.AdaGrad{P: f32(6), G: f32(6), S: f32(6)},
		&kernels.RMSprop{P: f32(6), G: f32(6), S: f32(6)},
		&kernels.Adam{P: f32(6), G: f32(6), M: f32(6), V: f32(6), Step: 1},
		&kernels.SumSquares{Y: f32(), X: f32(2, 3)},
		&kernels.ClipNorm{X: f32(2, 3), SumSq: f32()},
	}
}

// rnn and the others have five steps, two rows, three inputs and four units.
func rnn() *kernels.RNN {
	return &kernels.RNN{F: kernels.Sigmoid, H: f32(6, 2, 4), Y: f32(5, 2, 4), X: f32(5, 2, 3), Wx: f32(3, 4), Wh: f32(4, 4),
		Bias: f32(4), Lengths: i32(2)}
}

func rnnGrad() *kernels.RNNGrad {
	return &kernels.RNNGrad{F: kernels.Tanh, DX: f32(5, 2, 3), DH0: f32(2, 4), DWx: f32(3, 4), DWh: f32(4, 4), DBias: f32(4),
		DZ: f32(5, 2, 4), DY: f32(5, 2, 4), DHT: f32(2, 4), H: f32(6, 2, 4), X: f32(5, 2, 3), Wx: f32(3, 4), Wh: f32(4, 4),
		Lengths: i32(2)}
}

func lstm() *kernels.LSTM {
	return &kernels.LSTM{H: f32(6, 2, 4), C: f32(6, 2, 4), Y: f32(5, 2, 4), Gates: f32(5, 2, 16), X: f32(5, 2, 3),
		Wx: f32(3, 16), Wh: f32(4, 16), Bias: f32(16), Lengths: i32(2)}
}

func lstmGrad() *kernels.LSTMGrad {
	return &kernels.LSTMGrad{DX: f32(5, 2, 3), DH0: f32(2, 4), DC0: f32(2, 4), DWx: f32(3, 16), DWh: f32(4, 16), DBias: f32(16),
		DZ: f32(5, 2, 16), DY: f32(5, 2, 4), DHT: f32(2, 4), DCT: f32(2, 4), H: f32(6, 2, 4), C: f32(6, 2, 4),
		Gates: f32(5, 2, 16), X: f32(5, 2, 3), Wx: f32(3, 16), Wh: f32(4, 16), Lengths: i32(2)}
}

func gru() *kernels.GRU {
	return &kernels.GRU{H: f32(6, 2, 4), Y: f32(5, 2, 4), Gates: f32(5, 2, 12), Q: f32(5, 2, 4), X: f32(5, 2, 3),
		Wx: f32(3, 12), Wh: f32(4, 12), BX: f32(12), BH: f32(12), Lengths: i32(2)}
}

func gruGrad() *kernels.GRUGrad {
	return &kernels.GRUGrad{DX: f32(5, 2, 3), DH0: f32(2, 4), DWx: f32(3, 12), DWh: f32(4, 12), DBX: f32(12), DBH: f32(12),
		DZ: f32(5, 2, 12), DQ: f32(5, 2, 4), DY: f32(5, 2, 4), DHT: f32(2, 4), H: f32(6, 2, 4), Gates: f32(5, 2, 12),
		Q: f32(5, 2, 4), X: f32(5, 2, 3), Wx: f32(3, 12), Wh: f32(4, 12), Lengths: i32(2)}
}

// TestFittingKernels finds that each kernel in the package's source is among them.
func TestFittingKernels(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	declared := regexp.MustCompile(`(?m)^func \(\w+ \*?(\w+)\) Operands\(`)
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range declared.FindAllStringSubmatch(string(source), -1) {
			if !slices.ContainsFunc(fitting(), func(k device.Kernel) bool { return k.Name() == m[1] }) {
				t.Errorf("fitting has no %s", m[1])
			}
		}
	}
}

func TestFitting(t *testing.T) {
	none := kernels.Array{}
	for _, k := range append(fitting(),
		kernels.MatMul{C: f32(2, 4), A: f32(2, 3), B: f32(3, 4)},
		kernels.MatMul{C: f32(2, 4), A: f32(2, 3), B: f32(3, 4), Acc: true},
		kernels.MatMul{C: f32(2, 4), A: f32(2, 3), B: f32(3, 4), F: kernels.ReLU},
		kernels.MatMul{C: f32(2, 4), A: f32(3, 2), B: f32(4, 3), TransA: true, TransB: true},
		kernels.MatMul{C: f32(4), A: f32(3), B: f32(3, 4)},
		kernels.MatMul{C: f32(2, 5, 4), A: f32(10, 3), B: f32(3, 4)},
		kernels.MatMul{C: f32(3, 4), A: f32(5, 2, 3), B: f32(5, 2, 4), TransA: true},
		kernels.MatMul{C: f32(2, 4), A: f32(2, 0), B: f32(0, 4)},
		kernels.MatMul{C: f32(0, 4), A: f32(0, 3), B: f32(3, 4)},
		kernels.SumRows{Y: f32(3), X: f32(3)},
		kernels.SumRows{Y: f32(3), X: f32(0, 3)},
		kernels.Binary{Op: kernels.Mul, Z: f32(3, 4, 5), X: f32(3, 1, 5), Y: f32(4, 1)},
		kernels.Binary{Op: kernels.Mul, Z: f32(), X: f32(), Y: f32()},
		kernels.Copy{Dst: f64(), Src: f64(1, 1)},
		kernels.Gather{Y: f32(3), W: f32(7, 3), IDs: i32()},
		kernels.Dropout{P: 1 - 0x1p-53, Y: f32(3), X: f32(3)},
		kernels.Dropout{Period: 3, Y: f32(0, 3), X: f32(0, 3)},
		kernels.Softmax{Y: f32(3), X: f32(3)},
		kernels.RNN{F: kernels.ReLU, H: f64(1, 2, 4), X: f64(0, 2, 3), Wx: f64(3, 4), Wh: f64(4, 4), Bias: none},
		kernels.SGD{P: f32(6), G: f32(6)},
		kernels.SGD{P: f32(6), G: f32(6), V: f32(6)},
	) {
		if err := k.Check(); err != nil {
			t.Errorf("%s %+v: %v", k.Name(), k, err)
		}
	}
}

// TestCheck has a message for each mistake. A device adds all shapes to it.
func TestCheck(t *testing.T) {
	none := kernels.Array{}
	deep, wide := make([]int, 9), make([]int, 9) // shapes that broadcast on every axis
	for i := range deep {
		deep[i], wide[i] = 1+i%2, 2-i%2
	}
	all := []int{2, 2, 2, 2, 2, 2, 2, 2, 2}
	for _, c := range []struct {
		k    device.Kernel
		want string
	}{
		{kernels.MatMul{A: f32(2, 3), B: f32(3, 4)}, "operand C is missing"},
		{kernels.MatMul{C: f32(2, 4), B: f32(3, 4)}, "operand A is missing"},
		{kernels.MatMul{C: f32(2, 4), A: f32(2, 3)}, "operand B is missing"},
		{kernels.MatMul{C: f32(), A: f32(2, 3), B: f32(3, 4)}, "C is [], want 1 axes or more"},
		{kernels.MatMul{C: f32(2, 4), A: f32(), B: f32(3, 4)}, "A is [], want 1 axes or more"},
		{kernels.MatMul{C: i32(2, 4), A: f32(2, 3), B: f32(3, 4)}, "C is int32, want float32 or float64"},
		{kernels.MatMul{C: f32(2, 4), A: f64(2, 3), B: f32(3, 4)}, "A is float64, want float32"},
		{kernels.MatMul{C: f32(2, 4), A: f32(2, 3), B: f64(3, 4)}, "B is float64, want float32"},
		{kernels.MatMul{C: f32(5, 4), A: f32(2, 3), B: f32(3, 4)}, "C folds to [5 4], want [2 4]"},
		{kernels.MatMul{C: f32(2, 4), A: f32(2, 3), B: f32(4, 3)}, "B folds to [4 3], want [3 4]"},
		{kernels.MatMul{C: f32(2, 4), A: f32(2, 3), B: f32(3, 4), TransB: true}, "B, to be transposed, folds to [3 4], want [4 3]"},
		{kernels.MatMul{C: f32(2, 4), A: f32(2, 3), B: f32(3, 4), TransA: true}, "C folds to [2 4], want [3 4]"},
		{kernels.MatMul{C: f32(2, 4), A: f32(2, 3), B: f32(3, 4), Bias: f32(3)}, "Bias is [3], want [4]"},
		{kernels.MatMul{C: f32(2, 4), A: f32(2, 3), B: f32(3, 4), Bias: f32(1, 4)}, "Bias is [1 4], want [4]"},
		{kernels.MatMul{C: f32(2, 4), A: f32(2, 3), B: f32(3, 4), Bias: f64(4)}, "Bias is float64, want float32"},
		{kernels.MatMul{C: f32(2, 4), A: f32(2, 3), B: f32(3, 4), Bias: f32(4), Acc: true}, "operand Bias and Acc exclude each other"},
		{kernels.MatMul{C: f32(2, 4), A: f32(2, 3), B: f32(3, 4), F: kernels.ReLU, Acc: true}, "the function F and Acc exclude each other"},
		{kernels.MatMul{C: f32(2, 4), A: f32(2, 3), B: f32(3, 4), F: 4}, "unknown function Activation(4)"},

		{kernels.SumRows{Y: f32(3)}, "operand X is missing"},
		{kernels.SumRows{Y: f32(), X: f32()}, "X is [], want 1 axes or more"},
		{kernels.SumRows{Y: f32(2), X: f32(2, 3)}, "Y is [2], want [3]"},
		{kernels.SumRows{Y: f64(3), X: f32(2, 3)}, "Y is float64, want float32"},

		{kernels.Activate{Y: f32(3), X: f32(3)}, "unknown function Activation(0)"},
		{kernels.Activate{F: 4, Y: f32(3), X: f32(3)}, "unknown function Activation(4)"},
		{kernels.Activate{F: kernels.Tanh, Y: f32(3), X: i32(3)}, "X is int32, want float32 or float64"},
		{kernels.Activate{F: kernels.Tanh, Y: f32(4), X: f32(3)}, "Y is [4], want [3]"},
		{kernels.Activate{F: kernels.Tanh, Y: f32(1, 3), X: f32(3)}, "Y is [1 3], want [3]"},
		{kernels.ActivateGrad{DX: f32(3), DY: f32(3), Y: f32(3)}, "unknown function Activation(0)"},
		{kernels.ActivateGrad{F: kernels.Tanh, DX: f32(4), DY: f32(3), Y: f32(3)}, "DX is [4], want [3]"},
		{kernels.ActivateGrad{F: kernels.Tanh, DX: f32(3), DY: f32(4), Y: f32(3)}, "DY is [4], want [3]"},
		{kernels.ActivateGrad{F: kernels.Tanh, DX: f32(3), DY: f32(3)}, "operand Y is missing"},

		{kernels.Binary{Z: f32(3), X: f32(3), Y: f32(3)}, "unknown operator Operator(0)"},
		{kernels.Binary{Op: 4, Z: f32(3), X: f32(3), Y: f32(3)}, "unknown operator Operator(4)"},
		{kernels.Binary{Op: kernels.Add, Z: f32(3), Y: f32(3)}, "operand X is missing"},
		{kernels.Binary{Op: kernels.Add, Z: f32(3), X: f32(3)}, "operand Y is missing"},
		{kernels.Binary{Op: kernels.Add, X: f32(3), Y: f32(3)}, "operand Z is missing"},
		{kernels.Binary{Op: kernels.Add, Z: f32(3), X: f32(3), Y: f64(3)}, "Y is float64, want float32"},
		{kernels.Binary{Op: kernels.Add, Z: f32(3), X: f32(3), Y: f32(4)}, "the shapes of X and Y do not broadcast to that of Z"},
		{kernels.Binary{Op: kernels.Add, Z: f32(2, 3), X: f32(3), Y: f32(3)}, "the shapes of X and Y do not broadcast to that of Z"},
		{kernels.Binary{Op: kernels.Add, Z: f32(all...), X: f32(deep...), Y: f32(wide...)}, "broadcasting takes more than 8 nested loops"},
		{kernels.BinaryGrad{DX: f32(3), DY: f32(3), DZ: f32(3), X: f32(3), Y: f32(3)}, "unknown operator Operator(0)"},
		{kernels.BinaryGrad{Op: kernels.Add, DX: f32(3), DY: f32(3), DZ: f32(4), X: f32(3), Y: f32(3)}, "the shapes of X and Y do not broadcast to that of DZ"},
		{kernels.BinaryGrad{Op: kernels.Add, DX: f32(2, 3), DY: f32(3), DZ: f32(2, 3), X: f32(3), Y: f32(2, 3)}, "DX is [2 3], want [3]"},
		{kernels.BinaryGrad{Op: kernels.Add, DX: f32(3), DY: f32(3), DZ: f32(2, 3), X: f32(3), Y: f32(2, 3)}, "DY is [3], want [2 3]"},

		{kernels.Copy{Dst: f32(3)}, "operand Src is missing"},
		{kernels.Copy{Src: f32(3)}, "operand Dst is missing"},
		{kernels.Copy{Dst: i32(3), Src: i32(3)}, "Src is int32, want float32 or float64"},
		{kernels.Copy{Dst: f64(3), Src: f32(3)}, "Dst is float64, want float32"},
		{kernels.Copy{Dst: f32(2, 3), Src: f32(5)}, "operand Dst has 6 elements, Src 5"},
		{kernels.CopyColumns{Dst: f32(2, 3)}, "operand Src is missing"},
		{kernels.CopyColumns{Dst: f32(), Src: f32(2, 3)}, "Dst is [], want 1 axes or more"},
		{kernels.CopyColumns{Dst: f64(2, 3), Src: f32(2, 3)}, "Dst is float64, want float32"},
		{kernels.CopyColumns{Dst: f32(3, 3), Src: f32(2, 3)}, "operand Dst has 3 rows, Src 2"},
		{kernels.CopyColumns{Cols: 4, Dst: f32(2, 4), Src: f32(2, 3)}, "4 columns from 0 of Src to 0 of Dst: there are 3 in Src and 4 in Dst"},
		{kernels.CopyColumns{Cols: 2, To: 2, Dst: f32(2, 3), Src: f32(2, 3)}, "2 columns from 0 of Src to 2 of Dst: there are 3 in Src and 3 in Dst"},
		{kernels.CopyColumns{Cols: 1, From: -1, Dst: f32(2, 3), Src: f32(2, 3)}, "1 columns from -1 of Src to 0 of Dst: there are 3 in Src and 3 in Dst"},
		{kernels.CopyColumns{Cols: -1, Dst: f32(2, 3), Src: f32(2, 3)}, "-1 columns from 0 of Src to 0 of Dst: there are 3 in Src and 3 in Dst"},
		{kernels.Fill{}, "operand Dst is missing"},
		{kernels.Fill{Dst: i32(3)}, "Dst is int32, want float32 or float64"},

		{kernels.Gather{Y: f32(2, 3), IDs: i32(2)}, "operand W is missing"},
		{kernels.Gather{W: f32(7, 3), IDs: i32(2)}, "operand Y is missing"},
		{kernels.Gather{Y: f32(2, 3), W: f32(7, 3)}, "operand IDs is missing"},
		{kernels.Gather{Y: f32(2, 3), W: f32(7), IDs: i32(2)}, "W is [7], want 2 axes or more"},
		{kernels.Gather{Y: f32(2, 3), W: f32(7, 2, 3), IDs: i32(2)}, "W folds to [14 3], want [7 3]"},
		{kernels.Gather{Y: f32(2, 4), W: f32(7, 3), IDs: i32(2)}, "W folds to [7 3], want [7 4]"},
		{kernels.Gather{Y: f64(2, 3), W: f32(7, 3), IDs: i32(2)}, "Y is float64, want float32"},
		{kernels.Gather{Y: f32(), W: f32(7, 3), IDs: i32()}, "Y is [], want 1 axes or more"},
		{kernels.Gather{Y: f32(2, 3), W: f32(7, 3), IDs: i32(3)}, "IDs is [3], want [2]"},
		{kernels.Gather{Y: f32(2, 3), W: f32(7, 3), IDs: f32(2)}, "IDs is float32, want int32"},
		{kernels.ScatterAdd{DY: f32(2, 3), IDs: i32(2)}, "operand DW is missing"},
		{kernels.ScatterAdd{DW: f32(7, 3), DY: f32(2, 4), IDs: i32(2)}, "DW folds to [7 3], want [7 4]"},
		{kernels.ScatterAdd{DW: f32(7, 3), DY: f32(2, 3), IDs: i32(2, 1)}, "IDs is [2 1], want [2]"},

		{kernels.Dropout{Y: f32(3)}, "operand X is missing"},
		{kernels.Dropout{X: i32(3)}, "X is int32, want float32 or float64"},
		{kernels.Dropout{Y: f32(1, 3), X: f32(3)}, "Y is [1 3], want [3]"},
		{kernels.Dropout{P: 1, Y: f32(3), X: f32(3)}, "the P is 1, want 0 <= P < 1"},
		{kernels.Dropout{P: -0.1, Y: f32(3), X: f32(3)}, "the P is -0.1, want 0 <= P < 1"},
		{kernels.Dropout{P: math.NaN(), Y: f32(3), X: f32(3)}, "the P is NaN, want 0 <= P < 1"},
		{kernels.Dropout{Period: 2, Y: f32(3), X: f32(3)}, "the Period is 2, want a divisor of 3 elements, or 0"},
		{kernels.Dropout{Period: -1, Y: f32(3), X: f32(3)}, "the Period is -1, want a divisor of 3 elements, or 0"},

		{kernels.Softmax{Y: f32(), X: f32()}, "X is [], want 1 axes or more"},
		{kernels.Softmax{Y: f32(3, 2), X: f32(2, 3)}, "Y is [3 2], want [2 3]"},
		{kernels.SoftmaxGrad{DX: f32(3), DY: f32(3), Y: f32()}, "Y is [], want 1 axes or more"},
		{kernels.SoftmaxGrad{DX: f32(3), DY: f32(4), Y: f32(3)}, "DY is [4], want [3]"},
		{kernels.SoftmaxGrad{DX: f32(4), DY: f32(3), Y: f32(3)}, "DX is [4], want [3]"},
		{kernels.SoftmaxCrossEntropy{Loss: f32(), Losses: f32(2), P: f32(2, 3), Target: i32(2)}, "operand X is missing"},
		{kernels.SoftmaxCrossEntropy{Loss: f32(), Losses: f32(2), P: f32(3, 2), X: f32(2, 3), Target: i32(2)}, "P is [3 2], want [2 3]"},
		{kernels.SoftmaxCrossEntropy{Loss: f32(), Losses: f32(3), P: f32(2, 3), X: f32(2, 3), Target: i32(2)}, "Losses is [3], want [2]"},
		{kernels.SoftmaxCrossEntropy{Loss: f32(1), Losses: f32(2), P: f32(2, 3), X: f32(2, 3), Target: i32(2)}, "Loss is [1], want []"},
		{kernels.SoftmaxCrossEntropy{Loss: f32(), Losses: f32(2), P: f32(2, 3), X: f32(2, 3), Target: i32(3)}, "Target is [3], want [2]"},
		{kernels.SoftmaxCrossEntropy{Loss: f32(), Losses: f32(2), P: f32(2, 3), X: f32(2, 3), Target: f32(2)}, "Target is float32, want int32"},
		{kernels.SoftmaxCrossEntropyGrad{DX: f32(2, 3), P: f32(), Target: i32(2)}, "P is [], want 1 axes or more"},
		{kernels.SoftmaxCrossEntropyGrad{DX: f32(2, 4), P: f32(2, 3), Target: i32(2)}, "DX is [2 4], want [2 3]"},
		{kernels.SoftmaxCrossEntropyGrad{DX: f32(2, 3), P: f32(2, 3)}, "operand Target is missing"},

		{kernels.LayerNorm{}, "operand X is missing"},
		{kernels.LayerNorm{X: f32()}, "X is [], want 1 axes or more"},
		{kernels.LayerNorm{Y: f32(3), Mean: f32(), RStd: f32(), X: f32(3), Gamma: f32(3), Beta: f32(2)}, "Beta is [2], want [3]"},
		{kernels.LayerNorm{Y: f32(3), Mean: f32(), RStd: f32(), X: f32(3), Gamma: f32(2), Beta: f32(3)}, "Gamma is [2], want [3]"},
		{kernels.LayerNorm{Y: f32(3), Mean: f32(1), RStd: f32(), X: f32(3), Gamma: f32(3), Beta: f32(3)}, "Mean is [1], want []"},
		{kernels.LayerNorm{Y: f32(3), Mean: f32(), RStd: f64(), X: f32(3), Gamma: f32(3), Beta: f32(3)}, "RStd is float64, want float32"},
		{kernels.LayerNorm{Y: f32(2), X: f32(3)}, "Y is [2], want [3]"},
		{kernels.LayerNorm{Y: f32(3), Mean: f32(), RStd: f32(), X: f32(3), Gamma: f32(3), Beta: f32(3), Eps: -1}, "the Eps is -1, want 0 or more"},
		{kernels.LayerNormGrad{DX: f32(3), DY: f32(2), X: f32(3)}, "DY is [2], want [3]"},
		{kernels.LayerNormGrad{DX: f32(3), DY: f32(3), X: f32(3), Mean: f32(), RStd: f32(1)}, "RStd is [1], want []"},
		{kernels.LayerNormGrad{DX: f32(3), DY: f32(3), X: f32(3), Mean: f32(), RStd: f32(), Gamma: f32(3), DGamma: f32(3)}, "operand DBeta is missing"},
		{kernels.LayerNormGrad{DX: f32(3), DY: f32(3), X: f32(3), Mean: f32(), RStd: f32(), Gamma: f32(3), DGamma: f32(2)}, "DGamma is [2], want [3]"},

		{kernels.ElementLoss{Loss: f32(), Losses: f32(3), X: f32(3), Target: f32(3)}, "unknown deviation Deviation(0)"},
		{kernels.ElementLoss{F: 3, Loss: f32(), Losses: f32(3), X: f32(3), Target: f32(3)}, "unknown deviation Deviation(3)"},
		{kernels.ElementLoss{F: kernels.Squared, Loss: f32(), Losses: f32(3), X: f32(3), Target: f32(1, 3)}, "Target is [1 3], want [3]"},
		{kernels.ElementLoss{F: kernels.Squared, Loss: f32(), Losses: f32(3), X: f32(3), Target: i32(3)}, "Target is int32, want float32"},
		{kernels.ElementLoss{F: kernels.Squared, Loss: f32(1), Losses: f32(3), X: f32(3), Target: f32(3)}, "Loss is [1], want []"},
		{kernels.ElementLoss{F: kernels.Squared, Loss: f32(), X: f32(3), Target: f32(3)}, "operand Losses is missing"},
		{kernels.ElementLossGrad{DX: f32(3), X: f32(3), Target: f32(3)}, "unknown deviation Deviation(0)"},
		{kernels.ElementLossGrad{F: kernels.Squared, DX: f32(2), X: f32(3), Target: f32(3)}, "DX is [2], want [3]"},
		{kernels.ElementLossGrad{F: kernels.Squared, DX: f32(3), Target: f32(3)}, "operand X is missing"},

		{kernels.RNN{H: f32(6, 2, 4), X: f32(5, 2, 3), Wx: f32(3, 4), Wh: f32(4, 4)}, "unknown function Activation(0)"},
		{kernels.RNN{F: kernels.Tanh, H: f32(6, 2, 4), X: f32(2, 3), Wx: f32(3, 4), Wh: f32(4, 4)}, "X is [2 3], want 3 axes or more"},
		{kernels.RNN{F: kernels.Tanh, H: f32(6, 2, 4), X: f32(1, 5, 2, 3), Wx: f32(3, 4), Wh: f32(4, 4)}, "operand X is [1 5 2 3] and Wh [4 4], want [T B I] and [H H]"},
		{kernels.RNN{F: kernels.Tanh, H: f32(6, 2, 4), X: f32(5, 2, 3), Wx: f32(3, 4), Wh: f32(4)}, "Wh is [4], want 2 axes or more"},
		{kernels.RNN{F: kernels.Tanh, H: f32(6, 2, 4), X: f32(5, 2, 3), Wx: f32(3, 4), Wh: f32(4, 5)}, "Wh is [4 5], want [4 4]"},
		{kernels.RNN{F: kernels.Tanh, H: f32(5, 2, 4), X: f32(5, 2, 3), Wx: f32(3, 4), Wh: f32(4, 4)}, "H is [5 2 4], want [6 2 4]"},
		{kernels.RNN{F: kernels.Tanh, H: f32(6, 2, 4), X: f32(5, 2, 3), Wx: f32(4, 3), Wh: f32(4, 4)}, "Wx is [4 3], want [3 4]"},
		{kernels.RNN{F: kernels.Tanh, H: f32(6, 2, 4), X: f32(5, 2, 3), Wx: f32(3, 4), Wh: f64(4, 4)}, "Wh is float64, want float32"},
		{kernels.RNN{F: kernels.Tanh, H: f32(6, 2, 4), X: f32(5, 2, 3), Wx: f32(3, 4), Wh: f32(4, 4), Bias: f32(3)}, "Bias is [3], want [4]"},

		{kernels.SGD{P: f32(6)}, "operand G is missing"},
		{kernels.SGD{P: f32(6), G: f32(5)}, "G is [5], want [6]"},
		{kernels.SGD{P: f32(6), G: f32(6), Mu: 0.9}, "operand V is missing"},
		{kernels.SGD{P: f32(6), G: f32(6), Nesterov: true}, "operand V is missing"},
		{kernels.SGD{P: f32(6), G: f32(6), V: f32(5)}, "V is [5], want [6]"},
		{kernels.AdaGrad{P: f32(6), G: f32(6)}, "operand S is missing"},
		{kernels.AdaGrad{P: f32(6), G: f32(2, 3), S: f32(6)}, "G is [2 3], want [6]"},
		{kernels.RMSprop{P: f32(6), G: f32(6), S: f64(6)}, "S is float64, want float32"},
		{kernels.Adam{P: f32(6), G: f32(6), M: f32(6), Step: 1}, "operand V is missing"},
		{kernels.Adam{P: f32(6), G: f32(6), M: f32(5), V: f32(6), Step: 1}, "M is [5], want [6]"},
		{kernels.Adam{P: f32(6), G: f32(6), M: f32(6), V: f32(6)}, "the Step is 0, want 1 or more"},
		{kernels.SumSquares{Y: f32(1), X: f32(6)}, "Y is [1], want []"},
		{kernels.SumSquares{Y: f32()}, "operand X is missing"},
		{kernels.ClipNorm{X: f32(6), SumSq: f64()}, "SumSq is float64, want float32"},
		{kernels.ClipNorm{X: f32(6), SumSq: none}, "operand SumSq is missing"},
	} {
		if err := c.k.Check(); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", c.k.Name(), err, c.want)
		}
	}
}

// TestRecurrentCheck spoils each operand of recurrent kernels in turn, by its shape and by leaving it out.
func TestRecurrentCheck(t *testing.T) {
	for _, c := range []struct {
		kernel func() device.Kernel
		shapes map[string]string // that are wanted
		absent map[string]string // what is said where the operand is missing; "" if nothing
	}{
		{func() device.Kernel { return rnn() }, map[string]string{
			"H": "[6 2 4]", "Y": "[5 2 4]", "Wx": "[3 4]", "Bias": "[4]", "Lengths": "[2]",
		}, map[string]string{
			"Bias": "", "Y": "operand Y is missing beside Lengths", "Lengths": "operand Lengths is missing beside Y",
		}},
		{func() device.Kernel { return rnnGrad() }, map[string]string{
			"DX": "[5 2 3]", "DH0": "[2 4]", "DWx": "[3 4]", "DWh": "[4 4]", "DBias": "[4]", "DZ": "[5 2 4]", "DY": "[5 2 4]",
			"DHT": "[2 4]", "H": "[6 2 4]", "Wx": "[3 4]", "Lengths": "[2]",
		}, map[string]string{"DX": "", "DBias": "", "DHT": "", "Lengths": ""}},
		{func() device.Kernel { return lstm() }, map[string]string{
			"H": "[6 2 4]", "C": "[6 2 4]", "Y": "[5 2 4]", "Gates": "[5 2 16]", "Wx": "[3 16]", "Bias": "[16]", "Lengths": "[2]",
		}, map[string]string{
			"Bias": "", "Y": "operand Y is missing beside Lengths", "Lengths": "operand Lengths is missing beside Y",
		}},
		{func() device.Kernel { return lstmGrad() }, map[string]string{
			"DX": "[5 2 3]", "DH0": "[2 4]", "DC0": "[2 4]", "DWx": "[3 16]", "DWh": "[4 16]", "DBias": "[16]", "DZ": "[5 2 16]",
			"DY": "[5 2 4]", "DHT": "[2 4]", "DCT": "[2 4]", "H": "[6 2 4]", "C": "[6 2 4]", "Gates": "[5 2 16]", "Wx": "[3 16]",
			"Lengths": "[2]",
		}, map[string]string{"DX": "", "DBias": "", "DHT": "", "DCT": "", "Lengths": ""}},
		{func() device.Kernel { return gru() }, map[string]string{
			"H": "[6 2 4]", "Y": "[5 2 4]", "Gates": "[5 2 12]", "Q": "[5 2 4]", "Wx": "[3 12]", "BX": "[12]", "BH": "[12]", "Lengths": "[2]",
		}, map[string]string{
			"BX": "", "BH": "", "Y": "operand Y is missing beside Lengths", "Lengths": "operand Lengths is missing beside Y",
		}},
		{func() device.Kernel { return gruGrad() }, map[string]string{
			"DX": "[5 2 3]", "DH0": "[2 4]", "DWx": "[3 12]", "DWh": "[4 12]", "DBX": "[12]", "DBH": "[12]", "DZ": "[5 2 12]",
			"DQ": "[5 2 4]", "DY": "[5 2 4]", "DHT": "[2 4]", "H": "[6 2 4]", "Gates": "[5 2 12]", "Q": "[5 2 4]", "Wx": "[3 12]",
			"Lengths": "[2]",
		}, map[string]string{"DX": "", "DBX": "", "DBH": "", "DHT": "", "Lengths": ""}},
	} {
		check := func(name string, a kernels.Array) string {
			k := c.kernel()
			reflect.ValueOf(k).Elem().FieldByName(name).Set(reflect.ValueOf(a))
			if err := k.Check(); err != nil {
				return err.Error()
			}
			return ""
		}
		for _, o := range c.kernel().Operands(nil) {
			if shape, ok := c.shapes[o.Name]; ok {
				wrong := array(o.Type(), 7, 7)
				if got, want := check(o.Name, wrong), o.Name+" is [7 7], want "+shape; got != want {
					t.Errorf("%s with the wrong %s: %q, want %q", c.kernel().Name(), o.Name, got, want)
				}
			}
			want, ok := c.absent[o.Name]
			if !ok {
				want = "operand " + o.Name + " is missing"
			}
			if got := check(o.Name, kernels.Array{}); got != want {
				t.Errorf("%s without %s: %q, want %q", c.kernel().Name(), o.Name, got, want)
			}
		}
	}
	for _, c := range []struct {
		k    device.Kernel
		want string
	}{
		{kernels.RNNGrad{}, "unknown function Activation(0)"},
		{kernels.RNNGrad{F: kernels.Tanh}, "operand X is missing"},
		{kernels.RNNGrad{F: kernels.Tanh, X: f32(5, 2, 3), Wh: f32(1, 4, 4)}, "operand X is [5 2 3] and Wh [1 4 4], want [T B I] and [H H]"},
		{kernels.LSTM{X: f32(5, 2, 3), Wh: f32(1, 4, 16)}, "operand X is [5 2 3] and Wh [1 4 16], want [T B I] and [H 4H]"},
		{kernels.LSTM{X: i32(5, 2, 3), Wh: f32(4, 16)}, "X is int32, want float32 or float64"},
		{kernels.GRU{X: f32(5, 2, 3), Wh: f32(1, 4, 12)}, "operand X is [5 2 3] and Wh [1 4 12], want [T B I] and [H 3H]"},
		{kernels.GRUGrad{X: f32(2, 3), Wh: f32(4, 12)}, "X is [2 3], want 3 axes or more"},
		{kernels.LSTMGrad{X: f32(2, 3), Wh: f32(4, 16)}, "X is [2 3], want 3 axes or more"},
	} {
		if err := c.k.Check(); err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", c.k.Name(), err, c.want)
		}
	}
}

// TestNumbered has tables of more rows, and classes, than int32 can number; all of them are empty.
func TestNumbered(t *testing.T) {
	many := math.MaxInt32
	if many++; many < 0 {
		t.Skip("int counts no further than int32 here")
	}
	for _, c := range []struct {
		k    device.Kernel
		want string
	}{
		{kernels.Gather{Y: f32(2, 0), W: f32(many-1, 0), IDs: i32(2)}, ""},
		{kernels.Gather{Y: f32(2, 0), W: f32(many, 0), IDs: i32(2)}, "W has 2147483648 rows, want 2147483647 or fewer, which int32 can number"},
		{kernels.ScatterAdd{DW: f32(many, 0), DY: f32(2, 0), IDs: i32(2)}, "DW has 2147483648 rows, want 2147483647 or fewer, which int32 can number"},
		{kernels.SoftmaxCrossEntropy{Loss: f32(), Losses: f32(0), P: f32(0, many), X: f32(0, many), Target: i32(0)}, "X has 2147483648 columns, want 2147483647 or fewer, which int32 can number"},
	} {
		if err := c.k.Check(); c.want == "" && err != nil || c.want != "" && (err == nil || err.Error() != c.want) {
			t.Errorf("%s: %v, want %q", c.k.Name(), err, c.want)
		}
	}
}

// TestOperands finds each array of a kernel among its operands, under its name and once, and adds them to what is there.
func TestOperands(t *testing.T) {
	for _, k := range fitting() {
		v := reflect.ValueOf(k).Elem()
		if v.Type().Name() != k.Name() {
			t.Errorf("%s is called %s", v.Type().Name(), k.Name())
		}
		arrays := map[string]kernels.Array{}
		for i := range v.NumField() {
			if a, ok := v.Field(i).Interface().(kernels.Array); ok {
				arrays[v.Type().Field(i).Name] = a
			}
		}
		before := device.Operand{Name: "before"}
		ops := k.Operands([]device.Operand{before})
		if len(ops) != len(arrays)+1 || ops[0].Name != "before" {
			t.Errorf("%s has %d operands, want %d", k.Name(), len(ops)-1, len(arrays))
		}
		writes := false
		for _, o := range ops[1:] {
			a, ok := arrays[o.Name]
			if !ok || a.Slice != o.Slice || fmt.Sprint(a.Shape) != fmt.Sprint(o.Shape) {
				t.Errorf("%s: operand %s is not its field", k.Name(), o.Name)
			}
			delete(arrays, o.Name)
			if o.Access&device.Update == 0 || o.Access&device.InPlace != 0 && o.Access&device.Write == 0 {
				t.Errorf("%s: operand %s has access %b", k.Name(), o.Name, o.Access)
			}
			writes = writes || o.Access&device.Write != 0
		}
		if !writes {
			t.Errorf("%s writes nothing", k.Name())
		}
	}
}

// TestNoAllocations lists and checks operands as each launch does. A pointer to one that outlived the call would move the
// kernel to the heap.
func TestNoAllocations(t *testing.T) {
	var ops []device.Operand
	for _, k := range fitting() {
		if n := testing.AllocsPerRun(10, func() {
			if ops = k.Operands(ops[:0]); k.Check() != nil {
				t.Error(k.Check())
			}
		}); n != 0 {
			t.Errorf("%s: %v allocations a launch", k.Name(), n)
		}
	}
}

func TestAcc(t *testing.T) {
	for _, c := range []struct {
		k    device.Kernel
		want device.Access
	}{
		{kernels.MatMul{}, device.Write}, {kernels.MatMul{Acc: true}, device.Update},
		{kernels.SumRows{}, device.Write}, {kernels.SumRows{Acc: true}, device.Update},
		{kernels.SumSquares{}, device.Write}, {kernels.SumSquares{Acc: true}, device.Update},
	} {
		if got := c.k.Operands(nil)[0].Access; got != c.want {
			t.Errorf("%+v: access %b, want %b", c.k, got, c.want)
		}
	}
}

func TestPointer(t *testing.T) {
	k := kernels.Fill{Value: 3}
	p, ok := kernels.Pointer(k).(*kernels.Fill)
	if !ok || p.Value != 3 {
		t.Fatalf("Pointer of a Fill is %v", p)
	}
	if kernels.Pointer(p) != device.Kernel(p) {
		t.Error("Pointer of a pointer is another one")
	}
}

func TestNames(t *testing.T) {
	for want, got := range map[string]fmt.Stringer{
		"sigmoid": kernels.Sigmoid, "tanh": kernels.Tanh, "relu": kernels.ReLU, "Activation(7)": kernels.Activation(7),
		"add": kernels.Add, "mul": kernels.Mul, "div": kernels.Div, "Operator(7)": kernels.Operator(7),
		"squared": kernels.Squared, "cross-entropy": kernels.CrossEntropy, "Deviation(7)": kernels.Deviation(7),
	} {
		if got.String() != want {
			t.Errorf("%v, want %s", got, want)
		}
	}
}

func TestRowsAndCols(t *testing.T) {
	for _, c := range []struct {
		a          kernels.Array
		rows, cols int
	}{
		{f32(), 1, 1}, {f32(3), 1, 3}, {f32(2, 3), 2, 3}, {f32(5, 2, 3), 10, 3}, {f32(0, 3), 0, 3}, {f32(3, 0), 3, 0},
	} {
		if kernels.Rows(c.a) != c.rows || kernels.Cols(c.a) != c.cols {
			t.Errorf("%v has %d rows of %d, want %d of %d", c.a.Shape, kernels.Rows(c.a), kernels.Cols(c.a), c.rows, c.cols)
		}
	}
}
