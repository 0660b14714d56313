package devicetest

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/keisan-go/keisan/device"
	_ "github.com/keisan-go/keisan/device/cpu"
	"github.com/keisan-go/keisan/kernels"
)

// TestFaults plants faults in a device that is right otherwise, one at a time. The suite must find each.
func TestFaults(t *testing.T) {
	if raceEnabled() {
		t.Skip("they are found without the race detector, in a tenth of the time")
	}
	checks := map[string][]check{}
	for _, g := range groups([]device.DType{device.Float64, device.Float32}, false) {
		checks[g.name] = g.checks
		for _, c := range g.checks {
			checks[g.name+"/"+c.name] = []check{c}
		}
	}
	for _, f := range faults {
		t.Run(f.by+"/"+f.name, func(t *testing.T) {
			found, err := find(checks[f.by], f.plant)
			if err == nil {
				t.Fatal("no check finds it")
			}
			message, _, _ := strings.Cut(err.Error(), "\n")
			t.Logf("%s: %.160s", found, message)
		})
	}
	t.Logf("%d faults", len(faults))
}

// find makes checks on a device with a fault until one of them finds it.
func find(checks []check, plant func(d device.Device) device.Device) (string, error) {
	open := func() (device.Device, error) {
		d, err := device.Open("cpu")
		return plant(d), err
	}
	l, err := newLab(open)
	if err != nil {
		return "", err
	}
	defer l.d.Close()
	for _, c := range checks {
		if err := c.try(l); err != nil {
			return c.name, err
		}
	}
	return "", nil
}

// faults are what backends get wrong: mistakes with operands and their shapes, at edges, with options, in the numbers, and
// in what a device promises beside kernels.
var faults = slices.Concat(matMulFaults, elementwiseFaults, softmaxFaults, rnnFaults, lstmFaults, gruFaults, optimFaults, copyFaults,
	gatherFaults, dropoutFaults, layerNormFaults, lossFaults, deviceFaults)

var matMulFaults = []fault{
	edit("A is not transposed", func(k *kernels.MatMul) { k.TransA = k.TransA && !square(k.A) }),
	edit("B is not transposed", func(k *kernels.MatMul) { k.TransB = k.TransB && !square(k.B) }),
	edit("A and B are swapped", func(k *kernels.MatMul) {
		if square(k.A) && square(k.B) {
			k.A, k.B, k.TransA, k.TransB = k.B, k.A, k.TransB, k.TransA
		}
	}),
	edit("it does not add", func(k *kernels.MatMul) { k.Acc = false }),
	edit("it always adds", func(k *kernels.MatMul) { k.Acc = true }),
	edit("the bias is left out", func(k *kernels.MatMul) { k.Bias = device.Array{} }),
	edit("the last row is left out", func(k *kernels.MatMul) {
		if !k.TransA {
			k.C, k.A = butLast(k.C), butLast(k.A)
		}
	}),
	edit("the last term is left out", func(k *kernels.MatMul) {
		if k.TransA && !k.TransB {
			k.A, k.B = butLast(k.A), butLast(k.B)
		}
	}),
	edit("terms after the 256th are left out", func(k *kernels.MatMul) {
		if _, _, terms := k.Dims(); terms > 256 && k.TransA && !k.TransB {
			k.A, k.B = rows(k.A, 0, 256), rows(k.B, 0, 256)
		}
	}),
	spoil("the last column is that beside it", ofC, func(k *kernels.MatMul, d device.Device, c []float64) {
		for i, n := 0, kernels.Cols(k.C); n > 16 && i < len(c); i += n {
			c[i+n-1] = c[i+n-2]
		}
	}),
	spoil("only the first row gets the bias", ofC, func(k *kernels.MatMul, d device.Device, c []float64) {
		for i := kernels.Cols(k.C); !k.Bias.IsZero() && i < len(c); i++ {
			c[i] -= read(d, k.Bias)[i%kernels.Cols(k.C)]
		}
	}),
	edit("its function is left out", func(k *kernels.MatMul) { k.F = 0 }),
	edit("its sigmoid is tanh", func(k *kernels.MatMul) {
		if k.F == kernels.Sigmoid {
			k.F = kernels.Tanh
		}
	}),
	edit("its function is left out where rows are many", func(k *kernels.MatMul) {
		if kernels.Rows(k.C) > 128 {
			k.F = 0
		}
	}),
	in("its function comes before the bias", func(d device.Device, k *kernels.MatMul) {
		if k.F == 0 || k.Bias.IsZero() {
			d.Launch(*k)
			return
		}
		bias := read(d, k.Bias)
		k.Bias = device.Array{}
		d.Launch(*k)
		c := read(d, k.C)
		for i := range c {
			c[i] += bias[i%len(bias)]
		}
		write(d, k.C, c)
	}),
	spoil("its function is applied twice", ofC, func(k *kernels.MatMul, d device.Device, c []float64) {
		for i, v := range c {
			if k.F != 0 {
				c[i] = value(k.F, v)
			}
		}
	}),
	spoil("it computes in half precision", ofC, func(k *kernels.MatMul, d device.Device, c []float64) {
		for i, v := range c {
			c[i] = float64(math.Float32frombits(math.Float32bits(float32(v)) &^ (1<<13 - 1)))
		}
	}),
	spoil("it computes float64 in float32", ofC, func(k *kernels.MatMul, d device.Device, c []float64) {
		for i, v := range c {
			c[i] = float64(float32(v))
		}
	}),
	spoil("0·NaN is 0", ofC, func(k *kernels.MatMul, d device.Device, c []float64) {
		for i, v := range c {
			if math.IsNaN(v) {
				c[i] = 0
			}
		}
	}),
	in("it uses A for something else", func(d device.Device, k *kernels.MatMul) {
		d.Launch(*k)
		d.Launch(kernels.Fill{Dst: k.A})
	}),
	edit("SumRows: the last row is left out", func(k *kernels.SumRows) { k.X = butLast(k.X) }),
	edit("SumRows: it does not add", func(k *kernels.SumRows) { k.Acc = false }),
	edit("SumRows: rows after the 65536th are left out", func(k *kernels.SumRows) {
		if kernels.Rows(k.X) > 1<<16 {
			k.X = rows(k.X, 0, 1<<16)
		}
	}),
	in("SumRows: the transpose is summed", func(d device.Device, k *kernels.SumRows) {
		d.Launch(*k)
		if square(k.X) {
			x, y := read(d, k.X), make([]float64, k.Y.Len())
			for i, v := range x {
				y[i/len(y)] += v
			}
			write(d, k.Y, y)
		}
	}),
}

