//go:build cuda && linux

package cuda

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"gorgonia.org/cu"

	"github.com/keisan-go/keisan/device/internal/gpu"
)

// checked is a driver that holds each launch against the function's own parameter list, as the source declares it and as
// the compiler made it, and against the memory that there is. What does not fit fails the launch.
type checked struct {
	*driver
	buffers map[uint64]int64 // address -> bytes
	count   *counts
}

// counts is what was seen to be right.
type counts struct {
	mu                sync.Mutex
	launches, extents int
	ptx               map[string]string // of each program, by its text
}

func newChecked(d *driver, c *counts) *checked { return &checked{d, map[uint64]int64{}, c} }

func (c *checked) Alloc(bytes int64) (gpu.Buffer, error) {
	b, err := c.driver.Alloc(bytes)
	if err == nil {
		c.buffers[b.Arg().Bits] = bytes
	}
	return b, err
}

func (c *checked) Free(b gpu.Buffer) {
	delete(c.buffers, b.Arg().Bits)
	c.driver.Free(b)
}

// checkedProgram is a program with its source and its PTX.
type checkedProgram struct {
	gpu.Program
	defines, source, ptx string
}

// Compile compiles each program once for all openings, which would take the suites too long otherwise.
func (c *checked) Compile(defines, source string) (gpu.Program, error) {
	text := defines + "#line 1 \"prelude.cu\"\n" + prelude + source
	c.count.mu.Lock()
	defer c.count.mu.Unlock()
	ptx, ok := c.count.ptx[text]
	if !ok {
		var err error
		if ptx, err = compiled(text, len(c.count.ptx)); err != nil {
			return nil, err
		}
		c.count.ptx[text] = ptx
	}
	p := program{of: c.shared}
	err := c.do(func() (err error) {
		p.module, err = cu.LoadData(ptx)
		return err
	})
	return &checkedProgram{p, defines, source, ptx}, err
}

// compiled is a program's PTX. The program must compile to machine code for old and new architectures, in a short run for
// one of them in turn, and need no more shared memory than any GPU has.
func compiled(text string, turn int) (string, error) {
	nvrtc, err := nvrtcLoaded()
	if err != nil {
		return "", err
	}
	newest := nvrtc.archs[len(nvrtc.archs)-1]
	archs := slices.Compact([]int{70, 80, 90, newest})
	archs = slices.DeleteFunc(archs, func(a int) bool { return !slices.Contains(nvrtc.archs, a) })
	if testing.Short() {
		archs = archs[turn%len(archs):][:1]
	}
	for _, arch := range archs {
		if _, err := nvrtc.compile(arch, nvrtc.version-1, text); err != nil { // a driver older than NVRTC takes machine code
			return "", fmt.Errorf("for sm_%d: %w", arch, err)
		}
	}
	ptx, err := nvrtc.compile(newest, nvrtc.version, text)
	shared := 0
	for _, m := range regexp.MustCompile(`\.shared .*\[(\d+)\]`).FindAllStringSubmatch(ptx, -1) {
		n, _ := strconv.Atoi(m[1])
		shared += n
	}
	if shared > 48<<10 {
		return "", fmt.Errorf("%d bytes of shared memory", shared)
	}
	return ptx, err
}

// A checkedFunction is a function with its parameters.
type checkedFunction struct {
	gpu.Function
	name   string
	params []param
	size   int // bytes of a real

	units, gates int // what the source's UNITS and GATES are
}

// defined is a macro's value, 0 if there is none.
func (p *checkedProgram) defined(name string) int {
	if m := regexp.MustCompile(`#define ` + name + ` (\d+)`).FindStringSubmatch(p.defines); m != nil {
		n, _ := strconv.Atoi(m[1])
		return n
	}
	return 0
}

// A param is a parameter: its C type, "*" for a buffer, its name and how many bytes it has.
type param struct {
	ctype, name string
	bytes       int
}

var declaration = regexp.MustCompile(`KERNEL void (\w+)\(([^{]*)\) \{`)

// declared is the parameters of a declaration.
func declared(list string, real int) (params []param) {
	sizes := map[string]int{"index": 8, "int": 4, "real": real}
	if strings.Contains(list, "LOOPS") {
		var loops []string
		for i := range 8 {
			loops = append(loops, fmt.Sprintf("index n%d, index x%d, index y%d", i, i, i))
		}
		list = strings.Replace(list, "LOOPS", strings.Join(loops, ", "), 1)
	}
	for _, p := range strings.Split(list, ",") {
		p = strings.TrimSpace(p)
		if macro, name, ok := strings.Cut(strings.TrimSuffix(p, ")"), "("); ok { // IN, OUT, IN_INT or OUT_INT
			params = append(params, param{"*" + macro, name, 8}, param{"index", name + "_at", 8})
			continue
		}
		ctype, name, _ := strings.Cut(p, " ")
		params = append(params, param{ctype, name, sizes[ctype]})
	}
	return params
}

