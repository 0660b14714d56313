package layers_test

import (
	"fmt"
	"testing"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/optim"
	"github.com/keisan-go/keisan/tensor"
)

func TestSmoke(t *testing.T) {
	d, err := device.Open("cpu")
	if err != nil {
		t.Fatal(err)
	}
	in := layers.NewInit(d, device.Float32, 1)
	net := layers.NewSequential(
		layers.NewRNN(in.Xavier(3, 8), in.Orthogonal(8, 8), in.Zeros(8)),
		layers.NewAffine(in.Xavier(8, 16), in.Zeros(16)), layers.NewTanh(),
		layers.NewAffine(in.Xavier(16, 4), in.Zeros(4)))
	loss := layers.NewSoftmaxCrossEntropy()
	opt := optim.NewAdam(0.01, 0.9, 0.999)
	clip := optim.NewClip(1)
	x := in.Normal(1, 5, 2, 3)
	target := []int{0, 1, 2, 3, -1, 1, 2, 3, 0, 1}
	step := func() *tensor.Tensor {
		optim.ZeroGrad(net.Params())
		l := loss.Forward(net.Forward(x), target)
		net.Backward(loss.Backward())
		clip.Clip(net.Params())
		opt.Step(net.Params())
		return l
	}
	for i := range 300 {
		l := step()
		if i%100 == 0 {
			v, err := tensor.Values[float32](l)
			fmt.Println(v, err)
		}
	}
	fmt.Println(testing.AllocsPerRun(100, func() { step() }), d.Info())
	err = layers.Try(func() { net.Forward(tensor.New(d, device.Float32, 5, 2, 4)) })
	fmt.Println(err)
	fmt.Println(layers.Try(func() { net.Forward(tensor.New(d, device.Float64, 5, 2, 3)) }))
	tensor.New(d, device.Float32, 1<<40)
	net.Forward(x)
	fmt.Println(d.Sync())
	fmt.Println(d.Sync())
	l := step()
	fmt.Println(tensor.Values[float32](l))
	for _, s := range []string{"gpu", "cpu:1", "cuda", "cuda:x", "cpu:0"} {
		_, err := device.Open(s)
		fmt.Println(err)
	}
}