func ofC(k *kernels.MatMul) device.Array { return k.C }

var elementwiseFaults = []fault{
	in("it writes behind the end", func(d device.Device, k *kernels.Activate) {
		d.Launch(*k)
		if a, ok := beyond(k.Y, 1); ok {
			write(d, a, []float64{1})
		}
	}),
	in("it writes before the beginning", func(d device.Device, k *kernels.Activate) {
		d.Launch(*k)
		if a, ok := beyond(k.Y, -1); ok {
			write(d, a, []float64{1})
		}
	}),
	edit("what fills no vector of 4 is left out", func(k *kernels.Activate) {
		if n := k.X.Len() &^ 3; len(k.X.Shape) == 1 && n > 0 {
			k.X, k.Y = rows(k.X, 0, n), rows(k.Y, 0, n)
		}
	}),
	edit("what is beyond 65535 groups is left out", func(k *kernels.Activate) {
		if k.X.Len() > 65_535 && len(k.X.Shape) == 1 {
			k.X, k.Y = rows(k.X, 0, 65_535), rows(k.Y, 0, 65_535)
		}
	}),
	edit("sigmoid is tanh", func(k *kernels.Activate) {
		if k.F == kernels.Sigmoid {
			k.F = kernels.Tanh
		}
	}),
	activation("tanh is 1 too early", kernels.Tanh, func(t device.DType, x, y float64) float64 {
		if x > 8 {
			return 1
		}
		return y
	}),
	activation("tanh(x) is x too far out", kernels.Tanh, func(t device.DType, x, y float64) float64 {
		if math.Abs(x) < 1e-3 {
			return x
		}
		return y
	}),
	activation("tanh(-0) is 0", kernels.Tanh, func(t device.DType, x, y float64) float64 { return y + 0 }),
	activation("sigmoid is 0 too early", kernels.Sigmoid, func(t device.DType, x, y float64) float64 {
		if x < -87 {
			return 0
		}
		return y
	}),
	activation("sigmoid is off by 3 ulp", kernels.Sigmoid, func(t device.DType, x, y float64) float64 {
		if x > -3 && x < -2 {
			return nudged(t, y, 3)
		}
		return y
	}),
	activation("ReLU loses NaN", kernels.ReLU, func(t device.DType, x, y float64) float64 {
		if math.IsNaN(x) {
			return 0
		}
		return y
	}),
	activation("ReLU(-0) is -0", kernels.ReLU, func(t device.DType, x, y float64) float64 {
		if x == 0 {
			return x
		}
		return y
	}),
	spoil("the slope of tanh near 1 loses its digits", func(k *kernels.ActivateGrad) device.Array { return k.DX },
		func(k *kernels.ActivateGrad, d device.Device, dx []float64) {
			if k.F == kernels.Tanh && k.DX.Type() == device.Float32 && k.DX.Slice != k.DY.Slice && k.DX.Slice != k.Y.Slice {
				dy := read(d, k.DY)
				for i, y := range read(d, k.Y) {
					dx[i] = dy[i] * float64(1-float32(y)*float32(y))
				}
			}
		}),
	edit("DY and Y are swapped", func(k *kernels.ActivateGrad) { k.DY, k.Y = k.Y, k.DY }),
	edit("X and Y are swapped", func(k *kernels.Binary) {
		if slices.Equal(k.X.Shape, k.Y.Shape) {
			k.X, k.Y = k.Y, k.X
		}
	}),
	edit("a column is taken for a row", func(k *kernels.Binary) {
		if n := len(k.Y.Shape); n == 2 && k.Y.Shape[1] == 1 {
			k.Y.Shape = []int{1, k.Y.Shape[0]}
		}
	}),
	edit("a middle axis is taken for the last", func(k *kernels.Binary) {
		if slices.Equal(k.Y.Shape, []int{3, 1}) && len(k.X.Shape) == 3 {
			k.Y.Shape = []int{3}
		}
	}),
	spoil("-0 is 0", func(k *kernels.Binary) device.Array { return k.Z }, func(k *kernels.Binary, d device.Device, z []float64) {
		for i := range z {
			z[i] += 0
		}
	}),
	spoil("it is stale where it is broadcast", func(k *kernels.Binary) device.Array { return k.Z }, func(k *kernels.Binary, d device.Device, z []float64) {
		if k.Y.Len() < len(z) && len(z) > 300 {
			copy(z[256:], z[:1])
		}
	}),
	edit("DX and DY are swapped", func(k *kernels.BinaryGrad) {
		if slices.Equal(k.X.Shape, k.Y.Shape) {
			k.DX, k.DY = k.DY, k.DX
		}
	}),
	spoil("dy of a quotient lacks its sign", func(k *kernels.BinaryGrad) device.Array { return k.DY }, func(k *kernels.BinaryGrad, d device.Device, dy []float64) {
		for i := range dy {
			if k.Op == kernels.Div {
				dy[i] = -dy[i]
			}
		}
	}),
	spoil("the last row is not summed", func(k *kernels.BinaryGrad) device.Array { return k.DY }, func(k *kernels.BinaryGrad, d device.Device, dy []float64) {
		if k.Op == kernels.Add && len(k.DZ.Shape) == 2 && len(k.Y.Shape) == 1 && len(k.X.Shape) == 2 && k.DZ.Len() > 0 {
			for i, dz := range read(d, rows(k.DZ, k.DZ.Shape[0]-1, k.DZ.Shape[0])) {
				dy[i%len(dy)] -= dz
			}
		}
	}),
}

// activation spoils the results of a function.
func activation(name string, f kernels.Activation, change func(t device.DType, x, y float64) float64) fault {
	return in(name, func(d device.Device, k *kernels.Activate) {
		x := read(d, k.X)
		d.Launch(*k)
		if y := read(d, k.Y); k.F == f {
			for i := range y {
				y[i] = change(k.Y.Type(), x[i], y[i])
			}
			write(d, k.Y, y)
		}
	})
}

