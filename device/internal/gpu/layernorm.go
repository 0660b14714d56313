package gpu

import "github.com/keisan-go/keisan/kernels"

func (d *gpu) layerNorm(k *kernels.LayerNorm) {
	rows, n := kernels.Rows(k.X), kernels.Cols(k.X)
	d.start("layernorm", "layer_norm", k.X.Type()).
		arrays(k.Y.Slice, k.Mean.Slice, k.RStd.Slice, k.X.Slice, k.Gamma.Slice, k.Beta.Slice).reals(k.Eps).ints(rows, n).
		launch(d.class.teams(rows))
}

func (d *gpu) layerNormGrad(k *kernels.LayerNormGrad) {
	rows, n := kernels.Rows(k.X), kernels.Cols(k.X)
	if k.X.Len() == 0 {
		return
	}
	terms := d.workspace(k.X.Type(), k.X.Len())
	if d.err != nil {
		return
	}
	d.start("layernorm", "layer_norm_grad", k.X.Type()).
		arrays(k.DX.Slice, terms, k.DY.Slice, k.X.Slice, k.Mean.Slice, k.RStd.Slice, k.Gamma.Slice).ints(rows, n).
		launch(d.class.teams(rows))
	d.sumOverRows(k.DGamma.Slice, terms, n, true)
	d.sumOverRows(k.DBeta.Slice, k.DY.Slice, n, true)
}
