package kernels

import (
	"fmt"

	"github.com/keisan-go/keisan/device"
)

// Dropout is Y = X/(1-P), but 0 where an element is dropped, with probability P; Y may be X. Its gradient is the same of
// DY. Element i, or i%Period if there is a Period, is dropped where the number that package philox has for it is small
// enough,
//
//	philox.New(Seed, Stream).Uint32At(i) < ⌊P·2³²⌋
//
// which is the same on every device. N. Srivastava, G. Hinton, A. Krizhevsky, I. Sutskever, R. Salakhutdinov, "Dropout: a
// simple way to prevent neural networks from overfitting", 2014, whose scaling is done here and not in the evaluation.
type Dropout struct {
	P            float64 // in [0, 1)
	Seed, Stream uint64
	Period       int // elements after which the mask begins again; 0: it does not
	Y, X         Array
}

func (k Dropout) Name() string { return "Dropout" }

func (k Dropout) Operands(ops []device.Operand) []device.Operand {
	return list(ops).replaces("Y", &k.Y).reads("X", &k.X)
}

func (k Dropout) Check() error {
	err := first(float("X", &k.X, 0), like("Y", &k.Y, &k.X))
	switch {
	case err != nil:
		return err
	case !(k.P >= 0 && k.P < 1):
		return fmt.Errorf("the P is %v, want 0 <= P < 1", k.P)
	case k.Period < 0 || k.Period > 0 && k.X.Len()%k.Period != 0:
		return fmt.Errorf("the Period is %d, want a divisor of %d elements, or 0", k.Period, k.X.Len())
	}
	return nil
}

// Dims is how many times the mask is used, and how many elements it has.
func (k *Dropout) Dims() (times, period int) {
	if k.Period == 0 {
		return 1, k.X.Len()
	}
	return k.X.Len() / k.Period, k.Period
}

// Threshold is the least number of an element that is kept.
func (k Dropout) Threshold() uint32 { return uint32(k.P * (1 << 32)) }

// Scale is what elements that are kept are multiplied by, as the element type rounds it.
func (k Dropout) Scale() float64 { return 1 / (1 - k.P) }

func (k Dropout) Cost() device.Cost { return device.Cost{Ops: 2 * int64(k.X.Len()), Bytes: bytes(k)} }