var softmaxFaults = []fault{
	in("exp(x) overflows", func(d device.Device, k *kernels.Softmax) {
		x := read(d, k.X)
		d.Launch(*k)
		y := read(d, k.Y)
		for i := range y {
			if x[i] > 88 {
				y[i] = math.NaN()
			}
		}
		write(d, k.Y, y)
	}),
	in("it goes along the wrong axis", func(d device.Device, k *kernels.Softmax) {
		x := read(d, k.X)
		d.Launch(*k)
		if square(k.X) {
			n := k.X.Shape[0]
			for j := range n {
				for i, p := range softmaxOf(pick(x, k.X.Shape, 1, j, j+1)).p {
					x[i*n+j] = p
				}
			}
			write(d, k.Y, x)
		}
	}),
	spoil("a row of -Inf gives 0", func(k *kernels.Softmax) device.Array { return k.Y }, func(k *kernels.Softmax, d device.Device, y []float64) {
		for i, v := range y {
			if math.IsNaN(v) {
				y[i] = 0
			}
		}
	}),
	spoil("the last element of a row is left out of the sum", func(k *kernels.Softmax) device.Array { return k.Y }, func(k *kernels.Softmax, d device.Device, y []float64) {
		for n := kernels.Cols(k.Y); n > 300 && len(y) > 0; y = y[n:] {
			for i := range n {
				y[i] /= 1 - y[n-1]
			}
		}
	}),
	in("Σ DY·Y is not subtracted", func(d device.Device, k *kernels.SoftmaxGrad) {
		d.Launch(kernels.Binary{Op: kernels.Mul, Z: k.DX, X: k.DY, Y: k.Y})
	}),
	edit("DY and Y are swapped", func(k *kernels.SoftmaxGrad) { k.DY, k.Y = k.Y, k.DY }),
	edit("the loss is not scaled", func(k *kernels.SoftmaxCrossEntropy) { k.Scale = 1 }),
	spoil("ignored rows have a loss", func(k *kernels.SoftmaxCrossEntropy) device.Array { return k.Losses }, func(k *kernels.SoftmaxCrossEntropy, d device.Device, losses []float64) {
		for i, target := range read(d, k.Target) {
			if target == -1 {
				losses[i] = 1
			}
		}
	}),
	spoil("wrong targets have no loss", func(k *kernels.SoftmaxCrossEntropy) device.Array { return k.Losses }, func(k *kernels.SoftmaxCrossEntropy, d device.Device, losses []float64) {
		for i, target := range read(d, k.Target) {
			if target < 0 || int(target) >= kernels.Cols(k.X) {
				losses[i] = 0
			}
		}
	}),
	spoil("the loss is the logarithm of a probability that is 0", func(k *kernels.SoftmaxCrossEntropy) device.Array { return k.Losses }, func(k *kernels.SoftmaxCrossEntropy, d device.Device, losses []float64) {
		p := read(d, k.P)
		for i, target := range read(d, k.Target) {
			if n := kernels.Cols(k.P); target >= 0 && int(target) < n {
				losses[i] = -math.Log(p[i*n+int(target)])
			}
		}
	}),
	spoil("the last row's loss is not summed", func(k *kernels.SoftmaxCrossEntropy) device.Array { return k.Loss }, func(k *kernels.SoftmaxCrossEntropy, d device.Device, loss []float64) {
		if losses := read(d, k.Losses); len(losses) > 1 {
			loss[0] -= k.Scale * losses[len(losses)-1]
		}
	}),
	spoil("ignored rows have a gradient", func(k *kernels.SoftmaxCrossEntropyGrad) device.Array { return k.DX }, func(k *kernels.SoftmaxCrossEntropyGrad, d device.Device, dx []float64) {
		for i, target := range read(d, k.Target) {
			if n := kernels.Cols(k.DX); target == -1 && n > 0 {
				dx[i*n] = k.Scale
			}
		}
	}),
	spoil("1 is subtracted beside the target", func(k *kernels.SoftmaxCrossEntropyGrad) device.Array { return k.DX }, func(k *kernels.SoftmaxCrossEntropyGrad, d device.Device, dx []float64) {
		for i, target := range read(d, k.Target) {
			if n := kernels.Cols(k.DX); target >= 0 && int(target)+1 < n {
				dx[i*n+int(target)] += k.Scale
				dx[i*n+int(target)+1] -= k.Scale
			}
		}
	}),
	edit("the gradient is not scaled", func(k *kernels.SoftmaxCrossEntropyGrad) { k.Scale = 1 }),
}

// transposed is the transpose of a square array, in memory that free gives back.
func transposed(d device.Device, a device.Array) (t device.Array, free func()) {
	t = device.Array{Slice: d.Alloc(a.Type(), a.Len()), Shape: a.Shape}
	x, n := read(d, a), a.Shape[0]
	y := make([]float64, len(x))
	for i := range x {
		y[i%n*n+i/n] = x[i]
	}
	write(d, t, y)
	return t, func() { d.Free(t.Slice) }
}

