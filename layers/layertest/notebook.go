package layertest

import (
	"github.com/keisan-go/keisan/layers"
)

// notebook is every number that the notebook prints with which Keisan began.
func notebook(e *env) {
	x, y, one := e.tensor([]float64{10}), e.tensor([]float64{20}), e.tensor([]float64{1})
	for _, c := range []struct {
		name      string
		layer     *layers.Binary
		z, dx, dy float64
	}{
		{"Add", layers.NewAdd(), 30, 1, 1},
		{"Mul", layers.NewMul(), 200, 20, 10},
		{"Div", layers.NewDiv(), 0.5, 0.05, -0.025},
	} {
		e.near(c.name, c.layer.Forward(x, y), []float64{c.z}, 2)
		dx, dy := c.layer.Backward(one)
		e.near(c.name+"'s dx", dx, []float64{c.dx}, 2)
		e.near(c.name+"'s dy", dy, []float64{c.dy}, 2)
	}

	sigmoid := layers.NewSigmoid()
	e.near("Sigmoid", sigmoid.Forward(x), []float64{0.9999546021312976}, 2)
	// Of dx = y(1-y) few digits are left: an error of y's last one is as large in it.
	e.within("Sigmoid's dx", sigmoid.Backward(one), []float64{4.5395807735907655e-05}, []float64{e.epsilon()})

	matmul := layers.NewMatMul(e.tensor([]float64{1, 2, 3, 4, 5, 6}, 2, 3))
	e.same("MatMul", matmul.Forward(e.tensor([]float64{1, 2, 3, 4}, 2, 2)), []float64{9, 12, 15, 19, 26, 33})
	e.same("MatMul's dx", matmul.Backward(e.tensor([]float64{1, 2, 3, 4, 5, 6}, 2, 3)), []float64{14, 32, 32, 77})
}
