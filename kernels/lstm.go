package kernels

import "github.com/keisan-go/keisan/device"

// LSTM runs a layer of long short-term memory over a whole sequence. It is the loop
//
//	for t := range T {
//		z := X[t]·Wx + H[t]·Wh + Bias                         // columns z_i z_f z_g z_o
//		i, f, g, o := σ(z_i), σ(z_f), tanh(z_g), σ(z_o)       // Gates[t], for the gradient
//		C[t+1] = f·C[t] + i·g
//		H[t+1] = o·tanh(C[t+1])
//	}
//
// of S. Hochreiter and J. Schmidhuber, "Long Short-Term Memory", 1997, with the forget gate of F. Gers, J. Schmidhuber
// and F. Cummins, "Learning to Forget", 2000. The order of the gates is PyTorch's. H and C hold the states: H[0] and C[0]
// are the initial ones and are read, the others are written. The bias may be left out.
//
// With Reverse the loop runs from the last step to the first: H[T] and C[T] are the initial states, and a step goes from
// H[t+1] to H[t].
//
// With Lengths row b has as many steps, 0 to T. In the others its states stay what they are, and its gates are zero; so
// the states at the end of H and C are each row's last, and a reversed row begins at its own end. What X holds there does
// not matter as long as it is finite. Y, which is there with Lengths alone, is H without the initial state and zero where
// a row has no step.
//
//	H, C [T+1, B, H]   Y [T, B, H]   Gates [T, B, 4H]   X [T, B, I]   Wx [I, 4H]   Wh [H, 4H]   Bias [4H]   Lengths [B], Int32
type LSTM struct {
	Reverse                                  bool
	H, C, Y, Gates, X, Wx, Wh, Bias, Lengths Array
}

func (k LSTM) Name() string { return "LSTM" }

func (k LSTM) Operands(ops []device.Operand) []device.Operand {
	return list(ops).updates("H", &k.H).updates("C", &k.C).writes("Y", &k.Y).writes("Gates", &k.Gates).reads("X", &k.X).
		reads("Wx", &k.Wx).reads("Wh", &k.Wh).reads("Bias", &k.Bias).reads("Lengths", &k.Lengths)
}

// Dims is the number of steps, rows of the batch, inputs and hidden units.
func (k *LSTM) Dims() (t, b, i, h int) { return sizes(&k.X, &k.Wh) }

func (k LSTM) Check() error {
	if err := k.checkStates(); err != nil {
		return err
	}
	t, b, _, h := k.Dims()
	dtype := k.X.Type()
	return first(
		optional("Bias", &k.Bias, dtype, 4*h),
		optional("Y", &k.Y, dtype, t, b, h),
		optional("Lengths", &k.Lengths, device.Int32, b),
		together("Y", &k.Y, "Lengths", &k.Lengths))
}

// checkStates is Check of the operands that the gradient needs as well.
func (k *LSTM) checkStates() error {
	if err := sequence(&k.X, &k.Wh, "4H"); err != nil {
		return err
	}
	t, b, i, h := k.Dims()
	dtype := k.X.Type()
	return first(
		shaped("H", &k.H, dtype, t+1, b, h),
		shaped("C", &k.C, dtype, t+1, b, h),
		shaped("Gates", &k.Gates, dtype, t, b, 4*h),
		shaped("Wx", &k.Wx, dtype, i, 4*h),
		shaped("Wh", &k.Wh, dtype, h, 4*h))
}

func (k LSTM) Cost() device.Cost {
	t, b, i, h := k.Dims()
	return device.Cost{Ops: 8 * int64(t) * int64(b) * int64(h) * int64(i+h), Bytes: bytes(k)}
}

// LSTMGrad is the gradient of LSTM, told from its states and gates. It is the loop
//
//	dh, dc := DHT, DCT
//	for t := T-1; t >= 0; t-- {
//		i, f, g, o := Gates[t]
//		dh += DY[t]
//		dc += dh·o·(1-tanh²(C[t+1]))
//		DZ[t] = [dc·g·i(1-i), dc·C[t]·f(1-f), dc·i·(1-g²), dh·tanh(C[t+1])·o(1-o)]
//		dh, dc = DZ[t]·Whᵀ, dc·f
//	}
//	DH0, DC0 = dh, dc
//	DX = DZ·Wxᵀ
//	DWx += Σ X[t]ᵀ·DZ[t],  DWh += Σ H[t]ᵀ·DZ[t],  DBias += Σ DZ[t]
//
// DY is the gradient of what the loop made of H or, with Lengths, of Y. DHT and DCT are those of the last states, beside
// what DY says of them, and may be left out for zero. DH0 and DC0 are those of the initial states, DZ that of the gates
// before σ and tanh. The gradients of the weights are added to what is there. DBias may be left out, and DX, that of a
// network's input, if nobody wants it. Reverse and Lengths are those of LSTM: a row's steps beyond its length have the
// gradient zero, whatever DY says, and leave dh and dc alone.
//
//	DX [T, B, I]   DH0, DC0, DHT, DCT [B, H]   DWx [I, 4H]   DWh [H, 4H]   DBias [4H]   DZ [T, B, 4H]   DY [T, B, H]
type LSTMGrad struct {
	Reverse                                       bool
	DX, DH0, DC0, DWx, DWh, DBias, DZ             Array
	DY, DHT, DCT, H, C, Gates, X, Wx, Wh, Lengths Array
}

func (k LSTMGrad) Name() string { return "LSTMGrad" }

func (k LSTMGrad) Operands(ops []device.Operand) []device.Operand {
	return list(ops).writes("DX", &k.DX).writes("DH0", &k.DH0).writes("DC0", &k.DC0).updates("DWx", &k.DWx).
		updates("DWh", &k.DWh).updates("DBias", &k.DBias).writes("DZ", &k.DZ).reads("DY", &k.DY).reads("DHT", &k.DHT).
		reads("DCT", &k.DCT).reads("H", &k.H).reads("C", &k.C).reads("Gates", &k.Gates).reads("X", &k.X).
		reads("Wx", &k.Wx).reads("Wh", &k.Wh).reads("Lengths", &k.Lengths)
}

// forward is the kernel that this is the gradient of.
func (k *LSTMGrad) forward() LSTM {
	return LSTM{H: k.H, C: k.C, Gates: k.Gates, X: k.X, Wx: k.Wx, Wh: k.Wh}
}

// Dims is the number of steps, rows of the batch, inputs and hidden units.
func (k *LSTMGrad) Dims() (t, b, i, h int) { return sizes(&k.X, &k.Wh) }

func (k LSTMGrad) Check() error {
	forward := k.forward()
	if err := forward.checkStates(); err != nil {
		return err
	}
	t, b, i, h := k.Dims()
	dtype := k.X.Type()
	return first(
		shaped("DY", &k.DY, dtype, t, b, h),
		optional("DHT", &k.DHT, dtype, b, h),
		optional("DCT", &k.DCT, dtype, b, h),
		like("DZ", &k.DZ, &k.Gates),
		optional("DX", &k.DX, dtype, t, b, i),
		shaped("DH0", &k.DH0, dtype, b, h),
		shaped("DC0", &k.DC0, dtype, b, h),
		like("DWx", &k.DWx, &k.Wx),
		like("DWh", &k.DWh, &k.Wh),
		optional("DBias", &k.DBias, dtype, 4*h),
		optional("Lengths", &k.Lengths, device.Int32, b))
}

func (k LSTMGrad) Cost() device.Cost { return gradCost(&k, k.DX, 4) }
