package vec

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/keisan-go/keisan/device/cpu/gemm"
)

// An operation is a function of a table on some slices of one length, some of which it writes.
type operation[T Float] struct {
	name   string
	slices int
	do     func(f *table[T], s [][]T) float64 // what the function returns, if anything
}

func operations[T Float]() []operation[T] {
	void := func(name string, slices int, do func(f *table[T], s [][]T)) operation[T] {
		return operation[T]{name, slices, func(f *table[T], s [][]T) float64 { do(f, s); return 0 }}
	}
	return []operation[T]{
		void("tanh", 2, func(f *table[T], s [][]T) { f.tanh(s[0], s[1]) }),
		void("sigmoid", 2, func(f *table[T], s [][]T) { f.sigmoid(s[0], s[1]) }),
		void("relu", 2, func(f *table[T], s [][]T) { f.relu(s[0], s[1]) }),
		void("tanhGrad", 3, func(f *table[T], s [][]T) { f.tanhGrad(s[0], s[1], s[2]) }),
		void("sigmoidGrad", 3, func(f *table[T], s [][]T) { f.sigmoidGrad(s[0], s[1], s[2]) }),
		void("reluGrad", 3, func(f *table[T], s [][]T) { f.reluGrad(s[0], s[1], s[2]) }),
		void("add", 3, func(f *table[T], s [][]T) { f.add(s[0], s[1], s[2]) }),
		void("mul", 3, func(f *table[T], s [][]T) { f.mul(s[0], s[1], s[2]) }),
		void("div", 3, func(f *table[T], s [][]T) { f.div(s[0], s[1], s[2]) }),
		void("addScalar", 2, func(f *table[T], s [][]T) { f.addScalar(s[0], s[1], 0.3) }),
		void("divScalar", 2, func(f *table[T], s [][]T) { f.divScalar(s[0], s[1], 0.3) }),
		void("scalarDiv", 2, func(f *table[T], s [][]T) { f.scalarDiv(s[0], s[1], 0.3) }),
		void("scale", 2, func(f *table[T], s [][]T) { f.scale(s[0], s[1], 0.3) }),
		{"peak", 1, func(f *table[T], s [][]T) float64 { // of numbers, and either zero will do
			for i, v := range s[0] {
				if v != v {
					s[0][i] = 0
				}
			}
			return float64(f.peak(s[0])) + 0
		}},
		{"expSum", 2, func(f *table[T], s [][]T) float64 { return f.expSum(s[0], s[1], 2) }},
		{"dot", 2, func(f *table[T], s [][]T) float64 { return f.dot(s[0], s[1]) }},
		void("softmaxGrad", 3, func(f *table[T], s [][]T) { f.softmaxGrad(s[0], s[1], s[2], 0.3) }),
		void("sumRows", 2, func(f *table[T], s [][]T) { // a column, two of them, and a few rows
			if n := len(s[0]); n > 0 {
				f.sumRows(s[0][:1], s[1], n, 1)
				f.sumRows(s[0][:(n+1)/2], s[1], 2, n/2)
				f.sumRows(s[0][:(n+4)/5], s[1], 5, n/5)
				f.sumRows(s[0], s[1], 1, n)
			}
		}),
		void("sgd", 2, func(f *table[T], s [][]T) { f.sgd(s[0], s[1], 0.1) }),
		void("momentum", 3, func(f *table[T], s [][]T) { f.momentum(s[0], s[1], s[2], 0.1, 0.9) }),
		void("nesterov", 3, func(f *table[T], s [][]T) { f.nesterov(s[0], s[1], s[2], 0.1, 0.9) }),
		void("adaGrad", 3, func(f *table[T], s [][]T) { f.adaGrad(s[0], s[1], s[2], 0.1, 1e-8) }),
		void("rmsprop", 3, func(f *table[T], s [][]T) { f.rmsprop(s[0], s[1], s[2], 0.1, 0.9, 0.1, 1e-8) }),
		void("adam", 4, func(f *table[T], s [][]T) {
			f.adam(s[0], s[1], s[2], s[3], 0.001, 0.9, 0.1, 0.999, 0.001, 0.99, 3, 1e-8)
		}),
		void("addMul", 3, func(f *table[T], s [][]T) { f.addMul(s[0], s[1], s[2]) }),
		void("lstmState", 5, func(f *table[T], s [][]T) { f.lstmState(s[0], s[1], s[2], s[3], s[4]) }),
		void("lstmOutGrad", 4, func(f *table[T], s [][]T) { f.lstmOutGrad(s[0], s[1], s[2], s[3], s[0]) }),
		void("lstmGrad", 8, func(f *table[T], s [][]T) { f.lstmGrad(s[0], s[1], s[2], s[3], s[4], s[5], s[6], s[7]) }),
		void("gruState", 4, func(f *table[T], s [][]T) { f.gruState(s[0], s[1], s[2], s[3]) }),
		void("gruGrad", 6, func(f *table[T], s [][]T) { f.gruGrad(s[0], s[1], s[2], s[3], s[4], s[5]) }),
	}
}