func (p *checkedProgram) Function(name string) (gpu.Function, error) {
	f, err := p.Program.Function(name)
	if err != nil {
		return nil, err
	}
	entry := regexp.MustCompile(`\.entry ` + name + `\(([^)]*)\)`).FindStringSubmatch(p.ptx)
	if entry == nil {
		return nil, fmt.Errorf("the PTX has no function %s", name)
	}
	var compiled []int
	for _, m := range regexp.MustCompile(`\.param \.[a-z](\d+)`).FindAllStringSubmatch(entry[1], -1) {
		bits, _ := strconv.Atoi(m[1])
		compiled = append(compiled, bits/8)
	}
	c := &checkedFunction{Function: f, name: name, size: 4}
	if p.defined("DOUBLE") == 1 {
		c.size = 8
	}
	c.units, c.gates = p.defined("UNITS"), p.defined("GATES")
	// A source may declare a function twice, for CPUs and for GPUs. The PTX is of one of them.
	for _, m := range declaration.FindAllStringSubmatch(p.source, -1) {
		params := declared(m[2], c.size)
		if m[1] == name && len(params) == len(compiled) {
			c.params = params
		}
	}
	for i, p := range c.params {
		if p.bytes != compiled[i] {
			return nil, fmt.Errorf("%s: parameter %s is declared with %d bytes and compiled with %d", name, p.name, p.bytes, compiled[i])
		}
	}
	if c.params == nil {
		return nil, fmt.Errorf("%s is not declared with %d parameters", name, len(compiled))
	}
	return c, nil
}

func (c *checked) Residency(f gpu.Function, items int) (int, error) {
	return c.driver.Residency(f.(*checkedFunction).Function, items)
}

// Launch is an error unless there are as many arguments as parameters, of their sizes and kinds, the arrays lie within
// their buffers, and the geometry is within CUDA's limits.
func (c *checked) Launch(f gpu.Function, groups, items [2]int, args []gpu.Arg) error {
	fn := f.(*checkedFunction)
	if len(args) != len(fn.params) {
		return fmt.Errorf("%s has %d parameters and gets %d arguments", fn.name, len(fn.params), len(args))
	}
	if groups[0] < 1 || groups[0] > 1<<31-1 || groups[1] < 1 || groups[1] > 65535 || items[0] < 1 || items[1] < 1 || items[0]*items[1] > 1024 {
		return fmt.Errorf("%s: %v groups of %v work-items", fn.name, groups, items)
	}
	values := map[string]int64{}
	for i, p := range fn.params {
		a := args[i]
		if int(a.Size) != p.bytes {
			return fmt.Errorf("%s: parameter %s has %d bytes, the argument %d", fn.name, p.name, p.bytes, a.Size)
		}
		if _, isBuffer := c.buffers[a.Bits]; isBuffer != (p.ctype[0] == '*') {
			return fmt.Errorf("%s: parameter %s is %s, the argument %#x", fn.name, p.name, p.ctype, a.Bits)
		}
		values[p.name] = int64(a.Bits)
		if p.bytes == 4 {
			values[p.name] = int64(int32(a.Bits))
		}
	}
	values["UNITS"], values["GATES"], values["GROUPS"] = int64(fn.units), int64(fn.gates), int64(groups[1])
	sizes := sizesOf(fn.name, values)
	for i, p := range fn.params {
		if p.ctype[0] != '*' {
			continue
		}
		n, known := sizes[p.name]
		if !known {
			return fmt.Errorf("%s: nobody knows how much of %s it touches", fn.name, p.name)
		}
		size := fn.size
		if strings.HasSuffix(p.ctype, "_INT") {
			size = 4
		}
		at, bytes := values[p.name+"_at"], c.buffers[args[i].Bits]
		if n > 0 && (at < 0 || (at+n)*int64(size) > bytes) {
			return fmt.Errorf("%s: %s is %d elements from %d on, its buffer has %d bytes", fn.name, p.name, n, at, bytes)
		}
		c.count.extents++
	}
	c.count.launches++
	return c.driver.Launch(fn.Function, groups, items, args)
}