var rnnFaults = []fault{
	edit("the bias is left out", func(k *kernels.RNN) { k.Bias = device.Array{} }),
	edit("the last step is left out", func(k *kernels.RNN) {
		if k.X.Shape[0] > 0 {
			k.H, k.X = butLast(k.H), butLast(k.X)
		}
	}),
	edit("Wx and Wh are swapped", func(k *kernels.RNN) {
		if square(k.Wx) {
			k.Wx, k.Wh = k.Wh, k.Wx
		}
	}),
	edit("tanh is sigmoid", func(k *kernels.RNN) {
		if k.F == kernels.Tanh {
			k.F = kernels.Sigmoid
		}
	}),
	in("Wh is transposed", func(d device.Device, k *kernels.RNN) {
		wh, free := transposed(d, k.Wh)
		defer free()
		c := *k
		c.Wh = wh
		d.Launch(c)
	}),
	in("the initial state is taken for 0", func(d device.Device, k *kernels.RNN) {
		first := initial(k.H, k.Reverse)
		h := read(d, first)
		d.Launch(kernels.Fill{Dst: first})
		d.Launch(*k)
		write(d, first, h)
	}),
	in("the initial state is overwritten", func(d device.Device, k *kernels.RNN) {
		d.Launch(*k)
		if k.X.Shape[0] > 0 {
			d.Launch(kernels.Copy{Dst: initial(k.H, k.Reverse), Src: initial(k.H, !k.Reverse)})
		}
	}),
	in("each step starts from the initial state", func(d device.Device, k *kernels.RNN) {
		d.Launch(*k)
		h := read(d, k.H)
		if steps, b, _, n := k.Dims(); steps > 1 && !k.Reverse && k.Lengths.IsZero() {
			for t := range steps {
				c := *k
				c.X, c.H = rows(k.X, t, t+1), device.Array{Slice: d.Alloc(k.H.Type(), 2*b*n), Shape: []int{2, b, n}}
				write(d, rows(c.H, 0, 1), h[:b*n])
				d.Launch(c)
				copy(h[(t+1)*b*n:], read(d, rows(c.H, 1, 2)))
				d.Free(c.H.Slice)
			}
		}
		write(d, k.H, h)
	}),
	in("rows after the 16th see the states of row 0", func(d device.Device, k *kernels.RNN) {
		d.Launch(*k)
		h := read(d, k.H)
		if steps, b, _, n := k.Dims(); b > 16 && steps > 0 {
			copy(h[(b+16)*n:(b+17)*n], h[b*n:(b+1)*n])
		}
		write(d, k.H, h)
	}),
	edit("it runs onwards", func(k *kernels.RNN) { k.Reverse = false }),
	in("rows have all steps", func(d device.Device, k *kernels.RNN) { lengthened(d, k.Lengths, k.X.Shape[0], k) }),
	in("rows have a step too many", func(d device.Device, k *kernels.RNN) { lengthened(d, k.Lengths, 1, k) }),
	spoil("a row's output goes on behind its end", func(k *kernels.RNN) device.Array { return k.Y }, func(k *kernels.RNN, d device.Device, y []float64) {
		if h, b := read(d, k.H), k.X.Shape[1]*k.Wh.Shape[0]; k.Reverse {
			copy(y, h)
		} else if len(h) > b {
			copy(y, h[b:])
		}
	}),
	spoil("a row's state is 0 behind its end", func(k *kernels.RNN) device.Array { return k.H }, func(k *kernels.RNN, d device.Device, h []float64) {
		if b := k.X.Shape[1] * k.Wh.Shape[0]; !k.Reverse && len(h) > b && !k.Y.IsZero() {
			copy(h[b:], read(d, k.Y))
		}
	}),
	overwritten("DWx is overwritten", func(k *kernels.RNNGrad) device.Array { return k.DWx }),
	overwritten("DWh is overwritten", func(k *kernels.RNNGrad) device.Array { return k.DWh }),
	overwritten("DBias is overwritten", func(k *kernels.RNNGrad) device.Array { return k.DBias }),
	edit("DBias is left out", func(k *kernels.RNNGrad) { k.DBias = device.Array{} }),
	spoil("DH0 is left 0", func(k *kernels.RNNGrad) device.Array { return k.DH0 }, func(k *kernels.RNNGrad, d device.Device, dh []float64) { clear(dh) }),
	spoil("DX is that of the step before", func(k *kernels.RNNGrad) device.Array { return k.DX }, func(k *kernels.RNNGrad, d device.Device, dx []float64) {
		if _, b, i, _ := k.Dims(); len(dx) > b*i {
			copy(dx[b*i:], slices.Clone(dx))
		}
	}),
	spoil("DWh sums over the states after the step", func(k *kernels.RNNGrad) device.Array { return k.DWh }, func(k *kernels.RNNGrad, d device.Device, dw []float64) {
		steps, b, _, n := k.Dims()
		h, dz, sign := read(d, k.H), read(d, k.DZ), 1.0
		if k.Reverse {
			sign = -1
		}
		for row := range steps * b {
			for i := range n {
				for j := range n {
					dw[i*n+j] += sign * (h[(row+b)*n+i] - h[row*n+i]) * dz[row*n+j]
				}
			}
		}
	}),
	in("Wh is not transposed going back", func(d device.Device, k *kernels.RNNGrad) {
		wh, free := transposed(d, k.Wh)
		defer free()
		c := *k
		c.Wh = wh
		d.Launch(c)
	}),
	in("the slope is that of the state before", func(d device.Device, k *kernels.RNNGrad) {
		d.Launch(*k)
		if k.F != kernels.Tanh || k.Reverse || !k.Lengths.IsZero() {
			return
		}
		_, b, _, n := k.Dims()
		h, dz := read(d, k.H), read(d, k.DZ)
		for i := range dz {
			dz[i] *= slope(k.F, h[i]) / slope(k.F, h[i+b*n])
		}
		write(d, k.DZ, dz)
	}),
	edit("it runs onwards", func(k *kernels.RNNGrad) { k.Reverse = false }),
	edit("rows have all steps", func(k *kernels.RNNGrad) { k.Lengths = device.Array{} }),
	in("rows have a step too many", func(d device.Device, k *kernels.RNNGrad) { lengthened(d, k.Lengths, 1, k) }),
	edit("DHT is left out", func(k *kernels.RNNGrad) { k.DHT = device.Array{} }),
	spoil("DH0 of a row without steps is 0", func(k *kernels.RNNGrad) device.Array { return k.DH0 }, func(k *kernels.RNNGrad, d device.Device, dh []float64) {
		for b, n := range read(d, k.Lengths) {
			if h := k.Wh.Shape[0]; n == 0 && k.X.Shape[0] > 0 {
				clear(dh[b*h : (b+1)*h])
			}
		}
	}),
	spoil("a row has a gradient behind its end", func(k *kernels.RNNGrad) device.Array { return k.DX }, func(k *kernels.RNNGrad, d device.Device, dx []float64) {
		for b, n := range read(d, k.Lengths) {
			if t := k.X.Shape[0]; int(n) < t && k.X.Shape[2] > 0 {
				dx[((t-1)*k.X.Shape[1]+b)*k.X.Shape[2]] = 1e-3
			}
		}
	}),
	without("without DX there is no DWx", func(k *kernels.RNNGrad) (dx, dwx device.Array) { return k.DX, k.DWx }),
}

