package cases

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// maxCases is how many cases one argument may stand for.
const maxCases = 10000

// Parse returns the cases that an argument names: a family and keys with values, "matmul/m=64/n=64/k=64". A value may
// be a list, "256,512", or a range that goes on by a step or a factor, "256-1024+256" or "256-4096*2"; several such
// values make every combination. Keys may be left out.
func Parse(arg string) ([]Case, error) {
	name, rest, hasKeys := strings.Cut(arg, "/")
	var family *Family
	var names []string
	for _, f := range Families {
		names = append(names, f.Name)
		if f.Name == name {
			family = f
		}
	}
	if family == nil {
		return nil, fmt.Errorf("case %q: there is no %q; want one of %s", arg, name, strings.Join(names, ", "))
	}

	given := map[string][]string{}
	if hasKeys {
		for part := range strings.SplitSeq(rest, "/") {
			key, value, _ := strings.Cut(part, "=")
			k := family.key(key)
			if k == nil {
				return nil, fmt.Errorf("case %q: %s has no key %q; want %s", arg, name, key, family.choices())
			}
			if given[key] != nil {
				return nil, fmt.Errorf("case %q: key %s is given twice", arg, key)
			}
			values, err := k.parse(value)
			if err != nil {
				return nil, fmt.Errorf("case %q: key %s is %q; want %w", arg, key, value, err)
			}
			given[key] = values
		}
	}

	all := []Case{{Family: family}}
	for _, k := range family.Keys {
		if given[k.Name] == nil {
			given[k.Name] = []string{""} // filled in below
		}
		if len(all)*len(given[k.Name]) > maxCases {
			return nil, fmt.Errorf("case %q: that is more than %d cases", arg, maxCases)
		}
		var longer []Case
		for _, c := range all {
			for _, v := range given[k.Name] {
				longer = append(longer, Case{family, append(slices.Clone(c.values), v)})
			}
		}
		all = longer
	}
	for _, c := range all {
		c.complete()
	}
	return all, nil
}

// complete fills in the values left out: that of a key which it is to be like if one is given, else the default.
func (c Case) complete() {
	left := slices.Clone(c.values)
	for i, k := range c.Family.Keys {
		if left[i] != "" {
			continue
		}
		c.values[i] = k.Default
		for _, like := range k.Like {
			at := slices.IndexFunc(c.Family.Keys, func(k Key) bool { return k.Name == like })
			if left[at] != "" {
				c.values[i] = left[at]
				break
			}
		}
	}
}

func (f *Family) key(name string) *Key {
	for i := range f.Keys {
		if f.Keys[i].Name == name {
			return &f.Keys[i]
		}
	}
	return nil
}

// choices is the family's keys, for messages.
func (f *Family) choices() string {
	if len(f.Keys) == 0 {
		return "none at all"
	}
	var all []string
	for _, k := range f.Keys {
		all = append(all, fmt.Sprintf("%s (%s)", k.Name, k.About))
	}
	return strings.Join(all, ", ")
}

func (k *Key) parse(value string) ([]string, error) {
	var all []string
	for item := range strings.SplitSeq(value, ",") {
		if len(k.Choices) > 0 {
			if !slices.Contains(k.Choices, item) {
				return nil, fmt.Errorf("one or more of %s, with commas between them", strings.Join(k.Choices, ", "))
			}
			all = append(all, item)
			continue
		}
		sizes, ok := sizes(item)
		if !ok {
			return nil, fmt.Errorf("%s: a size such as 512, a list such as 256,512 or a range such as 256-4096*2 or 100-500+100; no number above 2^40", k.About)
		}
		for _, n := range sizes {
			all = append(all, strconv.Itoa(n))
		}
	}
	return all, nil
}

// sizes is the sizes that "512", "256-4096*2" or "100-500+100" stands for.
func sizes(item string) (all []int, ok bool) {
	first, rest, ranged := strings.Cut(item, "-")
	n, ok := size(first)
	if !ok || !ranged {
		return []int{n}, ok
	}
	at := strings.IndexAny(rest, "+*")
	if at < 0 {
		return nil, false
	}
	last, ok1 := size(rest[:at])
	by, ok2 := size(rest[at+1:])
	factor := rest[at] == '*'
	if !ok1 || !ok2 || last < n || by == 0 || factor && (by == 1 || n == 0) {
		return nil, false
	}
	for n <= last && len(all) <= maxCases {
		all = append(all, n)
		if factor {
			n *= by
		} else {
			n += by
		}
	}
	return all, true
}

// size is a number that is neither negative nor so large that products of two overflow.
func size(s string) (int, bool) {
	n, err := strconv.ParseInt(s, 10, 0)
	if err != nil || n < 0 || n > 1<<40 {
		return 0, false
	}
	return int(n), strconv.FormatInt(n, 10) == s
}