// TestEveryFunction is that none is left out of what the other tests do.
func TestEveryFunction(t *testing.T) {
	tested := map[string]bool{}
	for _, op := range operations[float32]() {
		tested[op.name] = true
	}
	for _, f := range reflect.VisibleFields(reflect.TypeFor[table[float32]]()) {
		if !tested[f.Name] {
			t.Errorf("operations has no %s", f.Name)
		}
	}
}

// eachTable calls f for every set of instructions that the processor has, other than Go's.
func eachTable(t *testing.T, f32 func(*testing.T, *table[float32]), f64 func(*testing.T, *table[float64])) {
	for name, k := range available() {
		if name != "generic" {
			t.Run("float32/"+name, func(t *testing.T) { f32(t, k.f32) })
			t.Run("float64/"+name, func(t *testing.T) { f64(t, k.f64) })
		}
	}
}

// numbers are of all kinds: most of them common, some whose bits are random, some special.
func numbers[T Float](rng *rand.Rand, n int) []T {
	special := []float64{math.NaN(), math.Inf(1), math.Inf(-1), 0, math.Copysign(0, -1), 1, -1, 0x1p-149, -0x1p-1074, math.MaxFloat64, 22, -746, 800}
	x := make([]T, n)
	for i := range x {
		switch rng.IntN(10) {
		case 0:
			x[i] = T(special[rng.IntN(len(special))])
		case 1:
			x[i] = T(math.Float64frombits(rng.Uint64()))
		case 2:
			x[i] = T(math.Float32frombits(rng.Uint32()))
		default:
			x[i] = T(3 * rng.NormFloat64())
		}
	}
	return x
}

// same tells whether two numbers have the same bits, or are NaN both.
func same[T Float](x, y T) bool {
	return x == y && math.Signbit(float64(x)) == math.Signbit(float64(y)) || x != x && y != y
}

// TestSameBitsAsGo is the promise of the package: over every length, alignment and place in a vector.
func TestSameBitsAsGo(t *testing.T) {
	eachTable(t, testSameBits(operations[float32](), generic.f32), testSameBits(operations[float64](), generic.f64))
}

func testSameBits[T Float](ops []operation[T], want *table[T]) func(*testing.T, *table[T]) {
	return func(t *testing.T, got *table[T]) {
		rng := rand.New(rand.NewPCG(1, 2))
		for _, op := range ops {
			for n := range 71 {
				for range 4 {
					compare(t, op, want, got, rng, n)
				}
			}
			for range 30 {
				compare(t, op, want, got, rng, 100+rng.IntN(5000))
			}
		}
	}
}

// compare does an operation by both tables, on slices that begin anywhere.
func compare[T Float](t *testing.T, op operation[T], want, got *table[T], rng *rand.Rand, n int) {
	t.Helper()
	var a, b [][]T
	for range op.slices {
		from := rng.IntN(17)
		x := numbers[T](rng, from+n+17)
		a = append(a, x[from:])
		b = append(b, append(make([]T, from), x[from:]...)[from:])
	}
	x := op.do(want, cut(a, n))
	y := op.do(got, cut(b, n))
	if !same(x, y) {
		t.Fatalf("%s of %d elements is %v, want %v", op.name, n, y, x)
	}
	for i := range a {
		for j := range a[i] { // also beyond n, where nothing may change
			if !same(a[i][j], b[i][j]) {
				t.Fatalf("%s of %d elements: slice %d has %v at %d, want %v", op.name, n, i, b[i][j], j, a[i][j])
			}
		}
	}
}

func cut[T Float](slices [][]T, n int) [][]T {
	var all [][]T
	for _, s := range slices {
		all = append(all, s[:n:n])
	}
	return all
}

// available is the kernels that the processor has.
func available() map[string]*kernel {
	all := map[string]*kernel{}
	for name, k := range kernels {
		if rank[name] <= rank[gemm.Kernel()] {
			all[name] = k
		}
	}
	return all
}

var rank = map[string]int{"generic": 0, "avx2": 1, "avx512": 2}