// sizesOf is how many elements a function touches of each array.
func sizesOf(function string, v map[string]int64) map[string]int64 {
	n, rows, c := v["n"], v["rows"], v["c"]
	span := func(n, step int64) int64 { return (n - 1) * step }
	switch function {
	case "copy":
		return map[string]int64{"dst": n, "src": n}
	case "copy_columns":
		return map[string]int64{"dst": span(rows, n) + v["to"] + v["cols"], "src": span(rows, v["m"]) + v["from"] + v["cols"]}
	case "fill":
		return map[string]int64{"dst": n}
	case "gather":
		return map[string]int64{"y": rows * v["d"], "w": v["v"] * v["d"], "ids": rows}
	case "dropout":
		all := v["times"] * v["period"]
		return map[string]int64{"y": all, "x": all}
	case "scatter_links":
		return map[string]int64{"first": rows, "next": rows, "ids": rows}
	case "scatter_add": // of the table as many rows as the largest of the ids, which are not told
		return map[string]int64{"dw": 0, "dy": rows * v["d"], "ids": rows, "first": rows, "next": rows}
	case "activate":
		return map[string]int64{"y": n, "x": n}
	case "activate_grad":
		return map[string]int64{"dx": n, "dy": n, "y": n}
	case "sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam":
		return map[string]int64{"p": n, "g": n, "v": n, "s": n, "m": n}
	case "clip_norm":
		return map[string]int64{"x": n, "sum_sq": 1}
	case "sum_parts":
		return map[string]int64{"x": n, "parts": 128}
	case "sum_total":
		return map[string]int64{"y": 1, "parts": n}
	case "sum_rows":
		return map[string]int64{"y": n, "x": rows * n}
	case "softmax", "softmax_grad", "cross_entropy", "cross_entropy_grad":
		all := rows * c
		return map[string]int64{"y": all, "x": all, "dx": all, "dy": all, "p": all, "losses": rows, "target": rows}
	case "element_loss", "element_loss_grad":
		return map[string]int64{"losses": n, "dx": n, "x": n, "target": n}
	case "layer_norm", "layer_norm_grad":
		all := rows * c
		return map[string]int64{"y": all, "x": all, "dx": all, "dy": all, "terms": all, "mean": rows, "rstd": rows, "gamma": c, "beta": c}
	case "product":
		m, k := v["m"], v["k"]
		e := map[string]int64{"c": m * n, "a": 0, "b": 0, "d": 0, "e": 0}
		if k > 0 {
			e["a"] = 1 + span(m, v["a_m"]) + span(k, v["a_k"])
			e["b"] = 1 + span(k, v["b_k"]) + span(n, v["b_n"])
		}
		if v["start"] != 0 {
			e["d"] = n + span(m, v["d_m"])
		}
		if v["finish"] == 2 {
			e["e"] = m * n
		}
		return e
	case "rnn_step", "rnn_step_back":
		return gated(rows, n, 1)
	case "rnn_first":
		e := gated(rows, n, 1)
		e["first"], e["dz"] = rows*n, v["steps"]*rows*n
		return e
	case "lstm_step", "lstm_step_back":
		return gated(rows, n, 4)
	case "gru_reset", "gru_step", "gru_step_back", "gru_reset_back":
		e := gated(rows, n, 3)
		parts := int64(3) // of what the gates get of the state
		switch {
		case strings.HasPrefix(function, "gru_reset"):
			parts = 2
		case v["reset_before"] != 0:
			parts = 1
		}
		e["s"], e["d"] = parts*rows*n, parts*rows*n
		return e
	case "rnn_steps", "lstm_steps", "gru_steps", "rnn_steps_back", "lstm_steps_back", "gru_steps_back":
		row, gates, all := rows*v["UNITS"], v["GATES"]*v["UNITS"], v["steps"]*rows*v["UNITS"]
		return map[string]int64{
			"h": row + all, "c": row + all, "y": all, "dy": all, "q": all, "dq": all, "dh": row, "dc": row,
			"gates": v["GATES"] * all, "dz": v["GATES"] * all, "d": v["GATES"] * all,
			"wh": gates * v["UNITS"], "bias": gates, "lengths": rows, "arrivals": 32*(v["GROUPS"]-1) + 1,
		}
	case "binary":
		x, y := loops(v, 0, v["told"])
		return map[string]int64{"z": rows * v["n0"], "x": x, "y": y}
	case "binary_grad", "binary_grad_team":
		dz, other := loops(v, 0, v["told_depth"])
		if v["terms"] == 0 {
			dz, other = 0, 0
		}
		return map[string]int64{"grad": n, "own": n, "dz": dz, "other": other}
	}
	return nil
}

// gated is how many elements a step of so many rows of n units touches of its arrays, which has so many gates. What is left
// out is passed as the gates are, and so has as many.
func gated(rows, n, gates int64) map[string]int64 {
	e := map[string]int64{"gates": gates * rows * n, "dz": gates * rows * n, "lengths": rows}
	for _, state := range []string{"h", "c", "q", "y", "last", "last_h", "last_c", "dh", "dc", "dq", "dy"} {
		e[state] = rows * n
	}
	return e
}

// loops is how many elements nested loops reach, of either array.
func loops(v map[string]int64, from, to int64) (x, y int64) {
	x, y = 1, 1
	for l := from; l < to; l++ {
		x += (v[fmt.Sprint("n", l)] - 1) * v[fmt.Sprint("x", l)]
		y += (v[fmt.Sprint("n", l)] - 1) * v[fmt.Sprint("y", l)]
	}
	return x, y
}
