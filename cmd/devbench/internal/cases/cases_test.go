package cases

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/keisan-go/keisan/device"
	_ "github.com/keisan-go/keisan/device/cpu"
)

func TestParse(t *testing.T) {
	for arg, want := range map[string]string{
		"launch":                              "launch",
		"matmul":                              "matmul/m=1024/n=1024/k=1024",
		"matmul/n=256,512":                    "matmul/m=256/n=256/k=256 matmul/m=512/n=512/k=512",
		"matmul/m=1/n=2":                      "matmul/m=1/n=2/k=1",
		"matmul/k=3/m=0":                      "matmul/m=0/n=0/k=3",
		"matmul/m=2/trans=nn,nt":              "matmul/m=2/n=2/k=2 matmul/m=2/n=2/k=2/trans=nt",
		"elementwise/op=tanh/n=256-1024*2":    "elementwise/op=tanh/n=256 elementwise/op=tanh/n=512 elementwise/op=tanh/n=1024",
		"elementwise/op=add,relu/n=0-250+100": "elementwise/op=add/n=0 elementwise/op=add/n=100 elementwise/op=add/n=200 elementwise/op=relu/n=0 elementwise/op=relu/n=100 elementwise/op=relu/n=200",
		"rnn_forward/h=7":                     "rnn_forward/t=128/b=32/i=7/h=7",
		"transfer/dir=d2h/bytes=3":            "transfer/dir=d2h/bytes=3",
		"train_step/net=charrnn":              "train_step/net=charrnn/b=32",
	} {
		cs, err := Parse(arg)
		var got []string
		for _, c := range cs {
			got = append(got, c.String())
		}
		if err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s: %q, %v; want %q", arg, got, err, want)
		}
	}
}

