package gpu

import (
	"github.com/keisan-go/keisan/kernels"
)

func (d *gpu) activate(k *kernels.Activate) {
	n := k.Y.Len()
	d.start("elementwise", "activate", k.Y.Type(), define{"F", int(k.F)}).
		arrays(k.Y.Slice, k.X.Slice).ints(n).launch(d.class.each(1, n))
}

func (d *gpu) activateGrad(k *kernels.ActivateGrad) {
	n := k.DX.Len()
	d.start("elementwise", "activate_grad", k.DX.Type(), define{"F", int(k.F)}).
		arrays(k.DX.Slice, k.DY.Slice, k.Y.Slice).ints(n).launch(d.class.each(1, n))
}

func (d *gpu) binary(k *kernels.Binary) {
	nest, _ := kernels.NestOf(k.Z.Shape, k.X.Shape, k.Y.Shape)
	n := nest.Loops[0].N
	rows := k.Z.Len() / max(n, 1)
	d.start("elementwise", "binary", k.Z.Type(), define{"DEPTH", constant(nest.Depth)},
		define{"STEP_X", nest.Loops[0].X}, define{"STEP_Y", nest.Loops[0].Y}).
		arrays(k.Z.Slice, k.X.Slice, k.Y.Slice).smalls(int(k.Op), nest.Depth).ints(rows).loops(&nest).
		launch(d.class.each(rows, n))
}

// constant is a number of loops if it is common enough to compile a function for it; else 0.
func constant(loops int) int {
	if loops > 2 {
		return 0
	}
	return loops
}

// loops adds the loops of a nest, and empty ones up to MaxNest.
func (c *call) loops(nest *kernels.Nest) *call {
	for _, l := range nest.Loops {
		c.ints(max(l.N, 1), l.X, l.Y)
	}
	return c
}

func (d *gpu) binaryGrad(k *kernels.BinaryGrad) {
	nest, _ := kernels.NestOf(k.DZ.Shape, k.X.Shape, k.Y.Shape)
	d.operandGrad(k.Op, false, k.DX, k.DZ, k.X, k.Y, &nest)
	for i, l := range nest.Loops {
		nest.Loops[i].X, nest.Loops[i].Y = l.Y, l.X
	}
	d.operandGrad(k.Op, true, k.DY, k.DZ, k.Y, k.X, &nest)
}

// operandGrad is the gradient of one operand of a Binary, its own, which is the nest's X, told from the other.
func (d *gpu) operandGrad(op kernels.Operator, right bool, grad, dz, own, other kernels.Array, nest *kernels.Nest) {
	loops, kept := gradLoops(nest)
	n := grad.Len()
	terms := dz.Len() / max(n, 1)
	function, geometry := "binary_grad", d.class.each(1, n)
	if terms >= 4*d.class.lanes && n < d.class.units*d.class.lanes && !d.class.cpu {
		function, geometry = "binary_grad_team", d.class.teams(n)
	}
	constKept, constDepth := 0, 0
	if kept == 1 {
		constKept, constDepth = 1, constant(loops.Depth)
	}
	d.start("elementwise", function, grad.Type(), define{"KEPT", constKept}, define{"DEPTH", constDepth}).
		arrays(grad.Slice, dz.Slice, own.Slice, other.Slice).smalls(int(op), bit(right), kept, loops.Depth).
		ints(n, terms).loops(&loops).launch(geometry)
}

// gradLoops is the loops over an operand's own elements, which is the nest's X, and after them those over what the
// operand was broadcast to; kept is how many there are of the first kind. Their steps are those of the result and of the
// other operand.
func gradLoops(nest *kernels.Nest) (loops kernels.Nest, kept int) {
	result := 1
	var summed []kernels.Loop
	for _, l := range nest.Loops[:nest.Depth] {
		loop := kernels.Loop{N: l.N, X: result, Y: l.Y}
		result *= l.N
		if l.X == 0 {
			summed = append(summed, loop)
			continue
		}
		loops.Loops[kept] = loop
		kept++
	}
	copy(loops.Loops[kept:], summed)
	loops.Depth = nest.Depth
	return loops, kept
}
