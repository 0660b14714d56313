// Quickstart trains a recurrent network to tell, after each bit, whether the ones so far are odd in number.
package main

import (
	"fmt"
	"log"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/optim"
	"github.com/keisan-go/keisan/tensor"
)

func main() {
	d, err := device.Open("") // $KEISAN_DEVICE, or the fastest device there is
	if err != nil {
		log.Fatal(err)
	}
	const steps, batch, hidden = 8, 256, 16
	var bits []float32 // all 256 sequences of 8 bits, [time, batch, 1]
	var odd []int      // whether the ones up to each bit are odd in number
	ones := make([]int, batch)
	for t := range steps {
		for n := range batch {
			bit := n >> t & 1
			ones[n] += bit
			bits, odd = append(bits, float32(bit)), append(odd, ones[n]%2)
		}
	}
	x := tensor.From(d, bits, steps, batch, 1)

	in := layers.NewInit(d, device.Float32, 1) // initial weights from a seed
	rnn := layers.NewRNN(in.Xavier(1, hidden), in.Orthogonal(hidden, hidden), in.Zeros(hidden))
	net := layers.NewSequential(rnn, layers.NewAffine(in.Xavier(hidden, 2), in.Zeros(2)))
	loss, adam := layers.NewSoftmaxCrossEntropy(), optim.NewAdam(0.01, 0.9, 0.999)
	for epoch := range 301 {
		rnn.ResetState() // each epoch begins anew; without this the state would be carried on
		optim.ZeroGrad(net.Params())
		mean := loss.Forward(net.Forward(x), odd)
		net.Backward(loss.Backward())
		adam.Step(net.Params())
		if epoch%100 == 0 {
			v, err := tensor.Values[float32](mean) // waits for the device, and reports its first failure
			if err != nil {
				log.Fatal(err)
			}
			fmt.Printf("epoch %3d  loss %.3f\n", epoch, v[0])
		}
	}
}
