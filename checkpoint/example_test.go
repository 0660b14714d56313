package checkpoint_test

import (
	"errors"
	"fmt"
	"io/fs"
	"log"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"

	"github.com/keisan-go/keisan/checkpoint"
	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/optim"
	"github.com/keisan-go/keisan/philox"
	"github.com/keisan-go/keisan/tensor"
)

// cpu is the device of the examples.
var cpu = func() device.Device {
	d, err := device.Open("cpu")
	if err != nil {
		log.Fatal(err)
	}
	return d
}()

// temporary is the path of a file that is not there yet, and what removes the folder that was made for it.
func temporary() (path string, remove func()) {
	folder, err := os.MkdirTemp("", "keisan")
	if err != nil {
		log.Fatal(err)
	}
	return filepath.Join(folder, "x.safetensors"), func() { os.RemoveAll(folder) }
}

// What was learned goes to a file, and from there into the layers of another program.
func Example() {
	path, remove := temporary()
	defer remove()
	in := layers.NewInit(cpu, device.Float32, 1)
	learned := layers.NewAffine(in.Xavier(3, 2), in.Zeros(2))
	if err := checkpoint.Save(path, learned.Params()); err != nil {
		log.Fatal(err)
	}

	line := layers.NewAffine(tensor.New(cpu, device.Float32, 3, 2), tensor.New(cpu, device.Float32, 2))
	if err := checkpoint.Load(path, line.Params()); err != nil {
		log.Fatal(err)
	}
	want, _ := tensor.Values[float32](learned.Params()[0].Value)
	got, err := tensor.Values[float32](line.Params()[0].Value)
	fmt.Println(len(got), got[0] == want[0], err)
	// Output: 6 true <nil>
}

// Training that stops early, and ends with the best parameters it came by. The loss is p²/2; the later steps are too long.
func ExampleSave() {
	path, remove := temporary()
	defer remove()
	p := tensor.From(cpu, []float64{8}, 1)
	params := []*layers.Param{{Name: "p", Value: p, Grad: p.Grad()}}
	stop, sgd := optim.EarlyStopping{Patience: 2}, optim.NewSGD(0)
	for _, lr := range []float64{1.5, 1.5, 3, 3, 3} {
		p.Grad().Copy(p)
		sgd.LR = lr
		sgd.Step(params)
		v, err := tensor.Values[float64](p)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Print(v, " ")
		if stop.Better(v[0] * v[0] / 2) {
			if err := checkpoint.Save(path, params); err != nil {
				log.Fatal(err)
			}
		}
		if stop.Enough() {
			break
		}
	}
	if err := checkpoint.Load(path, params); err != nil {
		log.Fatal(err)
	}
	v, err := tensor.Values[float64](p)
	fmt.Println("best:", v, err)
	// Output: [-4] [2] [-4] [8] best: [2] <nil>
}

// What does not fit is told, and nothing is loaded.
func ExampleLoad() {
	path, remove := temporary()
	defer remove()
	narrow := layers.NewAffine(tensor.New(cpu, device.Float32, 3, 2), tensor.New(cpu, device.Float32, 2))
	if err := checkpoint.Save(path, narrow.Params()); err != nil {
		log.Fatal(err)
	}
	wide := layers.NewMatMul(tensor.New(cpu, device.Float64, 3, 4))
	err := checkpoint.Load(path, wide.Params())
	fmt.Println(strings.TrimPrefix(err.Error(), "checkpoint: load "+path+": "))
	// Output: "w" is F32 [3 2], want F64 [3 4]; unexpected "b" F32 [2]
}

// A program that can be stopped anywhere: it saves a state every few steps and, when it starts, goes on from the last one.
func ExampleState() {
	path, remove := temporary()
	defer remove()
	train := func(until uint64) float32 {
		in := layers.NewInit(cpu, device.Float32, 1)
		line := layers.NewMatMul(in.Xavier(1, 1))
		noise := philox.New(1, 0)
		adam := optim.NewAdam(0.1, 0.9, 0.999)
		state := checkpoint.State{Params: line.Params(), Optimizer: adam}
		if err := state.Load(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			log.Fatal(err)
		}
		noise.SetPosition(state.Counters["noise"])

		random, x := rand.New(noise), tensor.New(cpu, device.Float32, 1, 1)
		for step := state.Counters["step"]; step < until; step++ {
			tensor.Set(x, []float32{random.Float32()})
			optim.ZeroGrad(line.Params())
			line.Backward(line.Forward(x))
			adam.Step(line.Params())
			if (step+1)%5 == 0 {
				state.Counters = map[string]uint64{"step": step + 1, "noise": noise.Position()}
				if err := state.Save(path); err != nil {
					log.Fatal(err)
				}
			}
		}
		w, err := tensor.Values[float32](line.Params()[0].Value)
		if err != nil {
			log.Fatal(err)
		}
		return w[0]
	}
	train(12) // saves after 5 and 10 steps, and stops
	resumed := train(20)
	os.Remove(path)
	fmt.Println(resumed == train(20))
	// Output: true
}

// The state that a recurrent layer carries is saved as one more tensor, which has no gradient.
func ExampleState_carried() {
	path, remove := temporary()
	defer remove()
	in := layers.NewInit(cpu, device.Float64, 1)
	rnn := layers.NewRNN(in.Xavier(2, 3), in.Orthogonal(3, 3), in.Zeros(3))
	rnn.Forward(in.Normal(1, 4, 1, 2))
	state := checkpoint.State{Params: append([]*layers.Param{{Name: "state", Value: rnn.State()}}, rnn.Params()...)}
	if err := state.Save(path); err != nil {
		log.Fatal(err)
	}

	zeros := func(shape ...int) *tensor.Tensor { return tensor.New(cpu, device.Float64, shape...) }
	again, carried := layers.NewRNN(zeros(2, 3), zeros(3, 3), zeros(3)), zeros(1, 3)
	state = checkpoint.State{Params: append([]*layers.Param{{Name: "state", Value: carried}}, again.Params()...)}
	if err := state.Load(path); err != nil {
		log.Fatal(err)
	}
	again.SetState(carried)
	next := in.Normal(1, 1, 1, 2)
	want, _ := tensor.Values[float64](rnn.Forward(next))
	got, _ := tensor.Values[float64](again.Forward(next))
	fmt.Println(got[0] == want[0], got[1] == want[1], got[2] == want[2])
	// Output: true true true
}
