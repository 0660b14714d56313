package gpu

import "github.com/keisan-go/keisan/kernels"

func (d *gpu) dropout(k *kernels.Dropout) {
	times, period := k.Dims()
	d.start("dropout", "dropout", k.Y.Type()).
		arrays(k.Y.Slice, k.X.Slice).reals(k.Scale()).smalls(int(k.Threshold())).halves(k.Seed).halves(k.Stream).
		ints(times, period).launch(d.class.each(times, (period+3)/4))
}