// initial is the states that a kernel begins with.
func initial(states device.Array, reverse bool) device.Array {
	if n := states.Shape[0]; reverse {
		return rows(states, n-1, n)
	}
	return rows(states, 0, 1)
}

// without is a fault of a gradient that leaves out DWx as well where DX is left out.
func without[K device.Kernel](name string, of func(k *K) (dx, dwx device.Array)) fault {
	return in(name, func(d device.Device, k *K) {
		dx, dwx := of(k)
		before := read(d, dwx)
		d.Launch(*k)
		if dx.IsZero() {
			write(d, dwx, before)
		}
	})
}

// overwritten is a fault of a gradient that should be added.
func overwritten[K device.Kernel](name string, of func(k *K) device.Array) fault {
	return in(name, func(d device.Device, k *K) {
		if a := of(k); !a.IsZero() {
			d.Launch(kernels.Fill{Dst: a})
		}
		d.Launch(*k)
	})
}

var lstmFaults = []fault{
	edit("the bias is left out", func(k *kernels.LSTM) { k.Bias = device.Array{} }),
	edit("it runs onwards", func(k *kernels.LSTM) { k.Reverse = false }),
	in("rows have all steps", func(d device.Device, k *kernels.LSTM) { lengthened(d, k.Lengths, k.X.Shape[0], k) }),
	in("rows have a step too many", func(d device.Device, k *kernels.LSTM) { lengthened(d, k.Lengths, 1, k) }),
	in("the initial C is taken for 0", func(d device.Device, k *kernels.LSTM) {
		first := initial(k.C, k.Reverse)
		c := read(d, first)
		d.Launch(kernels.Fill{Dst: first})
		d.Launch(*k)
		write(d, first, c)
	}),
	spoil("H lacks its tanh", func(k *kernels.LSTM) device.Array { return k.H }, func(k *kernels.LSTM, d device.Device, h []float64) {
		c, gates, n := read(d, k.C), read(d, k.Gates), k.Wh.Shape[0]
		if k.Reverse || !k.Lengths.IsZero() || n == 0 {
			return
		}
		for row := range len(gates) / (4 * n) {
			for j := range n {
				at := (row+k.X.Shape[1])*n + j
				h[at] = gates[row*4*n+3*n+j] * c[at]
			}
		}
	}),
	spoil("the gates i and f are swapped", func(k *kernels.LSTM) device.Array { return k.Gates }, func(k *kernels.LSTM, d device.Device, gates []float64) {
		for n := k.Wh.Shape[0]; n > 0 && len(gates) > 0; gates = gates[4*n:] {
			copy(gates, slices.Concat(gates[n:2*n], gates[:n]))
		}
	}),
	spoil("a row's output goes on behind its end", func(k *kernels.LSTM) device.Array { return k.Y }, func(k *kernels.LSTM, d device.Device, y []float64) {
		h := read(d, k.H)
		if b := k.X.Shape[1] * k.Wh.Shape[0]; k.Reverse {
			copy(y, h)
		} else if len(h) > b {
			copy(y, h[b:])
		}
	}),
	spoil("a row's state is 0 behind its end", func(k *kernels.LSTM) device.Array { return k.H }, func(k *kernels.LSTM, d device.Device, h []float64) {
		if b := k.X.Shape[1] * k.Wh.Shape[0]; !k.Reverse && len(h) > b && !k.Y.IsZero() {
			copy(h[b:], read(d, k.Y))
		}
	}),
	overwritten("DWx is overwritten", func(k *kernels.LSTMGrad) device.Array { return k.DWx }),
	overwritten("DWh is overwritten", func(k *kernels.LSTMGrad) device.Array { return k.DWh }),
	overwritten("DBias is overwritten", func(k *kernels.LSTMGrad) device.Array { return k.DBias }),
	edit("DBias is left out", func(k *kernels.LSTMGrad) { k.DBias = device.Array{} }),
	edit("DHT is left out", func(k *kernels.LSTMGrad) { k.DHT = device.Array{} }),
	edit("DCT is left out", func(k *kernels.LSTMGrad) { k.DCT = device.Array{} }),
	edit("DHT and DCT are swapped", func(k *kernels.LSTMGrad) { k.DHT, k.DCT = k.DCT, k.DHT }),
	edit("it runs onwards", func(k *kernels.LSTMGrad) { k.Reverse = false }),
	edit("rows have all steps", func(k *kernels.LSTMGrad) { k.Lengths = device.Array{} }),
	edit("H and C are swapped", func(k *kernels.LSTMGrad) { k.H, k.C = k.C, k.H }),
	spoil("DC0 is left 0", func(k *kernels.LSTMGrad) device.Array { return k.DC0 }, func(k *kernels.LSTMGrad, d device.Device, dc []float64) { clear(dc) }),
	in("DC0 is that before the first step", func(d device.Device, k *kernels.LSTMGrad) {
		d.Launch(*k)
		dc, gates, n := read(d, k.DC0), read(d, k.Gates), k.Wh.Shape[0]
		if !k.Reverse && k.Lengths.IsZero() && k.X.Shape[0] > 0 {
			for i := range dc {
				dc[i] /= gates[i/n*4*n+n+i%n]
			}
		}
		write(d, k.DC0, dc)
	}),
	spoil("DWh sums over the states after the step", func(k *kernels.LSTMGrad) device.Array { return k.DWh }, func(k *kernels.LSTMGrad, d device.Device, dw []float64) {
		steps, b, _, n := k.Dims()
		h, dz, sign := read(d, k.H), read(d, k.DZ), 1.0
		if k.Reverse {
			sign = -1
		}
		for row := range steps * b {
			for i := range n {
				for j := range 4 * n {
					dw[i*4*n+j] += sign * (h[(row+b)*n+i] - h[row*n+i]) * dz[row*4*n+j]
				}
			}
		}
	}),
	without("without DX there is no DWx", func(k *kernels.LSTMGrad) (dx, dwx device.Array) { return k.DX, k.DWx }),
	spoil("a row has a gradient behind its end", func(k *kernels.LSTMGrad) device.Array { return k.DX }, func(k *kernels.LSTMGrad, d device.Device, dx []float64) {
		for b, n := range read(d, k.Lengths) {
			if t := k.X.Shape[0]; int(n) < t && k.X.Shape[2] > 0 {
				dx[((t-1)*k.X.Shape[1]+b)*k.X.Shape[2]] = 1e-3
			}
		}
	}),
}

