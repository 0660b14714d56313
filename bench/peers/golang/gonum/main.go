// Command gonum is gonum's product, and its recurrent layer as somebody would write it with that.
package main

import (
	"bufio"
	"errors"
	"fmt"
	"math"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas32"
)

// A task runs a case and returns its results by name.
type task func() map[string][]float32

func main() {
	version := "gonum"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, m := range info.Deps {
			version += " " + m.Version
		}
	}
	fmt.Println("ready", version)
	var run task
	for s := bufio.NewScanner(os.Stdin); s.Scan(); {
		words := strings.Fields(s.Text())
		switch words[0] {
		case "load":
			var err error
			if run, err = load(words[1], words[2]); err == nil {
				for name, v := range run() {
					err = errors.Join(err, os.WriteFile(words[2]+"/out."+name, bytes(v), 0o600))
				}
			}
			if err != nil {
				fmt.Println("no", err)
			} else {
				fmt.Println("ok")
			}
		case "run":
			n, _ := strconv.Atoi(words[1])
			start := time.Now()
			for range n {
				run()
			}
			fmt.Println(time.Since(start).Seconds())
		}
	}
}

func load(name, folder string) (task, error) {
	size := func(key string) int {
		for part := range strings.SplitSeq(name, "/") {
			if value, ok := strings.CutPrefix(part, key+"="); ok {
				n, _ := strconv.Atoi(value)
				return n
			}
		}
		return 0
	}
	var failure error
	operand := func(file string, rows, cols int) blas32.General {
		text, err := os.ReadFile(folder + "/" + file)
		if err != nil || len(text) != 4*rows*cols {
			failure = fmt.Errorf("%s has %d bytes: %w", file, len(text), err)
			text = make([]byte, 4*rows*cols)
		}
		v := make([]float32, rows*cols)
		copy(bytes(v), text)
		return blas32.General{Rows: rows, Cols: cols, Stride: max(cols, 1), Data: v}
	}
	family, _, _ := strings.Cut(name, "/")
	switch {
	case family == "matmul" && !strings.Contains(name, "trans"):
		m, n, k := size("m"), size("n"), size("k")
		a, b, c := operand("a", m, k), operand("b", k, n), matrix(m, n)
		return func() map[string][]float32 {
			blas32.Gemm(blas.NoTrans, blas.NoTrans, 1, a, b, 0, c)
			return map[string][]float32{"c": c.Data}
		}, failure
	case family == "rnn_forward":
		steps, batch, inputs, hidden := size("t"), size("b"), size("i"), size("h")
		x, h0, bias := operand("x", steps*batch, inputs), operand("h0", batch, hidden), operand("b", 1, hidden)
		wx, wh, h := operand("wx", inputs, hidden), operand("wh", hidden, hidden), matrix((steps+1)*batch, hidden)
		rows := func(a blas32.General, from, n int) blas32.General {
			return blas32.General{Rows: n, Cols: a.Cols, Stride: a.Stride, Data: a.Data[from*a.Stride:]}
		}
		return func() map[string][]float32 {
			copy(h.Data, h0.Data)
			for i := range steps * batch {
				copy(h.Data[(batch+i)*hidden:], bias.Data)
			}
			blas32.Gemm(blas.NoTrans, blas.NoTrans, 1, x, wx, 1, rows(h, batch, steps*batch))
			for t := range steps {
				next := rows(h, (t+1)*batch, batch)
				blas32.Gemm(blas.NoTrans, blas.NoTrans, 1, rows(h, t*batch, batch), wh, 1, next)
				for i, v := range next.Data[:batch*hidden] {
					next.Data[i] = float32(math.Tanh(float64(v)))
				}
			}
			return map[string][]float32{"h": h.Data}
		}, failure
	}
	return nil, errors.New("it is not measured")
}

func matrix(rows, cols int) blas32.General {
	return blas32.General{Rows: rows, Cols: cols, Stride: max(cols, 1), Data: make([]float32, rows*cols)}
}

func bytes(v []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(v))), 4*len(v))
}
