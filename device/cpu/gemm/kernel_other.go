//go:build !amd64 || noasm

package gemm

func best() kernel { return generic }

func multiply[T Float](_ *plan, o *operands[T], s *scratch[T], i0, i1, j0, j1 int) {
	portable(o, s, i0, i1, j0, j1)
}

func pack[T Float](p *Packed[T], trans bool, b []T, ldb int) { packPortable(p, trans, b, ldb) }

func multiplyPacked[T Float](p *Packed[T], from, to, m int, a []T, lda int, acc bool, c []T, ldc int) {
	multiplyPackedPortable(p, from, to, m, a, lda, acc, c, ldc)
}