var gruFaults = []fault{
	edit("BX is left out", func(k *kernels.GRU) { k.BX = device.Array{} }),
	edit("BH is left out", func(k *kernels.GRU) { k.BH = device.Array{} }),
	edit("BX and BH are swapped", func(k *kernels.GRU) { k.BX, k.BH = k.BH, k.BX }),
	edit("it resets after the product", func(k *kernels.GRU) { k.ResetBefore = false }),
	edit("it resets before the product", func(k *kernels.GRU) { k.ResetBefore = true }),
	edit("it runs onwards", func(k *kernels.GRU) { k.Reverse = false }),
	in("rows have all steps", func(d device.Device, k *kernels.GRU) { lengthened(d, k.Lengths, k.X.Shape[0], k) }),
	spoil("the gates r and z are swapped", func(k *kernels.GRU) device.Array { return k.Gates }, func(k *kernels.GRU, d device.Device, gates []float64) {
		for n := k.Wh.Shape[0]; n > 0 && len(gates) > 0; gates = gates[3*n:] {
			copy(gates, slices.Concat(gates[n:2*n], gates[:n]))
		}
	}),
	spoil("z and 1-z are swapped", func(k *kernels.GRU) device.Array { return k.H }, func(k *kernels.GRU, d device.Device, h []float64) {
		steps, b, _, n := k.Dims()
		if k.Reverse || !k.Lengths.IsZero() {
			return
		}
		gates := read(d, k.Gates)
		for row := range steps * b {
			for j := range n {
				z, new := gates[row*3*n+n+j], gates[row*3*n+2*n+j]
				h[(row+b)*n+j] = z*new + (1-z)*h[row*n+j]
			}
		}
	}),
	spoil("Q is not that of the step", func(k *kernels.GRU) device.Array { return k.Q }, func(k *kernels.GRU, d device.Device, q []float64) {
		if b := k.X.Shape[1] * k.Wh.Shape[0]; len(q) > b {
			copy(q, q[b:])
		}
	}),
	spoil("a row's output goes on behind its end", func(k *kernels.GRU) device.Array { return k.Y }, func(k *kernels.GRU, d device.Device, y []float64) {
		if h, b := read(d, k.H), k.X.Shape[1]*k.Wh.Shape[0]; len(h) > b {
			copy(y, h[b:])
		}
	}),
	overwritten("DWx is overwritten", func(k *kernels.GRUGrad) device.Array { return k.DWx }),
	overwritten("DWh is overwritten", func(k *kernels.GRUGrad) device.Array { return k.DWh }),
	overwritten("DBX is overwritten", func(k *kernels.GRUGrad) device.Array { return k.DBX }),
	overwritten("DBH is overwritten", func(k *kernels.GRUGrad) device.Array { return k.DBH }),
	edit("DBX and DBH are swapped", func(k *kernels.GRUGrad) { k.DBX, k.DBH = k.DBH, k.DBX }),
	edit("DHT is left out", func(k *kernels.GRUGrad) { k.DHT = device.Array{} }),
	edit("it resets after the product", func(k *kernels.GRUGrad) { k.ResetBefore = false }),
	edit("it resets before the product", func(k *kernels.GRUGrad) { k.ResetBefore = true }),
	edit("it runs onwards", func(k *kernels.GRUGrad) { k.Reverse = false }),
	edit("rows have all steps", func(k *kernels.GRUGrad) { k.Lengths = device.Array{} }),
	without("without DX there is no DWx", func(k *kernels.GRUGrad) (dx, dwx device.Array) { return k.DX, k.DWx }),
	in("the state's own share is left out of DH0", func(d device.Device, k *kernels.GRUGrad) {
		d.Launch(*k)
		steps, b, _, n := k.Dims()
		if k.Reverse || !k.Lengths.IsZero() || steps != 1 {
			return
		}
		dh, dy, gates := read(d, k.DH0), read(d, k.DY), read(d, k.Gates)
		for row := range b {
			for j := range n {
				dh[row*n+j] -= dy[row*n+j] * gates[row*3*n+n+j]
			}
		}
		write(d, k.DH0, dh)
	}),
}

// lengthened launches a kernel whose rows have so many steps more than they should.
func lengthened(d device.Device, lengths device.Array, by int, k device.Kernel) {
	if lengths.IsZero() {
		d.Launch(k)
		return
	}
	right := read(d, lengths)
	longer := slices.Clone(right)
	for i := range longer {
		longer[i] += float64(by)
	}
	write(d, lengths, longer)
	d.Launch(k)
	write(d, lengths, right)
}

var optimFaults = []fault{
	edit("Nesterov's is the plain momentum", func(k *kernels.SGD) { k.Nesterov = false }),
	edit("LR is rounded to half precision", func(k *kernels.SGD) { k.LR = float64(float32(k.LR)) * (1 + 0x1p-12) }),
	in("V is not kept", func(d device.Device, k *kernels.SGD) {
		if k.V.IsZero() {
			d.Launch(*k)
			return
		}
		v := read(d, k.V)
		d.Launch(*k)
		write(d, k.V, v)
	}),
	in("Eps is under the root", func(d device.Device, k *kernels.AdaGrad) {
		p := read(d, k.P)
		d.Launch(*k)
		g := read(d, k.G)
		for i, s := range read(d, k.S) {
			p[i] -= k.LR * g[i] / math.Sqrt(s+k.Eps)
		}
		write(d, k.P, p)
	}),
	in("G is read after S is stale", func(d device.Device, k *kernels.AdaGrad) {
		s := read(d, k.S)
		d.Launch(*k)
		if len(s) > 300 {
			now := read(d, k.S)
			copy(now[256:], s[256:])
			write(d, k.S, now)
		}
	}),
	edit("1-Alpha is rounded in float32", func(k *kernels.RMSprop) { k.Alpha = float64(float32(k.Alpha)) }),
	edit("Eps is left out", func(k *kernels.RMSprop) { k.Eps = 0 }),
	edit("the bias is not corrected", func(k *kernels.Adam) { k.Step = math.MaxInt }),
	edit("Step counts from 0", func(k *kernels.Adam) { k.Step++ }),
	edit("1-Beta2 is rounded in float32", func(k *kernels.Adam) { k.Beta2 = float64(float32(k.Beta2)) }),
	edit("the weights do not decay", func(k *kernels.Adam) { k.Decay = 0 }),
	edit("M and V are swapped", func(k *kernels.Adam) { k.M, k.V = k.V, k.M }),
	edit("the last element is left out", func(k *kernels.SumSquares) {
		if len(k.X.Shape) == 1 {
			k.X = butLast(k.X)
		}
	}),
	edit("it does not add", func(k *kernels.SumSquares) { k.Acc = false }),
	in("1e-6 is left out", func(d device.Device, k *kernels.ClipNorm) {
		if norm := math.Sqrt(read(d, k.SumSq)[0]); norm > 0 {
			k.Max *= (norm + 1e-6) / norm
		}
		d.Launch(*k)
	}),
	spoil("it stretches what is short", func(k *kernels.ClipNorm) device.Array { return k.X }, func(k *kernels.ClipNorm, d device.Device, x []float64) {
		if norm := math.Sqrt(read(d, k.SumSq)[0]); norm < k.Max && norm > 0 {
			for i := range x {
				x[i] *= k.Max / norm
			}
		}
	}),
	in("NaN is taken for no norm", func(d device.Device, k *kernels.ClipNorm) {
		if !math.IsNaN(read(d, k.SumSq)[0]) {
			d.Launch(*k)
		}
	}),
}

