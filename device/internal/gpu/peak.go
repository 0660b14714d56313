package gpu

import "github.com/keisan-go/keisan/device"

// MultiplyAdds queues launches of nothing but multiply-adds, and returns how many operations they are; see queue.MultiplyAdder.
func (d *gpu) MultiplyAdds(t device.DType, rounds int) (operations int64, err error) {
	if t == device.Float64 && !d.limits.Info.Float64 {
		return 0, nil
	}
	const sums, repeats = 12, 8
	g := d.class.teams(1 << 20) // as many as there are
	elements := int64(g.groups[0] * g.items[0])
	if d.class.cpu {
		elements *= int64(d.class.vec(t))
	}
	d.flush, d.err = func() {}, nil
	if room := d.scratch.take(d, t, elements); room != nil {
		d.start("peak", "multiply_adds", t, define{"SUMS", sums}, define{"REPEATS", repeats}).
			buffer(room, 0).reals(0.5).ints(rounds).launch(g)
	}
	return 2 * sums * repeats * elements * int64(rounds), d.err
}
