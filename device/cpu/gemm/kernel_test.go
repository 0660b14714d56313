package gemm

import (
	"strings"
	"testing"
)

func TestChoose(t *testing.T) {
	for _, test := range []struct {
		name string
		best kernel
		want kernel
		err  string
	}{
		{"", avx512, avx512, ""},
		{"", generic, generic, ""},
		{"avx2", avx512, avx2, ""},
		{"generic", avx2, generic, ""},
		{"avx512", avx2, undecided, `KEISAN_CPU="avx512" is none of ["generic" "avx2"]`},
		{"sse9", avx512, undecided, `KEISAN_CPU="sse9" is none of ["generic" "avx2" "avx512"]`},
	} {
		got, err := choose(test.name, test.best)
		if got != test.want || (err != nil) != (test.err != "") || err != nil && !strings.Contains(err.Error(), test.err) {
			t.Errorf("choose(%q, %s) = %v, %v, want %v, %s", test.name, kernelNames[test.best], got, err, test.want, test.err)
		}
	}
}

func TestKernelOfEnvironment(t *testing.T) {
	use(t, undecided)
	t.Setenv("KEISAN_CPU", "generic")
	if got := Kernel(); got != "generic" {
		t.Errorf("Kernel() = %q", got)
	}
}
