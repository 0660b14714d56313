package peer

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/keisan-go/keisan/cmd/devbench/internal/cases"
	"github.com/keisan-go/keisan/device"
)

// The test's own program is the peer, of a kind that its environment tells.
func TestMain(m *testing.M) {
	if kind := os.Getenv("PEER"); kind != "" {
		act(kind)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// act adds two arrays, or fails in some way.
func act(kind string) {
	if kind == "missing" {
		fmt.Fprintln(os.Stderr, "downloading\nthere is no such package")
		return
	}
	fmt.Println("ready test 1.0")
	for s := bufio.NewScanner(os.Stdin); s.Scan(); {
		words := strings.Fields(s.Text())
		switch {
		case kind == "silent":
			time.Sleep(time.Hour)
		case kind == "dying":
			fmt.Fprintln(os.Stderr, "segmentation fault")
			return
		case words[0] == "run":
			fmt.Println("0.25")
		case kind == "unable":
			fmt.Println("no it cannot add")
		case kind == "lazy":
			fmt.Println("ok")
		default:
			t := device.Float32
			if words[3] == "float64" && kind != "single" {
				t = device.Float64
			}
			x, _ := os.ReadFile(filepath.Join(words[2], "x"))
			y, _ := os.ReadFile(filepath.Join(words[2], "y"))
			z := cases.Numbers(x, t)
			for i, v := range cases.Numbers(y, t) {
				z[i] += v
			}
			switch kind {
			case "wrong":
				z[3]++
			case "long":
				z = append(z, make([]float64, 10000)...)
			case "short":
				z = z[:50]
			}
			text := device.Bytes(z)
			if t == device.Float32 {
				narrow := make([]float32, len(z))
				for i, v := range z {
					narrow[i] = float32(v)
				}
				text = device.Bytes(narrow)
			}
			os.WriteFile(filepath.Join(words[2], "out.z"), text, 0o600)
			fmt.Println("ok")
		}
	}
}

func TestPeer(t *testing.T) {
	cs, err := cases.Parse("elementwise/op=add/n=100")
	if err != nil {
		t.Fatal(err)
	}
	problem := cs[0].Problem()
	for kind, want := range map[string]string{
		"right": "", "right float64": "", "single float64": "WRONG: error", "wrong float64": "WRONG: error", "wrong": "WRONG: error", "long": "not those of the case", "short": "not those of the case", "lazy": "not those of the case", "unable": "it cannot add",
		"dying": "segmentation fault", "missing": "there is no such package", "silent": "no answer in",
	} {
		t.Run(kind, func(t *testing.T) {
			dtype := device.Float32
			if strings.HasSuffix(kind, "float64") {
				dtype = device.Float64
			}
			kind, _, _ := strings.Cut(kind, " ")
			t.Setenv("PEER", kind)
			p, err := Start("test", time.Minute, os.Args[0])
			if err == nil {
				defer p.Close()
				patience := time.Minute
				if kind == "silent" {
					patience = 50 * time.Millisecond
				}
				err = p.Load(cs[0], problem, dtype, patience)
				if _, again := p.Run(1, time.Minute); kind == "dying" && again.Error() != err.Error() {
					t.Errorf("asked again: %v, want what it died of", again)
				}
				if err == nil {
					if s, err := p.Run(3, time.Minute); s != 0.25 || err != nil || p.Version != "test 1.0" {
						t.Errorf("version %s: %g seconds, %v", p.Version, s, err)
					}
				}
			}
			if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
				t.Errorf("%v, want %q", err, want)
			}
		})
	}
}

// A ratio of times that are too noisy is none.
func TestFigure(t *testing.T) {
	calm, noisy, wild := &cell{samples: []float64{1, 1, 1, 1}}, &cell{samples: []float64{2, 2.2, 2.4, 2.5}}, &cell{samples: []float64{1, 10, 100, 1000}}
	for _, c := range []struct {
		x, ours *cell
		want    string
	}{{calm, calm, "1.00 s"}, {noisy, calm, "~2.30"}, {wild, calm, "1.00?"}, {calm, wild, "1.00?"}, {wild, wild, "≥ 1.00 s"}, {&cell{samples: []float64{3, 3, 3}}, calm, "3.00"}} {
		if got := figure(c.x, c.ours); got != c.want {
			t.Errorf("%v beside %v: %q, want %q", c.x.samples, c.ours.samples, got, c.want)
		}
	}
}
