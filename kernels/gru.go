package kernels

import "github.com/keisan-go/keisan/device"

// GRU runs a layer of gated recurrent units over a whole sequence. It is the loop
//
//	for t := range T {
//		x, h := X[t]·Wx + BX, H[t]·Wh + BH             // columns r z n
//		r, z := σ(x_r + h_r), σ(x_z + h_z)
//		n := tanh(x_n + r·h_n)                         // Gates[t] = [r z n], Q[t] = h_n, for the gradient
//		H[t+1] = (1-z)·n + z·H[t]
//	}
//
// which resets after the product, as PyTorch and cuDNN do. With ResetBefore it does so before it, as in K. Cho et al.,
// "Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine Translation", 2014:
//
//	n := tanh(x_n + (r·H[t])·Wh_n + BH_n)              // Q[t] = r·H[t]
//
// H holds the states: H[0] is the initial one and is read, the others are written. Each bias may be left out. Reverse, Y
// and Lengths are those of LSTM; Q is zero like the gates at steps that a row does not take.
//
//	H [T+1, B, H]   Y, Q [T, B, H]   Gates [T, B, 3H]   X [T, B, I]   Wx [I, 3H]   Wh [H, 3H]   BX, BH [3H]   Lengths [B], Int32
type GRU struct {
	ResetBefore, Reverse                       bool
	H, Y, Gates, Q, X, Wx, Wh, BX, BH, Lengths Array
}

func (k GRU) Name() string { return "GRU" }

func (k GRU) Operands(ops []device.Operand) []device.Operand {
	return list(ops).updates("H", &k.H).writes("Y", &k.Y).writes("Gates", &k.Gates).writes("Q", &k.Q).reads("X", &k.X).
		reads("Wx", &k.Wx).reads("Wh", &k.Wh).reads("BX", &k.BX).reads("BH", &k.BH).reads("Lengths", &k.Lengths)
}

// Dims is the number of steps, rows of the batch, inputs and hidden units.
func (k *GRU) Dims() (t, b, i, h int) { return sizes(&k.X, &k.Wh) }

func (k GRU) Check() error {
	if err := k.checkStates(); err != nil {
		return err
	}
	t, b, _, h := k.Dims()
	dtype := k.X.Type()
	return first(
		optional("BX", &k.BX, dtype, 3*h),
		optional("BH", &k.BH, dtype, 3*h),
		optional("Y", &k.Y, dtype, t, b, h),
		optional("Lengths", &k.Lengths, device.Int32, b),
		together("Y", &k.Y, "Lengths", &k.Lengths))
}

// checkStates is Check of the operands that the gradient needs as well.
func (k *GRU) checkStates() error {
	if err := sequence(&k.X, &k.Wh, "3H"); err != nil {
		return err
	}
	t, b, i, h := k.Dims()
	dtype := k.X.Type()
	return first(
		shaped("H", &k.H, dtype, t+1, b, h),
		shaped("Gates", &k.Gates, dtype, t, b, 3*h),
		shaped("Q", &k.Q, dtype, t, b, h),
		shaped("Wx", &k.Wx, dtype, i, 3*h),
		shaped("Wh", &k.Wh, dtype, h, 3*h))
}

func (k GRU) Cost() device.Cost {
	t, b, i, h := k.Dims()
	return device.Cost{Ops: 6 * int64(t) * int64(b) * int64(h) * int64(i+h), Bytes: bytes(k)}
}

// GRUGrad is the gradient of GRU, told from its states and gates. It is the loop
//
//	dh := DHT
//	for t := T-1; t >= 0; t-- {
//		r, z, n := Gates[t]
//		dh += DY[t]
//		dn, dz := dh·(1-z)·(1-n²), dh·(H[t]-n)·z(1-z)
//		DQ[t], dr := dn·r, dn·Q[t]·r(1-r)
//		DZ[t] = [dr dz dn]
//		dh = dh·z + [dr dz DQ[t]]·Whᵀ
//	}
//	DH0 = dh
//	DX = DZ·Wxᵀ,  DWx += Σ X[t]ᵀ·DZ[t],  DBX += Σ DZ[t]
//	DWh += Σ H[t]ᵀ·[dr dz DQ[t]],  DBH += Σ [dr dz DQ[t]]
//
// or, with ResetBefore,
//
//		DQ[t] = dn·Wh_nᵀ
//		dr = DQ[t]·H[t]·r(1-r)
//		dh = dh·z + DQ[t]·r + [dr dz]·[Wh_r Wh_z]ᵀ
//	DWh += Σ [H[t]ᵀ·dr  H[t]ᵀ·dz  Q[t]ᵀ·dn],  DBH += Σ DZ[t]
//
// DY, DHT, Reverse and Lengths are as in LSTMGrad. DX, DBX, DBH and DHT may be left out.
//
//	DX [T, B, I]   DH0, DHT [B, H]   DWx [I, 3H]   DWh [H, 3H]   DBX, DBH [3H]   DZ [T, B, 3H]   DQ, DY [T, B, H]
type GRUGrad struct {
	ResetBefore, Reverse                     bool
	DX, DH0, DWx, DWh, DBX, DBH, DZ, DQ      Array
	DY, DHT, H, Gates, Q, X, Wx, Wh, Lengths Array
}

func (k GRUGrad) Name() string { return "GRUGrad" }

func (k GRUGrad) Operands(ops []device.Operand) []device.Operand {
	return list(ops).writes("DX", &k.DX).writes("DH0", &k.DH0).updates("DWx", &k.DWx).updates("DWh", &k.DWh).
		updates("DBX", &k.DBX).updates("DBH", &k.DBH).writes("DZ", &k.DZ).writes("DQ", &k.DQ).reads("DY", &k.DY).
		reads("DHT", &k.DHT).reads("H", &k.H).reads("Gates", &k.Gates).reads("Q", &k.Q).reads("X", &k.X).
		reads("Wx", &k.Wx).reads("Wh", &k.Wh).reads("Lengths", &k.Lengths)
}

// forward is the kernel that this is the gradient of.
func (k *GRUGrad) forward() GRU {
	return GRU{H: k.H, Gates: k.Gates, Q: k.Q, X: k.X, Wx: k.Wx, Wh: k.Wh}
}

// Dims is the number of steps, rows of the batch, inputs and hidden units.
func (k *GRUGrad) Dims() (t, b, i, h int) { return sizes(&k.X, &k.Wh) }

func (k GRUGrad) Check() error {
	forward := k.forward()
	if err := forward.checkStates(); err != nil {
		return err
	}
	t, b, i, h := k.Dims()
	dtype := k.X.Type()
	return first(
		shaped("DY", &k.DY, dtype, t, b, h),
		optional("DHT", &k.DHT, dtype, b, h),
		like("DZ", &k.DZ, &k.Gates),
		like("DQ", &k.DQ, &k.Q),
		optional("DX", &k.DX, dtype, t, b, i),
		shaped("DH0", &k.DH0, dtype, b, h),
		like("DWx", &k.DWx, &k.Wx),
		like("DWh", &k.DWh, &k.Wh),
		optional("DBX", &k.DBX, dtype, 3*h),
		optional("DBH", &k.DBH, dtype, 3*h),
		optional("Lengths", &k.Lengths, device.Int32, b))
}

func (k GRUGrad) Cost() device.Cost { return gradCost(&k, k.DX, 3) }
