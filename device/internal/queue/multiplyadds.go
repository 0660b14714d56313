package queue

import "github.com/keisan-go/keisan/device"

// A MultiplyAdder is an Engine that can do nothing but multiply-adds, from registers and on all of the device's units, so
// that somebody can measure how many it does at best.
type MultiplyAdder interface {
	// MultiplyAdds does so many rounds, or queues them, and returns how many operations that is; a multiply-add is two.
	MultiplyAdds(t device.DType, rounds int) (operations int64, err error)
}

// MultiplyAdds is the engine's; none are done where it has no such method, or where the queue is stopped.
func (q *queue) MultiplyAdds(t device.DType, rounds int) (operations int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	m, ok := q.engine.(MultiplyAdder)
	if !ok || q.stopped() {
		return 0
	}
	operations, err := m.MultiplyAdds(t, rounds)
	q.fail("MultiplyAdds", err)
	return operations
}
