package gpu

import (
	"fmt"
	"math"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

// launch queues what a kernel that was checked has to do.
func (d *gpu) launch(k device.Kernel) {
	switch k := k.(type) {
	case *kernels.MatMul:
		d.matMul(k)
	case *kernels.SumRows:
		d.sumRows(k)
	case *kernels.Activate:
		d.activate(k)
	case *kernels.ActivateGrad:
		d.activateGrad(k)
	case *kernels.Binary:
		d.binary(k)
	case *kernels.BinaryGrad:
		d.binaryGrad(k)
	case *kernels.Copy:
		d.copy(k.Dst.Slice, k.Src.Slice)
	case *kernels.CopyColumns:
		d.copyColumns(k)
	case *kernels.Fill:
		d.fill(k.Dst.Slice, k.Value)
	case *kernels.Gather:
		d.gather(k)
	case *kernels.ScatterAdd:
		d.scatterAdd(k)
	case *kernels.Dropout:
		d.dropout(k)
	case *kernels.Softmax:
		d.softmax(k)
	case *kernels.SoftmaxGrad:
		d.softmaxGrad(k)
	case *kernels.SoftmaxCrossEntropy:
		d.crossEntropy(k)
	case *kernels.SoftmaxCrossEntropyGrad:
		d.crossEntropyGrad(k)
	case *kernels.LayerNorm:
		d.layerNorm(k)
	case *kernels.LayerNormGrad:
		d.layerNormGrad(k)
	case *kernels.ElementLoss:
		d.elementLoss(k)
	case *kernels.ElementLossGrad:
		d.elementLossGrad(k)
	case *kernels.RNN:
		d.rnn(k)
	case *kernels.RNNGrad:
		d.rnnGrad(k)
	case *kernels.LSTM:
		d.lstm(k)
	case *kernels.LSTMGrad:
		d.lstmGrad(k)
	case *kernels.GRU:
		d.gru(k)
	case *kernels.GRUGrad:
		d.gruGrad(k)
	case *kernels.SGD:
		d.sgd(k)
	case *kernels.AdaGrad:
		d.adaGrad(k)
	case *kernels.RMSprop:
		d.rmsprop(k)
	case *kernels.Adam:
		d.adam(k)
	case *kernels.SumSquares:
		d.sumSquares(k)
	case *kernels.ClipNorm:
		d.clipNorm(k)
	default:
		device.Panicf("%s: there is no kernel %s", d.limits.Info.Name, k.Name())
	}
}

// A call is one launch that is being put together: a function and its arguments, in the order of its parameters. Once the
// kernel failed its methods do nothing.
type call struct {
	d     *gpu
	f     Function
	dtype device.DType
	name  string
	args  []Arg
}

// start begins a call of a function in a source, compiled for t and specialised by defines.
func (d *gpu) start(source, function string, t device.DType, defines ...define) *call {
	c := &d.call
	*c = call{d: d, dtype: t, name: function, args: c.args[:0]}
	if d.err != nil {
		return c
	}
	v := variant{source: source, dtype: t}
	copy(v.defines[:], defines)
	var err error
	c.f, err = d.programs.function(v, function)
	d.fail(err)
	return c
}

// arrays adds arrays.
func (c *call) arrays(slices ...device.Slice) *call {
	for _, s := range slices {
		c.array(s, 0)
	}
	return c
}

// array adds an array that begins shift elements after s. An array left out is the launch's first, which the function
// then does not touch.
func (c *call) array(s device.Slice, shift int) *call {
	switch {
	case c.d.err != nil:
	case s.IsZero():
		c.args = append(c.args, c.args[:2]...)
	default:
		c.args = append(c.args, bufferOf(s).Arg())
		c.ints(s.Offset() + shift)
	}
	return c
}

// buffer adds scratch memory, from an element on, as an array.
func (c *call) buffer(b Buffer, at int) *call {
	if c.d.err == nil {
		c.args = append(c.args, b.Arg())
		c.ints(at)
	}
	return c
}

// ints adds integers.
func (c *call) ints(values ...int) *call {
	for _, v := range values {
		c.args = append(c.args, Arg{uint64(int64(v)), 8})
	}
	return c
}

// smalls adds integers of 32 bits.
func (c *call) smalls(values ...int) *call {
	for _, v := range values {
		c.args = append(c.args, Arg{uint64(uint32(v)), 4})
	}
	return c
}

// halves adds the lower and the upper half of v, as two integers of 32 bits.
func (c *call) halves(v uint64) *call {
	c.args = append(c.args, Arg{v & 0xffffffff, 4}, Arg{v >> 32, 4})
	return c
}

// reals adds numbers of the call's element type.
func (c *call) reals(values ...float64) *call {
	for _, v := range values {
		if c.dtype == device.Float64 {
			c.args = append(c.args, Arg{math.Float64bits(v), 8})
		} else {
			c.args = append(c.args, Arg{uint64(math.Float32bits(float32(v))), 4})
		}
	}
	return c
}

// launch queues the call. A geometry without work-items is no work.
func (c *call) launch(g geometry) {
	if c.d.err != nil || g.groups[0] == 0 || g.groups[1] == 0 {
		return
	}
	if err := c.d.driver.Launch(c.f, g.groups, g.items, c.args); err != nil {
		c.d.fail(fmt.Errorf("launching %s: %w", c.name, err))
	}
}