func TestParseMistakes(t *testing.T) {
	for arg, want := range map[string]string{
		"":                             `case "": there is no ""; want one of matmul, rnn_forward, rnn_train, lstm_forward, lstm_train, gru_forward, gru_train, elementwise, transfer, launch, train_step`,
		"matmull/m=4":                  `there is no "matmull"; want one of matmul,`,
		"matmul/q=4":                   `matmul has no key "q"; want m (rows of A), n (`,
		"matmul/":                      `matmul has no key ""; want m`,
		"launch/n=1":                   `launch has no key "n"; want none at all`,
		"matmul/m=4/m=5":               `key m is given twice`,
		"matmul/m=":                    `key m is ""; want rows of A: a size such as 512, a list`,
		"matmul/m=-1":                  `key m is "-1"`,
		"matmul/m=1e3":                 `key m is "1e3"`,
		"matmul/m=01":                  `key m is "01"`,
		"matmul/m=9999999999999999":    `100-500+100; no number above 2^40`,
		"matmul/m=4-8":                 `key m is "4-8"`,
		"matmul/m=4-8*1":               `key m is`,
		"matmul/m=0-8*2":               `key m is`,
		"matmul/m=8-4+1":               `key m is`,
		"matmul/m=1-8+0":               `key m is`,
		"elementwise/op=cos":           `key op is "cos"; want one or more of tanh, sigmoid, relu, add, mul, div, copy`,
		"matmul/m=1-1000+1/n=1-1000+1": "that is more than 10000 cases",
		"elementwise/n=0-1000000+1":    "that is more than 10000 cases",
	} {
		if _, err := Parse(arg); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", arg, err, want)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("matmul/m=256-4096*2/n=1,2/trans=nt")
	f.Fuzz(func(t *testing.T, arg string) {
		cs, err := Parse(arg)
		if err != nil {
			return
		}
		for _, c := range cs[:min(len(cs), 10)] {
			again, err := Parse(c.String())
			if err != nil || len(again) != 1 || again[0].String() != c.String() {
				t.Errorf("%s names %s, which is parsed as %v, %v", arg, c, again, err)
			}
			c.Need(device.Float64)
			c.Dims()
		}
	})
}

func TestSets(t *testing.T) {
	for _, s := range Sets {
		seen := map[string]bool{}
		for _, c := range s.Cases() {
			if seen[c.String()] {
				t.Errorf("%s has %s twice", s.Name, c)
			}
			seen[c.String()] = true
		}
		if got, err := SetNamed(s.Name); err != nil || got.Name != s.Name {
			t.Error(err)
		}
	}
	if _, err := SetNamed("slow"); err == nil || !strings.Contains(err.Error(), "want one of quick, standard, deepbench, deepbench-inference, deepbench-training, skinny, crossover, peers") {
		t.Error(err)
	}
}

// small is cases of each kind, with sizes of nothing, of one and of no particular number.
var small = []string{
	"launch", "transfer/dir=h2d,d2h/bytes=0,3,4096",
	"elementwise/op=tanh,sigmoid,relu,add,mul,div,copy/n=0,1,1000",
	"matmul/m=17/n=5/k=33/trans=nn,tn,nt", "matmul/m=0,1/n=0,1/k=0,1",
	"rnn_forward/t=5/b=3/i=7/h=9", "rnn_forward/t=0,1/b=0,1/i=0,1/h=0,1",
	"rnn_train/t=5/b=3/i=7/h=9", "rnn_train/t=0,1/b=0,1/i=0,1/h=0,1",
	"lstm_forward/t=5/b=3/i=7/h=9", "lstm_forward/t=0,1/b=0,1/i=0,1/h=0,1",
	"lstm_train/t=5/b=3/i=7/h=9", "lstm_train/t=0,1/b=0,1/i=0,1/h=0,1",
	"gru_forward/t=5/b=3/i=7/h=9", "gru_forward/t=0,1/b=0,1/i=0,1/h=0,1",
	"gru_train/t=5/b=3/i=7/h=9", "gru_train/t=0,1/b=0,1/i=0,1/h=0,1",
	"train_step/net=digits,charrnn,charlm/b=0,3",
}

// Every case is right on the CPU in both types, costs something and leaves nothing behind.
func TestCasesAreRight(t *testing.T) {
	d := open(t)
	for _, arg := range small {
		for _, c := range parse(t, arg) {
			problem := c.Problem()
			for _, dtype := range []device.DType{device.Float32, device.Float64} {
				largest, bound := check(t, problem, d, dtype)
				if !(largest <= bound) {
					t.Errorf("%v %v: error %g, bound %g", c, dtype, largest, bound)
				}
			}
		}
	}
	if n := d.Info().InUse; n != 0 {
		t.Errorf("%d bytes are still in use", n)
	}
}

// A case with many rows is checked in some of them, the first and the last among these.
func TestSomeRows(t *testing.T) {
	c := parse(t, "matmul/m=10")[0]
	for _, count := range []int{0, 2, 5, 10, 50} {
		rows := someOf(c.random(), 10, count)
		if want := min(max(count, 2), 10); len(rows) != want || rows[0] != 0 || rows[len(rows)-1] != 9 || !slices.IsSorted(rows) {
			t.Errorf("%d of 10 rows: %v", count, rows)
		}
	}
	if rows := someOf(c.random(), 1, 0); len(rows) != 1 {
		t.Errorf("of one row: %v", rows)
	}
}

// A step of the text model with an LSTM goes on from the state of the step before, one of the other text model does not.
func TestCarriedState(t *testing.T) {
	for name, carried := range map[string]bool{"charrnn": false, "charlm": true} {
		n := NewNet(name, 3).Fill(parse(t, "train_step/net="+name)[0])
		var losses []float64
		for _, reset := range []bool{false, true} {
			tr := NewTrainer(open(t), device.Float32, n)
			tr.Step()
			if reset {
				tr.layers.ResetState()
			}
			tr.Step()
			loss, err := values(tr.mean.Device(), tr.mean.Array())
			if err != nil {
				t.Fatal(err)
			}
			losses = append(losses, loss[0])
		}
		if differ := losses[0] != losses[1]; differ != carried {
			t.Errorf("%s: the losses %v of the second step, without and with a new state, differ: %v, want %v", name, losses, differ, carried)
		}
	}
}

// A spoiler makes one element wrong of an operand that a kernel writes.
type spoiler struct {
	device.Device
	kernel, operand string
	spoiled         bool
}

func (s *spoiler) Launch(k device.Kernel) {
	s.Device.Launch(k)
	for _, o := range k.Operands(nil) {
		if k.Name() == s.kernel && o.Name == s.operand {
			v := make([]float32, o.Len())
			s.Device.Download(device.Bytes(v), o.Slice)
			i := len(v) / 2
			largest := float32(0)
			for _, x := range v {
				largest = max(largest, x, -x)
			}
			v[i] += 0.01 * largest
			s.Device.Upload(o.Slice, device.Bytes(v))
			s.spoiled = true
		}
	}
}

// One element that is off by a hundredth of the largest is noticed, wherever it is.
func TestChecksNotice(t *testing.T) {
	for _, c := range []struct{ arg, kernel, operands string }{
		{"launch", "Fill", "Dst"},
		{"elementwise/op=tanh/n=100", "Activate", "Y"},
		{"elementwise/op=div/n=100", "Binary", "Z"},
		{"elementwise/op=copy/n=100", "Copy", "Dst"},
		{"matmul/m=30/n=40/k=50", "MatMul", "C"},
		{"rnn_forward/t=5/b=3/i=7/h=9", "RNN", "H"},
		{"rnn_train/t=5/b=3/i=7/h=9", "RNN", "H"},
		{"rnn_train/t=5/b=3/i=7/h=9", "RNNGrad", "DX DH0 DWx DWh DBias"},
		{"lstm_train/t=5/b=3/i=7/h=9", "LSTM", "H"},
		{"lstm_train/t=5/b=3/i=7/h=9", "LSTMGrad", "DX DH0 DC0 DWx DWh DBias"},
		{"gru_train/t=5/b=3/i=7/h=9", "GRU", "H"},
		{"gru_train/t=5/b=3/i=7/h=9", "GRUGrad", "DX DH0 DWx DWh DBX DBH"},
		{"train_step/net=digits/b=3", "MatMul", "C"},
		{"train_step/net=charrnn/b=3", "RNNGrad", "DWh DWx"},
		{"train_step/net=charlm/b=3", "LSTMGrad", "DWh DWx"},
		{"train_step/net=charlm/b=3", "ScatterAdd", "DW"},
	} {
		for operand := range strings.FieldsSeq(c.operands) {
			s := &spoiler{open(t), c.kernel, operand, false}
			largest, bound := check(t, parse(t, c.arg)[0].Problem(), s, device.Float32)
			if !s.spoiled || largest <= bound {
				t.Errorf("%s: with %s of %s spoiled (%v) the error is %g, within the bound of %g", c.arg, operand, c.kernel, s.spoiled, largest, bound)
			}
		}
	}
}

func TestErrors(t *testing.T) {
	for _, c := range []struct{ got, want, scale, err float64 }{
		{1, 1, 0, 0}, {1, 2, 4, 0.25}, {math.NaN(), 1, 1, math.Inf(1)}, {1, 0, 0, math.Inf(1)}, {math.Inf(1), 1, 1, math.Inf(1)},
	} {
		var e errors
		e.add(c.got, c.want, c.scale)
		if float64(e) != c.err {
			t.Errorf("%+v: %g", c, e)
		}
	}
}

// What a case says it needs is what it takes, about.
func TestNeed(t *testing.T) {
	d := open(t)
	for _, arg := range []string{"matmul/m=100", "rnn_train/t=10/b=10/h=50", "rnn_forward/t=10/b=10/h=50", "lstm_train/t=10/b=10/h=50", "gru_train/t=10/b=10/h=50", "elementwise/op=add/n=10000", "elementwise/op=tanh/n=10000", "train_step/net=charrnn/b=8", "train_step/net=charlm/b=8"} {
		c := parse(t, arg)[0]
		l := c.Problem().Load(d, device.Float32)
		l.Run()
		need, _ := c.Need(device.Float32)
		if used := float64(d.Info().InUse); used > 1.25*need || used < 0.5*need {
			t.Errorf("%s says that it needs %g bytes and takes %g", arg, need, used)
		}
		l.Free()
	}
}

func open(t *testing.T) device.Device {
	t.Helper()
	d, err := device.Open("cpu")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func parse(t *testing.T, arg string) []Case {
	t.Helper()
	cs, err := Parse(arg)
	if err != nil {
		t.Fatal(err)
	}
	return cs
}

func check(t *testing.T, p *Problem, d device.Device, dtype device.DType) (largest, bound float64) {
	t.Helper()
	l := p.Load(d, dtype)
	defer l.Free()
	if err := l.Run(); err != nil {
		t.Fatal(err)
	}
	largest, bound, err := l.Check()
	if err != nil && largest <= bound {
		t.Fatal(err)
	}
	if l.Moves {
		if err := l.Move(); err != nil {
			t.Fatal(err)
		}
	}
	return largest, bound
}
