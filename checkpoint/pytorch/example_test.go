package pytorch_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/keisan-go/keisan/checkpoint/pytorch"
	"github.com/keisan-go/keisan/checkpoint/safetensors"
	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/layers"
	"github.com/keisan-go/keisan/tensor"
)

// A model that in PyTorch is
//
//	self.rnn = torch.nn.LSTM(8, 16, num_layers=2, bidirectional=True)
//	self.fc = torch.nn.Linear(32, 4)
//
// and whose state_dict is saved by save_file and loaded by load_file of safetensors.torch.
func Example() {
	d, err := device.Open("cpu")
	if err != nil {
		log.Fatal(err)
	}
	in := layers.NewInit(d, device.Float32, 1)
	lstm := func(inputs, hidden int) layers.Recurrent {
		return layers.NewLSTM(in.Xavier(inputs, 4*hidden), in.Xavier(hidden, 4*hidden), in.Zeros(4*hidden))
	}
	rnn := layers.NewSequential(
		layers.NewBidirectional(lstm(8, 16), lstm(8, 16)),
		layers.NewBidirectional(lstm(32, 16), lstm(32, 16)),
	)
	fc := layers.NewAffine(in.Xavier(32, 4), in.Zeros(4))
	modules := []pytorch.Module{pytorch.LSTM("rnn", rnn.Params()), pytorch.Linear("fc", fc.Params())}

	folder, err := os.MkdirTemp("", "keisan")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "model.safetensors")
	if err := pytorch.Save(path, modules...); err != nil {
		log.Fatal(err)
	}
	w := fc.Params()[0].Value
	before, _ := tensor.Values[float32](w)
	w.Fill(0)
	if err := pytorch.Load(path, modules...); err != nil {
		log.Fatal(err)
	}
	after, err := tensor.Values[float32](w)
	fmt.Println(after[0] == before[0], err)
	// Output: true <nil>
}

// A language model whose last layer shares its weight with the first, as after self.out.weight = self.embed.weight in PyTorch.
func ExampleLinearTransposed() {
	d, err := device.Open("cpu")
	if err != nil {
		log.Fatal(err)
	}
	in := layers.NewInit(d, device.Float32, 1)
	w := in.Normal(0.1, 100, 16)
	embed, out := layers.NewEmbedding(w), layers.NewAffineTransposed(w, in.Zeros(100))

	folder, err := os.MkdirTemp("", "keisan")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "model.safetensors")
	if err := pytorch.Save(path, pytorch.Embedding("embed", embed.Params()), pytorch.LinearTransposed("out", out.Params())); err != nil {
		log.Fatal(err)
	}
	f, err := safetensors.Open(path)
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	for _, t := range f.Tensors() {
		fmt.Println(t.Name, t)
	}
	// Output:
	// embed.weight F32 [100 16]
	// out.bias F32 [100]
	// out.weight F32 [100 16]
}
