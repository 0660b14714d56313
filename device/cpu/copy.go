package cpu

import (
	"math"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/cpu/internal/move"
	"github.com/keisan-go/keisan/kernels"
)

// A moving is a copy of all bytes of src.
type moving struct{ dst, src []byte }

// worthMoving is how many bytes to copy are worth a goroutine of their own; their pieces are whole lines
// of the cache, as package move is fast from line to line.
const worthMoving, line = 1 << 19, 64

// move copies len(src) bytes.
func (d *cpu) move(dst, src []byte) {
	d.moving = moving{dst, src}
	d.team.For((len(src)+line-1)/line, worthMoving/line, &d.moving, movePart)
	d.moving = moving{}
}

// movePart copies lines lo to hi.
func movePart(arg any, lo, hi int) {
	m := arg.(*moving)
	lo, hi = lo*line, min(hi*line, len(m.src))
	move.Bytes(m.dst[lo:hi], m.src[lo:hi])
}

// copyColumns copies columns of rows lo to hi.
func copyColumns[T device.Float](arg any, lo, hi int) {
	k := arg.(*kernels.CopyColumns)
	dst, src, n, m := data[T](k.Dst.Slice), data[T](k.Src.Slice), kernels.Cols(k.Dst), kernels.Cols(k.Src)
	for i := lo; i < hi; i++ {
		copy(dst[i*n+k.To:i*n+k.To+k.Cols], src[i*m+k.From:])
	}
}

func fill[T device.Float](arg any, lo, hi int) {
	k := arg.(*kernels.Fill)
	dst, v := data[T](k.Dst.Slice)[lo:hi], T(k.Value)
	if v == 0 && !math.Signbit(float64(v)) {
		clear(dst)
		return
	}
	for i := range dst {
		dst[i] = v
	}
}
