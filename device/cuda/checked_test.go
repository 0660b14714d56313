//go:build cuda && linux

package cuda

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

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
	double      bool
	source, ptx string
}

func (c *checked) Compile(defines, source string) (gpu.Program, error) {
	p, err := c.driver.Compile(defines, source)
	if err != nil {
		return nil, err
	}
	text := defines + "#line 1 \"prelude.cu\"\n" + prelude + source
	ptx, ok := c.count.ptx[text]
	if !ok {
		if ptx, err = compiled(text); err != nil {
			return nil, err
		}
		c.count.ptx[text] = ptx
	}
	return &checkedProgram{p, strings.Contains(defines, "#define DOUBLE 1"), source, ptx}, nil
}

// compiled is a program's PTX. The program must compile to machine code for old and new architectures, and need no more
// shared memory than any GPU has.
func compiled(text string) (string, error) {
	nvrtc, err := nvrtcLoaded()
	if err != nil {
		return "", err
	}
	newest := nvrtc.archs[len(nvrtc.archs)-1]
	for _, arch := range slices.Compact([]int{70, 80, 90, newest}) {
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
}

// A param is a parameter: its C type, "*" for a buffer, its name and how many bytes it has.
type param struct {
	ctype, name string
	bytes       int
}

var declaration = regexp.MustCompile(`KERNEL void (\w+)\(([^{]*)\) \{`)

// declared is the parameters of a declaration.
func declared(list string, double bool) (params []param) {
	sizes := map[string]int{"index": 8, "int": 4, "real": 4}
	if double {
		sizes["real"] = 8
	}
	if strings.Contains(list, "LOOPS") {
		var loops []string
		for i := range 8 {
			loops = append(loops, fmt.Sprintf("index n%d, index x%d, index y%d", i, i, i))
		}
		list = strings.Replace(list, "LOOPS", strings.Join(loops, ", "), 1)
	}
	for _, p := range strings.Split(list, ",") {
		p = strings.TrimSpace(p)
		if macro, name, ok := strings.Cut(strings.TrimSuffix(p, ")"), "("); ok { // IN, OUT or IN_INT
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
	if p.double {
		c.size = 8
	}
	// A source may declare a function twice, for CPUs and for GPUs. The PTX is of one of them.
	for _, m := range declaration.FindAllStringSubmatch(p.source, -1) {
		params := declared(m[2], p.double)
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
	extents := extentsOf(fn.name, values)
	for i, p := range fn.params {
		if p.ctype[0] != '*' {
			continue
		}
		extent, known := extents[p.name]
		if !known {
			return fmt.Errorf("%s: nobody knows how much of %s it touches", fn.name, p.name)
		}
		size := fn.size
		if p.ctype == "*IN_INT" {
			size = 4
		}
		if at, bytes := values[p.name+"_at"], c.buffers[args[i].Bits]; extent > 0 && (at < 0 || (at+extent)*int64(size) > bytes) {
			return fmt.Errorf("%s: %s is %d elements from %d on, its buffer has %d bytes", fn.name, p.name, extent, at, bytes)
		}
		c.count.extents++
	}
	c.count.launches++
	return c.driver.Launch(fn.Function, groups, items, args)
}

// extentsOf is how many elements a function touches of each array, told from its other arguments.
func extentsOf(function string, v map[string]int64) map[string]int64 {
	n, rows, c := v["n"], v["rows"], v["c"]
	span := func(n, step int64) int64 { return (n - 1) * step }
	switch function {
	case "copy":
		return map[string]int64{"dst": n, "src": n}
	case "fill":
		return map[string]int64{"dst": n}
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

// loops is how many elements nested loops reach, of either array.
func loops(v map[string]int64, from, to int64) (x, y int64) {
	x, y = 1, 1
	for l := from; l < to; l++ {
		x += (v[fmt.Sprint("n", l)] - 1) * v[fmt.Sprint("x", l)]
		y += (v[fmt.Sprint("n", l)] - 1) * v[fmt.Sprint("y", l)]
	}
	return x, y
}
