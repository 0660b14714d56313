package kernels_test

import (
	"testing"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

// array is memory of a type and shape, which no device needs to have.
func array(t device.DType, shape ...int) kernels.Array {
	return kernels.Array{Slice: (&device.Memory{Type: t, Len: kernels.Size(shape)}).All(), Shape: shape}
}

func f32(shape ...int) kernels.Array { return array(device.Float32, shape...) }
func f64(shape ...int) kernels.Array { return array(device.Float64, shape...) }
func i32(shape ...int) kernels.Array { return array(device.Int32, shape...) }

// TestCost counts by hand: operations, then bytes read and bytes written.
func TestCost(t *testing.T) {
	withoutDX := rnnGrad()
	withoutDX.DX = kernels.Array{}
	for _, c := range []struct {
		name       string
		k          device.Kernel
		ops, bytes int64
	}{
		{"a product: 2·2·4·3; A 6, B 12, C 8", kernels.MatMul{C: f32(2, 4), A: f32(2, 3), B: f32(3, 4)}, 48, 4 * (6 + 12 + 8)},
		{"in float64", kernels.MatMul{C: f64(2, 4), A: f64(2, 3), B: f64(3, 4)}, 48, 8 * (6 + 12 + 8)},
		{"with a bias 4", kernels.MatMul{C: f32(2, 4), A: f32(2, 3), B: f32(3, 4), Bias: f32(4)}, 48, 4 * (6 + 12 + 8 + 4)},
		{"and tanh, which is not counted", kernels.MatMul{C: f32(2, 4), A: f32(2, 3), B: f32(3, 4), F: kernels.Tanh}, 48, 4 * (6 + 12 + 8)},
		{"C is read as well", kernels.MatMul{C: f32(2, 4), A: f32(2, 3), B: f32(3, 4), Acc: true}, 48, 4 * (6 + 12 + 2*8)},
		{"transposed, folded: 2·3·5·8", kernels.MatMul{C: f32(3, 5), A: f32(2, 4, 3), B: f32(8, 5), TransA: true}, 240, 4 * (24 + 40 + 15)},
		{"of a size that int32 does not hold", kernels.MatMul{C: f32(1<<11, 1<<11), A: f32(1<<11, 1<<11), B: f32(1<<11, 1<<11)}, 1 << 34, 3 << 24},
		{"a sum of 6 in 3 columns", kernels.SumRows{Y: f32(3), X: f32(2, 3)}, 6, 4 * (6 + 3)},
		{"that is added", kernels.SumRows{Y: f32(3), X: f32(2, 3), Acc: true}, 6, 4 * (6 + 2*3)},
		{"6 functions", kernels.Activate{F: kernels.Tanh, Y: f32(2, 3), X: f32(2, 3)}, 6, 4 * 12},
		{"6 slopes", kernels.ActivateGrad{F: kernels.Tanh, DX: f32(6), DY: f32(6), Y: f32(6)}, 18, 4 * 18},
		{"6 sums, 3 broadcast", kernels.Binary{Op: kernels.Add, Z: f32(2, 3), X: f32(2, 3), Y: f32(3)}, 6, 4 * (6 + 6 + 3)},
		{"and back", kernels.BinaryGrad{Op: kernels.Add, DX: f32(2, 3), DY: f32(3), DZ: f32(2, 3), X: f32(2, 3), Y: f32(3)}, 24, 4 * (3*6 + 2*3)},
		{"a copy", kernels.Copy{Dst: f64(6), Src: f64(2, 3)}, 0, 8 * 12},
		{"a copy of 3 columns in 10 rows", kernels.CopyColumns{Cols: 3, Dst: f32(5, 2, 4), Src: f32(10, 6)}, 0, 4 * 2 * 30},
		{"a fill", kernels.Fill{Dst: f64(6)}, 0, 8 * 6},
		{"2 rows of a table, read and written, and 2 ids", kernels.Gather{Y: f64(2, 3), W: f64(7, 3), IDs: i32(2)}, 0, 8*2*6 + 4*2},
		{"2 terms of 3, read, and their sums read and written", kernels.ScatterAdd{DW: f64(7, 3), DY: f64(2, 3), IDs: i32(2)}, 6, 8*3*6 + 4*2},
		{"6 comparisons and products", kernels.Dropout{P: 0.5, Y: f32(6), X: f32(6)}, 12, 4 * 12},
		{"softmax", kernels.Softmax{Y: f32(2, 3), X: f32(2, 3)}, 24, 4 * 12},
		{"its gradient", kernels.SoftmaxGrad{DX: f32(2, 3), DY: f32(2, 3), Y: f32(2, 3)}, 24, 4 * 18},
		{"a loss", kernels.SoftmaxCrossEntropy{Loss: f64(), Losses: f64(2), P: f64(2, 3), X: f64(2, 3), Target: i32(2)}, 30, 8*(1+2+6+6) + 4*2},
		{"its gradient", kernels.SoftmaxCrossEntropyGrad{DX: f64(2, 3), P: f64(2, 3), Target: i32(2)}, 12, 8*12 + 4*2},
		{"2 rows of 3: a mean, a variance, and y of them; X, Y 6, Mean, RStd 2, Gamma, Beta 3",
			kernels.LayerNorm{Y: f64(2, 3), Mean: f64(2), RStd: f64(2), X: f64(2, 3), Gamma: f64(3), Beta: f64(3)}, 48, 8 * (2*6 + 2*2 + 2*3)},
		{"and back: DX, DY, X 6, DGamma, DBeta 3 twice, Mean, RStd 2, Gamma 3",
			kernels.LayerNormGrad{DX: f64(2, 3), DGamma: f64(3), DBeta: f64(3), DY: f64(2, 3), X: f64(2, 3), Mean: f64(2), RStd: f64(2), Gamma: f64(3)},
			84, 8 * (3*6 + 2*2*3 + 2*2 + 3)},
		{"6 losses, and one", kernels.ElementLoss{F: kernels.Squared, Loss: f64(), Losses: f64(6), X: f64(6), Target: f64(6)}, 24, 8 * (1 + 3*6)},
		{"6 gradients", kernels.ElementLossGrad{F: kernels.Squared, DX: f64(6), X: f64(6), Target: f64(6)}, 18, 8 * 18},
		{"5 steps of 2 rows, 3 inputs, 4 units: 2·5·2·4·(3+4); H 48 twice, Y 40, X 30, Wx 12, Wh 16, Bias 4, Lengths 2",
			rnn(), 560, 4 * (2*48 + 40 + 30 + 12 + 16 + 4 + 2)},
		{"and back: twice that; DX 30, DH0 8, DWx 12, DWh 16, DBias 4 twice, DZ 40, DY 40, DHT 8, H 48, X 30, Wx 12, Wh 16, Lengths 2",
			rnnGrad(), 1120, 4 * (30 + 8 + 2*(12+16+4) + 40 + 40 + 8 + 48 + 30 + 12 + 16 + 2)},
		{"four times the RNN's; H and C 48 twice, Y 40, Gates 160, X 30, Wx 48, Wh 64, Bias 16, Lengths 2",
			lstm(), 2240, 4 * (2*48 + 2*48 + 40 + 160 + 30 + 48 + 64 + 16 + 2)},
		{"and back: DX 30, DH0 and DC0 8, DWx 48, DWh 64, DBias 16 twice, DZ 160, DY 40, DHT and DCT 8, H and C 48, Gates 160, X 30, Wx 48, Wh 64, Lengths 2",
			lstmGrad(), 4480, 4 * (30 + 2*8 + 2*(48+64+16) + 160 + 40 + 2*8 + 2*48 + 160 + 30 + 48 + 64 + 2)},
		{"three times the RNN's; H 48 twice, Y and Q 40, Gates 120, X 30, Wx 36, Wh 48, BX and BH 12, Lengths 2",
			gru(), 1680, 4 * (2*48 + 2*40 + 120 + 30 + 36 + 48 + 2*12 + 2)},
		{"and back: DX 30, DH0 8, DWx 36, DWh 48, DBX and DBH 12 twice, DZ 120, DQ and DY 40, DHT 8, H 48, Gates 120, Q 40, X 30, Wx 36, Wh 48, Lengths 2",
			gruGrad(), 3360, 4 * (30 + 8 + 2*(36+48+2*12) + 120 + 2*40 + 8 + 48 + 120 + 40 + 30 + 36 + 48 + 2)},
		{"without DX: 3 of the 14 terms less", withoutDX, 880, 4 * (8 + 2*(12+16+4) + 40 + 40 + 8 + 48 + 30 + 12 + 16 + 2)},
		{"a plain step", kernels.SGD{P: f32(6), G: f32(6)}, 24, 4 * (2*6 + 6)},
		{"with momentum", kernels.SGD{P: f32(6), G: f32(6), V: f32(6)}, 24, 4 * (2*6 + 6 + 2*6)},
		{"AdaGrad", kernels.AdaGrad{P: f32(6), G: f32(6), S: f32(6)}, 42, 4 * (2*6 + 6 + 2*6)},
		{"RMSprop", kernels.RMSprop{P: f32(6), G: f32(6), S: f32(6)}, 54, 4 * (2*6 + 6 + 2*6)},
		{"Adam", kernels.Adam{P: f32(6), G: f32(6), M: f32(6), V: f32(6)}, 84, 4 * (2*6 + 6 + 4*6)},
		{"6 squares", kernels.SumSquares{Y: f32(), X: f32(6)}, 12, 4 * 7},
		{"that are added", kernels.SumSquares{Y: f32(), X: f32(6), Acc: true}, 12, 4 * 8},
		{"clipping", kernels.ClipNorm{X: f32(6), SumSq: f32()}, 6, 4 * (2*6 + 1)},
	} {
		if got := c.k.Cost(); got.Ops != c.ops || got.Bytes != c.bytes {
			t.Errorf("%s, %s: %d operations and %d bytes, want %d and %d", c.k.Name(), c.name, got.Ops, got.Bytes, c.ops, c.bytes)
		}
	}
}
