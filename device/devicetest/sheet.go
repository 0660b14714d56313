package devicetest

import (
	"fmt"
	"math"
	"strings"

	"github.com/keisan-go/keisan/device"
)

// A sheet is a trial's numbers on the host: what its operands hold before the launch and after it, and what the
// reference says that they should hold.
type sheet struct {
	trial         *trial
	before, after map[string][]float64
	results       map[string]*result

	// eps is the distance from 1 to the next number. It is twice the error of a rounding, so that n·eps bounds the
	// error of n roundings by the device and, in float64, n more by the reference.
	eps float64
	// least is the smallest number that is not subnormal; devices may round what is smaller to 0.
	least float64
}

// A result is what a reference says about an operand that the kernel writes.
type result struct {
	sheet *sheet
	want  []expected
}

// expected is what an element should hold: want+rest, up to tol.
type expected struct {
	want, rest, tol float64
	sign            bool // of a zero counts
	stated          bool
}

func newSheet(tr *trial) *sheet {
	s := &sheet{trial: tr, before: map[string][]float64{}, after: map[string][]float64{}, results: map[string]*result{}}
	s.eps, s.least = 0x1p-52, 0x1p-1022
	if tr.dtype == device.Float32 {
		s.eps, s.least = 0x1p-23, 0x1p-126
	}
	for i := range tr.operands {
		o := &tr.operands[i]
		s.before[o.name] = tr.values(o)
	}
	return s
}

// in is what an operand holds before the launch; nil for one left out.
func (s *sheet) in(name string) []float64 { return s.before[name] }

// out is what the device made of an operand. A reference that goes on from it judges each step of a long way by itself.
func (s *sheet) out(name string) []float64 { return s.after[name] }

// result is where a reference states what an operand should hold.
func (s *sheet) result(name string) *result {
	r := s.results[name]
	if r == nil {
		r = &result{s, make([]expected, len(s.before[name]))}
		s.results[name] = r
	}
	return r
}

// near says that element i should differ from want by tol at most; NaN and Inf should be just that. With exact data
// there is nothing to forgive.
func (r *result) near(i int, want, tol float64) { r.nearSum(i, want, 0, tol) }

// nearSum is near for a number that takes two float64 to tell.
func (r *result) nearSum(i int, want, rest, tol float64) {
	if r.sheet.trial.exact {
		tol = 0
	}
	r.want[i] = expected{want: want, rest: rest, tol: tol, stated: true}
}

// exactly says that element i should be want, and a zero have its sign.
func (r *result) exactly(i int, want float64) {
	r.want[i] = expected{want: want, sign: true, stated: true}
}

// ulp is the distance from a number to the next one in the trial's type.
func (s *sheet) ulp(v float64) float64 {
	_, exp := math.Frexp(v)
	if s.trial.dtype == device.Float32 {
		return math.Ldexp(1, max(exp-24, -149))
	}
	return math.Ldexp(1, max(exp-53, -1074))
}

// judge has the reference say what should have come out, and compares it with what did. What a reference said without
// looking at what came out is good for the trial's next launch as well.
func (s *sheet) judge() error {
	if len(s.results) == 0 || s.trial.follows {
		s.trial.want(s)
	}
	access := s.trial.access()
	var wrong []string
	zeros, all := 0, 0
	for _, o := range s.trial.operands {
		if access[o.name]&device.Write == 0 {
			continue
		}
		got := s.after[o.name]
		for i, e := range s.result(o.name).want {
			if !e.stated {
				return fmt.Errorf("the reference does not say what %s[%d] should be", o.name, i)
			}
			if !e.ok(got[i]) {
				wrong = append(wrong, fmt.Sprintf("%s[%d] of %v is %v, want %v", o.name, i, o.shape, got[i], e))
			}
			if e.want == 0 {
				zeros++
			}
			all++
		}
	}
	const shown = 3
	switch {
	case len(wrong) > shown:
		return fmt.Errorf("%s (and %d more)", strings.Join(wrong[:shown], "; "), len(wrong)-shown)
	case len(wrong) > 0:
		return fmt.Errorf("%s", strings.Join(wrong, "; "))
	case 10*zeros > 3*all && !s.trial.exact && !s.trial.zeros:
		return fmt.Errorf("%d of %d elements should be 0: what is never computed would pass", zeros, all)
	}
	return nil
}

func (e expected) ok(got float64) bool {
	switch {
	case math.IsNaN(e.want):
		return math.IsNaN(got)
	case e.sign && math.Signbit(got) != math.Signbit(e.want):
		return false
	case math.IsInf(e.want, 0):
		return got == e.want
	}
	return math.Abs(got-e.want-e.rest) <= e.tol
}

func (e expected) String() string {
	if e.tol == 0 || math.IsNaN(e.want) || math.IsInf(e.want, 0) {
		return fmt.Sprint(e.want)
	}
	return fmt.Sprintf("%v ± %.2g", e.want, e.tol)
}

// A sum is a sum, and what it takes to bound its error.
type sum struct {
	total, size float64
	n           int
}

func (a *sum) add(v float64) {
	a.total += v
	a.size += math.Abs(v)
	a.n++
}

// bound is the most that the sum in any other order differs from the total if each of its terms took so many roundings:
// γ(n)·Σ|terms|, N. Higham, Accuracy and Stability of Numerical Algorithms, 2002, section 3.5.
func (a *sum) bound(s *sheet, roundings int) float64 {
	return float64(a.n+roundings) * s.eps * a.size
}
