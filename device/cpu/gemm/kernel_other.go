//go:build !amd64 || noasm

package gemm

func best() kernel { return generic }

func multiplySmall[T Float](*operands[T], int, int) bool { return false }

func multiply[T Float](_ *plan, o *operands[T], s *scratch[T], i0, i1, j0, j1 int) {
	portable(o, s, i0, i1, j0, j1)
}

func packPanel[T Float](dst []T, ld int, trans bool, b []T, ldb, p0, k, j0, n int) {
	panic("the kernel in Go has no panels")
}

func multiplyPacked[T Float](p *Packed[T], from, to, m int, a []T, lda int, acc bool, c []T, ldc int) {
	multiplyPackedPortable(p, from, to, m, a, lda, acc, c, ldc)
}
