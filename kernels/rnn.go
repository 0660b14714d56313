package kernels

import "github.com/keisan-go/keisan/device"

// RNN runs a vanilla recurrent layer over a whole sequence. It is the loop
//
//	for t := range T {
//		H[t+1] = F(X[t]·Wx + H[t]·Wh + Bias)
//	}
//
// H holds the states: H[0] is the initial one and is read, the other T are written. The bias may be left out. Reverse, Y
// and Lengths are those of LSTM.
//
//	H [T+1, B, H]   Y [T, B, H]   X [T, B, I]   Wx [I, H]   Wh [H, H]   Bias [H]   Lengths [B], Int32
type RNN struct {
	F                              Activation
	Reverse                        bool
	H, Y, X, Wx, Wh, Bias, Lengths Array
}

func (k RNN) Name() string { return "RNN" }

func (k RNN) Operands(ops []device.Operand) []device.Operand {
	return list(ops).updates("H", &k.H).writes("Y", &k.Y).reads("X", &k.X).reads("Wx", &k.Wx).reads("Wh", &k.Wh).
		reads("Bias", &k.Bias).reads("Lengths", &k.Lengths)
}

// Dims is the number of steps, rows of the batch, inputs and hidden units.
func (k *RNN) Dims() (t, b, i, h int) { return sizes(&k.X, &k.Wh) }

func (k RNN) Check() error {
	if err := k.checkStates(); err != nil {
		return err
	}
	t, b, _, h := k.Dims()
	dtype := k.X.Type()
	return first(
		optional("Bias", &k.Bias, dtype, h),
		optional("Y", &k.Y, dtype, t, b, h),
		optional("Lengths", &k.Lengths, device.Int32, b),
		together("Y", &k.Y, "Lengths", &k.Lengths))
}

// checkStates is Check of the operands that the gradient needs as well.
func (k *RNN) checkStates() error {
	if err := first(k.F.check(), sequence(&k.X, &k.Wh, "H")); err != nil {
		return err
	}
	t, b, i, h := k.Dims()
	dtype := k.X.Type()
	return first(
		shaped("H", &k.H, dtype, t+1, b, h),
		shaped("Wx", &k.Wx, dtype, i, h),
		shaped("Wh", &k.Wh, dtype, h, h))
}

func (k RNN) Cost() device.Cost {
	t, b, i, h := k.Dims()
	return device.Cost{Ops: 2 * int64(t) * int64(b) * int64(h) * int64(i+h), Bytes: bytes(k)}
}

// RNNGrad is the gradient of RNN, told from its states. It is the loop
//
//	dh := DHT
//	for t := T-1; t >= 0; t-- {
//		DZ[t] = (DY[t] + dh) · F'(H[t+1])
//		dh = DZ[t]·Whᵀ
//	}
//	DH0 = dh
//	DX = DZ·Wxᵀ
//	DWx += Σ X[t]ᵀ·DZ[t],  DWh += Σ H[t]ᵀ·DZ[t],  DBias += Σ DZ[t]
//
// DZ is the gradient of what F is applied to. DY, DHT, Reverse and Lengths are as in LSTMGrad. DX, DBias and DHT may be
// left out.
//
//	DX [T, B, I]   DH0, DHT [B, H]   DWx [I, H]   DWh [H, H]   DBias [H]   DZ, DY [T, B, H]
type RNNGrad struct {
	F                              Activation
	Reverse                        bool
	DX, DH0, DWx, DWh, DBias, DZ   Array
	DY, DHT, H, X, Wx, Wh, Lengths Array
}

func (k RNNGrad) Name() string { return "RNNGrad" }

func (k RNNGrad) Operands(ops []device.Operand) []device.Operand {
	return list(ops).writes("DX", &k.DX).writes("DH0", &k.DH0).updates("DWx", &k.DWx).updates("DWh", &k.DWh).
		updates("DBias", &k.DBias).writes("DZ", &k.DZ).reads("DY", &k.DY).reads("DHT", &k.DHT).reads("H", &k.H).
		reads("X", &k.X).reads("Wx", &k.Wx).reads("Wh", &k.Wh).reads("Lengths", &k.Lengths)
}

// forward is the kernel that this is the gradient of.
func (k *RNNGrad) forward() RNN { return RNN{F: k.F, H: k.H, X: k.X, Wx: k.Wx, Wh: k.Wh} }

// Dims is the number of steps, rows of the batch, inputs and hidden units.
func (k *RNNGrad) Dims() (t, b, i, h int) { return sizes(&k.X, &k.Wh) }

func (k RNNGrad) Check() error {
	forward := k.forward()
	if err := forward.checkStates(); err != nil {
		return err
	}
	t, b, i, h := k.Dims()
	dtype := k.X.Type()
	return first(
		shaped("DY", &k.DY, dtype, t, b, h),
		optional("DHT", &k.DHT, dtype, b, h),
		shaped("DZ", &k.DZ, dtype, t, b, h),
		optional("DX", &k.DX, dtype, t, b, i),
		shaped("DH0", &k.DH0, dtype, b, h),
		like("DWx", &k.DWx, &k.Wx),
		like("DWh", &k.DWh, &k.Wh),
		optional("DBias", &k.DBias, dtype, h),
		optional("Lengths", &k.Lengths, device.Int32, b))
}

func (k RNNGrad) Cost() device.Cost { return gradCost(&k, k.DX, 1) }
