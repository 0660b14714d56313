//go:build cuda && linux

package cuda

import (
	"cmp"
	"reflect"
	"sync"

	"github.com/keisan-go/keisan/device"
)

// mirror is a device that does everything on a second one as well, whose numbers nobody reads: the second must only not
// fail.
type mirror struct {
	device.Device
	second device.Device
	mu     sync.Mutex
	twins  map[*device.Memory]device.Slice
}

// twin is the second device's memory for s. There is none where the first device has none.
func (m *mirror) twin(s device.Slice) (device.Slice, bool) {
	t, ok := m.twins[s.Memory()]
	if !ok {
		return s, s.IsZero()
	}
	return t.Slice(s.Offset(), s.Offset()+s.Len()), true
}

func (m *mirror) Alloc(t device.DType, n int) device.Slice {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.Device.Alloc(t, n)
	if s.OK() {
		m.twins[s.Memory()] = m.second.Alloc(t, n)
	}
	return s
}

func (m *mirror) Free(s device.Slice) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.Device.Free(s)
	if t, ok := m.twins[s.Memory()]; ok && s.Memory().Freed {
		m.second.Free(t)
		delete(m.twins, s.Memory())
	}
}

func (m *mirror) Upload(dst device.Slice, src []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.Device.Upload(dst, src)
	if t, ok := m.twin(dst); ok {
		m.second.Upload(t, src)
	}
}

func (m *mirror) Launch(k device.Kernel) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.Device.Launch(k)
	all := true
	twin := reflect.New(reflect.Indirect(reflect.ValueOf(k)).Type()).Elem()
	twin.Set(reflect.Indirect(reflect.ValueOf(k)))
	for i := range twin.NumField() {
		if a, ok := twin.Field(i).Interface().(device.Array); ok {
			a.Slice, ok = m.twin(a.Slice)
			all = all && ok
			twin.Field(i).Set(reflect.ValueOf(a))
		}
	}
	if all {
		m.second.Launch(twin.Interface().(device.Kernel))
	}
}

func (m *mirror) Download(dst []byte, src device.Slice) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	err := m.Device.Download(dst, src)
	if t, ok := m.twin(src); ok && err == nil {
		err = m.second.Download(make([]byte, len(dst)), t)
	}
	return err
}

func (m *mirror) Sync() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	err := m.Device.Sync()
	if err == nil {
		err = m.second.Sync()
	}
	return err
}

func (m *mirror) Close() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return cmp.Or(m.Device.Close(), m.second.Close())
}
