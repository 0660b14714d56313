package safetensors

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// parseHeader returns the tensors, in the order of their names, and the metadata of a header that n bytes follow.
func parseHeader(header string, n int64) ([]Info, map[string]string, error) {
	p := &parser{s: header}
	if header[0] != '{' {
		p.fail("there is %s, want {", quote(header[:1]))
	}
	const shortest = len(`"x":{"dtype":"I8","shape":[],"data_offsets":[0,0]}`)
	tensors := make([]Info, 0, min(strings.Count(header, `"data_offsets"`), len(header)/shortest))
	var free map[string]string
	for p.begin('{'); p.more('}'); {
		switch name := p.key(); {
		case name == "":
			p.fail("a tensor has an empty name")
		case name != metadata:
			tensors = append(tensors, p.tensor(name))
		case free != nil:
			p.fail("%q stands twice", metadata)
		default:
			free = p.metadata()
		}
	}
	if p.space(); p.at < len(header) {
		p.fail("there is %s after the end", quote(header[p.at:]))
	}
	if p.err != nil {
		return nil, nil, p.err
	}
	byName := func(a, b Info) int { return strings.Compare(a.Name, b.Name) }
	slices.SortFunc(tensors, byName)
	for i := 1; i < len(tensors); i++ {
		if tensors[i].Name == tensors[i-1].Name {
			return nil, nil, fmt.Errorf("tensor %s stands twice", quote(tensors[i].Name))
		}
	}
	if err := layOut(tensors, n); err != nil {
		return nil, nil, err
	}
	slices.SortFunc(tensors, byName)
	return tensors, free, nil
}

// layOut returns an error unless the tensors are as long as their shapes say, and fill n bytes one after another, the order in
// which it leaves them.
func layOut(tensors []Info, n int64) error {
	for _, t := range tensors {
		size, err := t.bytes()
		if err != nil {
			return err
		}
		if t.begin > t.end || t.end-t.begin != size {
			return fmt.Errorf("tensor %s: %v is %d bytes, and data_offsets are [%d, %d]", quote(t.Name), t, size, t.begin, t.end)
		}
	}
	slices.SortFunc(tensors, func(a, b Info) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end))
	})
	at := int64(0)
	for i, t := range tensors {
		switch {
		case t.begin < at:
			return fmt.Errorf("tensor %s begins at byte %d, before %s ends at %d", quote(t.Name), t.begin, quote(tensors[i-1].Name), at)
		case t.begin > at:
			return fmt.Errorf("tensor %s begins at byte %d, and bytes %d to %d are of no tensor", quote(t.Name), t.begin, at, t.begin)
		}
		at = t.end
	}
	if at != n {
		return fmt.Errorf("the tensors end at byte %d behind the header, and the file at %d", at, n)
	}
	return nil
}

// A parser reads the JSON that a header can be, which is little: objects, strings, and arrays of natural numbers. It makes
// no copy of what it reads. After its first error it reads nothing more.
type parser struct {
	s       string
	at      int
	first   bool // whether an object or an array has just begun
	numbers [maxAxes]int64
	err     error
}

// tensor is what stands behind a tensor's name.
func (p *parser) tensor(name string) Info {
	t := Info{Name: name}
	known := 0 // a bit for each key
	once := func(bit int, key string) {
		if known&bit != 0 {
			p.fail("tensor %s: %s stands twice", quote(name), key)
		}
		known |= bit
	}
	for p.begin('{'); p.more('}'); {
		switch key := p.key(); key {
		case "dtype":
			once(1, key)
			t.DType = DType(p.text())
		case "shape":
			once(2, key)
			axes := p.naturals(name, key)
			t.Shape = make([]int, len(axes))
			for i, n := range axes {
				if n > math.MaxInt {
					p.fail("tensor %s: the shape's axis %d cannot be counted", quote(name), n)
				}
				t.Shape[i] = int(n)
			}
		case "data_offsets":
			once(4, key)
			places := p.naturals(name, key)
			if len(places) != 2 {
				p.fail("tensor %s: data_offsets are %v, want two", quote(name), places)
				return t
			}
			t.begin, t.end = places[0], places[1]
		default:
			p.fail("tensor %s: there is a key %s, want dtype, shape and data_offsets", quote(name), quote(key))
		}
	}
	if known != 7 {
		p.fail("tensor %s: want dtype, shape and data_offsets", quote(name))
	}
	return t
}

// metadata is an object of strings.
func (p *parser) metadata() map[string]string {
	free := map[string]string{}
	for p.begin('{'); p.more('}'); {
		key := p.key()
		if _, known := free[key]; known {
			p.fail("%s: %s stands twice", metadata, quote(key))
		}
		if len(free) == maxMetadata {
			p.fail("%s: there are more than %d entries", metadata, maxMetadata)
		}
		free[key] = p.text()
	}
	return free
}

