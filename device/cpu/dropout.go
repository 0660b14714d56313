package cpu

import (
	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/cpu/vec"
	"github.com/keisan-go/keisan/kernels"
	"github.com/keisan-go/keisan/philox"
)

func dropoutBlocks(period int) int { return (period + 3) / 4 }

// dropout does blocks lo to hi of the mask, of the four neighbours whose numbers come together, each time that it is used.
func dropout[T device.Float](arg any, lo, hi int) {
	k := arg.(*kernels.Dropout)
	y, x := data[T](k.Y.Slice), data[T](k.X.Slice)
	times, period := k.Dims()
	stream, threshold, scale := philox.New(k.Seed, k.Stream), uint64(k.Threshold()), float64(T(k.Scale()))
	var room [1024]uint16
	for lo < hi {
		from, blocks := 4*lo, min(hi-lo, len(room)/4)
		n := min(4*blocks, period-from)
		drops := 0 // how many, the places of which are at the beginning of room
		for b := range blocks {
			for i, word := range stream.Block(uint64(lo + b)) {
				room[drops] = uint16(4*b + i)
				drops += int((uint64(word) - threshold) >> 63) // 1 if word < threshold, without a branch that nobody can predict
			}
		}
		for drops > 0 && int(room[drops-1]) >= n { // behind the end of the mask
			drops--
		}
		for t := range times {
			y := y[t*period+from : t*period+from+n]
			vec.Scale(y, x[t*period+from:], scale)
			for _, i := range room[:drops] {
				y[i] = 0
			}
		}
		lo += blocks
	}
}
