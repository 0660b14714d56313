package cpu

import (
	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/cpu/gemm"
	"github.com/keisan-go/keisan/device/cpu/internal/par"
	"github.com/keisan-go/keisan/kernels"
)

// worth is how many elements of elementwise work are worth a goroutine of their own, some 10 µs; costly is how many simple
// ones a transcendental function is worth.
const worth, costly = 1 << 15, 4

// grain is how many items of so many elements each are worth a goroutine of their own.
func grain(elements int) int { return 1 + worth/(1+elements) }

// Run does a kernel that was checked. None can fail.
func (d *cpu) Run(k device.Kernel, _ func()) error {
	switch k := k.(type) {
	case *kernels.MatMul:
		d.code(k.C.Type()).matMul(d, k)
	case *kernels.SumRows:
		d.code(k.Y.Type()).sumRows(d, k)
	case *kernels.Activate:
		d.team.For(k.Y.Len(), grain(costly), k, d.code(k.Y.Type()).activate)
	case *kernels.ActivateGrad:
		d.team.For(k.Y.Len(), worth, k, d.code(k.Y.Type()).activateGrad)
	case *kernels.Binary:
		d.team.For(k.Z.Len(), worth, k, d.code(k.Z.Type()).binary)
	case *kernels.BinaryGrad:
		d.team.For(k.DX.Len(), grain(k.DZ.Len()/max(1, k.DX.Len())), k, d.code(k.DX.Type()).binaryGradX)
		d.team.For(k.DY.Len(), grain(k.DZ.Len()/max(1, k.DY.Len())), k, d.code(k.DY.Type()).binaryGradY)
	case *kernels.Copy:
		d.move(hostBytes(k.Dst.Slice), hostBytes(k.Src.Slice))
	case *kernels.CopyColumns:
		d.team.For(kernels.Rows(k.Src), grain(k.Cols), k, d.code(k.Dst.Type()).copyColumns)
	case *kernels.Fill:
		d.team.For(k.Dst.Len(), worth, k, d.code(k.Dst.Type()).fill)
	case *kernels.Gather:
		d.team.For(k.IDs.Len(), grain(kernels.Cols(k.Y)), k, d.code(k.Y.Type()).gather)
	case *kernels.ScatterAdd:
		blocks := (kernels.Cols(k.DW) + scatterBlock - 1) / scatterBlock
		d.team.Split(blocks, grain(scatterBlock*k.IDs.Len()), k, d.code(k.DW.Type()).scatterAdd)
	case *kernels.Dropout:
		times, period := k.Dims()
		d.team.For(dropoutBlocks(period), grain(4*(costly+times)), k, d.code(k.Y.Type()).dropout)
	case *kernels.Softmax:
		d.team.For(kernels.Rows(k.X), grain(costly*kernels.Cols(k.X)), k, d.code(k.X.Type()).softmax)
	case *kernels.SoftmaxGrad:
		d.team.For(kernels.Rows(k.Y), grain(kernels.Cols(k.Y)), k, d.code(k.Y.Type()).softmaxGrad)
	case *kernels.SoftmaxCrossEntropy:
		d.team.For(kernels.Rows(k.X), grain(costly*kernels.Cols(k.X)), k, d.code(k.X.Type()).crossEntropy)
		d.code(k.X.Type()).totalLoss(k.Loss, k.Losses, k.Scale)
	case *kernels.SoftmaxCrossEntropyGrad:
		d.team.For(kernels.Rows(k.P), grain(kernels.Cols(k.P)), k, d.code(k.P.Type()).crossEntropyGrad)
	case *kernels.LayerNorm:
		d.team.For(kernels.Rows(k.X), grain(costly*kernels.Cols(k.X)), k, d.code(k.X.Type()).layerNorm)
	case *kernels.LayerNormGrad:
		d.team.For(kernels.Rows(k.X), grain(costly*kernels.Cols(k.X)), k, d.code(k.X.Type()).layerNormGrad)
		d.team.For(kernels.Cols(k.X), grain(kernels.Rows(k.X)), k, d.code(k.X.Type()).layerNormSums)
	case *kernels.ElementLoss:
		d.team.For(k.X.Len(), grain(costly), k, d.code(k.X.Type()).elementLoss)
		d.code(k.X.Type()).totalLoss(k.Loss, k.Losses, k.Scale)
	case *kernels.ElementLossGrad:
		d.team.For(k.X.Len(), grain(costly), k, d.code(k.X.Type()).elementLossGrad)
	case *kernels.RNN:
		d.code(k.X.Type()).rnn(d, k)
	case *kernels.RNNGrad:
		d.code(k.X.Type()).rnnGrad(d, k)
	case *kernels.LSTM:
		d.code(k.X.Type()).lstm(d, k)
	case *kernels.LSTMGrad:
		d.code(k.X.Type()).lstmGrad(d, k)
	case *kernels.GRU:
		d.code(k.X.Type()).gru(d, k)
	case *kernels.GRUGrad:
		d.code(k.X.Type()).gruGrad(d, k)
	case *kernels.SGD:
		d.team.For(k.P.Len(), worth, k, d.code(k.P.Type()).sgd)
	case *kernels.AdaGrad:
		d.team.For(k.P.Len(), worth, k, d.code(k.P.Type()).adaGrad)
	case *kernels.RMSprop:
		d.team.For(k.P.Len(), worth, k, d.code(k.P.Type()).rmsprop)
	case *kernels.Adam:
		d.team.For(k.P.Len(), worth, k, d.code(k.P.Type()).adam)
	case *kernels.SumSquares:
		d.code(k.X.Type()).sumSquares(d, k)
	case *kernels.ClipNorm:
		d.team.For(k.X.Len(), worth, k, d.code(k.X.Type()).clipNorm)
	default:
		device.Panicf("cpu: there is no kernel %s", k.Name())
	}
	return nil
}