// use has the package compute with a kernel until the test ends.
func use(t testing.TB, k *kernel) {
	before := inUse.Swap(k)
	t.Cleanup(func() { inUse.Store(before) })
}

// TestBitsOfEveryMachine holds the results to those of another machine, whatever this one computes with.
func TestBitsOfEveryMachine(t *testing.T) {
	if got, want := fingerprint[float32](), uint64(0x8c7af0baff6d0496); got != want {
		t.Errorf("the results for float32 have the fingerprint %#x, want %#x", got, want)
	}
	if got, want := fingerprint[float64](), uint64(0x49ea1c3e2ca447da); got != want {
		t.Errorf("the results for float64 have the fingerprint %#x, want %#x", got, want)
	}
}

// fingerprint is a hash of what all operations make of some numbers.
func fingerprint[T Float]() uint64 {
	rng := rand.New(rand.NewPCG(1, 2))
	hash := fnv.New64a()
	write := func(v T) {
		bits := math.Float64bits(float64(v))
		if v != v {
			bits = 0
		}
		fmt.Fprintf(hash, "%x ", bits)
	}
	for _, op := range operations[T]() {
		slices := make([][]T, op.slices)
		for i := range slices {
			for range 1001 {
				v := T(math.Float32frombits(rng.Uint32()))
				if rng.IntN(4) > 0 {
					v = T(16 * (rng.Float64() - 0.5))
				}
				slices[i] = append(slices[i], v)
			}
		}
		write(T(op.do(of[T](), slices)))
		for _, s := range slices {
			for _, v := range s {
				write(v)
			}
		}
	}
	return hash.Sum64()
}

func FuzzSameBitsAsGo(f *testing.F) {
	f.Add(uint64(1), uint(0), uint(100))
	f.Fuzz(func(t *testing.T, seed uint64, which, n uint) {
		rng := rand.New(rand.NewPCG(seed, 0))
		op32, op64 := operations[float32](), operations[float64]()
		for _, k := range available() {
			compare(t, op32[which%uint(len(op32))], generic.f32, k.f32, rng, int(n%10_000))
			compare(t, op64[which%uint(len(op64))], generic.f64, k.f64, rng, int(n%10_000))
		}
	})
}

// TestInPlace has results replace what they are computed from.
func TestInPlace(t *testing.T) {
	x := numbers[float32](rand.New(rand.NewPCG(1, 2)), 1000)
	y := make([]float32, len(x))
	Tanh(y, x)
	Tanh(x, x)
	for i := range x {
		if !same(x[i], y[i]) {
			t.Fatalf("tanh in place is %v at %d, want %v", x[i], i, y[i])
		}
	}
}

// TestGradientInPlace has one of several results replace what others are computed from.
func TestGradientInPlace(t *testing.T) {
	for name, k := range available() {
		use(t, k)
		rng := rand.New(rand.NewPCG(1, 2))
		var s, want [][]float32
		for range 8 {
			s = append(s, numbers[float32](rng, 100))
			want = append(want, slices.Clone(s[len(s)-1]))
		}
		LSTMGrad(want[0], want[1], want[2], want[3], want[4], want[5], want[6], want[7])
		LSTMGrad(s[4], s[6], s[7], s[3], s[4], s[5], s[6], s[7])
		for i, at := range []int{4, 6, 7, 3} {
			if !slices.EqualFunc(s[at], want[i], same) {
				t.Errorf("%s: result %d in place is %v, want %v", name, i, s[at], want[i])
			}
		}
	}
}

func TestShortSlicesPanic(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("a slice too short did not panic")
		}
	}()
	Tanh(make([]float32, 3), make([]float32, 2))
}

func TestNothingIsAllocated(t *testing.T) {
	x := make([]float32, 1000)
	for _, k := range available() {
		use(t, k)
		if n := testing.AllocsPerRun(10, func() { Tanh(x, x); TanhGrad(x, x, x) }); n != 0 {
			t.Errorf("%v allocations", n)
		}
	}
}

// TestAVX2IsEnough holds the assembly for AVX2 to the 16 registers that there are without AVX-512.
func TestAVX2IsEnough(t *testing.T) {
	source, err := os.ReadFile("vec_amd64.s")
	if err != nil {
		t.Fatal(err)
	}
	beyond := regexp.MustCompile(`\b([XY](1[6-9]|2\d|3[01])|Z\d+|K\d)\b`)
	for function := range strings.SplitSeq(string(source), "\nTEXT ") {
		name, code, _ := strings.Cut(function, "(")
		if register := beyond.FindString(code); strings.Contains(name, "AVX2") && register != "" {
			t.Errorf("%s uses the register %s", name, register)
		}
	}
}