// begin reads what opens an object or an array. For its elements, call more before each.
func (p *parser) begin(opening byte) {
	p.want(opening)
	p.first = true
}

// more tells whether there is another element, and goes there or behind the end.
func (p *parser) more(closing byte) bool {
	p.space()
	first := p.first
	p.first = false
	if p.err == nil && p.peek() == closing {
		p.at++
		return false
	}
	if !first {
		p.want(',')
	}
	return p.err == nil
}

// key reads the key of an object's element.
func (p *parser) key() string {
	key := p.text()
	p.want(':')
	return key
}

// naturals reads an array of natural numbers, which stands at a key of a tensor. It is valid until the next.
func (p *parser) naturals(name, key string) []int64 {
	n := 0
	for p.begin('['); p.more(']'); n++ {
		p.space()
		if n == len(p.numbers) {
			p.fail("tensor %s: %s: there are more than %d numbers", quote(name), key, n)
			break
		}
		begin, v := p.at, int64(0)
		for ; p.peek() >= '0' && p.peek() <= '9'; p.at++ {
			digit := int64(p.peek() - '0')
			if v > (math.MaxInt64-digit)/10 {
				p.fail("tensor %s: %s: a number is above %d", quote(name), key, int64(math.MaxInt64))
				break
			}
			v = 10*v + digit
		}
		end := p.at
		for end < len(p.s) && strings.IndexByte(",]} \t\n\r", p.s[end]) < 0 {
			end++
		}
		if digits := p.s[begin:end]; end > p.at || digits == "" || digits[0] == '0' && len(digits) > 1 {
			p.fail("tensor %s: %s: there is %s, want a natural number", quote(name), key, quote(digits))
		}
		p.numbers[n] = v
	}
	return p.numbers[:n]
}

// text reads a string.
func (p *parser) text() string {
	p.want('"')
	begin, escapes := p.at, false
	for ; p.err == nil && p.peek() != '"'; p.at++ {
		switch c := p.peek(); {
		case p.at >= len(p.s):
			p.fail("the string %s has no end", quote(p.s[begin:]))
		case c < ' ':
			p.fail("the string %s has a control character", quote(p.s[begin:p.at+1]))
		case c == '\\':
			escapes = true
			p.at++
		}
	}
	if p.err != nil {
		return ""
	}
	s := p.s[begin:p.at]
	p.at++
	if !utf8.ValidString(s) {
		p.fail("the string %s is not UTF-8", quote(s))
	}
	if !escapes {
		return s
	}
	text, ok := unescape(s)
	if !ok {
		p.fail("the string %s has an escape that is none", quote(s))
	}
	return text
}

// unescape is a string without JSON's escapes, and whether they are some.
func unescape(s string) (string, bool) {
	var text strings.Builder
	text.Grow(len(s))
	for {
		plain, rest, found := strings.Cut(s, `\`)
		text.WriteString(plain)
		if !found {
			return text.String(), true
		}
		if i := strings.IndexByte(`"\/bfnrt`, rest[0]); i >= 0 {
			text.WriteByte("\"\\/\b\f\n\r\t"[i])
			s = rest[1:]
			continue
		}
		r, ok := hex(rest)
		rest = rest[min(5, len(rest)):]
		if utf16.IsSurrogate(r) {
			low, also := hex(strings.TrimPrefix(rest, `\`))
			r = utf16.DecodeRune(r, low)
			ok = ok && also && rest[0] == '\\' && r != utf8.RuneError
			rest = rest[min(6, len(rest)):]
		}
		if !ok {
			return "", false
		}
		text.WriteRune(r)
		s = rest
	}
}

// hex is the code that u and four hexadecimal digits stand for, and whether they are there.
func hex(s string) (rune, bool) {
	if len(s) < 5 || s[0] != 'u' {
		return 0, false
	}
	r := rune(0)
	for _, c := range []byte(s[1:5]) {
		digit := strings.IndexByte("0123456789abcdef", c|0x20)
		if digit < 0 || c < '0' {
			return 0, false
		}
		r = r<<4 | rune(digit)
	}
	return r, true
}

// space skips white space.
func (p *parser) space() {
	for p.at < len(p.s) && strings.IndexByte(" \t\n\r", p.s[p.at]) >= 0 {
		p.at++
	}
}

// peek is the next character; 0 at the end.
func (p *parser) peek() byte {
	if p.at < len(p.s) {
		return p.s[p.at]
	}
	return 0
}

// want skips white space and this character.
func (p *parser) want(c byte) {
	switch p.space(); {
	case p.err != nil:
	case p.at >= len(p.s):
		p.fail("it ends, want %c", c)
	case p.s[p.at] != c:
		p.fail("there is %q, want %c", p.s[p.at], c)
	default:
		p.at++
	}
}

// fail makes an error at the place that p has come to, unless there is one.
func (p *parser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf("header, byte %d: %w", p.at, fmt.Errorf(format, args...))
	}
}
