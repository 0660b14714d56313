package gpu

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/kernels"
)

// A define is a macro that specialises a source.
type define struct {
	name  string
	value int
}

// A variant is a source for an element type, specialised by defines.
type variant struct {
	source  string // the name of a kernel family
	dtype   device.DType
	defines [10]define
}

// programs compiles variants when they are first used.
type programs struct {
	driver    Driver
	class     class
	compiled  map[variant]Program
	functions map[named]Function
}

type named struct {
	variant
	function string
}

// function is a function of a variant. What failed to compile is compiled again when it is used again.
func (p *programs) function(v variant, name string) (Function, error) {
	if f, ok := p.functions[named{v, name}]; ok {
		return f, nil
	}
	program, ok := p.compiled[v]
	if !ok {
		var err error
		if program, err = p.compile(v); err != nil {
			return nil, err
		}
		if p.compiled == nil {
			p.compiled, p.functions = map[variant]Program{}, map[named]Function{}
		}
		p.compiled[v] = program
	}
	f, err := program.Function(name)
	if err != nil {
		return nil, fmt.Errorf("%s.cl: function %s: %w", v.source, name, err)
	}
	p.functions[named{v, name}] = f
	return f, nil
}

func (p *programs) compile(v variant) (Program, error) {
	source, err := sourceOf(v.source)
	if err != nil {
		return nil, err
	}
	defines := p.class.defines(v)
	program, err := p.driver.Compile(defines, source)
	if err != nil {
		return nil, fmt.Errorf("compiling %s.cl: %w%s\nwith\n%s", v.source, err, quote(err.Error()), defines)
	}
	return program, nil
}

// includes is what the sources need besides math.cl.
var includes = map[string]string{"rnn": "recurrence", "lstm": "recurrence", "gru": "recurrence"}

// sourceOf is a family's source with all that it needs.
func sourceOf(family string) (string, error) {
	var text strings.Builder
	for _, name := range []string{"math", includes[family], family} {
		if name == "" {
			continue
		}
		file, err := kernels.Source.ReadFile("src/" + name + ".cl")
		if err != nil {
			return "", err
		}
		fmt.Fprintf(&text, "#line 1 \"%s.cl\"\n%s\n", name, file)
	}
	return text.String(), nil
}

var place = regexp.MustCompile(`(\w+)\.cl[:(](\d+)`)

// quote is the line of a source that a compiler's log names first; "" if it names none.
func quote(log string) string {
	m := place.FindStringSubmatch(log)
	if m == nil {
		return ""
	}
	file, err := kernels.Source.ReadFile("src/" + m[1] + ".cl")
	if err != nil {
		return ""
	}
	lines := strings.Split(string(file), "\n")
	if n, _ := strconv.Atoi(m[2]); n > 0 && n <= len(lines) {
		return fmt.Sprintf("\n%s.cl:%d: %s", m[1], n, strings.TrimSpace(lines[n-1]))
	}
	return ""
}

// release gives all programs back.
func (p *programs) release() {
	for _, program := range p.compiled {
		program.Release()
	}
	clear(p.compiled)
	clear(p.functions)
}

// defines is the lines that specialise a source.
func (c class) defines(v variant) string {
	var text strings.Builder
	line := func(name string, value int) { fmt.Fprintf(&text, "#define %s %d\n", name, value) }
	line("CPU", bit(c.cpu))
	line("DOUBLE", bit(v.dtype == device.Float64))
	line("LANES", c.lanes)
	line("VEC", c.vec(v.dtype))
	for _, d := range v.defines {
		if d.name != "" {
			line(d.name, d.value)
		}
	}
	return text.String()
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}
