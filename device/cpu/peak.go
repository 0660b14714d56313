package cpu

import (
	"runtime"
	"sync/atomic"

	"github.com/keisan-go/keisan/device"
	"github.com/keisan-go/keisan/device/cpu/gemm"
	"github.com/keisan-go/keisan/device/cpu/internal/par"
	"github.com/keisan-go/keisan/device/cpu/internal/peak"
)

// multiplyAdds is some rounds of the loops of package peak, again and again.
type multiplyAdds struct {
	size, rounds int
	operations   atomic.Int64
}

var multiplyAddsBody par.Body = func(arg any, lo, hi int) {
	m := arg.(*multiplyAdds)
	m.operations.Add(int64(peak.Run(gemm.Kernel(), m.size, m.rounds*(hi-lo))))
}

// MultiplyAdds does nothing but multiply-adds, from registers, on as many goroutines as kernels run on, and returns how many
// operations that was: none for instructions that there is no such loop for.
func (d *cpu) MultiplyAdds(t device.DType, rounds int) (operations int64, err error) {
	m := &multiplyAdds{size: t.Size(), rounds: rounds}
	d.team.For(4*runtime.GOMAXPROCS(0), 1, m, multiplyAddsBody) // a few each, as a goroutine may start late
	return m.operations.Load(), nil
}