var copyFaults = []fault{
	edit("the last element is left out", func(k *kernels.Copy) {
		if len(k.Dst.Shape) == 1 && len(k.Src.Shape) == 1 {
			k.Dst, k.Src = butLast(k.Dst), butLast(k.Src)
		}
	}),
	spoil("subnormal numbers are 0", func(k *kernels.Copy) device.Array { return k.Dst }, func(k *kernels.Copy, d device.Device, x []float64) {
		for i, v := range x {
			if math.Abs(v) < 0x1p-126 {
				x[i] = math.Copysign(0, v)
			}
		}
	}),
	edit("the columns begin at the first", func(k *kernels.CopyColumns) { k.From = 0 }),
	edit("the columns go to the first", func(k *kernels.CopyColumns) { k.To = 0 }),
	edit("the last column is left out", func(k *kernels.CopyColumns) { k.Cols-- }),
	in("the other columns are lost", func(d device.Device, k *kernels.CopyColumns) {
		d.Launch(kernels.Fill{Dst: k.Dst})
		d.Launch(*k)
	}),
	edit("float64 is filled in float32", func(k *kernels.Fill) { k.Value = float64(float32(k.Value)) }),
	edit("-0 is 0", func(k *kernels.Fill) { k.Value += 0 }),
	edit("the last element is left out", func(k *kernels.Fill) { k.Dst = butLast(k.Dst) }),
}

var gatherFaults = []fault{
	edit("the last row is left out", func(k *kernels.Gather) { k.Y, k.IDs = butLast(k.Y), butLast(k.IDs) }),
	edit("the last row of W is taken for none", func(k *kernels.Gather) { k.W = butLast(k.W) }),
	spoil("wrong ids give 0", func(k *kernels.Gather) device.Array { return k.Y }, func(k *kernels.Gather, d device.Device, y []float64) {
		for i, id := range read(d, k.IDs) {
			if n := kernels.Cols(k.Y); id < 0 || int(id) >= k.W.Shape[0] {
				clear(y[i*n : (i+1)*n])
			}
		}
	}),
	edit("the last term is left out", func(k *kernels.ScatterAdd) { k.DY, k.IDs = butLast(k.DY), butLast(k.IDs) }),
	overwritten("DW is overwritten", func(k *kernels.ScatterAdd) device.Array { return k.DW }),
	in("an id's last term alone counts", func(d device.Device, k *kernels.ScatterAdd) {
		before := read(d, k.DW)
		d.Launch(*k)
		dw, dy := read(d, k.DW), read(d, k.DY)
		for i, id := range read(d, k.IDs) {
			if id >= 0 && int(id) < k.DW.Shape[0] {
				for j, n := 0, kernels.Cols(k.DW); j < n; j++ {
					dw[int(id)*n+j] = before[int(id)*n+j] + dy[i*n+j]
				}
			}
		}
		write(d, k.DW, dw)
	}),
	in("the terms are added in another order", func(d device.Device, k *kernels.ScatterAdd) {
		dy, ids, n := read(d, k.DY), read(d, k.IDs), kernels.Cols(k.DY)
		backwards, order := slices.Clone(dy), slices.Clone(ids)
		slices.Reverse(order)
		for i := range ids {
			copy(backwards[i*n:(i+1)*n], dy[(len(ids)-1-i)*n:])
		}
		write(d, k.DY, backwards)
		write(d, k.IDs, order)
		d.Launch(*k)
		write(d, k.DY, dy)
		write(d, k.IDs, ids)
	}),
	spoil("wrong ids are those of the first row", func(k *kernels.ScatterAdd) device.Array { return k.DW }, func(k *kernels.ScatterAdd, d device.Device, dw []float64) {
		dy, n := read(d, k.DY), kernels.Cols(k.DW)
		for i, id := range read(d, k.IDs) {
			for j := 0; j < n && (id < 0 || int(id) >= k.DW.Shape[0]); j++ {
				dw[j] += dy[i*n+j]
			}
		}
	}),
}

var dropoutFaults = []fault{
	edit("P is rounded in float32", func(k *kernels.Dropout) { k.P = float64(float32(k.P)) }),
	edit("the seed has 32 bits", func(k *kernels.Dropout) { k.Seed &= 1<<32 - 1 }),
	edit("the stream has 32 bits", func(k *kernels.Dropout) { k.Stream &= 1<<32 - 1 }),
	edit("seed and stream are swapped", func(k *kernels.Dropout) { k.Seed, k.Stream = k.Stream, k.Seed }),
	edit("it does not begin again", func(k *kernels.Dropout) { k.Period = 0 }),
	edit("the last element is left out", func(k *kernels.Dropout) {
		if k.Period == 0 {
			k.Y, k.X = butLast(k.Y), butLast(k.X)
		}
	}),
	spoil("what is kept is not scaled", func(k *kernels.Dropout) device.Array { return k.Y }, func(k *kernels.Dropout, d device.Device, y []float64) {
		for i := range y {
			y[i] *= 1 - k.P
		}
	}),
	in("what is dropped is multiplied by 0", func(d device.Device, k *kernels.Dropout) {
		x := read(d, k.X)
		d.Launch(*k)
		y := read(d, k.Y)
		for i := range y {
			if y[i] == 0 {
				y[i] *= x[i]
			}
		}
		write(d, k.Y, y)
	}),
}

