package cases

import (
	"fmt"
	"slices"
	"strings"
)

// Sets is the standard sets by name, in the order in which they are offered.
var Sets = []Set{
	{"quick", "a look in seconds", []string{
		"launch", "transfer/dir=h2d,d2h/bytes=1048576", "elementwise/op=tanh/n=1048576", "matmul/m=512",
		"rnn_forward/t=32/b=32/i=256/h=256", "rnn_train/t=32/b=32/i=256/h=256",
	}},
	{"standard", "the work that Keisan exists for, in about a minute", []string{
		"launch", "transfer/dir=h2d,d2h/bytes=65536,16777216",
		"elementwise/op=copy/n=4194304", "elementwise/op=add,tanh/n=65536,4194304",
		"matmul/m=64,256,1024", "matmul/m=32/n=512/k=512", "matmul/m=1/n=1024/k=1024",
		"rnn_forward/t=100/b=1/i=256/h=256", "rnn_forward/t=128/b=32/i=512/h=512",
		"rnn_train/t=100/b=1/i=256/h=256", "rnn_train/t=128/b=32/i=512/h=512",
		"train_step/net=digits/b=32", "train_step/net=charrnn/b=16",
	}},
	{"deepbench", "the vanilla recurrent layers and products that DeepBench published; give it an hour on a CPU", slices.Concat(deepBenchInference, deepBenchTraining, deepBenchProducts)},
	{"deepbench-inference", "of these the layers forward", deepBenchInference},
	{"deepbench-training", "and forward and backward", deepBenchTraining},
	{"skinny", "the products of recurrent layers: few rows forward and backward, and sums over few rows for the gradients of weights", []string{
		"matmul/m=1,4,16,32,64/n=256-2048*2/k=256-2048*2/trans=nn,nt",
		"matmul/m=256-2048*2/n=256-2048*2/k=1,4,16,32,64/trans=tn",
	}},
	{"crossover", "growing sizes, for from which size on one device is ahead of another", []string{
		"elementwise/op=tanh/n=1024-16777216*4", "matmul/m=16-2048*2",
		"rnn_forward/t=32/b=32/h=16-1024*2", "rnn_train/t=32/b=32/h=16-1024*2",
	}},
	{"peers", "what other libraries have too, for devbench peers", []string{
		"matmul/m=16,32,64,96,128,200,256,384,512,768,1024,2048", "matmul/m=32/n=512/k=512", "matmul/m=1/n=1024/k=1024", "elementwise/op=tanh/n=65536,1048576",
		"rnn_forward/t=100/b=1/h=256", "rnn_forward/t=128/b=32/h=512", "rnn_train/t=100/b=1/h=256", "rnn_train/t=128/b=32/h=512",
		"lstm_forward/t=100/b=1/h=256", "lstm_forward/t=128/b=32/h=512", "lstm_train/t=100/b=1/h=256", "lstm_train/t=128/b=32/h=512",
		"gru_forward/t=100/b=1/h=256", "gru_forward/t=128/b=32/h=512", "gru_train/t=100/b=1/h=256", "gru_train/t=128/b=32/h=512",
		"train_step/net=digits/b=32", "train_step/net=charrnn/b=16", "train_step/net=charlm/b=32",
	}},
}

// A Set is cases that belong together.
type Set struct {
	Name, About string
	args        []string
}

// Cases is the cases of the set.
func (s Set) Cases() []Case {
	var all []Case
	for _, arg := range s.args {
		cs, err := Parse(arg)
		if err != nil {
			panic(err)
		}
		all = append(all, cs...)
	}
	return all
}

// SetNamed is the set of that name.
func SetNamed(name string) (Set, error) {
	var names []string
	for _, s := range Sets {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return Set{}, fmt.Errorf("set %q: there is none of that name; want one of %s", name, strings.Join(names, ", "))
}

// The sizes of baidu-research/DeepBench, of code/kernels/rnn_problems.h and gemm_problems.h. Of its inference sets only the
// one for small devices has vanilla layers, two of them; the sizes of training follow them here.
var (
	deepBenchInference = []string{
		"rnn_forward/t=672/b=1/h=32", "rnn_forward/t=96/b=1/h=64",
		"rnn_forward/t=50/h=1760,2048,2560/b=16,32,64,128",
	}
	deepBenchTraining = []string{"rnn_train/t=50/h=1760,2048,2560/b=16,32,64,128"}
	deepBenchProducts = []string{
		"matmul/m=1760/n=16,32,64,128,7000/k=1760/trans=nn,tn",
		"matmul/m=2048/n=16,32,64,128,7000/k=2048/trans=nn,tn",
		"matmul/m=2560/n=16,32,64,128,7000/k=2560/trans=nn,tn",
		"matmul/m=1760/n=7133/k=1760/trans=nt", "matmul/m=2048/n=7133/k=2048/trans=nt", "matmul/m=2560/n=7133/k=2560/trans=nt",
		"matmul/m=35/n=8457/k=1760,2048,2560", "matmul/m=5124/n=9124/k=1760,2048,2560",
	}
)