// code is the kernels' functions for one element type: whole kernels, and loops over independent items (elements, rows,
// columns, rows of a batch) of the kernel that they get as their argument.
type code struct {
	matMul     func(*cpu, *kernels.MatMul)
	rnn        func(*cpu, *kernels.RNN)
	rnnGrad    func(*cpu, *kernels.RNNGrad)
	lstm       func(*cpu, *kernels.LSTM)
	lstmGrad   func(*cpu, *kernels.LSTMGrad)
	gru        func(*cpu, *kernels.GRU)
	gruGrad    func(*cpu, *kernels.GRUGrad)
	sumRows    func(*cpu, *kernels.SumRows)
	sumSquares func(*cpu, *kernels.SumSquares)
	totalLoss  func(loss, losses kernels.Array, scale float64)

	sums, copyColumns, fill           par.Body
	gather, scatterAdd, dropout       par.Body
	activate, activateGrad            par.Body
	binary, binaryGradX, binaryGradY  par.Body
	softmax, softmaxGrad              par.Body
	crossEntropy, crossEntropyGrad    par.Body
	rnnForward, rnnBackward           par.Body
	elementLoss, elementLossGrad      par.Body
	layerNorm                         par.Body
	layerNormGrad, layerNormSums      par.Body
	rnnForwardPart, rnnBackwardPart   par.StepBody
	lstmForwardPart, lstmBackwardPart par.StepBody
	gruForwardPart, gruBackwardPart   par.StepBody
	lstmForward, lstmBackward         par.Body
	gruForward, gruBackward           par.Body
	sgd, adaGrad, rmsprop, adam       par.Body
	squares, clipNorm                 par.Body
}

// codeOf is the functions for T. A device makes them once, because Go allocates the value of a generic function wherever
// another generic function refers to it.
func codeOf[T device.Float]() *code {
	return &code{
		matMul: matMul[T], rnn: rnn[T], rnnGrad: rnnGrad[T], lstm: lstm[T], lstmGrad: lstmGrad[T], gru: gru[T], gruGrad: gruGrad[T],
		sumRows: sumRowsOf[T], sumSquares: sumSquares[T], totalLoss: totalLoss[T],
		sums: sums[T], copyColumns: copyColumns[T], fill: fill[T],
		gather: gather[T], scatterAdd: scatterAdd[T], dropout: dropout[T],
		activate: activate[T], activateGrad: activateGrad[T],
		binary: binary[T], binaryGradX: binaryGradX[T], binaryGradY: binaryGradY[T],
		softmax: softmax[T], softmaxGrad: softmaxGrad[T],
		crossEntropy: crossEntropy[T], crossEntropyGrad: crossEntropyGrad[T],
		rnnForward: rnnForward[T], rnnBackward: rnnBackward[T],
		elementLoss: elementLoss[T], elementLossGrad: elementLossGrad[T],
		layerNorm: layerNorm[T], layerNormGrad: layerNormGrad[T], layerNormSums: layerNormSums[T],
		rnnForwardPart: rnnForwardPart[T], rnnBackwardPart: rnnBackwardPart[T],
		lstmForward: lstmForward[T], lstmBackward: lstmBackward[T],
		lstmForwardPart: lstmForwardPart[T], lstmBackwardPart: lstmBackwardPart[T],
		gruForward: gruForward[T], gruBackward: gruBackward[T],
		gruForwardPart: gruForwardPart[T], gruBackwardPart: gruBackwardPart[T],
		sgd: sgd[T], adaGrad: adaGrad[T], rmsprop: rmsprop[T], adam: adam[T],
		squares: squares[T], clipNorm: clipNorm[T],
	}
}

// code is the functions for an element type.
func (d *cpu) code(t device.DType) *code {
	if t == device.Float32 {
		return d.code32
	}
	return d.code64
}

// scratch is what the kernels of one element type keep between launches, so that no launch allocates.
type scratch[T device.Float] struct {
	mul     gemm.Multiplier[T]
	summing summing[T]
	rnn     rnnRows[T]
	lstm    lstmRows[T]
	gru     gruRows[T]
	squared []T       // what sumSquares sums
	sums    []float64 // of its blocks

	activations [kernels.ReLU + 1]func(c []T) // what products finish elements with
	activate    kernels.Activate              // of a product that does not
}

func scratchOf[T device.Float](d *cpu) *scratch[T] {
	if s, ok := any(&d.f32).(*scratch[T]); ok {
		return s
	}
	return any(&d.f64).(*scratch[T])
}