var layerNormFaults = []fault{
	edit("Eps is left out", func(k *kernels.LayerNorm) { k.Eps = 0 }),
	edit("Gamma and Beta are swapped", func(k *kernels.LayerNorm) { k.Gamma, k.Beta = k.Beta, k.Gamma }),
	edit("Mean and RStd are swapped", func(k *kernels.LayerNorm) { k.Mean, k.RStd = k.RStd, k.Mean }),
	edit("the last row is left out", func(k *kernels.LayerNorm) {
		if len(k.X.Shape) > 1 {
			k.Y, k.Mean, k.RStd, k.X = butLast(k.Y), butLast(k.Mean), butLast(k.RStd), butLast(k.X)
		}
	}),
	spoil("the variance is that of a sample", func(k *kernels.LayerNorm) device.Array { return k.RStd }, func(k *kernels.LayerNorm, d device.Device, rstd []float64) {
		for i, r := range rstd {
			n := float64(kernels.Cols(k.X))
			rstd[i] = 1 / math.Sqrt((1/(r*r)-k.Eps)*n/(n-1)+k.Eps)
		}
	}),
	spoil("Eps is outside of the root", func(k *kernels.LayerNorm) device.Array { return k.RStd }, func(k *kernels.LayerNorm, d device.Device, rstd []float64) {
		for i, r := range rstd {
			rstd[i] = 1 / (math.Sqrt(1/(r*r)-k.Eps) + k.Eps)
		}
	}),
	spoil("the variance is a difference of squares", func(k *kernels.LayerNorm) device.Array { return k.RStd }, func(k *kernels.LayerNorm, d device.Device, rstd []float64) {
		n := kernels.Cols(k.X)
		for x, i := read(d, k.X), 0; i < len(rstd); i++ {
			var mean, square float32
			for _, v := range x[i*n : (i+1)*n] {
				mean += float32(v) / float32(n)
				square += float32(v) * float32(v) / float32(n)
			}
			rstd[i] = 1 / math.Sqrt(float64(square-mean*mean)+k.Eps)
		}
	}),
	overwritten("DGamma is overwritten", func(k *kernels.LayerNormGrad) device.Array { return k.DGamma }),
	overwritten("DBeta is overwritten", func(k *kernels.LayerNormGrad) device.Array { return k.DBeta }),
	edit("DGamma and DBeta are swapped", func(k *kernels.LayerNormGrad) { k.DGamma, k.DBeta = k.DBeta, k.DGamma }),
	edit("DY and X are swapped", func(k *kernels.LayerNormGrad) { k.DY, k.X = k.X, k.DY }),
	edit("Mean and RStd are swapped", func(k *kernels.LayerNormGrad) { k.Mean, k.RStd = k.RStd, k.Mean }),
	in("Gamma is left out", func(d device.Device, k *kernels.LayerNormGrad) {
		gamma := read(d, k.Gamma)
		d.Launch(kernels.Fill{Dst: k.Gamma, Value: 1})
		d.Launch(*k)
		write(d, k.Gamma, gamma)
	}),
	spoil("mean(g) is not subtracted", func(k *kernels.LayerNormGrad) device.Array { return k.DX }, func(k *kernels.LayerNormGrad, d device.Device, dx []float64) {
		dy, gamma, rstd, n := read(d, k.DY), read(d, k.Gamma), read(d, k.RStd), kernels.Cols(k.X)
		for i, r := range rstd {
			mean := 0.0
			for j, g := range gamma {
				mean += dy[i*n+j] * g / float64(n)
			}
			for j := range n {
				dx[i*n+j] += r * mean
			}
		}
	}),
	spoil("the last row is not summed", func(k *kernels.LayerNormGrad) device.Array { return k.DBeta }, func(k *kernels.LayerNormGrad, d device.Device, dbeta []float64) {
		dy := read(d, k.DY)
		for j := range dbeta {
			if len(dy) > len(dbeta) {
				dbeta[j] -= dy[len(dy)-len(dbeta)+j]
			}
		}
	}),
}

var lossFaults = []fault{
	edit("squares are cross-entropies", func(k *kernels.ElementLoss) { k.F = kernels.CrossEntropy }),
	edit("X and Target are swapped", func(k *kernels.ElementLoss) {
		if k.F == kernels.CrossEntropy {
			k.X, k.Target = k.Target, k.X
		}
	}),
	edit("the loss is not scaled", func(k *kernels.ElementLoss) { k.Scale = 1 }),
	spoil("the last loss is not summed", func(k *kernels.ElementLoss) device.Array { return k.Loss }, func(k *kernels.ElementLoss, d device.Device, loss []float64) {
		if losses := read(d, k.Losses); len(losses) > 1 {
			loss[0] -= k.Scale * losses[len(losses)-1]
		}
	}),
	spoil("it is the logarithm of a probability", func(k *kernels.ElementLoss) device.Array { return k.Losses }, func(k *kernels.ElementLoss, d device.Device, losses []float64) {
		x, target := read(d, k.X), read(d, k.Target)
		for i := range losses {
			if y := 1 / (1 + math.Exp(-x[i])); k.F == kernels.CrossEntropy {
				losses[i] = -target[i]*math.Log(y) - (1-target[i])*math.Log(1-y)
			}
		}
	}),
	edit("X and Target are swapped", func(k *kernels.ElementLossGrad) { k.X, k.Target = k.Target, k.X }),
	edit("the gradient is not scaled", func(k *kernels.ElementLossGrad) { k.Scale = 1 }),
	spoil("squares lack their 2", func(k *kernels.ElementLossGrad) device.Array { return k.DX }, func(k *kernels.ElementLossGrad, d device.Device, dx []float64) {
		for i := range dx {
			if k.F == kernels.Squared {
				dx[i] /= 2
			}
		}
	}),
}
